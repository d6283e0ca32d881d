"""What the reports seem to say twice, and is not the same: populations of délais, stock and délai, treated and arrived.

Pure: figures of simulated years in, spreads over the seeds out. Counts are brought to full size.
"""

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any, Final

from msgspec import Struct

from ecluse.reproduction.rapprochement import Etendue, Figures, rescale, spread
from services.indicators.registre import REGISTRE

_POPULATIONS: Final = ("COG-08-29", "PART-15J", "COG-08-30", "COG-08-31", "PART-MINIMA-10J")
_STOCK: Final = (
    "SOLDE-JOURS",
    "SOLDE-JOURS-MOYEN",
    "SOLDE-TRAITABLE-JOURS",
    "SOLDE-TRAITABLE-JOURS-MOYEN",
    "STOCK",
    "STOCK-EN-ATTENTE",
    "STOCK-TRAITABLE",
    "DELAI-HORS-ATTENTE",
)
_FLUX: Final = ("PIECES-RECUES", "PIECES-INTERNES", "PIECES-ARRIVEES", "PIECES-TRAITEES", "PIECES-ANNULEES")


class Chiffre(Struct, frozen=True):
    """An indicator over the seeds. ``population``: what it is about; ``nombre``: how many objects, for a mean or a
    share."""

    code: str
    libelle: str
    unite: str
    population: str
    obtenu: Etendue
    nombre: float | None


class Little(Struct, frozen=True):
    """``L = λ W`` over a year: ``stock`` (mean of the ends of day), ``debit`` (pieces treated by calendar day),
    ``delai`` (mean, in calendar days), ``produit`` (``debit × delai``). Means over the seeds, at full size.

    The two sides differ by what crosses the ends of the year, and by cancelled pieces: they wait, never treated.
    """

    stock: float
    debit: float
    delai: float
    produit: float


class Pieges(Struct, frozen=True):
    """The figures that the notes under the table show."""

    populations: list[Chiffre]
    stock: list[Chiffre]
    little: Little
    flux: list[Chiffre]


def show_traps(annees: Sequence[tuple[Figures, Sequence[int]]], echelle: float) -> Pieges:
    """The traps over simulated years: figures, and pieces open at the end of each day."""
    figures = [f for f, _ in annees]
    return Pieges(
        [_collect(code, figures, echelle) for code in _POPULATIONS],
        [_collect(code, figures, echelle) for code in _STOCK],
        check_little(annees, echelle),
        [_collect(code, figures, echelle) for code in _FLUX],
    )


def check_little(annees: Sequence[tuple[Figures, Sequence[int]]], echelle: float) -> Little:
    """Both sides of Little's law over the years; a year without a treated piece has none (``ZeroDivisionError``)."""
    stock = fmean(fmean(jours) for _, jours in annees) / echelle
    debit = fmean(f["PIECES-TRAITEES"]["valeur"] / len(jours) for f, jours in annees) / echelle
    # The mean of all their pieces, so that the product is a number of pieces whatever the seeds weigh.
    delai = _sum("numerateur", annees) / _sum("denominateur", annees)
    return Little(stock, debit, delai, debit * delai)


def _sum(terme: str, annees: Sequence[tuple[Figures, Sequence[int]]]) -> float:
    return float(sum(f["COG-08-29"][terme] for f, _ in annees))


def _collect(code: str, figures: Sequence[Mapping[str, Mapping[str, Any]]], echelle: float) -> Chiffre:
    indicateur = REGISTRE[code]
    trouves = [f[code] for f in figures]
    nombres = [f["denominateur"] for f in trouves if f["denominateur"] is not None]
    # The denominator of a solde is no population: it is what was treated in twenty days.
    compte = bool(nombres) and not code.startswith("SOLDE")
    return Chiffre(
        code,
        indicateur.libelle,
        indicateur.unite,
        indicateur.population,
        spread([rescale(f["valeur"], indicateur.unite, echelle) for f in trouves]),
        fmean(nombres) / echelle if compte else None,
    )
