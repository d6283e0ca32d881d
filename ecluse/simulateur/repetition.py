"""Who contacts the Caf: someone who just did, someone whose piece waits, or anybody; and who will again."""

from collections import deque
from collections.abc import Sequence
from random import Random
from typing import Final

from ecluse.simulateur.caisse import Caisse, share

# Together less than seven days, whatever the hours of both contacts.
_JOURS_RECENTS: Final = 6
# Of a day; beyond, they stand for the others, so that memory does not grow with the Caf.
_RECENTS_PAR_JOUR: Final = 2_000
_JOURS_DE_RAPPEL: Final = 3


class Repetition:
    """Draws the dossiers of contacts, day after day, and keeps those that are to come back.

    It remembers some of the contacts of the last days and who will call again; nothing else.
    """

    def __init__(self, caisse: Caisse) -> None:
        self._caisse = caisse
        self._hasard = caisse.strata("réitérés")
        self._jour = 0
        self._jours: deque[tuple[int, list[str]]] = deque()
        self._recents: list[str] = []
        self._en_attente: Sequence[str] = ()
        self._rappels: dict[int, list[str]] = {}
        self._reports: dict[tuple[int, str], list[str]] = {}

    def open(self, jour: int, en_attente: Sequence[str]) -> None:
        """A day begins. ``en_attente``: dossiers whose pieces wait for too long."""
        self._jour = jour
        self._en_attente = en_attente
        while self._jours and self._jours[0][0] < jour - _JOURS_RECENTS:
            self._jours.popleft()
        self._recents = [dossier for _, dossiers in self._jours for dossier in dossiers]
        self._jours.append((jour, []))

    def pick(self, tirage: Random, nature: str) -> str:
        """The dossier of a contact."""
        caisse, profil = self._caisse, self._caisse.profil.contacts
        if self._recents and share(self._hasard, profil.reiteres):
            return tirage.choice(self._recents)
        if nature == "dossier" and self._en_attente and share(tirage, profil.sur_attente):
            return tirage.choice(self._en_attente)
        return caisse.contacting_dossier(tirage)

    def note(self, dossier: str) -> None:
        """A dossier has contacted the Caf today."""
        if self._jours and len(self._jours[-1][1]) < _RECENTS_PAR_JOUR:
            self._jours[-1][1].append(dossier)

    def plan_recall(self, tirage: Random, dossier: str) -> None:
        """Someone whom nobody answered may call again, as one of the calls that the year holds anyway."""
        retour = self._return_day(tirage)
        if share(tirage, self._caisse.profil.contacts.rappels) and retour <= self._jour + _JOURS_DE_RAPPEL:
            self._rappels.setdefault(retour, []).append(dossier)

    def plan_more(self, tirage: Random, dossier: str, canal: str) -> None:
        """Someone comes back within days, on top of what the year holds."""
        self._reports.setdefault((self._return_day(tirage), canal), []).append(dossier)

    def recalls(self) -> list[str]:
        """The dossiers that call again today, within the day's volume."""
        return self._rappels.pop(self._jour, [])

    def more(self, canal: str) -> list[str]:
        """The dossiers that come today by this channel on top of the day's volume."""
        return self._reports.pop((self._jour, canal), [])

    def _return_day(self, tirage: Random) -> int:
        return self._caisse.next_working(self._jour + tirage.randrange(1, _JOURS_DE_RAPPEL))
