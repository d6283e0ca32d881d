"""The rules of a work queue: the corbeilles, how work ends, and when an item then comes back. Days are ordinals.

Nothing is lost because somebody said "done": an item whose facts have not changed comes back by itself.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple

from msgspec import Struct

from shared.calendar import is_working_day
from shared.events.base import Liste

# A week: money promised on the telephone and paid by card or transfer shows in the accounts within it.
RETOUR_APRES_ECHANGE: Final = 7
# A year: a later day is a slip of the pen, and would hide an item that nobody follows.
REPORT_MAX: Final = 366


class Item(Struct, frozen=True):
    """An item as its corbeille holds it (see ``Travail``): what ``rank`` is given."""

    cle: str
    corbeille: str
    caf: str
    objet: str
    dossier: str
    du: int
    au: int | None
    priorite: int
    echeance: int
    depuis: int
    montant: int


Rang = Callable[[Item, int], tuple[int, str]]
"""``rank(item, today)``: the rank (smaller first) and its reason in French."""


class DateInutilisable(ValueError):
    """The day given with an outcome or a hold is missing, past or too far (French)."""


def next_day(today: int, caf: str) -> int:
    """Tomorrow."""
    del caf
    return today + 1


def next_working_day(today: int, caf: str) -> int:
    """The first working day of the Caf after today."""
    jour = today + 1
    while not is_working_day(jour, caf):
        jour += 1
    return jour


def next_week(today: int, caf: str) -> int:
    """The working day on or after the same day of next week."""
    return next_working_day(today + RETOUR_APRES_ECHANGE - 1, caf)


class Issue(NamedTuple):
    """How work on an item ends for this time.

    ``retour``: the day on which it comes back when no date is given; ``promesse``: the date is a promise, must be
    given, and the item comes back on the day after it.
    """

    code: str
    libelle: str
    retour: Callable[[int, str], int]
    promesse: bool = False

    def resume(self, today: int, date: int | None, caf: str) -> int:
        """The day on which the item is ready again. Raises ``DateInutilisable``."""
        if self.promesse:
            if date is None:
                raise DateInutilisable("« date » est obligatoire pour une promesse : donner le jour promis")
            return check_day(date, today, today) + 1
        return self.retour(today, caf) if date is None else check_day(date, today, today + 1)


def check_day(jour: int, today: int, au_plus_tot: int) -> int:
    """The day itself. Raises ``DateInutilisable`` before ``au_plus_tot`` and more than ``REPORT_MAX`` days ahead."""
    if jour < au_plus_tot:
        attendu = "aujourd'hui ou un jour à venir" if au_plus_tot == today else "un jour à venir"
        raise DateInutilisable(f"la date donnée est passée : donner {attendu}")
    if jour > today + REPORT_MAX:
        raise DateInutilisable(f"la date donnée est à plus de {REPORT_MAX} jours : vérifier l'année")
    return jour


@dataclass(frozen=True)
class Definition:
    """A corbeille, as its service declares it: code, French label, the closed list of its outcomes."""

    code: str
    libelle: str
    issues: tuple[Issue, ...]

    def issue(self, code: str) -> Issue | None:
        """The outcome of this code, None if it is not one of this corbeille."""
        return next((i for i in self.issues if i.code == code), None)


class MotifReport(Liste):
    """Why an item is put aside. A closed list: a free text would end up holding names."""

    rappel_convenu = "rappel_convenu", "Rappel convenu avec la personne"
    attente_reponse = "attente_reponse", "Attente d'une réponse"
    attente_piece = "attente_piece", "Attente d'une pièce"
    attente_service = "attente_service", "Attente d'un autre service"
    autre = "autre", "Autre motif"


JOINT: Final = Issue("joint", "Personne jointe", next_week)
PROMESSE: Final = Issue("promesse", "Promesse de paiement", next_day, promesse=True)
# Calling again on the same day mostly meets the same silence.
SANS_REPONSE: Final = Issue("sans_reponse", "Sans réponse", next_working_day)
# The letter goes out, and the fact that it did comes back with the next day's events.
NOTIFIEE: Final = Issue("notifiee", "Notification envoyée", next_working_day)
# The piece leaves the corbeille by itself with its treatment or its suspension. If it is still there tomorrow, neither
# was recorded.
FAITE: Final = Issue("faite", "Pièce traitée", next_day)
A_COMPLETER: Final = Issue("a_completer", "Complément demandé", next_day)

ISSUES_APPEL: Final = (JOINT, PROMESSE, SANS_REPONSE)
ISSUES_NOTIFICATION: Final = (NOTIFIEE, *ISSUES_APPEL)
ISSUES_PIECE: Final = (FAITE, A_COMPLETER)
