"""Freshness as whoever was just answered sees it."""

from pathlib import Path

from ecluse.maison import open_house
from shared.reglages import Reglages
from tests.atelier import Horloge
from tests.maisons import arrivee, deposit, eventually, query, value


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
