"""Amounts of a stream: many small ones, a few large ones, and the euros of a year to the cent."""

from collections.abc import Callable
from datetime import date
from math import ceil, exp, fsum
from random import Random
from statistics import NormalDist
from typing import Final

from ecluse.simulateur.caisse import Caisse

_NORMALE: Final = NormalDist()
_PAQUET_AU_PLUS: Final = 1024
_CENTIMES: Final = 100
# An indu below this is not claimed.
_MOINDRE: Final = 1_000
# How far the mean of what is drawn may go from its usual value to make a year come out.
_AU_MOINS: Final = 0.25
_AU_PLUS: Final = 8.0
# The last ones of a year are all of what is left: their law would miss it.
_DERNIERS: Final = 10
_UNITE: Final = 1_000_000
_UNITES_PAR_PAQUET: Final = 256

Battre = Callable[[Random, int, int], list[int]]
"""Makes the values of rank ``debut`` (included) to ``fin`` of a year."""


def quantiles(tirage: Random, nombre: int, total: int, dispersion: float) -> list[int]:
    """So many amounts of a log-normal law, one in each of its strata, in random order. Their sum is ``total`` (cents).

    ``dispersion``: standard deviation of the logarithm.
    """
    if nombre == 0:
        return []
    bruts = [exp(dispersion * _NORMALE.inv_cdf((i + 0.1 + 0.8 * tirage.random()) / nombre)) for i in range(nombre)]
    echelle = total / fsum(bruts)
    montants = [max(1, round(brut * echelle)) for brut in bruts]
    montants[-1] = max(1, montants[-1] + total - sum(montants))
    tirage.shuffle(montants)
    return montants


def portion(total: float, nombre: int, debut: int, fin: int) -> int:
    """The whole part of a total that falls to the ranks ``debut`` to ``fin``: the parts of a year sum to the total."""
    return round(total * fin / nombre) - round(total * debut / nombre)


class Paquets:
    """The values of one stream, year by year, in packs: what is in a year is settled, in which order is not.

    ``nombre``: how many a year holds; whoever draws more than that starts over.
    """

    def __init__(self, caisse: Caisse, nom: str, nombre: int, battre: Battre) -> None:
        self._caisse = caisse
        self._nom = nom
        self._nombre = nombre
        self._battre = battre
        self._annee = 0
        self._rang = 0
        self._reste: list[int] = []

    def draw(self, annee: int) -> int:
        """The next value of a year."""
        if annee != self._annee:
            self._annee, self._rang, self._reste = annee, 0, []
        if not self._reste:
            self._reste = self._shuffle()
        return self._reste.pop()

    def _shuffle(self) -> list[int]:
        paquets = ceil(self._nombre / _PAQUET_AU_PLUS)
        rang = self._rang % paquets
        tirage = self._caisse.draw_for(date(self._annee, 1, 1).toordinal(), f"montants|{self._nom}|{self._rang}")
        self._rang += 1
        return self._battre(tirage, self._nombre * rang // paquets, self._nombre * (rang + 1) // paquets)


def montants(caisse: Caisse, nom: str, par_an: float, euros: float, dispersion: float) -> Paquets:
    """Amounts (cents) whose year sums to so many euros, at the scale of the run."""
    nombre = max(1, round(par_an * caisse.echelle))
    total = _CENTIMES * euros / par_an * nombre

    def shuffle(tirage: Random, debut: int, fin: int) -> list[int]:
        return quantiles(tirage, fin - debut, portion(total, nombre, debut, fin), dispersion)

    return Paquets(caisse, nom, nombre, shuffle)


class Enveloppe:
    """What is left of the euros of a year, for the amounts that nothing imposes.

    ``usuel``: the mean of these (cents); ``part_imposee``: the share of all whose amount comes from elsewhere, of mean
    ``impose``. Each draw aims at what is left, so that the year comes out whatever was imposed.
    """

    def __init__(self, caisse: Caisse, usuel: float, part_imposee: float, impose: float, dispersion: float) -> None:
        self._usuel = usuel
        self._part_imposee = part_imposee
        self._impose = impose
        self._unites = Paquets(
            caisse,
            "enveloppe",
            _UNITES_PAR_PAQUET,
            lambda tirage, debut, fin: quantiles(tirage, fin - debut, (fin - debut) * _UNITE, dispersion),
        )
        self._centimes = 0.0
        self._nombre = 0

    def fill(self, centimes: float, nombre: int) -> None:
        """What is to be found from now on, and in how many."""
        self._centimes, self._nombre = centimes, nombre

    def add(self, centimes: float, nombre: int) -> None:
        """More (or less) is to be found than was thought."""
        self._centimes += centimes
        self._nombre += nombre

    def spend(self, montant: int) -> int:
        """This amount was imposed."""
        self.add(-montant, -1)
        return montant

    def draw(self, annee: int) -> int:
        """An amount that nothing imposes."""
        moyenne = min(max(self._mean(0), self._usuel * _AU_MOINS), self._usuel * _AU_PLUS)
        return self.spend(round(moyenne) if 0 < self._nombre < _DERNIERS else self.unit(annee, moyenne))

    def bears(self, montant: int) -> bool:
        """Whether what would be left after this amount is still enough for the others."""
        return self._mean(montant) >= self._usuel * _AU_MOINS

    def _mean(self, pris: int) -> float:
        """What is left for each amount that nothing imposes, less an amount."""
        imposes = self._nombre * self._part_imposee
        return (self._centimes - pris - imposes * self._impose) / max(self._nombre - imposes, 1e-6)

    def unit(self, annee: int, moyenne: float) -> int:
        """An amount of a law of this mean, whatever is left."""
        return max(_MOINDRE, round(self._unites.draw(annee) * moyenne / _UNITE))
