"""A reader on a real broker, whose receiver does what a service would rarely do."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import pytest

from shared.bus.lecteur import LecteurParLots
from shared.bus.recepteur import Message, Recepteur
from tests.infra.kafka import Kafka
from tests.infra.lectures import COURTE, Boucle, Sujet, event_loop
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
def reading(boucle: Boucle, sujet: Sujet, recepteur: Recepteur) -> Iterator[LecteurParLots]:
    """A reader of the only partition of a topic."""

    async def build() -> LecteurParLots:
        lecteur = LecteurParLots(sujet.courtier, sujet.nom, recepteur, reglages=COURTE, partitions=[0])
        await lecteur.start()
        return lecteur

    lecteur = boucle.run(build())
    try:
        yield lecteur
    finally:
        boucle.run(lecteur.stop())


class Devance(Recepteur):
    """The topic grows, and another process takes what came, each time this one asks where it is."""

    def __init__(self, sujet: Sujet) -> None:
        self.sujet = sujet
        self.place = 0
        self.lus: list[int] = []

    def assigned(self, partitions: Sequence[int]) -> Mapping[int, int]:
        self.sujet.put(b"{}", "091|D", partition=0)
        self.place += 1
        return dict.fromkeys(partitions, self.place)

    def apply(self, partition: int, records: Sequence[Message]) -> None:
        assert partition == 0
        self.lus += [r.offset for r in records]


def test_a_reader_that_is_overtaken_while_it_looks_for_its_place_goes_on_from_there(
    boucle: Boucle, sujet: Sujet
) -> None:
    recepteur = Devance(sujet)
    with reading(boucle, sujet, recepteur) as lecteur:
        eventually(lambda: lecteur.arret or [v for v in lecteur.progress() if v.place])
        assert lecteur.arret is None
        sujet.put(b"{}", "091|D", partition=0)
        eventually(lambda: recepteur.lus)
    assert recepteur.lus == [recepteur.place]
