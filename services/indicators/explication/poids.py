"""How much each row of a view adds to a term: the same filters and days as ``count``, told row by row.

The rows are cells of the fold, or single images laid out as cells (``lot.py``): the sum of the weights over either is
what ``count`` gives.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import reduce
from typing import Final, NamedTuple

import numpy as np

from services.indicators.figures import (
    Cohorte,
    DerniersOuvres,
    Difference,
    Flux,
    Fois,
    Niveau,
    StockAncien,
    Terme,
)
from services.indicators.fold.columns import Entiers
from services.indicators.rules import Periode
from services.indicators.seuils import EnFin, ParJour
from services.indicators.views import Condition, Vue
from shared.runtime.imagier import Borne

NIVEAU: Final = "niveau"
PIECE: Final = "piece"
Vuer = Callable[[str], Vue]


class Poids(NamedTuple):
    """What each row of the view of ``famille`` adds, in its order."""

    famille: str
    poids: Entiers


class TermeSansDetail(Exception):
    """A kind of term that nobody has taught to tell its rows apart: a defect of the program."""


def weigh(terme: Terme, vue_de: Vuer, caf: str, periode: Periode) -> list[Poids]:
    """What each row adds to the term over the period. ``vue_de``: the rows of a family."""
    match terme:
        case Flux(famille, jour, filtre, mesure):
            vue = vue_de(famille)
            jours = vue.jours[jour]
            utiles = vue.mask(filtre) & (jours >= periode.du) & (jours <= periode.au)
            poids = vue.mesures["n"] * vue.delai if mesure == "delai" else vue.mesures[mesure]
            return [Poids(famille, np.where(utiles, poids, 0))]
        case Niveau(mesure):
            vue = vue_de(NIVEAU)
            return [Poids(NIVEAU, np.where(vue.jours["jour"] <= periode.au, vue.mesures[mesure], 0))]
        case StockAncien(plus_de):
            vue = vue_de(PIECE)
            anciennes = vue.mask((Condition("delai", ">", plus_de),))
            entrees = anciennes & (vue.jours["arrivee"] <= periode.au - plus_de - 1)
            sorties = anciennes & (vue.jours["fin"] > 0) & (vue.jours["fin"] <= periode.au)
            return [Poids(PIECE, vue.mesures["n"] * (entrees.astype(np.int64) - sorties))]
        case DerniersOuvres(flux, _):
            return weigh(flux, vue_de, caf, window_of(terme, caf, periode))
        case Cohorte(_, mesure, _, _):
            vue = vue_de("creance")
            dedans = next(terme.masks(vue, [periode.au]))
            return [Poids("creance", np.where(dedans, vue.mesures[mesure], 0))]
        case Difference(de, moins):
            retires = weigh(moins, vue_de, caf, periode)
            return [*weigh(de, vue_de, caf, periode), *(Poids(f, -p) for f, p in retires)]
        case Fois(facteur, seul):
            return [Poids(f, facteur * p) for f, p in weigh(seul, vue_de, caf, periode)]
        case ParJour() | EnFin():
            morceaux = terme.parts(periode)
            return [p for seul, jours in morceaux for p in weigh(seul, vue_de, caf, jours)]
        case _:
            raise TermeSansDetail(type(terme).__name__)


def window_of(terme: DerniersOuvres, caf: str, periode: Periode) -> Periode:
    """The days that this term counts."""
    periodes = terme.widen(caf, np.array([periode.au], np.int64))
    return Periode(int(periodes.du[0]), int(periodes.au[0]))


def total(poids: Iterable[Poids]) -> int:
    """What the rows add up to."""
    return sum(int(p.poids.sum()) for p in poids)


def add_up(poids: Iterable[Poids]) -> list[Poids]:
    """The same, once for each family."""
    sommes: dict[str, Entiers] = {}
    for famille, valeurs in poids:
        sommes[famille] = sommes[famille] + valeurs if famille in sommes else valeurs
    return [Poids(famille, valeurs) for famille, valeurs in sommes.items()]


def family_of(terme: Terme) -> str:
    """The family of movements whose images feed a term."""
    match terme:
        case Flux(famille, _, _, _):
            return famille
        case Niveau() | StockAncien():
            return PIECE
        case Cohorte():
            return "creance"
        case DerniersOuvres(flux, _):
            return flux.famille
        case Difference(de, _):
            return family_of(de)
        case Fois(_, seul):
            return family_of(seul)
        case ParJour(choix) | EnFin(choix):
            return family_of(choix[0][1])
        case _:
            raise TermeSansDetail(type(terme).__name__)


def bounds_of(terme: Terme, caf: str, periode: Periode) -> tuple[Borne, ...]:
    """Days outside which an image adds nothing to the term, so that its owner may leave it out. The first one, which
    every image has, gives the order in which they are shown."""
    match terme:
        case Flux(famille, jour, _, _):
            borne = Borne(jour, periode.du, periode.au)
            # A piece ends on the day of its arrival at the earliest: those that had left before are out too.
            partie = (Borne("fin", periode.du, None, ou_rien=True),) if (famille, jour) == (PIECE, "arrivee") else ()
            return (borne, *partie)
        case Niveau():
            return _in_stock(periode.au, 0)
        case StockAncien(plus_de):
            return _in_stock(periode.au, plus_de + 1)
        case Cohorte():
            return (Borne("constat", *terme.bounds(periode.au)),)
        case DerniersOuvres(flux, _):
            return bounds_of(flux, caf, window_of(terme, caf, periode))
        case Difference(de, moins):
            return _hull(bounds_of(de, caf, periode), bounds_of(moins, caf, periode))
        case Fois(_, seul):
            return bounds_of(seul, caf, periode)
        case ParJour() | EnFin():
            bornes = [bounds_of(seul, caf, jours) for seul, jours in terme.parts(periode)]
            return reduce(_hull, bornes) if bornes else ()
        case _:
            return ()


def _in_stock(au: int, age: int) -> tuple[Borne, ...]:
    """What a piece adds when it arrives it takes back when it leaves: only those that are still there count."""
    return Borne("arrivee", None, au - age), Borne("fin", au + 1, None, ou_rien=True)


def _hull(a: Sequence[Borne], b: Sequence[Borne]) -> tuple[Borne, ...]:
    """What both allow: nothing but bounds that they share can be kept."""
    return tuple(borne for borne in a if borne in b)
