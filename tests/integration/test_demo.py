"""The demonstration in a house: its history is loaded whole, however often the start is cut short."""

import errno
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from ecluse import demo
from ecluse.demo import Demo, demo_scale
from ecluse.maison import Maison, open_house
from ecluse.simulateur.demo import run_history
from ecluse.simulateur.profil import load_profil
from services.indicators.cibles_csv import published_targets
from shared.reglages import Reglages
from tests.archives import Horloge
from tests.maisons import query

REPORTEES = "SELECT annee, count(*) FROM cible WHERE source LIKE '%, reportée de %' GROUP BY annee"


@pytest.fixture
def maison(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Maison]:
    monkeypatch.setattr(demo, "run_history", partial(run_history, jours=5))
    monkeypatch.setattr(demo, "demo_scale", lambda _: 0.05)
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


@pytest.mark.parametrize("annee", [2026, 2027], ids=["no target published", "some targets published"])
@pytest.mark.parametrize("caf", ["091", "361", "441", "521", "661"])
def test_each_caf_is_held_against_its_own_targets_and_shown_at_a_size_that_opens_soon(
    tmp_path: Path, caf: str, annee: int
) -> None:
    profil = load_profil(caf)
    with open_house(Reglages(tmp_path, Horloge.at(f"{annee}-03-01T10:00:00+01:00"))) as maison:
        Demo(maison, tmp_path, caf).carry_targets()
        par_annee = dict(query(maison.reglages.base("indicators"), REPORTEES))
    attendues = [cible for cible in published_targets() if cible.annee == profil.annee]
    assert par_annee == {annee - 1: len(attendues), annee: len(attendues)}
    assert any(cible.caf == caf for cible in attendues)
    assert demo_scale(profil) * profil.pieces.recues <= 60_000
