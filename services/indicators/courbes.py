"""A series as a person reads it: a chart, the table that says the same, the sentence that sums it up, the file."""

import csv
import io
from datetime import date
from typing import Final, NamedTuple

from services.indicators.affiche import word_level, word_terms, word_value, word_with_unit
from services.indicators.answer import Point, Serie
from services.indicators.rules import Pas, Periode
from shared.calendar import is_working_day
from shared.temps import from_iso
from shared.web.formats import INSECABLE, intervalle, jour_bref, jour_court, jour_semaine_bref, mois_bref
from shared.web.graphe import Graphe, draw

# Dots would hide the curve beyond.
POINTS_VISIBLES: Final = 62
# The longest period, in days, that each step still shows well.
_PORTEES: Final = ((Pas.jour, 92), (Pas.semaine, 740), (Pas.mois, 3_660))
_JOURS_MIN: Final = 31


class Ligne(NamedTuple):
    """A line of the table beside a chart."""

    nom: str
    valeur: str
    detail: str


class Courbe(NamedTuple):
    """A chart and the table that says the same."""

    code: str
    titre: str
    pas: str
    quand: str
    graphe: Graphe
    cible: str
    lignes: list[Ligne]
    resume: str
    a_part: bool

    @property
    def pointee(self) -> bool:
        """Whether each point is marked."""
        return len(self.lignes) <= POINTS_VISIBLES


def pick_step(periode: Periode) -> Pas:
    """The finest step that still reads well over the period."""
    longueur = periode.au - periode.du + 1
    return next((pas for pas, portee in _PORTEES if longueur <= portee), Pas.an)


def widen(periode: Periode) -> Periode:
    """The period, or the month that ends with it: two points are no curve."""
    return Periode(min(periode.du, periode.au - _JOURS_MIN + 1), periode.au)


def build_curve(serie: Serie, titre: str, cible: float | None) -> Courbe:
    """The chart and the table of a series; ``cible``: the level to mark, if any."""
    a_part = _days_off(serie)
    return Courbe(
        serie.code,
        titre,
        serie.pas,
        intervalle(from_iso(serie.du), from_iso(serie.au)),
        draw(
            [p.valeur for p in serie.points],
            [_label(p, serie.pas) for p in serie.points],
            lambda valeur: word_level(valeur, serie.unite).removesuffix(f"{INSECABLE}jours"),
            cible=cible,
            a_part=a_part,
            plein=serie.unite == "nombre",
        ),
        "" if cible is None else f"cible {word_level(cible, serie.unite)}",
        [
            Ligne(
                _name(p, serie.pas),
                word_value(p.valeur, serie.unite),
                word_terms(serie.code, p.numerateur, p.denominateur),
            )
            for p in serie.points
        ],
        _sum_up(serie),
        bool(a_part),
    )


def write_csv(serie: Serie) -> bytes:
    """The series as a file that a French spreadsheet opens at once: semicolons, decimal commas, byte order mark."""
    sortie = io.StringIO()
    ecrit = csv.writer(sortie, delimiter=";", lineterminator="\r\n")
    ecrit.writerow(["caf", "code", "du", "au", "valeur", "numerateur", "denominateur", "unite"])
    for p in serie.points:
        nombres = ["" if v is None else str(v).replace(".", ",") for v in (p.valeur, p.numerateur, p.denominateur)]
        jours = [jour_court(from_iso(jour)) for jour in (p.du, p.au)]
        ecrit.writerow([serie.caf, serie.code, *jours, *nombres, serie.unite])
    return sortie.getvalue().encode("utf-8-sig")


def _days_off(serie: Serie) -> frozenset[int]:
    """The ranks of the days off of a mean or a rate: a handful of pieces would draw a chasm each week."""
    if serie.pas != Pas.jour or serie.unite not in ("jours", "taux"):
        return frozenset()
    return frozenset(r for r, p in enumerate(serie.points) if not is_working_day(from_iso(p.du), serie.caf))


def _label(point: Point, pas: str) -> str:
    du = from_iso(point.du)
    if pas == Pas.an:
        return str(date.fromordinal(du).year)
    return mois_bref(du) if pas == Pas.mois else jour_bref(du)


def _name(point: Point, pas: str) -> str:
    du, au = from_iso(point.du), from_iso(point.au)
    return jour_semaine_bref(du) if pas == Pas.jour else intervalle(du, au)


def _sum_up(serie: Serie) -> str:
    connus = [(p.valeur, p) for p in serie.points if p.valeur is not None]
    if not connus:
        return "Aucune valeur sur cette période."
    (premiere, debut), (derniere, fin) = connus[0], connus[-1]
    bas, haut = min(v for v, _ in connus), max(v for v, _ in connus)
    u = serie.unite
    return (
        f"De {word_with_unit(premiere, u)} le {jour_court(from_iso(debut.au))} à {word_with_unit(derniere, u)} "
        f"le {jour_court(from_iso(fin.au))} ; "
        f"au plus bas {word_with_unit(bas, u)}, au plus haut {word_with_unit(haut, u)}."
    )
