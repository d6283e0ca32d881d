"""How a yearly volume falls on the days: exactly, whatever the noise of each day.

The days of a calendar year share the volume by weight; a day holds the whole numbers that its stretch of the running
total crosses. So a year sums to its volume, a month to its own share, and a small scale loses nothing.
"""

from collections.abc import Sequence
from datetime import date
from enum import Enum
from itertools import accumulate
from math import floor
from typing import Final

from ecluse.simulateur.caisse import Caisse

_JOURS_DE_SEMAINE: Final = 7
# A day is never emptied by its noise.
_MOINDRE: Final = 0.2


class Rythme(Enum):
    """On which days something comes: any day, as on the web, or working days."""

    WEB = "web"
    BUREAU = "bureau"


class Flux:
    """One stream of a yearly volume.

    ``nom``: draws its noise; ``mois``: whose months it follows; ``paie``: whether the days after benefits are paid
    bring more of it.
    """

    def __init__(
        self, caisse: Caisse, nom: str, par_an: float, rythme: Rythme, mois: str = "autres", *, paie: bool = False
    ) -> None:
        self._caisse = caisse
        self._nom = nom
        self._volume = par_an * caisse.echelle
        self._rythme = rythme
        self._mois = caisse.profil.calendrier.mois.get(mois, caisse.profil.calendrier.mois["autres"])
        self._paie = paie
        self._phase = caisse.draw_for(0, f"phase|{nom}").random()
        self._annees: dict[int, Sequence[float]] = {}

    def count(self, jour: int, facteur: float = 1.0) -> int:
        """How many there are on a day; ``facteur``: what the conditions of the day make of it."""
        lu = date.fromordinal(jour)
        cumuls = self._year(lu.year)
        rang = lu.timetuple().tm_yday
        nombre = floor(cumuls[rang] + self._phase) - floor(cumuls[rang - 1] + self._phase)
        if facteur == 1.0:
            return nombre
        exact = (cumuls[rang] - cumuls[rang - 1]) * facteur
        return floor(exact + self._caisse.draw_for(jour, f"facteur|{self._nom}").random())

    def left(self, jour: int) -> int:
        """How many there are from a day to the end of its year, on ordinary days."""
        lu = date.fromordinal(jour)
        cumuls = self._year(lu.year)
        return floor(cumuls[-1] + self._phase) - floor(cumuls[lu.timetuple().tm_yday - 1] + self._phase)

    def _year(self, annee: int) -> Sequence[float]:
        cumuls = self._annees.get(annee)
        if cumuls is None:
            # One year back is all that is asked for: a run of many years keeps no more.
            self._annees = {une: c for une, c in self._annees.items() if une >= annee - 1}
            cumuls = self._annees[annee] = self._spread(annee)
        return cumuls

    def _spread(self, annee: int) -> Sequence[float]:
        """The running total at the end of each day of a year; the first is 0."""
        premier, suivant = date(annee, 1, 1).toordinal(), date(annee + 1, 1, 1).toordinal()
        bruit, alea = self._caisse.draw_for(premier, f"volume|{self._nom}"), self._caisse.profil.calendrier.alea
        poids = [self._weigh(jour) * max(_MOINDRE, bruit.gauss(1.0, alea)) for jour in range(premier, suivant)]
        # Added one by one, and not by ``sum``, which rounds otherwise from Python 3.12 on.
        sommes = list(accumulate(poids))
        cumuls = [0.0, *(self._volume * somme / sommes[-1] for somme in sommes)]
        # The last one exactly: rounding errors must not eat the last event of the year.
        cumuls[-1] = self._volume
        return cumuls

    def _weigh(self, jour: int) -> float:
        calendrier = self._caisse.profil.calendrier
        if self._rythme is Rythme.BUREAU and not self._caisse.works(jour):
            return 0.0
        semaine = calendrier.web if self._rythme is Rythme.WEB else calendrier.bureau
        poids = semaine[(jour - 1) % _JOURS_DE_SEMAINE] * self._mois[date.fromordinal(jour).month - 1]
        return poids * self._after_pay(jour) if self._paie else poids

    def _after_pay(self, jour: int) -> float:
        """The factor of the first working days from the one on which benefits are paid."""
        calendrier = self._caisse.profil.calendrier
        paie = self._caisse.next_working(date.fromordinal(jour).replace(day=calendrier.jour_de_paie).toordinal())
        if jour < paie:
            return 1.0
        ouvres = sum(self._caisse.works(j) for j in range(paie, jour))
        return calendrier.apres_paie[ouvres] if ouvres < len(calendrier.apres_paie) else 1.0
