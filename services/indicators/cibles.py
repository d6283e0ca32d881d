"""Targets of the contracts, and the state of a figure held against them.

A target belongs to (Caf, year, code) and has a kind. Several kinds may stand side by side: all are shown, the first
of ``Nature`` judges. A judge without a value leaves the figure unjudged: no other kind ever takes its place.
"""

import operator
from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import Any, Final, TypeAlias

from msgspec import Struct

from shared.events.base import Liste


class Nature(Liste):
    """Kinds of target, the judge first: what was set for this Caf alone, then what holds for all."""

    individualisee = "individualisee", "Individualisée"
    cog = "cog", "Fixée par la Cog"
    nationale = "nationale", "Nationale"
    locale = "locale", "Locale"
    suivi = "suivi", "Suivi sans cible"


class Etat(StrEnum):
    """What a figure is worth against its target; ``nd``: there is no figure."""

    atteint = "atteint"
    non_atteint = "non_atteint"
    suivi = "suivi"
    cible_non_transmise = "cible_non_transmise"
    sans_cible = "sans_cible"
    nd = "nd"


Cle: TypeAlias = tuple[str, int, str]


class Cible(Struct, frozen=True):
    """A target: ``valeur`` None when it was not transmitted, or when the indicator is only followed.

    ``etat_source``: how the source gives it, in its own words; ``retiree``: it was taken back, and holds no more.
    """

    caf: str
    annee: int
    code: str
    nature: str
    valeur: float | None
    operateur: str | None
    source: str
    etat_source: str = ""

    @property
    def cle(self) -> Cle:
        """What it is the target of."""
        return self.caf, self.annee, self.code


class CibleAffichee(Struct, frozen=True):
    """A target as the answer shows it."""

    valeur: float | None
    operateur: str | None
    nature: str


RETIREE: Final = "retiree"
OPERATEURS: Final[dict[str, Callable[[Any, Any], bool]]] = {"<=": operator.le, ">=": operator.ge}
RANGS: Final = {nature.value: rang for rang, nature in enumerate(Nature)}


class Cibles:
    """The targets in force, by (Caf, year, code). One writer; a reader sees each figure's before or after a change."""

    def __init__(self, cibles: Iterable[Cible] = ()) -> None:
        self._par_cle: dict[Cle, tuple[Cible, ...]] = {}
        self.receive(cibles)

    def receive(self, cibles: Iterable[Cible]) -> None:
        """Put each in the place of the one of the same kind."""
        for cible in cibles:
            autres = [c for c in self._par_cle.get(cible.cle, ()) if c.nature != cible.nature]
            self._par_cle[cible.cle] = tuple(sorted([*autres, cible], key=lambda c: RANGS[c.nature]))

    def of(self, caf: str, annee: int, code: str) -> tuple[Cible, ...]:
        """The targets of a figure, the one that judges first."""
        return tuple(c for c in self._par_cle.get((caf, annee, code), ()) if c.etat_source != RETIREE)

    def all(self) -> list[Cible]:
        """Those that hold, whatever they are of."""
        return [cible for cle in self._par_cle for cible in self.of(*cle)]

    def years(self, caf: str) -> list[int]:
        """The years of which a Caf has targets, in order."""
        return sorted({cible.annee for cible in self.all() if cible.caf == caf})

    def has(self, cible: Cible) -> bool:
        """Whether it is known just so."""
        return cible in self._par_cle.get(cible.cle, ())

    def cafs(self) -> set[str]:
        """The Cafs that have targets."""
        return {caf for caf, _, _ in self._par_cle}


def judge(valeur: float | None, cibles: tuple[Cible, ...]) -> Etat:
    """The state of a figure; ``cibles`` as ``Cibles.of`` gives them."""
    if valeur is None:
        return Etat.nd
    if not cibles:
        return Etat.sans_cible
    juge = cibles[0]
    if juge.nature == Nature.suivi:
        return Etat.suivi
    if juge.valeur is None or juge.operateur is None:
        return Etat.cible_non_transmise
    return Etat.atteint if OPERATEURS[juge.operateur](valeur, juge.valeur) else Etat.non_atteint


def show(cibles: tuple[Cible, ...]) -> list[CibleAffichee]:
    """The targets as the answer shows them."""
    return [CibleAffichee(c.valeur, c.operateur, c.nature) for c in cibles]
