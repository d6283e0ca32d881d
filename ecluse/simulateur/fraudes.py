"""Frauds: planned by the day on which they are qualified, found some weeks before."""

from datetime import date
from typing import Final, NamedTuple

from ecluse.simulateur.caisse import Caisse
from ecluse.simulateur.montants import montants
from ecluse.simulateur.volumes import Flux, Rythme

# Days from the indu to its qualification: the debtor is heard first.
_INSTRUCTION: Final = (10, 45)


class Fraude(NamedTuple):
    """A fraud to be found. ``qualifiee``: the day of its qualification; ``prejudice``: cents."""

    qualifiee: int
    prejudice: int


class Fraudes:
    """The frauds of each day: their number and their préjudice by year of qualification are those of the profile."""

    def __init__(self, caisse: Caisse) -> None:
        profil = caisse.profil
        volume = profil.fraudes.qualifiees
        self._caisse = caisse
        self._flux = Flux(caisse, "fraudes", volume.nombre, Rythme.BUREAU)
        self._prejudices = montants(caisse, "fraudes", volume.nombre, volume.euros, profil.creances.dispersion)
        self._a_trouver: dict[int, list[Fraude]] = {}
        self._prevues = 0

    def found(self, jour: int) -> list[Fraude]:
        """Those that are found on a day."""
        self._plan_ahead(jour)
        return self._a_trouver.pop(jour, [])

    def left(self, jour: int) -> tuple[int, int]:
        """Number and cents of those that will be found from a day to the end of its year."""
        self._plan_ahead(jour)
        fin = date(date.fromordinal(jour).year, 12, 31).toordinal()
        restent = [f.prejudice for j, fraudes in self._a_trouver.items() if jour <= j <= fin for f in fraudes]
        return len(restent), sum(restent)

    def _plan_ahead(self, jour: int) -> None:
        annee = date.fromordinal(jour).year
        # Some of those that are qualified early in a year are found at the end of the one before.
        for une in range(max(annee, self._prevues + 1), annee + 2):
            self._prevues = une
            self._plan(une)
            self._a_trouver = {j: fraudes for j, fraudes in self._a_trouver.items() if j >= jour}

    def _plan(self, annee: int) -> None:
        premier = date(annee, 1, 1).toordinal()
        tirage = self._caisse.draw_for(premier, "fraudes")
        for qualifiee in range(premier, date(annee + 1, 1, 1).toordinal()):
            for _ in range(self._flux.count(qualifiee)):
                jour = self._caisse.working_before(qualifiee - tirage.randint(*_INSTRUCTION), 0)
                self._a_trouver.setdefault(jour, []).append(Fraude(qualifiee, self._prejudices.draw(annee)))
