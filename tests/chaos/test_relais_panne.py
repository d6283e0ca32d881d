"""The relais is killed at named points and at random, its destination fails too: nothing is lost or doubled."""

import random
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from threading import Timer
from time import monotonic
from typing import Any

import httpx
import pytest

from ecluse.emission.fichier import NOM_BASE, look
from shared.pannes import POINTS
from tests.fausse_destination import COUPE, INDISPONIBLE, REPONSE_PERDUE, Evenement, FausseDestination, Faute
from tests.infra.processus import free_port
from tests.maisons import draw_seed
from tests.relais import Relais, courrier, start_relais

pytestmark = pytest.mark.chaos

FAUTES = (COUPE, REPONSE_PERDUE, INDISPONIBLE, Faute(500), Faute(503, prend=True), Faute(202, corps=b"perdu"))
TUES_AU_HASARD = 10
DELAI = 120.0


@dataclass
class Essai:
    """A tool that hands over batches, each until it is answered, to a relais that dies and comes back."""

    dossier: Path
    hasard: random.Random
    destination: FausseDestination = field(default_factory=FausseDestination)
    envoyes: list[Evenement] = field(default_factory=list)
    acceptes: int = 0
    morts: int = 0
    relais: Relais | None = None

    def __post_init__(self) -> None:
        # Drawn apart, since the destination answers in its own threads.
        self.fautes = random.Random(self.hasard.random())
        self.destination.plan = self._fault
        self.lots = self._lots()

    def _fault(self, _n: int, evenements: list[Evenement]) -> Faute | None:
        return self.fautes.choice(FAUTES) if evenements and self.fautes.random() < 0.3 else None

    def _lots(self) -> Iterator[list[Any]]:
        """Batches of valid events, one in ten of which the destination refuses."""
        numeros = count()
        while True:
            taille = self.hasard.choice((1, 3, 40))
            yield [
                courrier(f"e{n}", objet=f"REFUS-{n}" if self.hasard.random() < 0.1 else f"C-{n}")
                for n, _ in zip(numeros, range(taille), strict=False)
            ]

    def start(self, panne: str | None = None) -> Relais:
        """A relais on the same folder."""
        self.relais = start_relais(self.dossier, self.destination.url, panne=panne)
        return self.relais

    def hand_over(self, relais: Relais, lot: list[Evenement]) -> bool:
        """Whether the relais answered for the batch; False when it is dead."""
        try:
            reponse = relais.post(lot)
        except httpx.TransportError:
            assert relais.processus.wait(60) == -9, relais.processus.stderr
            return False
        assert reponse.status_code == 202, reponse.text
        corps = reponse.json()
        assert (corps["acceptes"] + corps["doublons"], corps["rejets"]) == (len(lot), [])
        self.envoyes += lot
        return True

    def bury(self, relais: Relais) -> None:
        """Take note of a death."""
        relais.processus.communicate()
        self.morts += 1

    def finish(self, relais: Relais) -> None:
        """Let everything leave, stop, and compare what was acknowledged with what arrived."""
        relais.wait_empty()
        assert relais.stop()[0] == 0
        attendus = [e for e in self.envoyes if not e["data"]["courrier"].startswith("REFUS")]
        recus = list(self.destination.recus.values())
        assert [e["id"] for e in recus] == [e["id"] for e in attendus], "lost, doubled or out of order"
        assert recus == attendus
        assert self.destination.differents == []
        etat, refuses = look(self.dossier, 10**6)
        assert etat.attente == 0
        assert sorted(r.id for r in refuses) == sorted(
            e["id"] for e in self.envoyes if e["data"]["courrier"].startswith("REFUS")
        )
        connexion = sqlite3.connect(self.dossier / NOM_BASE)
        assert connexion.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        connexion.close()


@pytest.fixture
def essai(tmp_path: Path) -> Iterator[Essai]:
    essai = Essai(tmp_path / "relais", random.Random(draw_seed()))
    yield essai
    if essai.relais is not None and essai.relais.processus.poll() is None:
        essai.relais.processus.kill()
        essai.relais.processus.communicate()


def test_every_crash_point_is_reached_and_loses_or_doubles_nothing(essai: Essai) -> None:
    points = sorted(nom for nom in POINTS if nom.startswith("relais."))
    assert len(points) >= 6
    with essai.destination.serve():
        lot = next(essai.lots)
        for panne in [f"{point}:{essai.hasard.randint(1, 4)}" for point in points]:
            relais = essai.start(panne)
            fin = monotonic() + DELAI
            while essai.hand_over(relais, lot):
                lot = next(essai.lots)
                assert monotonic() < fin, f"{panne} is never reached"
            essai.bury(relais)
        relais = essai.start()
        assert essai.hand_over(relais, lot)
        essai.finish(relais)
    assert essai.morts == len(points)
    print("points atteints :", ", ".join(points))


def test_killed_at_random_while_the_destination_comes_and_goes_it_loses_or_doubles_nothing(essai: Essai) -> None:
    with ExitStack() as ouverte:
        # One that is never lent to the connections of the relais, which insists while nobody listens there.
        port = free_port()
        ouverte.enter_context(essai.destination.serve(port))
        lot = next(essai.lots)
        for tir in range(TUES_AU_HASARD):
            relais = essai.start()
            if tir % 3 == 1:
                # Nobody listens any more: connections are refused until the next life of the relais is under way.
                ouverte.close()
            coup = Timer(essai.hasard.uniform(0.0, 0.4), relais.processus.kill)
            coup.start()
            while essai.hand_over(relais, lot):
                lot = next(essai.lots)
            coup.join()
            essai.bury(relais)
            if tir % 3 == 1:
                ouverte.enter_context(essai.destination.serve(port))
        relais = essai.start()
        assert essai.hand_over(relais, lot)
        essai.finish(relais)
    assert essai.morts == TUES_AU_HASARD
