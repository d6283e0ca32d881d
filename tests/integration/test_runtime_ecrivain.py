"""The writer when its callers leave, and when it is no longer the owner."""

from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest

from ecluse.lettres import list_all
from ecluse.maison import Maison, open_house
from shared.reglages import Reglages
from shared.runtime.ecrivain import Indisponible
from shared.runtime.lot import ACCEPTE
from tests.fabrique import receive
from tests.maisons import PATIENCE, arrivee, deposit, query


@pytest.fixture
def maison(tmp_path: Path) -> Iterator[Maison]:
    with open_house(Reglages(tmp_path)) as ouverte:
        yield ouverte


def test_a_caller_that_gives_up_takes_nobody_with_it(maison: Maison) -> None:
    service = maison.services["production"]
    suite = Event()
    service.ecrivain.order(lambda lot: suite.wait(PATIENCE))
    partie, restee = (service.submit([receive(arrivee(piece))]) for piece in ("P-1", "P-2"))
    assert partie.cancel()
    suite.set()
    assert restee.result(PATIENCE) == [ACCEPTE]
    assert service.submit([receive(arrivee("P-3"))]).result(PATIENCE) == [ACCEPTE]
    assert query(maison.reglages.base("production"), "SELECT objet FROM piece ORDER BY 1") == [("P-2",), ("P-3",)]


def test_an_evicted_owner_takes_nothing_even_where_the_next_one_has_written(tmp_path: Path) -> None:
    with open_house(Reglages(tmp_path)) as ancienne:
        deposit(ancienne, arrivee("P-1"))
        with open_house(Reglages(tmp_path)) as nouvelle:
            deposit(nouvelle, arrivee("P-2"))
            for piece in ("P-3", "P-4"):
                with pytest.raises(Indisponible, match="écrit par un autre processus"):
                    deposit(ancienne, arrivee(piece))
            assert list_all(nouvelle.services) == []
            assert deposit(nouvelle, arrivee("P-3")) == ["accepte"]
    assert query(tmp_path / "production.db", "SELECT count(*) FROM boite") == [(3,)]
