"""The projection: its rules by their properties, and through the façade against the oracle's day by day."""

from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import UNSET

from ecluse.commandes.rapprochements import show_projected
from services.indicators.answer import Fraicheur
from services.indicators.cibles import Cible, Cibles
from services.indicators.horizon import Projection, project
from services.indicators.mots import word_projection
from services.indicators.projection import (
    SANS_JOUR,
    Fin,
    Rythme,
    days_to_clear,
    needed_for_delay,
    needed_for_solde,
    project_solde,
    project_stock,
)
from services.indicators.registre.projections import PROJECTIONS
from services.indicators.rules import PeriodeInvalide, Role
from services.indicators.tableau import Tableau
from shared.web.formats import INSECABLE
from tests.images import FRAIS, VIDE, SansFile, StockCompte, fold, images_of
from tests.oracle import Pause, Piece
from tests.oracle.calendar import jours
from tests.oracle.projection import depart, fin_de_mois, jours_pour_ecouler

STOCKS = st.integers(0, 5_000)
RYTHMES = st.builds(Rythme, st.integers(0, 4_000), st.integers(0, 200), st.integers(0, 4_000), st.integers(26, 34))
FINS = st.builds(Fin, st.integers(0, 23), st.integers(0, 3_000)).map(
    lambda f: f._replace(deja_traitees=0) if f.ouvres >= 20 else f
)
CIBLES = st.integers(0, 40).map(lambda n: Fraction(n, 2))
AU = date(2023, 1, 17)
# Few working days to come, many of them, more than twenty, none at all before the end of the month.
JOURS = [AU, date(2023, 1, 30), date(2023, 1, 31), date(2023, 2, 28), date(2023, 9, 29), date(2023, 5, 12)]


