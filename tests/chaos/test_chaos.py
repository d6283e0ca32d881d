"""The real process is killed, stopped and rebuilt under load: what was acknowledged is there, once."""

import random
from pathlib import Path
from typing import Final

import pytest

from tests.chaos.clients import PATIENCE, POINTS_DU_RELAIS
from tests.chaos.partie import POINTS_DE_LA_MAISON, Partie, play, settle
from tests.maisons import draw_seed

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(1_200)]

# With one kill at each point of the house: more than thirty.
TIRS: Final = 24


def test_killed_over_and_over_under_load_it_loses_and_doubles_nothing(tmp_path: Path) -> None:
    partie = Partie(tmp_path, draw_seed())
    compte = play(partie, TIRS)
    assert (compte.perdus, compte.doubles) == (0, 0)
    assert len(partie.morts) >= 30
    assert partie.ouverts * 2 >= len(partie.morts)
    assert partie.points == sorted([*POINTS_DE_LA_MAISON, *POINTS_DU_RELAIS])
    assert len(POINTS_DE_LA_MAISON) >= 7


def test_asked_to_stop_under_load_it_ends_within_ten_seconds_and_loses_nothing(tmp_path: Path) -> None:
    partie = Partie(tmp_path, draw_seed())
    hasard = random.Random(partie.graine)
    with partie.load(relais=False):
        for _ in range(3):
            partie.wait_for(hasard.randint(1, 2_000))
            partie.stop_politely(10)
            partie.start()
    partie.stop_politely(10)
    compte = settle(partie)
    assert (compte.perdus, compte.doubles) == (0, 0)


def test_rebuilt_while_events_pour_in_the_figures_are_equal(tmp_path: Path) -> None:
    partie = Partie(tmp_path, draw_seed())
    with partie.load(relais=False):
        for _ in range(3):
            partie.wait_for(500)
            with partie.serveur.client() as client:
                reconstruction = client.post("/v1/reconstruction").raise_for_status().json()
            assert reconstruction["egal"], reconstruction["ecarts"]
            assert reconstruction["evenements"] > 0
    partie.stop_politely(PATIENCE)
