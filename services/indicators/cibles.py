"""Targets of the contracts, and the state of a figure held against them.

A target belongs to (Caf, year, code) and has a kind. Several kinds may stand side by side: all are shown, the first
of ``Nature`` judges. A judge without a value leaves the figure unjudged: no other kind ever takes its place.
"""

import csv
import operator
from collections.abc import Callable, Iterable
from enum import StrEnum
from importlib import resources
from typing import Any, Final

import msgspec
from msgspec import Struct

from services.indicators.registre import REGISTRE
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


class CiblesInvalides(Exception):
    """The list of targets cannot be read; the message gives line and reason (French). Nothing is kept of it."""


class Cible(Struct, frozen=True):
    """A target: ``valeur`` None when it was not transmitted, or when the indicator is only followed."""

    caf: str
    annee: int
    code: str
    nature: str
    valeur: float | None
    operateur: str | None
    source: str


class CibleAffichee(Struct, frozen=True):
    """A target as the answer shows it."""

    valeur: float | None
    operateur: str | None
    nature: str


_OPERATEURS: Final[dict[str, Callable[[Any, Any], bool]]] = {"<=": operator.le, ">=": operator.ge}
_RANGS: Final = {nature.value: rang for rang, nature in enumerate(Nature)}
_COLONNES: Final = ("caf", "annee", "code", "nature", "valeur", "operateur", "unite", "etat_source", "source")


class Cibles:
    """The targets known, by (Caf, year, code)."""

    def __init__(self, cibles: Iterable[Cible] = ()) -> None:
        self._par_cle: dict[tuple[str, int, str], tuple[Cible, ...]] = {}
        for cible in sorted(cibles, key=lambda c: _RANGS[c.nature]):
            cle = (cible.caf, cible.annee, cible.code)
            self._par_cle[cle] = (*self._par_cle.get(cle, ()), cible)

    def of(self, caf: str, annee: int, code: str) -> tuple[Cible, ...]:
        """The targets of a figure, the one that judges first."""
        return self._par_cle.get((caf, annee, code), ())

    def cafs(self) -> set[str]:
        """The Cafs that have targets."""
        return {caf for caf, _, _ in self._par_cle}

    def carried(self, de: int, vers: Iterable[int]) -> "Cibles":
        """The same, with the targets of the year ``de`` standing also for other years: a demonstration moves its
        dates, and its contract with them."""
        reportees = [
            msgspec.structs.replace(cible, annee=annee, source=f"{cible.source}, reportée de {de}")
            for annee in vers
            for (_, depuis, _), cibles in self._par_cle.items()
            if depuis == de
            for cible in cibles
        ]
        return Cibles([*(c for cibles in self._par_cle.values() for c in cibles), *reportees])


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
    return Etat.atteint if _OPERATEURS[juge.operateur](valeur, juge.valeur) else Etat.non_atteint


def show(cibles: tuple[Cible, ...]) -> list[CibleAffichee]:
    """The targets as the answer shows them."""
    return [CibleAffichee(c.valeur, c.operateur, c.nature) for c in cibles]


def published_targets() -> Cibles:
    """The targets that the contracts and reports of the five Cafs print."""
    return read_targets(resources.files("services.indicators").joinpath("donnees/cibles.csv").read_text("utf-8"))


def read_targets(texte: str) -> Cibles:
    """The targets of a CSV table with its header line. Raises ``CiblesInvalides``."""
    lignes = csv.DictReader(texte.splitlines())
    if tuple(lignes.fieldnames or ()) != _COLONNES:
        raise CiblesInvalides(f"cibles : l'en-tête attendu est {','.join(_COLONNES)}")
    cibles: dict[tuple[str, int, str, str], Cible] = {}
    for ligne in lignes:
        try:
            cible = _read_line(ligne)
        except ValueError as erreur:
            raise CiblesInvalides(f"cibles, ligne {lignes.line_num} : {erreur}") from None
        cle = (cible.caf, cible.annee, cible.code, cible.nature)
        if cle in cibles:
            raise CiblesInvalides(
                f"cibles, ligne {lignes.line_num} : la cible {cible.nature} de {cible.code} pour la Caf {cible.caf} "
                f"en {cible.annee} est déjà donnée"
            )
        cibles[cle] = cible
    return Cibles(cibles.values())


def _read_line(ligne: dict[str, str]) -> Cible:
    if None in ligne or None in ligne.values():
        raise ValueError(f"{len(_COLONNES)} colonnes sont attendues")
    caf, annee, code, nature = ligne["caf"], ligne["annee"], ligne["code"], ligne["nature"]
    if not (len(caf) == 3 and caf.isascii() and caf.isdigit()):
        raise ValueError(f"« {caf} » n'est pas un numéro de Caf")
    if not (len(annee) == 4 and annee.isascii() and annee.isdigit()):
        raise ValueError(f"« {annee} » n'est pas une année")
    if code not in REGISTRE:
        raise ValueError(f"code « {code} » inconnu")
    if nature not in _RANGS:
        raise ValueError(f"nature « {nature} » inconnue : {', '.join(_RANGS)}")
    if ligne["unite"] != REGISTRE[code].unite:
        raise ValueError(f"{code} se mesure en {REGISTRE[code].unite}, pas en {ligne['unite']}")
    valeur = _read_value(ligne["valeur"])
    if valeur is not None and ligne["operateur"] not in _OPERATEURS:
        raise ValueError(f"opérateur « {ligne['operateur']} » inconnu : <= ou >=")
    return Cible(caf, int(annee), code, nature, valeur, ligne["operateur"] or None, ligne["source"])


def _read_value(texte: str) -> float | None:
    if not texte:
        return None
    try:
        valeur = float(texte)
    except ValueError:
        raise ValueError(f"valeur « {texte} » : un nombre à point décimal est attendu") from None
    if not 0 <= valeur < 1e15:
        raise ValueError(f"valeur « {texte} » hors de ce qui se mesure")
    return int(valeur) if valeur.is_integer() else valeur
