"""Closing stocks of many days: one question, whatever the days, with the answer that each day has by itself."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from sqlalchemy import event

from ecluse.distribue.interne import create_stock
from ecluse.distribue.reglages import Secret
from ecluse.distribue.voisins import StockDistant, Voisin
from services.indicators.cibles import Cibles
from services.indicators.rules import POINTS_MAX
from services.indicators.tableau import Tableau
from services.production.models import MODELES
from services.production.store import closing_stocks
from shared.events.mouvements import ImagePiece
from shared.temps import from_iso
from tests.fabrique import Brut, open_base, undone
from tests.images import FRAIS, Comptee, SansFile, fold
from tests.serveurs import serve
from tests.stocks import JOURS, agree, batches

PREMIER = from_iso("2023-01-01")
AN = [*range(PREMIER, PREMIER + 365)]


class Compteur:
    """Production's port, both as the fold and as another process ask it: a number that each day has, or no answer."""

    def __init__(self, *, muet: bool = False) -> None:
        self.muet = muet
        self.questions: list[tuple[str, list[int], int]] = []

    def closing_stocks(self, caf: str, jours: Sequence[int], position: int = 0) -> Sequence[int] | None:
        """See ``RangeesDeProduction``."""
        self.questions.append((caf, [*jours], position))
        return None if self.muet else [jour % 7 for jour in jours]


@contextmanager
def remote(rangees: Compteur) -> Iterator[StockDistant]:
    """The same, asked over HTTP."""
    app = FastAPI()
    app.include_router(create_stock(rangees))
    with serve(app) as url, Voisin("production", url, Secret("jeton-de-la-maison-d-essai")) as voisin:
        yield StockDistant(voisin)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(batches(), JOURS)
def test_the_stocks_of_many_days_are_those_of_the_slow_definition_at_any_position(
    tmp_path_factory: pytest.TempPathFactory, lots: list[list[Brut]], jours: list[int]
) -> None:
    moteur = open_base(tmp_path_factory.mktemp("base") / "production.db", MODELES)
    with undone(moteur) as connexion:
        agree(connexion, lots, jours)
    moteur.dispose()


def test_a_year_takes_no_more_statements_than_a_day(tmp_path: Path) -> None:
    moteur = open_base(tmp_path / "production.db", MODELES)
    requetes: list[str] = []
    with undone(moteur) as connexion:
        event.listen(connexion, "before_cursor_execute", lambda *quoi: requetes.append(quoi[2]))
        closing_stocks(connexion, "091", AN[:1])
        du_jour = len(requetes)
        closing_stocks(connexion, "091", AN)
    moteur.dispose()
    assert len(requetes) == 2 * du_jour > 0


@pytest.mark.parametrize("nombre", [1, 365])
def test_a_series_asks_production_once_and_each_point_is_the_figure_of_its_day(nombre: int) -> None:
    stock = Compteur()
    images = [ImagePiece("091", "demande_rsa", "web", True, f"2023-{mois:02}-01") for mois in range(1, 13)]

    tableau = Tableau(fold(Comptee("091", i) for i in images), Cibles(), stock, SansFile())
    au = ("2023-01-01", "2023-12-31")[nombre > 1]
    serie = tableau.serie("BALANCE", "091", "2023-01-01", au, "jour", FRAIS)
    assert stock.questions == [("091", AN[:nombre], 0)]
    for point in serie.points[::30]:
        (seul,) = tableau.reponse("091", point.du, point.au, ["BALANCE"], FRAIS).indicateurs
        assert (point.valeur, point.termes) == (seul.valeur, seul.termes)
        assert point.termes
        assert point.termes["cloture"] == from_iso(point.au) % 7


def test_a_series_tells_that_production_does_not_answer() -> None:
    images = [Comptee("091", ImagePiece("091", "demande_rsa", "web", True, "2023-01-05"))]
    tableau = Tableau(fold(images), Cibles(), Compteur(muet=True), SansFile())
    serie = tableau.serie("BALANCE", "091", "2023-01-01", "2023-01-31", "jour", FRAIS)
    assert len(serie.points) == 31
    assert {(p.valeur, p.termes and p.termes["cloture"]) for p in serie.points} == {(None, None)}


@pytest.mark.parametrize("nombre", [0, 1, 365, POINTS_MAX])
def test_all_the_days_of_a_series_cross_in_one_request(nombre: int) -> None:
    rangees, jours = Compteur(), [*range(PREMIER + nombre, PREMIER, -1)]
    with remote(rangees) as distant:
        assert distant.closing_stocks("091", jours, 2**63 - 1) == [jour % 7 for jour in jours]
    assert rangees.questions == [("091", jours, 2**63 - 1)]


def test_more_days_than_a_series_has_are_refused_before_they_are_counted() -> None:
    rangees = Compteur()
    with remote(rangees) as distant:
        assert distant.closing_stocks("091", [PREMIER] * (POINTS_MAX + 1), 0) is None
        assert distant.closing_stocks("91", AN, 0) is None
        assert distant.closing_stocks("091", [0], 0) is None
    assert rangees.questions == []


def test_production_that_does_not_answer_tells_nothing() -> None:
    with remote(Compteur(muet=True)) as distant:
        assert distant.closing_stocks("091", AN, 3) is None
    assert StockDistant(None).closing_stocks("091", AN, 3) is None
    with Voisin("production", "http://127.0.0.1:1", Secret("jeton-de-la-maison-d-essai")) as absent:
        assert StockDistant(absent).closing_stocks("091", AN, 3) is None
