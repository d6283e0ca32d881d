"""Freshness as whoever was just answered sees it."""

from pathlib import Path

import pytest

from ecluse.maison import open_house
from services.indicators.answer import Fraicheur
from services.indicators.direct import word_freshness
from shared.reglages import Reglages
from tests.atelier import Horloge
from tests.maisons import arrivee, deposit, eventually, execute, query, traitee, value


def test_what_was_just_acknowledged_and_is_not_counted_yet_is_not_up_to_date(tmp_path: Path) -> None:
    with open_house(Reglages(tmp_path)) as maison:
        deposit(maison, arrivee("P-1"))
        assert value(maison, "STOCK") == 1
        # The consumer can not pass while the figures are held.
        with maison.consommateur.verrou:
            deposit(maison, arrivee("P-2"))
            reponse = maison.indicateurs.figures("091", "2023-01-01", "2023-01-31", ["STOCK"])
            assert (reponse.indicateurs[0].valeur, reponse.fraicheur.a_jour) == (1, False)
            assert not maison.state().a_jour
        assert value(maison, "STOCK") == 2
        assert eventually(lambda: maison.state().a_jour)


def test_a_clock_set_back_puts_no_checkpoint_off(tmp_path: Path) -> None:
    horloge = Horloge()
    with open_house(Reglages(tmp_path, horloge)) as maison:
        horloge.advance(-3_600)
        deposit(maison, arrivee("P-1"))
        assert value(maison, "STOCK") == 1
        assert eventually(lambda: query(tmp_path / "indicators.db", "SELECT 1 FROM pli_cellule"))
        assert all(c.retard_secondes == 0 for c in maison.state().consommateurs)


def test_pieces_that_the_figures_have_not_counted_yet_break_no_balance(tmp_path: Path) -> None:
    with open_house(Reglages(tmp_path)) as maison:
        deposit(maison, arrivee("P-1"), arrivee("P-2"), arrivee("P-5", caf="441"))
        assert value(maison, "STOCK") == 2
        with maison.consommateur.verrou:
            deposit(maison, arrivee("P-3"), arrivee("P-4"), traitee("P-1"), arrivee("P-6", caf="441"))
            constat = maison.indicateurs.invariants("091", "2023-01-01", "2023-01-31")
            assert constat.tenus
            assert constat.balance.termes is not None
            assert constat.balance.termes["cloture"] == 2
        assert value(maison, "BALANCE") == 0


def test_a_balance_is_broken_by_what_the_rows_lose(tmp_path: Path) -> None:
    with open_house(Reglages(tmp_path)) as maison:
        deposit(maison, arrivee("P-1"), arrivee("P-2"))
        assert value(maison, "BALANCE") == 0
        execute(tmp_path / "production.db", "DELETE FROM piece WHERE objet = 'P-2'")
        assert value(maison, "BALANCE") == 1


@pytest.mark.parametrize(("retard", "texte"), [(0.3, "À jour"), (2.0, "En rattrapage"), (None, "En rattrapage")])
def test_the_screen_tells_a_flow_from_a_lag(retard: float | None, texte: str) -> None:
    _, etat = word_freshness(Fraicheur(None, retard, a_jour=False))
    assert etat.texte.startswith(texte)