def at(rythme: Rythme, x: Fraction) -> Rythme:
    """The same arrivals, and at least so many treatments per working day."""
    return rythme._replace(traitees=-(-20 * x.numerator // x.denominator))


@given(STOCKS, RYTHMES, FINS)
def test_the_stock_is_never_less_than_nothing_and_at_equal_flows_it_stays(stock: int, rythme: Rythme, fin: Fin) -> None:
    projete = project_stock(stock, rythme, fin).valeur
    assert projete is not None
    assert projete >= 0
    egal = rythme._replace(traitees=max(0, rythme.arrivees - rythme.annulees))
    if egal.entrees == egal.sorties:
        assert project_stock(stock, egal, fin).valeur == stock


@given(STOCKS, RYTHMES, FINS, st.integers(0, 500))
def test_more_treatments_never_lengthen_anything(stock: int, rythme: Rythme, fin: Fin, plus: int) -> None:
    mieux = rythme._replace(traitees=rythme.traitees + plus)
    for avant, apres in (
        (days_to_clear(stock, rythme), days_to_clear(stock, mieux)),
        (project_solde(stock, rythme, fin), project_solde(stock, mieux, fin)),
        (project_stock(stock, rythme, fin), project_stock(stock, mieux, fin)),
    ):
        if avant.valeur is not None:
            assert apres.valeur is not None
            assert apres.valeur <= avant.valeur


@given(STOCKS, st.integers(0, 4_000))
def test_without_arrivals_the_days_to_clear_are_the_stock_over_the_rhythm(stock: int, traitees: int) -> None:
    ecoule = days_to_clear(stock, Rythme(0, 0, traitees, 28))
    if stock == 0:
        assert ecoule.valeur == 0
    elif traitees:
        assert ecoule.valeur == Fraction(stock * 20, traitees)
    else:
        assert ecoule.valeur is None


@given(STOCKS.filter(bool), RYTHMES)
def test_a_stock_that_is_never_cleared_is_said_so(stock: int, rythme: Rythme) -> None:
    ecoule = days_to_clear(stock, rythme)
    jamais = rythme.traitees <= rythme.arrivees - rythme.annulees
    assert (ecoule.valeur is None) == jamais
    assert ("ne s'écoule pas" in ecoule.raison) == jamais


@given(STOCKS, RYTHMES, FINS, CIBLES)
def test_the_treatments_needed_reach_the_target_of_the_solde_and_one_less_a_day_does_not(
    stock: int, rythme: Rythme, fin: Fin, cible: Fraction
) -> None:
    besoin = needed_for_solde(stock, rythme, fin, cible)
    if not fin.ouvres:
        assert (besoin.valeur, besoin.raison) == (None, SANS_JOUR)
        return
    assert besoin.valeur is not None
    tenu = project_solde(stock, at(rythme, besoin.valeur), fin).valeur
    assert tenu is None or tenu <= cible
    if besoin.valeur >= 1:
        manque = project_solde(stock, at(rythme, besoin.valeur - 1), fin)
        assert manque.valeur is None or manque.valeur > cible


@given(STOCKS, RYTHMES, FINS, CIBLES)
def test_the_treatments_needed_for_the_delay_bring_the_stock_to_the_one_of_littles_law(
    stock: int, rythme: Rythme, fin: Fin, cible: Fraction
) -> None:
    besoin = needed_for_delay(stock, rythme, fin, cible)
    nettes = rythme.arrivees - rythme.annulees
    if besoin.valeur is None:
        assert not fin.ouvres or nettes <= 0
        return
    vise = cible * Fraction(nettes, rythme.jours)
    reste = stock + (rythme.entrees - besoin.valeur) * fin.ouvres
    assert reste == vise if besoin.valeur else reste <= vise


# Through the façade.


@st.composite
def stories(draw: st.DrawFn) -> tuple[date, list[Piece]]:
    """A day, and pieces that crowd the working days before it; one of long before, so that there is a rhythm."""
    au = draw(st.sampled_from(JOURS))
    modele = Piece("091", "P", "D", "autre", "web", False, "", "", "", "091", au - timedelta(200), None, None, ())
    pieces = [replace(modele, traitee=au - timedelta(199))]
    for _ in range(draw(st.integers(0, 25))):
        fin = draw(st.none() | st.integers(-3, 31).map(lambda n: au - timedelta(n)))
        arrivee = (fin or au) - timedelta(draw(st.integers(0, 40)))
        annulee = fin is not None and draw(st.integers(0, 4)) == 0
        pause = (Pause(arrivee, None),) if draw(st.booleans()) else ()
        piece = replace(modele, arrivee=arrivee, caf_traitante=draw(st.sampled_from(["091", "681"])), pauses=pause)
        pieces.append(replace(piece, annulee=fin) if annulee else replace(piece, traitee=fin))
    return au, pieces


def board(pieces: list[Piece], today: date, *cibles: Cible) -> Tableau:
    return Tableau(
        fold(images_of(replace(VIDE, pieces=pieces))),
        Cibles(cibles),
        StockCompte(pieces),
        SansFile(),
        today=today.toordinal,
    )


SOLDE = Cible("091", 2023, "SOLDE-JOURS", "individualisee", 5.5, "<=", "")
DELAI = Cible("091", 2023, "COG-08-29", "nationale", 16, "<=", "")


def ask(tableau: Tableau, au: str | None = AU.isoformat(), role: Role = Role.proprietaire) -> Projection:
    return project(tableau, "091", au, FRAIS, role)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(stories(), st.sampled_from(list(Role)))
def test_the_projection_is_that_of_the_oracle_day_by_day(story: tuple[date, list[Piece]], role: Role) -> None:
    au, pieces = story
    document = ask(board(pieces, au, SOLDE), au.isoformat(), role)
    lues = {p.code: p for p in document.projections}
    assert list(lues) == list(PROJECTIONS)
    connu = depart([p for p in pieces if role is Role.proprietaire or p.caf_traitante == "091"], "091", au)
    assert (document.stock, document.stock_traitable) == (connu.stock, connu.traitable)
    assert document.fin_de_mois == connu.fin.isoformat()
    assert document.jours_ouvres_restants == len(connu.ouvres)
    stock, solde = fin_de_mois(connu, connu.stock, connu.sorties)
    assert lues["STOCK-FIN-DE-MOIS"].valeur == float(stock)
    assert lues["SOLDE-FIN-DE-MOIS"].valeur == (None if solde is None else float(solde))
    _, traitable = fin_de_mois(connu, connu.traitable, connu.sorties)
    assert lues["SOLDE-TRAITABLE-FIN-DE-MOIS"].valeur == (None if traitable is None else float(traitable))
    ecoule = jours_pour_ecouler(connu)
    assert lues["JOURS-POUR-ECOULER"].valeur == (None if ecoule is None else float(ecoule))
    assert (lues["JOURS-POUR-ECOULER"].raison is UNSET) == (ecoule is not None)
    besoin = lues["TRAITEMENTS-POUR-SOLDE"]
    if role is Role.traitante:
        assert besoin.raison == "SOLDE-JOURS : sans cible cette année"
    elif connu.ouvres:
        assert besoin.valeur is not None
        _, tenu = fin_de_mois(connu, connu.stock, Fraction(besoin.valeur) + Fraction(1, 10**9))
        assert tenu is not None
        assert tenu <= Fraction(11, 2)
        if besoin.valeur > 0:
            _, manque = fin_de_mois(connu, connu.stock, Fraction(besoin.valeur) - Fraction(besoin.valeur) / 10**6)
            assert manque is None or manque > Fraction(11, 2)


def steady(par_jour: int, delai: int, au: date = AU, depuis: int = 90) -> list[Piece]:
    """So many pieces arrive each day, days off included, each treated after so many days."""
    modele = Piece("091", "P", "D", "autre", "web", False, "", "", "", "091", au, None, None, ())
    return [
        replace(modele, arrivee=d, traitee=d + timedelta(delai))
        for d in jours(au - timedelta(depuis), au)
        for _ in range(par_jour)
    ]


def test_in_a_steady_state_the_delay_of_littles_law_is_the_delay_that_is_measured() -> None:
    # Half of the target is the délai: the rhythm may fall below that of the arrivals, by what the stock may grow.
    document = ask(board(steady(3, 8), AU, DELAI))
    lues = {p.code: p for p in document.projections}
    assert document.stock == 3 * 8
    assert document.rythme
    besoin = lues["TRAITEMENTS-POUR-DELAI"].valeur
    assert besoin == pytest.approx(document.rythme.entrees_par_jour - 3 * 8 / document.jours_ouvres_restants)
    assert lues["TRAITEMENTS-POUR-SOLDE"].raison == "SOLDE-JOURS : sans cible cette année"
    assert lues["JOURS-POUR-ECOULER"].valeur is None
    assert "ne s'écoule pas" in str(lues["JOURS-POUR-ECOULER"].raison)


def test_the_day_the_stock_is_cleared_is_a_working_day_of_the_calendar() -> None:
    ouvertes = [replace(p, arrivee=date(2022, 6, 1), traitee=None) for p in steady(1, 0, depuis=0)] * 30
    faites = [replace(p, arrivee=date(2022, 6, 1), traitee=date(2023, 1, 16)) for p in steady(1, 0, depuis=0)] * 200
    ecoule = next(p for p in ask(board(ouvertes + faites, AU)).projections if p.code == "JOURS-POUR-ECOULER")
    # Ten treatments per working day, nothing comes in: 18, 19 and 20 January 2023 are a Wednesday to a Friday.
    assert (ecoule.valeur, ecoule.le, ecoule.calcul) == (3.0, "2023-01-20", "30 ÷ (10 − 0)")


@pytest.mark.parametrize(
    ("ouvertes", "page", "commande"), [(366, "366,0 jours", "366 j"), (367, "plus d'un an", "plus d'un an")]
)
def test_days_that_nobody_can_picture_are_said_as_more_than_a_year_and_stay_in_the_document(
    ouvertes: int, page: str, commande: str
) -> None:
    stock = [replace(steady(1, 0, depuis=0)[0], arrivee=date(2022, 6, 1), traitee=None)] * ouvertes
    faites = [replace(p, arrivee=date(2022, 6, 1), traitee=date(2023, 1, 16)) for p in steady(1, 0, depuis=0)] * 20
    document = ask(board(stock + faites, AU))
    ecoule = next(p for p in document.projections if p.code == "JOURS-POUR-ECOULER")
    assert (ecoule.valeur, ecoule.version, ecoule.maison) == (ouvertes, 1, True)
    textes = word_projection(document)
    assert textes["x.JOURS-POUR-ECOULER.valeur"].replace(INSECABLE, " ") == page
    assert ("; le" in textes["x.JOURS-POUR-ECOULER.calcul"]) == (ouvertes <= 366)
    assert show_projected(msgspec.to_builtins(ecoule)) == commande


def test_on_the_last_day_of_a_month_it_is_the_next_one_that_is_projected() -> None:
    assert ask(board(steady(1, 2, date(2023, 1, 31)), AU + timedelta(30)), "2023-01-31").fin_de_mois == "2023-02-28"
    assert ask(board(steady(1, 2), date(2023, 1, 30)), "2023-01-30").fin_de_mois == "2023-01-31"


def test_without_a_day_it_starts_from_the_last_one_that_is_over() -> None:
    assert ask(board(steady(1, 2), AU + timedelta(1)), None).au == AU.isoformat()
    assert ask(board(steady(1, 2), AU), "").au == (AU - timedelta(1)).isoformat()


def test_a_day_to_come_is_refused() -> None:
    with pytest.raises(PeriodeInvalide, match="à venir"):
        ask(board(steady(1, 2), AU), (AU + timedelta(1)).isoformat())


def test_a_history_shorter_than_the_rhythm_gives_no_figure_and_says_since_when_it_runs() -> None:
    document = ask(board(steady(1, 2, depuis=10), AU))
    assert document.rythme is UNSET
    assert {p.valeur for p in document.projections} == {None}
    assert all("première pièce le 2023-01-07" in str(p.raison) for p in document.projections)
    assert "20 jours ouvrés" in str(document.raison)


def test_a_house_without_any_event_projects_nothing() -> None:
    vide = Tableau(fold(images_of(VIDE)), Cibles(), StockCompte(()), SansFile(), today=AU.toordinal)
    document = project(vide, "091", None, Fraicheur(None, None, False), Role.proprietaire)
    assert {p.valeur for p in document.projections} == {None}
    assert "aucune pièce" in str(document.raison)


@pytest.mark.parametrize(
    ("cible", "raison"),
    [
        (None, "sans cible cette année"),
        (Cible("091", 2023, "SOLDE-JOURS", "suivi", None, None, ""), "suivi sans cible"),
        (Cible("091", 2023, "SOLDE-JOURS", "individualisee", None, None, ""), "cible non transmise"),
        (Cible("091", 2022, "SOLDE-JOURS", "individualisee", 5, "<=", ""), "sans cible cette année"),
        (Cible("091", 2023, "SOLDE-JOURS", "individualisee", 5, ">=", ""), "pas un plafond"),
    ],
)
def test_without_a_target_to_reach_nothing_is_needed_and_the_reason_is_given(cible: Cible | None, raison: str) -> None:
    lues = {p.code: p for p in ask(board(steady(1, 2), AU, *([cible] if cible else []))).projections}
    assert lues["TRAITEMENTS-POUR-SOLDE"].valeur is None
    assert raison in str(lues["TRAITEMENTS-POUR-SOLDE"].raison)


def test_a_projected_solde_is_held_against_its_target() -> None:
    lues = {p.code: p for p in ask(board(steady(3, 8), AU, SOLDE)).projections}
    solde = lues["SOLDE-FIN-DE-MOIS"]
    assert solde.valeur is not None
    assert solde.etat == ("atteint" if solde.valeur <= 5.5 else "non_atteint")
    assert lues["SOLDE-TRAITABLE-FIN-DE-MOIS"].etat == "sans_cible"
