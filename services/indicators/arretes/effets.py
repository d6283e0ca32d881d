"""What one image adds to a figure: the terms of a formula are sums over images, so that each has its part in them.

A formula is taken apart in columns, sums over images that its figure is a function of: numerator and denominator of a
ratio, both of each day of a mean of ratios, number and total délai of the pieces whose rank is asked. An image that
changes no column of a formula can not have moved its figure; what it changes of a count or of a ratio adds up to the
whole difference.
"""

from collections import defaultdict
from collections.abc import Sequence
from functools import singledispatch
from typing import Final, NamedTuple

import numpy as np

from services.indicators.explication.lot import lay_out
from services.indicators.explication.poids import Poids, weigh
from services.indicators.figures import (
    TRAITEE,
    AgeMax,
    Balance,
    Flux,
    Formule,
    MoyenneOuvree,
    Niveau,
    Nombre,
    RangDelai,
    Rapport,
    Terme,
)
from services.indicators.fold.columns import Entiers
from services.indicators.fold.families import FAMILLES, FAMILLES_DE, ORIGINE, Part
from services.indicators.rules import Periode
from services.indicators.views import Vue
from shared.calendar import working_days
from shared.events.mouvements import Image

_JAMAIS: Final = int(np.iinfo(np.int64).max)


class Typee(NamedTuple):
    """An image with the type of the movement that carries it."""

    type: str
    image: Image


class Lignes:
    """Images of one Caf as rows of the families that count them; one image may have several rows."""

    def __init__(self, caf: str, images: Sequence[Typee]) -> None:
        self._caf = caf
        self._nombre = len(images)
        parts: dict[str, list[tuple[int, Part]]] = defaultdict(list)
        for rang, (type_, image) in enumerate(images):
            for famille in FAMILLES_DE[type_]:
                parts[famille.nom].extend((rang, part) for part in famille.parts(image))
        self._vues = {nom: lay_out(famille, caf, parts[nom]) for nom, famille in FAMILLES.items()}

    def view(self, nom: str) -> Vue:
        """The rows of a family."""
        return self._vues[nom][0]

    def weigh(self, terme: Terme, periode: Periode) -> Entiers:
        """What each image adds to a term over a period: their sum is what the term counts."""
        return self.sum(weigh(terme, self.view, self._caf, periode))

    def weigh_days(self, rapport: Rapport, periode: Periode) -> list[Entiers]:
        """What each image adds to both terms of a ratio, on each working day of a period."""
        jours = working_days(periode.du, periode.au, self._caf)
        return [colonne for jour in jours for colonne in columns(rapport, self, Periode(jour, jour))]

    def sum(self, poids: Sequence[Poids]) -> Entiers:
        """For each image, the sum of what its rows weigh."""
        sommes = np.zeros(self._nombre, np.int64)
        for famille, valeurs in poids:
            np.add.at(sommes, self._vues[famille][1], valeurs)
        return sommes


def first_days(images: Sequence[Typee | None]) -> Entiers:
    """The first day on which each image counts; that of an absent one never comes."""
    return np.array([_JAMAIS if i is None else _first_day(i) for i in images], np.int64)


@singledispatch
def columns(formule: Formule, lignes: Lignes, periode: Periode) -> list[Entiers]:
    """What each image adds to the sums that a figure is made of, the terms that it shows first.

    Empty for a formula that is not made of sums over images.
    """
    del formule, lignes, periode
    return []


@columns.register
def _(formule: Nombre, lignes: Lignes, periode: Periode) -> list[Entiers]:
    return [lignes.weigh(formule.terme, periode)]


@columns.register
def _(formule: Rapport, lignes: Lignes, periode: Periode) -> list[Entiers]:
    return [lignes.weigh(formule.numerateur, periode), lignes.weigh(formule.denominateur, periode)]


@columns.register
def _(formule: MoyenneOuvree, lignes: Lignes, periode: Periode) -> list[Entiers]:
    return lignes.weigh_days(formule.rapport, periode)


@columns.register
def _(formule: RangDelai, lignes: Lignes, periode: Periode) -> list[Entiers]:
    del formule
    # The number and the délai tell one image from another: one piece has one délai.
    return [lignes.weigh(Flux("piece", "fin", (TRAITEE,), mesure), periode) for mesure in ("n", "delai")]


@columns.register
def _(formule: AgeMax, lignes: Lignes, periode: Periode) -> list[Entiers]:
    del formule

    vue = lignes.view("piece")
    arrivee = vue.jours["arrivee"]
    presentes = np.where((arrivee <= periode.au) & (arrivee + vue.delai > periode.au), vue.mesures["n"], 0)
    return [lignes.sum([Poids("piece", poids)]) for poids in (presentes, presentes * arrivee)]


@columns.register
def _(formule: Balance, lignes: Lignes, periode: Periode) -> list[Entiers]:
    veille = Periode(periode.du, periode.du - 1)
    flux = (formule.arrivees, formule.traitees, formule.annulees)
    return [lignes.weigh(Niveau("stock"), veille), *(lignes.weigh(terme, periode) for terme in flux)]


def _first_day(typee: Typee) -> int:
    # Its first family holds its own days; those of the others lie between them.
    parts = FAMILLES_DE[typee.type][0].parts(typee.image)
    return min((ORIGINE + jour for part in parts for jour in (part.jour, part.second) if jour), default=_JAMAIS)
