"""Thresholds: the constants within formulas, each with its operator and the days on which it holds.

The registry states them, and formulas compute from them: a threshold that changes on a date changes the figure from
that date on, and no earlier one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from services.indicators.figures import Periodes, Population, Terme
from services.indicators.fold.columns import Entiers
from services.indicators.rules import DERNIER_JOUR, PREMIER_JOUR, Periode

Operateur = Literal["<", "<=", "=", ">"]
UniteDeSeuil = Literal["heures", "jours", "jours ouvrés", "mois"]


@dataclass(frozen=True, slots=True)
class Seuil:
    """A constant of a formula. Holds from day ``du`` to day ``au`` (ordinals, inclusive; None: until further notice).

    ``operateur``: how what is measured is compared with ``valeur``.
    """

    operateur: Operateur
    valeur: int
    unite: UniteDeSeuil
    du: int = PREMIER_JOUR
    au: int | None = None

    @property
    def dernier(self) -> int:
        """The last day on which it holds."""
        return DERNIER_JOUR if self.au is None else self.au


Choix = tuple[tuple[Seuil, Terme], ...]


@dataclass(frozen=True, slots=True)
class ParJour:
    """A flow judged by a threshold: each day by the one that holds on it. ``choix``: what to count under each."""

    choix: Choix

    def count(self, population: Population, periodes: Periodes) -> Entiers:
        total = np.zeros(len(periodes.au), np.int64)
        for seuil, terme in self.choix:
            du = np.maximum(periodes.du, seuil.du)
            # A period without a day under this threshold becomes an empty one.
            au = np.maximum(np.minimum(periodes.au, seuil.dernier), du - 1)
            total += terme.count(population, Periodes(du, au))
        return total

    def parts(self, periode: Periode) -> list[tuple[Terme, Periode]]:
        """What is counted over which days of one period."""
        bornes = [(t, max(periode.du, s.du), min(periode.au, s.dernier)) for s, t in self.choix]
        return [(terme, Periode(du, au)) for terme, du, au in bornes if du <= au]


@dataclass(frozen=True, slots=True)
class EnFin:
    """A level or a cohort: the whole of it by the threshold that holds on the last day of the period."""

    choix: Choix

    def count(self, population: Population, periodes: Periodes) -> Entiers:
        total = np.zeros(len(periodes.au), np.int64)
        for seuil, terme in self.choix:
            dedans = (periodes.au >= seuil.du) & (periodes.au <= seuil.dernier)
            if dedans.any():
                total[dedans] = terme.count(population, Periodes(periodes.du[dedans], periodes.au[dedans]))
        return total

    def parts(self, periode: Periode) -> list[tuple[Terme, Periode]]:
        """What is counted over one period."""
        return [(terme, periode) for seuil, terme in self.choix if seuil.du <= periode.au <= seuil.dernier]


def by_day(seuils: tuple[Seuil, ...], terme: Callable[[Seuil], Terme]) -> ParJour:
    """A flow under each of its thresholds."""
    return ParJour(tuple((seuil, terme(seuil)) for seuil in seuils))


def at_end(seuils: tuple[Seuil, ...], terme: Callable[[Seuil], Terme]) -> EnFin:
    """A level or a cohort under each of its thresholds."""
    return EnFin(tuple((seuil, terme(seuil)) for seuil in seuils))


def today_of(seuils: tuple[Seuil, ...]) -> Seuil:
    """The threshold that a text names: the last one."""
    return seuils[-1]


# One open validity each: the sources print no other.
# A change is a second one: ``(Seuil("<", 15, "jours", au=…), Seuil("<", 12, "jours", du=…))``.
MOINS_DE_15_JOURS: Final = (Seuil("<", 15, "jours"),)
MOINS_DE_10_JOURS: Final = (Seuil("<", 10, "jours"),)
PLUS_DE_40_JOURS: Final = (Seuil(">", 40, "jours"),)
JOURS_DU_SOLDE: Final = (Seuil("=", 20, "jours ouvrés"),)
DIX_JOURS: Final = (Seuil("<=", 10, "jours"),)
SOUS_48_HEURES: Final = (Seuil("<=", 48, "heures"),)
AVANT_48_HEURES: Final = (Seuil("<", 48, "heures"),)
SOUS_7_JOURS: Final = (Seuil("<=", 7, "jours"),)
SOUS_168_HEURES: Final = (Seuil("<=", 168, "heures"),)
MOIS_24: Final = (Seuil("<=", 24, "mois"),)
MOIS_48: Final = (Seuil("<=", 48, "mois"),)
