"""The projection as a document: the rhythm read in the fold, the end of the month from the calendar, the formulas."""

from collections.abc import Callable, Iterator
from datetime import date
from fractions import Fraction
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from msgspec import UNSET, Struct, UnsetType

from services.indicators.answer import Fraicheur
from services.indicators.cibles import CibleAffichee, Etat, judge, show
from services.indicators.figures import ANNULEE, TRAITEE, Flux, Niveau, Periodes, Population, Terme
from services.indicators.projection import (
    JOURS_DU_RYTHME,
    Fin,
    Grandeur,
    Rythme,
    clearing_rank,
    days_to_clear,
    needed_for_delay,
    needed_for_solde,
    project_solde,
    project_stock,
)
from services.indicators.registre.projections import ECOULER, PROJECTIONS
from services.indicators.rules import DERNIER_JOUR, Periode, PeriodeInvalide, Role, parse_caf, parse_period
from services.indicators.tableau import Tableau
from shared.calendar import nth_last_working_day, working_days
from shared.temps import add_months, to_iso
from shared.web.formats import nombre

# Treatments per working day that reach a target: of a stock, a rhythm, the end of the month, the target.
Besoin: TypeAlias = Callable[[int, Rythme, Fin, Fraction], Grandeur]

ARRIVEES: Final = Flux("piece", "arrivee")
TRAITEES: Final = Flux("piece", "fin", (TRAITEE,))
ANNULEES: Final = Flux("piece", "fin", (ANNULEE,))
STOCK: Final = Niveau("stock")
ATTENTE: Final = Niveau("attente")
# Beyond, a date would be read as a promise.
_HORIZON: Final = 3 * 366


class RythmeAffiche(Struct, frozen=True):
    """What was counted over the last working days, days off between them included, and per working day."""

    du: str
    au: str
    jours_ouvres: int
    arrivees: int
    annulees: int
    traitees: int
    entrees_par_jour: float
    traitees_par_jour: float


class Projetee(Struct, frozen=True):
    """A projected quantity. ``formule``: in words, ``version`` its version; ``calcul``: the same with its numbers;
    ``maison``: the formula is ours; ``raison``: why it has no value; ``cible`` and ``etat``: the target and what the
    value is worth against it; ``le``: the day (ISO) it is about.
    """

    code: str
    libelle: str
    unite: str
    valeur: float | None
    formule: str
    version: int
    maison: bool
    calcul: str
    raison: str | UnsetType = UNSET
    cible: CibleAffichee | UnsetType = UNSET
    etat: str | UnsetType = UNSET
    le: str | UnsetType = UNSET


class Projection(Struct, frozen=True):
    """Where the stock goes at the rhythm of the last working days, from the end of the day ``au``.

    ``fin_de_mois``: the last day of the month of the day after ``au``; ``maison``: true, these formulas are ours.
    ``rythme`` is absent when the history is too short for one: ``raison`` says so.
    """

    caf: str
    role: str
    au: str
    fin_de_mois: str
    jours_ouvres_restants: int
    stock: int
    stock_traitable: int
    fraicheur: Fraicheur
    projections: list[Projetee]
    maison: bool = True
    rythme: RythmeAffiche | UnsetType = UNSET
    raison: str | UnsetType = UNSET


_SANS_CIBLE: Final = {
    Etat.suivi: "indicateur suivi sans cible",
    Etat.cible_non_transmise: "cible non transmise",
    Etat.sans_cible: "sans cible cette année",
}


class _Lue(NamedTuple):
    """What the fold and the calendar say."""

    population: Population
    du: int
    au: int
    fin_de_mois: int
    rythme: Rythme
    fin: Fin
    stock: int
    traitable: int


def project(tableau: Tableau, caf: str, au: str | None, fraicheur: Fraicheur, role: Role) -> Projection:
    """The projection from the end of the day ``au``, by default the last one that is over.

    Raises a ``QuestionRefusee``: a day that is no day, or still to come, a Caf or a period of which nothing is known.
    """
    jour = _read_day(au, tableau.today())
    # Yesterday may well be before the first day: that is a history too short, not a question to refuse.
    connu = jour if au else DERNIER_JOUR
    lue = _read(tableau.population(parse_caf(caf), role, Periode(connu, connu)), jour)
    raison = _too_short(lue)
    projections = [_write(c, Grandeur(None, raison)) for c in PROJECTIONS] if raison else list(_project(tableau, lue))
    return Projection(
        caf,
        role.value,
        to_iso(jour),
        to_iso(lue.fin_de_mois),
        lue.fin.ouvres,
        lue.stock,
        lue.traitable,
        fraicheur,
        projections,
        rythme=UNSET if raison else _show(lue),
        raison=raison or UNSET,
    )


def _too_short(lue: _Lue) -> str:
    """Why the history gives no rhythm, in French; nothing when it does."""
    arrivees = lue.population.view("piece").jours["arrivee"]
    premiere = int(arrivees.min()) if len(arrivees) else None
    if premiere is not None and premiere <= lue.du:
        return ""
    depuis = "aucune pièce" if premiere is None else f"première pièce le {to_iso(premiere)}"
    return f"moins de {JOURS_DU_RYTHME} jours ouvrés d'histoire pour mesurer un rythme : {depuis}"


