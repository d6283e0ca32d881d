"""Maturity: for how long after its end what is still to come may change the figure of a period.

A late fact restates any day, however old: a definitive figure is one that only a correction moves, never a promise.
The durations are ours; each says what it waits for. Days are ordinals.
"""

from enum import StrEnum
from typing import Final, NamedTuple


class Maturite(NamedTuple):
    """How many days a figure stays provisional after the end of its period, and what is waited for (French)."""

    jours: int
    attend: str


class EtatDeMaturite(StrEnum):
    """Whether what is still to come may change a figure."""

    provisoire = "provisoire"
    definitif = "definitif"


# A tool that was cut off over a long weekend, and whoever corrects the next working day, are in within a week.
FAITS_TARDIFS: Final = Maturite(7, "les faits que les outils envoient en retard")
REPONSES: Final = Maturite(14, "les réponses données après la période à ce qui y est reçu")
COURRIELS: Final = Maturite(
    32, "les courriels de la période pris en charge depuis, qui entrent alors dans la population, 48 heures comprises"
)
REOUVERTURES: Final = Maturite(
    30, "les réouvertures, qui ôtent une pièce des traitées de la période et la remettent dans son stock"
)
ISSUES: Final = Maturite(14, "les issues corrigées, la dernière d'un rendez-vous étant celle qui compte")
# Recours amiable: two months from the notification (Code de la sécurité sociale, R142-1).
RECOURS: Final = Maturite(90, "les recours (deux mois) et les annulations ou requalifications qui les suivent")
# A debtor may have a SEPA direct debit paid back for eight weeks (règlement (UE) 260/2012, directive 2015/2366).
REJETS: Final = Maturite(60, "les prélèvements rejetés ou remboursés, pendant huit semaines")


def last_provisional_day(au: int, maturite: Maturite) -> int:
    """The last day on which the figure of a period that ends on ``au`` is still provisional."""
    return au + maturite.jours


def judge_maturity(au: int, maturite: Maturite, today: int, *, a_jour: bool) -> EtatDeMaturite:
    """The state of a figure on ``today``; provisional whatever the day while the fold is not fresh."""
    fige = a_jour and today > last_provisional_day(au, maturite)
    return EtatDeMaturite.definitif if fige else EtatDeMaturite.provisoire
