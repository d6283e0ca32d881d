"""The agents who treat pieces: how many minutes of work the office has on a day."""

from datetime import date
from statistics import fmean
from typing import Final

from ecluse.simulateur.caisse import Caisse
from ecluse.simulateur.profil import Regulation

# Working days of stock over which the office goes from no help at all to all the help it can find.
_PENTE: Final = 2.0
_MOINDRE: Final = 0.3


class Personnel:
    """The agents of one simulated Caf."""

    def __init__(self, caisse: Caisse) -> None:
        self._caisse = caisse
        self._profil = caisse.profil.personnel
        presents = self._profil.agents * (1 - fmean(self._profil.absences))
        self._ordinaire = presents * self._profil.minutes_par_jour * caisse.echelle

    def share_of(self, minutes: float) -> float:
        """The share of an ordinary day of the office that so many minutes of work take."""
        return max(0.0, minutes) / self._ordinaire

    def minutes(self, jour: int, stock: float, presence: float = 1.0) -> float:
        """The minutes of work of a day, with ``stock`` minutes of work waiting when it begins.

        Leave follows the months. Where work piles up the office finds help; where little is left, agents are lent to
        other work. ``presence``: what a scenario makes of it.
        """
        if not self._caisse.works(jour):
            return 0.0
        profil = self._profil
        presents = profil.agents * (1 - profil.absences[date.fromordinal(jour).month - 1]) * presence
        alea = max(_MOINDRE, self._caisse.draw_for(jour, "personnel").gauss(1.0, profil.alea))
        jours = stock / self._ordinaire
        regulation = 1 + _beyond(profil.entraide, jours) - _below(profil.autres_travaux, jours)
        return presents * profil.minutes_par_jour * self._caisse.echelle * alea * regulation


def _beyond(regle: Regulation, jours: float) -> float:
    return regle.au_plus * min(1.0, max(0.0, jours - regle.seuil_jours) / _PENTE)


def _below(regle: Regulation, jours: float) -> float:
    return regle.au_plus * min(1.0, max(0.0, regle.seuil_jours - jours) / _PENTE)