def _read_day(au: str | None, today: int) -> int:
    if not au:
        return today - 1
    jour = parse_period(au, au).au
    if jour > today:
        raise PeriodeInvalide(f"au « {au} » est à venir : une projection part d'un jour déjà compté")
    return jour


def _read(population: Population, au: int) -> _Lue:
    caf = population.caf
    du = nth_last_working_day(au, JOURS_DU_RYTHME, caf)
    fin_de_mois = min(add_months(date.fromordinal(au + 1).replace(day=1).toordinal(), 1) - 1, DERNIER_JOUR)
    ouvres = len(working_days(au + 1, fin_de_mois, caf))
    comptes = JOURS_DU_RYTHME - ouvres
    deja = _count(population, TRAITEES, nth_last_working_day(au, comptes, caf), au) if comptes > 0 else 0
    stock = _count(population, STOCK, au, au)
    return _Lue(
        population,
        du,
        au,
        fin_de_mois,
        Rythme(
            arrivees=_count(population, ARRIVEES, du, au),
            annulees=_count(population, ANNULEES, du, au),
            traitees=_count(population, TRAITEES, du, au),
            jours=au - du + 1,
        ),
        Fin(ouvres, deja),
        stock,
        stock - _count(population, ATTENTE, au, au),
    )


def _count(population: Population, terme: Terme, du: int, au: int) -> int:
    return int(terme.count(population, Periodes(np.array([du], np.int64), np.array([au], np.int64)))[0])


def _project(tableau: Tableau, lue: _Lue) -> Iterator[Projetee]:
    rythme, fin = lue.rythme, lue.fin
    yield _write("STOCK-FIN-DE-MOIS", project_stock(lue.stock, rythme, fin))
    soldes = (("SOLDE", "SOLDE-JOURS", lue.stock), ("SOLDE-TRAITABLE", "SOLDE-TRAITABLE-JOURS", lue.traitable))
    for nom, code, stock in soldes:
        yield _against(tableau, lue, code, f"{nom}-FIN-DE-MOIS", project_solde(stock, rythme, fin))
    ecoule = days_to_clear(lue.stock, rythme)
    yield _write(ECOULER, ecoule, le=_clearing_day(lue, ecoule))

    def towards(code: str, nom: str, stock: int, besoin: Besoin) -> Projetee:
        cibles = tableau.targets(lue.population, lue.fin_de_mois, code)
        etat = judge(0, cibles)
        if etat in _SANS_CIBLE:
            return _write(nom, Grandeur(None, f"{code} : {_SANS_CIBLE[etat]}"))
        if cibles[0].operateur != "<=":
            return _write(nom, Grandeur(None, f"{code} : la cible n'est pas un plafond"))
        return _write(nom, besoin(stock, rythme, fin, Fraction(str(cibles[0].valeur))), cible=show(cibles)[0])

    for nom, code, stock in soldes:
        yield towards(code, f"TRAITEMENTS-POUR-{nom}", stock, needed_for_solde)
    yield towards("COG-08-29", "TRAITEMENTS-POUR-DELAI", lue.stock, needed_for_delay)


def _against(tableau: Tableau, lue: _Lue, code: str, nom: str, grandeur: Grandeur) -> Projetee:
    cibles = tableau.targets(lue.population, lue.fin_de_mois, code)
    etat = judge(None if grandeur.valeur is None else float(grandeur.valeur), cibles)
    return _write(nom, grandeur, cible=show(cibles)[0] if cibles else UNSET, etat=etat.value)


def _clearing_day(lue: _Lue, ecoule: Grandeur) -> str | UnsetType:
    """The working day in the course of which nothing is left, if it is near enough to be said."""
    if ecoule.valeur is None:
        return UNSET
    rang = clearing_rank(ecoule.valeur)
    if rang == 0:
        return to_iso(lue.au)
    ouvres = working_days(lue.au + 1, min(lue.au + _HORIZON, DERNIER_JOUR), lue.population.caf)
    return to_iso(ouvres[rang - 1]) if rang <= len(ouvres) else UNSET


def _write(
    code: str,
    grandeur: Grandeur,
    cible: CibleAffichee | UnsetType = UNSET,
    etat: str | UnsetType = UNSET,
    le: str | UnsetType = UNSET,
) -> Projetee:
    ecrite = PROJECTIONS[code]
    termes = {nom: _word(valeur) for nom, valeur in grandeur.termes.items()}
    return Projetee(
        code=code,
        libelle=ecrite.libelle,
        unite=ecrite.unite,
        valeur=None if grandeur.valeur is None else float(grandeur.valeur),
        formule=ecrite.formule,
        version=ecrite.version,
        maison=ecrite.maison,
        calcul=ecrite.calcul.format_map(termes) if termes else "",
        raison=grandeur.raison or UNSET,
        cible=cible,
        etat=etat,
        le=le,
    )


def _word(valeur: Fraction | int) -> str:
    return nombre(float(valeur), 0 if Fraction(valeur).denominator == 1 else 2)


def _show(lue: _Lue) -> RythmeAffiche:
    r = lue.rythme
    return RythmeAffiche(
        to_iso(lue.du), to_iso(lue.au), JOURS_DU_RYTHME, r.arrivees, r.annulees, r.traitees, float(r.entrees),
        float(r.sorties),
    )  # fmt: skip
