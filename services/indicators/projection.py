"""Where the stock goes at the rhythm of the last working days: plain arithmetic, ours, and no forecast.

Everything is per working day and rational: two floats would make « just enough » a matter of rounding. A quantity that
means nothing here has no value, and says why in French. Nothing here knows a calendar, a clock or the fold.
"""

from collections.abc import Mapping
from fractions import Fraction
from math import ceil
from types import MappingProxyType
from typing import Final, NamedTuple, TypeAlias

Termes: TypeAlias = Mapping[str, Fraction | int]
JOURS_DU_RYTHME: Final = 20

SANS_JOUR: Final = "plus aucun jour ouvré d'ici la fin du mois"
SANS_TRAITEMENT: Final = "aucune pièce ne serait traitée dans les 20 jours ouvrés qui finissent le mois"


class Rythme(NamedTuple):
    """What came in and went out from the first of the last ``JOURS_DU_RYTHME`` working days on, days off included.

    ``jours``: the calendar days of that window. A cancelled piece was no work: it is taken from what came in.
    """

    arrivees: int
    annulees: int
    traitees: int
    jours: int

    @property
    def entrees(self) -> Fraction:
        """Net arrivals per working day."""
        return Fraction(self.arrivees - self.annulees, JOURS_DU_RYTHME)

    @property
    def sorties(self) -> Fraction:
        """Treatments per working day."""
        return Fraction(self.traitees, JOURS_DU_RYTHME)


class Fin(NamedTuple):
    """The end of the month, seen from the day of the reading.

    ``ouvres``: working days until then; ``deja_traitees``: treatments of the last working days that the solde at the
    end of the month will still count, because fewer than ``JOURS_DU_RYTHME`` are to come.
    """

    ouvres: int
    deja_traitees: int

    @property
    def comptes(self) -> int:
        """How many of the working days to come the solde at the end of the month counts."""
        return min(self.ouvres, JOURS_DU_RYTHME)


SANS_TERME: Final[Termes] = MappingProxyType({})


class Grandeur(NamedTuple):
    """One projected quantity: its value or the reason why there is none, and the terms of its formula."""

    valeur: Fraction | None
    raison: str = ""
    termes: Termes = SANS_TERME


def project_stock(stock: int, rythme: Rythme, fin: Fin) -> Grandeur:
    """The stock at the end of the month: never less than nothing."""
    net = rythme.entrees - rythme.sorties
    termes: Termes = {"stock": stock, "entrees": rythme.entrees, "sorties": rythme.sorties, "ouvres": fin.ouvres}
    return Grandeur(max(Fraction(0), stock + net * fin.ouvres), termes=termes)


def project_solde(stock: int, rythme: Rythme, fin: Fin) -> Grandeur:
    """The solde in days at the end of the month, by the formula of the indicator: stock × 20 over the treatments of the
    last 20 working days, those to come at the rhythm."""
    projete = project_stock(stock, rythme, fin).valeur or Fraction(0)
    traitees = fin.deja_traitees + rythme.sorties * fin.comptes
    termes: Termes = {"projete": projete, "traitees": traitees}
    if traitees <= 0:
        return Grandeur(None, SANS_TRAITEMENT, termes)
    return Grandeur(projete * JOURS_DU_RYTHME / traitees, termes=termes)


def days_to_clear(stock: int, rythme: Rythme) -> Grandeur:
    """The working days that it takes to treat all of the stock, what comes in meanwhile included."""
    if stock <= 0:
        return Grandeur(Fraction(0))
    termes: Termes = {"stock": stock, "entrees": rythme.entrees, "sorties": rythme.sorties}
    if rythme.sorties <= rythme.entrees:
        return Grandeur(
            None,
            "le rythme des traitements n'est pas au-dessus de celui des arrivées : le stock ne s'écoule pas",
            termes,
        )
    return Grandeur(Fraction(stock) / (rythme.sorties - rythme.entrees), termes=termes)


def needed_for_solde(stock: int, rythme: Rythme, fin: Fin, cible: Fraction) -> Grandeur:
    """The treatments per working day from now on that bring the solde at the end of the month down to ``cible`` days.

    The stock left over is (stock + net arrivals × d − x × d), its divisor (already treated + x × c), d the working days
    to come and c those of them that the solde counts: the smallest x that satisfies the target solves the equality.
    """
    a_venir = stock + rythme.entrees * fin.ouvres
    termes: Termes = {
        "stock": stock,
        "entrees": rythme.entrees,
        "ouvres": fin.ouvres,
        "deja_traitees": fin.deja_traitees,
        "comptes": fin.comptes,
        "cible": cible,
    }
    if not fin.ouvres:
        return Grandeur(None, SANS_JOUR, termes)
    besoin = (JOURS_DU_RYTHME * a_venir - cible * fin.deja_traitees) / (
        JOURS_DU_RYTHME * fin.ouvres + cible * fin.comptes
    )
    return Grandeur(max(Fraction(0), besoin), termes=termes)


def needed_for_delay(stock: int, rythme: Rythme, fin: Fin, cible: Fraction) -> Grandeur:
    """The treatments per working day that bring the stock, by the end of the month, to the one of a délai of ``cible``
    days that lasts: by Little's law, the target times what comes in per calendar day."""
    par_jour = Fraction(rythme.arrivees - rythme.annulees, rythme.jours)
    vise = cible * par_jour
    termes: Termes = {"stock": stock, "entrees": rythme.entrees, "ouvres": fin.ouvres, "cible": cible, "vise": vise}
    if not fin.ouvres:
        return Grandeur(None, SANS_JOUR, termes)
    if par_jour <= 0:
        return Grandeur(None, "aucune arrivée : le délai des pièces à venir ne se lit pas dans le stock", termes)
    return Grandeur(max(Fraction(0), (stock + rythme.entrees * fin.ouvres - vise) / fin.ouvres), termes=termes)


def clearing_rank(jours: Fraction) -> int:
    """The rank of the working day in the course of which the stock is cleared; 0 for one that already is."""
    return ceil(jours)
