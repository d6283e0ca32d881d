"""Watermarks on PostgreSQL: kept, moved, and never moved twice from the same place."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import Engine

from shared.base import open_postgres
from shared.migrations import upgrade
from shared.runtime.reperes import Arret, Avance, load_marks, save_marks


@pytest.fixture
def moteur(nouvelle_base: Callable[[str], str]) -> Engine:
    url = nouvelle_base("indicators")
    upgrade("indicators", url)
    return open_postgres(url, ecriture=True)


def _save(moteur: Engine, avance: Avance) -> None:
    with moteur.begin() as connexion:
        save_marks(connexion, "essai", "production", avance)


def _load(moteur: Engine) -> Avance:
    with moteur.connect() as connexion:
        return load_marks(connexion, "essai")["production"]


def test_watermarks_are_kept_and_moved(moteur: Engine) -> None:
    neuve = Avance(marque="E1", positions=[*range(12)], offsets=[*range(100, 112)])
    _save(moteur, neuve)
    lue = _load(moteur)
    assert (lue.positions, lue.offsets, lue.marque) == (neuve.positions, neuve.offsets, "E1")
    _save(moteur, replace(lue, positions=[20] * 12))
    assert _load(moteur).positions == [20] * 12
    moteur.dispose()


@pytest.mark.parametrize("gardees", [[None] * 12, [5] * 12])
def test_a_watermark_that_another_has_moved_is_left_alone(moteur: Engine, gardees: list[int | None]) -> None:
    _save(moteur, Avance(marque="E1", positions=[7] * 12))
    with pytest.raises(Arret, match="un autre processus"):
        _save(moteur, Avance(marque="E1", positions=[9] * 12, gardees=gardees))
    assert _load(moteur).positions == [7] * 12
    moteur.dispose()
