"""The checkpoint of the figures, in a file and in PostgreSQL.

A restart reads nothing again, and gives what the whole log gives; one of another version of the fold is never read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, update

from ecluse.acces import AccesLocal
from ecluse.maison import Maison, open_house
from services.indicators import store
from services.indicators.fold.families import VERSION_PLI
from services.indicators.fold.pli import Pli
from services.indicators.puits import PuitsDuPli
from shared.base import open_engine
from shared.migrations import upgrade
from shared.ndjson import read_lines
from shared.reglages import Reglages
from shared.runtime.journal import Enregistrement
from shared.runtime.reperes import POINT, REPERE, load_marks
from tests.commandes import write_clean
from tests.maisons import PATIENCE, arrivee, deposit, figures, send_all

PERIODE = ("091", "2023-01-01", "2023-01-31")
BASES = ("SQLite", "PostgreSQL")


@dataclass
class Banc:
    """A closed house that knows some dossiers, and its figures."""

    reglages: Reglages
    chiffres: dict[str, dict[str, Any]]
    tetes: dict[str, int]

    @contextmanager
    def base(self) -> Iterator[Engine]:
        """The database of the indicators."""
        moteur = open_engine(self.reglages, "indicators", ecriture=True)
        try:
            yield moteur
        finally:
            moteur.dispose()

    def kept(self) -> Pli:
        """The fold as the database keeps it."""
        with self.base() as moteur, moteur.begin() as connexion:
            return store.load(connexion)

    def version(self) -> int:
        """The version that the checkpoint says."""
        with self.base() as moteur, moteur.begin() as connexion:
            return int(connexion.execute(store.VERSION.select()).mappings().one()["version"])


def heads(maison: Maison) -> dict[str, int]:
    return {nom: service.tick().tete for nom, service in maison.services.items()}


def ask(maison: Maison) -> dict[str, dict[str, Any]]:
    assert maison.wait_until_current(PATIENCE), maison.state()
    return figures(AccesLocal(maison), *PERIODE)


@pytest.fixture(params=BASES)
def banc(request: pytest.FixtureRequest, tmp_path: Path) -> Banc:
    """On each of the two databases."""
    bases = {}
    if request.param == "PostgreSQL":
        nouvelle_base: Callable[[str], str] = request.getfixturevalue("nouvelle_base")
        bases["indicators"] = nouvelle_base("indicators")
        upgrade("indicators", bases["indicators"])
    data = tmp_path / "data"
    data.mkdir()
    reglages = Reglages(data, bases=bases)
    write_clean(tmp_path / "lot.ndjson")
    with open_house(reglages) as maison:
        send_all(AccesLocal(maison), read_lines(str(tmp_path / "lot.ndjson")), tmp_path / "rejets")
        banc = Banc(reglages, ask(maison), heads(maison))
        # Of several processes, who has not written it yet does not write it when it stops.
        assert maison.indicateurs.consommateur.checkpoint()
    return banc


@pytest.fixture
def appliques(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many records were folded, by batch."""
    comptes: list[int] = []
    entier = PuitsDuPli.apply

    def apply(puits: PuitsDuPli, records: list[Enregistrement]) -> None:
        comptes.append(len(records))
        entier(puits, records)

    monkeypatch.setattr(PuitsDuPli, "apply", apply)
    return comptes


def test_a_restart_reads_nothing_again_and_gives_what_the_whole_log_gives(banc: Banc, appliques: list[int]) -> None:
    with banc.base() as moteur, moteur.connect() as connexion:
        reperes = load_marks(connexion, "indicators")
    assert {nom: a.curseur for nom, a in reperes.items() if nom != POINT} == banc.tetes
    repris = banc.kept()
    with open_house(banc.reglages) as maison:
        assert ask(maison) == banc.chiffres
        assert sum(appliques) == 0
        assert maison.indicateurs.rebuild().egal
        # It goes on from there.
        deposit(maison, arrivee("P-neuve"))
        suite = ask(maison)
        assert maison.indicateurs.consommateur.checkpoint()
    assert 0 < sum(appliques) <= 3
    assert suite["PIECES-ARRIVEES"]["valeur"] == banc.chiffres["PIECES-ARRIVEES"]["valeur"] + 1
    with banc.base() as moteur, moteur.begin() as connexion:
        store.erase(connexion)
        connexion.execute(REPERE.delete())
    appliques.clear()
    with open_house(banc.reglages) as maison:
        assert ask(maison) == suite
        assert sum(appliques) == sum(heads(maison).values())
        assert maison.indicateurs.consommateur.checkpoint()
    # One piece apart, the fold that was kept and the cold one are the same.
    assert len(repris.diff(banc.kept())) > 0
    assert banc.kept().diff(maison.indicateurs.puits.pli) == []


@pytest.mark.parametrize("ecart", [-1, 1], ids=["plus ancien", "plus récent"])
def test_a_checkpoint_of_another_version_of_the_fold_is_folded_again_and_not_misread(
    ecart: int, banc: Banc, appliques: list[int]
) -> None:
    avant = banc.kept()
    with banc.base() as moteur, moteur.begin() as connexion:
        connexion.execute(update(store.VERSION).values(version=VERSION_PLI + ecart))
        connexion.execute(update(store.CELLULE).values(mesures=b"[7]"))
        connexion.execute(update(store.PROFIL).values(valeurs=b"{}"))
    with open_house(banc.reglages) as maison:
        assert ask(maison) == banc.chiffres
        assert sum(appliques) == sum(banc.tetes.values())
        assert maison.indicateurs.rebuild().egal
        assert maison.indicateurs.consommateur.checkpoint()
    assert banc.version() == VERSION_PLI
    assert banc.kept().diff(avant) == []
    appliques.clear()
    with open_house(banc.reglages) as maison:
        assert ask(maison) == banc.chiffres
    assert appliques == []
