"""What one image adds to a figure: the terms of a formula are sums over images, so that each has its part in them.

A formula is taken apart in columns, sums over images that its figure is a function of: numerator and denominator of a
ratio, both of each day of a mean of ratios, number and total délai of the pieces whose rank is asked. An image that
changes no column of a formula can not have moved its figure; what it changes of a count or of a ratio adds up to the
whole difference.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import singledispatch
from typing import Final, NamedTuple

import numpy as np

from services.indicators.figures import (
    TRAITEE,
    AgeMax,
    Balance,
    Cohorte,
    DerniersOuvres,
    Difference,
    Flux,
    Fois,
    Formule,
    MoyenneOuvree,
    Niveau,
    Nombre,
    RangDelai,
    Rapport,
    StockAncien,
    Terme,
)
from services.indicators.fold.columns import Colonnes, Entiers
from services.indicators.fold.families import FAMILLES, FAMILLES_DE, ORIGINE, Famille, Part
from services.indicators.rules import Periode
from services.indicators.views import Condition, Profils, Vue
from shared.calendar import nth_last_working_day, working_days
from shared.events.mouvements import Image
from shared.temps import add_months

_JAMAIS: Final = int(np.iinfo(np.int64).max)


class Typee(NamedTuple):
    """An image with the type of the movement that carries it."""

    type: str
    image: Image


class Lignes:
    """Images of one Caf as rows of the families that count them; one image may have several rows."""

    def __init__(self, caf: str, images: Sequence[Typee]) -> None:
        self.caf = caf
        self.nombre = len(images)
        parts: dict[str, list[tuple[int, Part]]] = defaultdict(list)
        for rang, (type_, image) in enumerate(images):
            for famille in FAMILLES_DE[type_]:
                parts[famille.nom].extend((rang, part) for part in famille.parts(image))
        self._vues = {nom: _view(FAMILLES[nom], caf, siennes) for nom, siennes in parts.items()}

    def sum(self, famille: str, weigh_rows: Callable[[Vue], Entiers]) -> Entiers:
        """For each image, the sum of what its rows of a family weigh."""
        sommes = np.zeros(self.nombre, np.int64)
        if famille in self._vues:
            vue, rangs = self._vues[famille]
            np.add.at(sommes, rangs, weigh_rows(vue))
        return sommes


def first_days(images: Sequence[Typee | None]) -> Entiers:
    """The first day on which each image counts; that of an absent one never comes."""
    return np.array([_JAMAIS if i is None else _first_day(i) for i in images], np.int64)


@singledispatch
def weigh(terme: Terme, lignes: Lignes, periode: Periode) -> Entiers:
    """What each image adds to a term over a period: their sum is what the term counts."""
    del lignes, periode
    raise TypeError(f"terme sans part : {type(terme).__name__}")


@weigh.register
def _(terme: Flux, lignes: Lignes, periode: Periode) -> Entiers:
    def weigh_rows(vue: Vue) -> Entiers:
        jour = vue.jours[terme.jour]
        poids = vue.mesures["n"] * vue.delai if terme.mesure == "delai" else vue.mesures[terme.mesure]
        return np.where(vue.mask(terme.filtre) & (jour >= periode.du) & (jour <= periode.au), poids, 0)

    return lignes.sum(terme.famille, weigh_rows)


@weigh.register
def _(terme: Niveau, lignes: Lignes, periode: Periode) -> Entiers:
    return lignes.sum("niveau", lambda vue: np.where(vue.jours["jour"] <= periode.au, vue.mesures[terme.mesure], 0))


@weigh.register
def _(terme: StockAncien, lignes: Lignes, periode: Periode) -> Entiers:
    def weigh_rows(vue: Vue) -> Entiers:
        arrivee, fin = vue.jours["arrivee"], vue.jours["fin"]
        anciennes = (arrivee < periode.au - terme.plus_de) & (vue.delai > terme.plus_de)
        return np.where(anciennes & ((fin == 0) | (fin > periode.au)), vue.mesures["n"], 0)

    return lignes.sum("piece", weigh_rows)


@weigh.register
def _(terme: DerniersOuvres, lignes: Lignes, periode: Periode) -> Entiers:
    debut = nth_last_working_day(periode.au, terme.jours, lignes.caf)
    return weigh(terme.flux, lignes, Periode(debut, periode.au))


@weigh.register
def _(terme: Cohorte, lignes: Lignes, periode: Periode) -> Entiers:
    apres, jusqua = (add_months(periode.au, -mois) for mois in (terme.mois + 12, terme.mois))

    def weigh_rows(vue: Vue) -> Entiers:
        constat, qualifiee = vue.jours["constat"], vue.jours["qualifiee"]
        fraude = vue.mask((Condition("cause", "=", "fraude"),)) | ((qualifiee > 0) & (qualifiee <= periode.au))
        dedans = vue.mask(terme.filtre) & (apres < constat) & (constat <= jusqua) & (fraude == terme.frauduleuses)
        return np.where(dedans, vue.mesures[terme.mesure], 0)

    return lignes.sum("creance", weigh_rows)


@weigh.register
def _(terme: Difference, lignes: Lignes, periode: Periode) -> Entiers:
    return weigh(terme.de, lignes, periode) - weigh(terme.moins, lignes, periode)


@weigh.register
def _(terme: Fois, lignes: Lignes, periode: Periode) -> Entiers:
    return terme.facteur * weigh(terme.terme, lignes, periode)


@singledispatch
def columns(formule: Formule, lignes: Lignes, periode: Periode) -> list[Entiers]:
    """What each image adds to the sums that a figure is made of, the terms that it shows first.

    Empty for a formula that is not made of sums over images.
    """
    del formule, lignes, periode
    return []


@columns.register
def _(formule: Nombre, lignes: Lignes, periode: Periode) -> list[Entiers]:
    return [weigh(formule.terme, lignes, periode)]


@columns.register
def _(formule: Rapport, lignes: Lignes, periode: Periode) -> list[Entiers]:
    return [weigh(formule.numerateur, lignes, periode), weigh(formule.denominateur, lignes, periode)]


@columns.register
def _(formule: MoyenneOuvree, lignes: Lignes, periode: Periode) -> list[Entiers]:
    jours = working_days(periode.du, periode.au, lignes.caf)
    return [colonne for jour in jours for colonne in columns(formule.rapport, lignes, Periode(jour, jour))]


@columns.register
def _(formule: RangDelai, lignes: Lignes, periode: Periode) -> list[Entiers]:
    del formule
    # The number and the délai tell one image from another: one piece has one délai.
    return [weigh(Flux("piece", "fin", (TRAITEE,), mesure), lignes, periode) for mesure in ("n", "delai")]


@columns.register
def _(formule: AgeMax, lignes: Lignes, periode: Periode) -> list[Entiers]:
    del formule

    def open_(vue: Vue) -> Entiers:
        arrivee = vue.jours["arrivee"]
        return np.where((arrivee <= periode.au) & (arrivee + vue.delai > periode.au), vue.mesures["n"], 0)

    return [lignes.sum("piece", open_), lignes.sum("piece", lambda vue: open_(vue) * vue.jours["arrivee"])]


@columns.register
def _(formule: Balance, lignes: Lignes, periode: Periode) -> list[Entiers]:
    veille = Periode(periode.du, periode.du - 1)
    flux = (formule.arrivees, formule.traitees, formule.annulees)
    return [weigh(Niveau("stock"), lignes, veille), *(weigh(terme, lignes, periode) for terme in flux)]


def _view(famille: Famille, caf: str, parts: Sequence[tuple[int, Part]]) -> tuple[Vue, Entiers]:
    colonnes = Colonnes(famille)
    numeros = np.array([colonnes.number((caf, *part.categories)) for _, part in parts], np.int64)
    jours = np.array([(part.jour, part.second) for _, part in parts], np.int64).T
    jours = np.where(jours > 0, jours + ORIGINE, 0)
    mesures = np.array([part.mesures for _, part in parts], np.int64).T
    vue = Vue(
        Profils(colonnes),
        numeros,
        dict(zip(famille.jours, jours, strict=False)),
        dict(zip(famille.mesures, mesures, strict=True)),
    )
    return vue, np.array([rang for rang, _ in parts], np.int64)


def _first_day(typee: Typee) -> int:
    # Its first family holds its own days; those of the others lie between them.
    parts = FAMILLES_DE[typee.type][0].parts(typee.image)
    return min((ORIGINE + jour for part in parts for jour in (part.jour, part.second) if jour), default=_JAMAIS)
