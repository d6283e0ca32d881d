"""Published figures beside those of simulated years: pure rules, no house and no clock.

**Tolerance of an input.** At full size an input is within 0.5 % of what is published, for every seed. At a scale *s*
the volumes are small and a count of *n* expected objects strays by some ``sqrt(n)``: the tolerance is then
``0.5 % + 3 / sqrt(s × volume)``, the volume being the published count, or for a share what its numerator counts at
full size. A tolerance of 100 % or more would be kept by anything: such an input is not judged.

**Scale.** Counts and amounts are divided by the scale, so that they compare with the published ones; days and shares
stand as they are. A result has no tolerance: its gap is shown and fails nothing.
"""

from collections.abc import Mapping, Sequence
from math import sqrt
from statistics import fmean, stdev
from typing import Any, Final

from msgspec import Struct

from ecluse.simulateur.mesures import Genre, Hypothese, Mesure, Terme
from ecluse.simulateur.publies import Publie
from services.indicators.registre import REGISTRE

TOLERANCE: Final = 0.005
# Standard deviations of a count that a small scale is allowed.
_ECARTS_PERMIS: Final = 3
# Units of what grows with the scale.
EN_VOLUME: Final = frozenset({"nombre", "centimes"})
Figures = Mapping[str, Mapping[str, Any]]


class Etendue(Struct, frozen=True):
    """A figure over the seeds. ``ecart_type``: None for one seed; ``moyenne``: None when no seed gives it."""

    moyenne: float | None
    ecart_type: float | None
    mini: float | None
    maxi: float | None


class Ligne(Struct, frozen=True):
    """A published measure and what was obtained.

    ``ecart``: mean obtained minus published, relative to the published (a fraction), or in points of a share (a
    fraction too); ``tolerance``: relative, of an input; ``respectee``: whether every seed is within it, None for a
    result, where nothing is published, and where the scale is too small to judge; ``code`` and ``terme``: where it is
    read.
    """

    mesure: str
    libelle: str
    genre: Genre
    unite: str
    publie: float | None
    obtenu: Etendue
    ecart: float | None
    tolerance: float | None
    respectee: bool | None
    code: str
    terme: Terme
    source: str
    note: str
    hypotheses: tuple[Hypothese, ...]


def compare(publie: Publie, mesure: Mesure, annees: Sequence[Figures], echelle: float) -> Ligne:
    """The line of a published measure over the figures of the simulated years, one for each seed."""
    lus = [_read(figures[mesure.code], mesure.terme, publie.unite, echelle) for figures in annees]
    obtenu = spread(lus)
    tolerance = respectee = None
    if mesure.genre == Genre.entree and publie.valeur:
        volumes = [_volume(figures[mesure.code], publie, echelle) for figures in annees]
        tolerance = tolerate(min(volumes), echelle)
        if tolerance < 1:
            respectee = all(lu is not None and is_within(lu, publie.valeur, tolerance) for lu in lus)
    return Ligne(
        publie.mesure,
        mesure.libelle or REGISTRE[mesure.code].libelle,
        mesure.genre,
        publie.unite,
        publie.valeur,
        obtenu,
        _gap(obtenu.moyenne, publie),
        tolerance,
        respectee,
        mesure.code,
        mesure.terme,
        publie.source,
        publie.note,
        mesure.hypotheses,
    )


def tolerate(volume: float, echelle: float) -> float:
    """The relative tolerance of an input that counts so much at full size (see the module)."""
    if echelle == 1:
        return TOLERANCE
    return TOLERANCE + _ECARTS_PERMIS / sqrt(max(echelle * volume, 1))


def is_within(obtenu: float, publie: float, tolerance: float) -> bool:
    """Whether an obtained value is that close to the published one."""
    return abs(obtenu - publie) <= tolerance * abs(publie)


def spread(valeurs: Sequence[float | None]) -> Etendue:
    """Mean, sample standard deviation and extremes of what the seeds gave; seeds without a value are left out."""
    connues = [valeur for valeur in valeurs if valeur is not None]
    if not connues:
        return Etendue(None, None, None, None)
    return Etendue(fmean(connues), stdev(connues) if len(connues) > 1 else None, min(connues), max(connues))


def rescale(valeur: float | None, unite: str, echelle: float) -> float | None:
    """What a figure of a scaled Caf is at full size."""
    return valeur / echelle if valeur is not None and unite in EN_VOLUME and echelle != 1 else valeur


def _read(figure: Mapping[str, Any], terme: Terme, unite: str, echelle: float) -> float | None:
    return rescale(figure[terme.value], unite, echelle)


def _volume(figure: Mapping[str, Any], publie: Publie, echelle: float) -> float:
    """What an input counts at full size."""
    if publie.unite in EN_VOLUME and publie.valeur is not None:
        return publie.valeur
    return float(figure["numerateur"] or 0) / echelle


def _gap(moyenne: float | None, publie: Publie) -> float | None:
    if moyenne is None or publie.valeur is None:
        return None
    ecart = moyenne - publie.valeur
    return ecart if publie.unite == "taux" else ecart / publie.valeur
