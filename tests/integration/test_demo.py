"""The demonstration in a house: its history is loaded whole, however often the start is cut short."""

import errno
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from ecluse import demo
from ecluse.demo import Demo
from ecluse.maison import Maison, open_house
from ecluse.simulateur.demo import run_history
from shared.reglages import Reglages
from tests.maisons import query


@pytest.fixture
def maison(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Maison]:
    monkeypatch.setattr(demo, "run_history", partial(run_history, echelle=0.05, jours=5))
    with open_house(Reglages(tmp_path)) as ouverte:
        yield ouverte


def load(maison: Maison, say: Callable[[str], Any], arret: Event) -> list[tuple[Any, ...]]:
    """Start the demonstration; how many events are then taken."""
    Demo(maison, maison.reglages.dossier, "091").load_history(say, arret)
    return query(maison.reglages.base("production"), "SELECT count(*) FROM boite")


def test_a_stop_during_the_history_is_obeyed_and_the_next_start_goes_on(maison: Maison) -> None:
    dits: list[str] = []
    arret = Event()

    def say(ligne: str) -> None:
        dits.append(ligne)
        arret.set()

    assert load(maison, say, arret) == [(0,)]
    assert dits[-1] == "Chargement interrompu : il reprendra au prochain départ."
    assert load(maison, dits.append, Event()) > [(0,)]
    assert dits[-1].startswith("Historique chargé")
    dits.clear()
    load(maison, dits.append, Event())
    assert dits == []


def test_a_disk_that_fills_as_the_history_ends_spoils_no_mark(maison: Maison, monkeypatch: pytest.MonkeyPatch) -> None:
    dits: list[str] = []
    arret = Event()
    load(maison, lambda _: arret.set(), arret)

    def write_nothing(fichier: Path, texte: str) -> int:
        del texte
        fichier.write_bytes(b"")
        raise OSError(errno.ENOSPC, "plein")

    with monkeypatch.context() as plein:
        plein.setattr(Path, "write_text", write_nothing)
        with pytest.raises(OSError, match="plein"):
            load(maison, dits.append, Event())
    load(maison, dits.append, Event())
    assert dits[-1].startswith("Historique chargé")
