"""A reader on a real broker, whose receiver does what a service would rarely do."""

import asyncio
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from aiokafka.errors import KafkaConnectionError

from shared.bus import lecteur as module
from shared.bus.client import new_consumer
from shared.bus.courtier import Courtier
from shared.bus.gardien import CODE_IMMOBILE, Gardien
from shared.bus.lecteur import LecteurParLots
from shared.bus.recepteur import Message, Recepteur
from shared.bus.reglages import ReglagesLecture
from tests.infra.kafka import Kafka
from tests.infra.lectures import COURTE, Boucle, Sujet, event_loop
from tests.infra.processus import free_port
from tests.maisons import eventually


@pytest.fixture
def boucle() -> Iterator[Boucle]:
    with event_loop() as boucle:
        yield boucle


@pytest.fixture
def sujet(kafka: Kafka, prefixe: str) -> Sujet:
    sujet = Sujet(kafka, f"{prefixe}.lu.v1", partitions=1)
    sujet.create()
    return sujet


@contextmanager
def reading(
    boucle: Boucle, courtier: Courtier, sujet: str, recepteur: Recepteur, groupe: str | None = None
) -> Iterator[LecteurParLots]:
    """A reader of the only partition of a topic, given to it or, in a group, shared."""

    async def build() -> LecteurParLots:
        lecteur = LecteurParLots(courtier, sujet, recepteur, reglages=COURTE, groupe=groupe, partitions=[0])
        await lecteur.start()
        return lecteur

    lecteur = boucle.run(build())
    try:
        yield lecteur
    finally:
        boucle.run(lecteur.stop())


class Simple(Recepteur):
    """Takes everything."""

    def __init__(self) -> None:
        self.lus: list[int] = []

    def assigned(self, partitions: Sequence[int]) -> Mapping[int, int]:
        return dict.fromkeys(partitions, len(self.lus))

    def apply(self, partition: int, records: Sequence[Message]) -> None:
        assert partition == 0
        self.lus += [r.offset for r in records]


class Devance(Simple):
    """The topic grows, and another process takes what came, each time this one asks where it is."""

    def __init__(self, sujet: Sujet) -> None:
        super().__init__()
        self.sujet = sujet
        self.place = 0

    def assigned(self, partitions: Sequence[int]) -> Mapping[int, int]:
        self.sujet.put(b"{}", "091|D", partition=0)
        self.place += 1
        return dict.fromkeys(partitions, self.place)


def test_a_reader_that_is_overtaken_while_it_looks_for_its_place_goes_on_from_there(
    boucle: Boucle, sujet: Sujet
) -> None:
    recepteur = Devance(sujet)
    with reading(boucle, sujet.courtier, sujet.nom, recepteur) as lecteur:
        eventually(lambda: lecteur.arret or [v for v in lecteur.progress() if v.place])
        assert lecteur.arret is None
        sujet.put(b"{}", "091|D", partition=0)
        eventually(lambda: recepteur.lus)
    assert recepteur.lus == [recepteur.place]


def test_a_client_that_hears_nothing_any_more_is_replaced(
    boucle: Boucle, sujet: Sujet, monkeypatch: pytest.MonkeyPatch
) -> None:
    ouverts: list[Any] = []

    def open_one(courtier: Courtier, reglages: ReglagesLecture, groupe: str | None) -> Any:
        ouverts.append(new_consumer(courtier, reglages, groupe))
        return ouverts[-1]

    sourds: list[Any] = []

    async def hear_nothing(*_: object, timeout_ms: int = 0, **__: object) -> dict[Any, Any]:
        sourds.append(ouverts[0])
        # Like the client, it lets others run while it waits.
        await asyncio.sleep(timeout_ms / 1000)
        return {}

    async def fail(*_: object) -> None:
        raise KafkaConnectionError("bloqué")

    monkeypatch.setattr(module, "new_consumer", open_one)
    recepteur = Simple()
    with reading(boucle, sujet.courtier, sujet.nom, recepteur):
        sujet.put(b"{}", "091|D")
        eventually(lambda: recepteur.lus)
        for nom, geste in (("getmany", hear_nothing), ("end_offsets", fail), ("topics", fail)):
            monkeypatch.setattr(ouverts[0], nom, geste)
        # What was asked before still hears.
        eventually(lambda: sourds)
        sujet.put(b"{}", "091|D")
        eventually(lambda: recepteur.lus[1:])
    assert (recepteur.lus, len(ouverts)) == ([0, 1], 2)


def test_a_group_that_shared_a_topic_while_it_was_away_finds_it_when_it_is_back(
    boucle: Boucle, sujet: Sujet, monkeypatch: pytest.MonkeyPatch
) -> None:
    # It was away for too short a time for a look to find out.
    monkeypatch.setattr(module, "_MESURE", 3_600.0)
    recepteur = Simple()
    with reading(boucle, sujet.courtier, sujet.nom, recepteur, f"{sujet.nom}.essai") as lecteur:
        sujet.put(b"{}", "091|D")
        eventually(lambda: recepteur.lus)
        sujet.kafka.delete_topics(sujet.nom)
        eventually(lambda: not lecteur.progress())
        recepteur.lus.clear()
        sujet.create()
        sujet.put(b"{}", "091|D")
        assert eventually(lambda: recepteur.lus) == [0]


def test_a_broker_that_listens_and_never_answers_ends_the_process(boucle: Boucle) -> None:
    codes: list[int] = []
    with socket.create_server(("127.0.0.1", 0)) as ecoute:
        courtier = Courtier((f"127.0.0.1:{ecoute.getsockname()[1]}",))
        with reading(boucle, courtier, "essai.lu.v1", Simple()) as lecteur:
            gardien = Gardien([lecteur], 2.0, codes.append)
            gardien.start()
            eventually(lambda: codes == [CODE_IMMOBILE])
            gardien.stop()


def test_a_broker_that_is_not_there_is_waited_for(boucle: Boucle) -> None:
    with reading(boucle, Courtier((f"127.0.0.1:{free_port()}",)), "essai.lu.v1", Simple()) as lecteur:
        eventually(lambda: lecteur.sans_courtier and lecteur.battements > 2)
        assert "ne répond pas" in (lecteur.souci or "")
