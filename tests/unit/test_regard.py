"""What a reader sees of its broker, through a consumer that answers as it is told."""

import asyncio
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import KafkaConnectionError

from shared.bus.courtier import Courtier
from shared.bus.regard import Regard
from shared.bus.voies import Voies
from tests.infra.processus import free_port

SUJET = "essai.entrees.v1"


@dataclass
class Faux:
    """A consumer of a topic that ends there."""

    fin: int = 8
    sujets: frozenset[str] = frozenset({SUJET})
    panne: Exception | None = None
    places: list[Mapping[TopicPartition, int]] = field(default_factory=list)

    async def topics(self) -> frozenset[str]:
        if self.panne:
            raise self.panne
        return self.sujets

    async def end_offsets(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        if self.panne:
            raise self.panne
        return dict.fromkeys(partitions, self.fin)

    async def commit(self, places: Mapping[TopicPartition, int]) -> None:
        self.places.append(places)


@dataclass
class Banc:
    """A look at partition 0, read up to offset 5."""

    relus: list[bool] = field(default_factory=list)
    voies: Voies = field(default_factory=lambda: Voies(SUJET))

    def __post_init__(self) -> None:
        self.voies.replace([0])
        self.voies.par_partition[0].move(5)
        self.reach(free_port())

    def reach(self, port: int) -> None:
        """From now on the broker is there."""
        courtier = Courtier((f"127.0.0.1:{port}",))
        self.regard = Regard(courtier, self.voies, lambda: self.relus.append(True), en_groupe=True)

    def look(self, consommateur: Faux) -> None:
        asyncio.run(self.regard.look(consommateur))


@pytest.fixture
def banc() -> Banc:
    return Banc()


def test_a_look_tells_how_far_the_end_is_and_leaves_a_hint(banc: Banc) -> None:
    faux = Faux()
    banc.look(faux)
    (voie,) = banc.voies
    assert voie.state(tenue=False).retard == 3
    assert faux.places == [{TopicPartition(SUJET, 0): 5}]
    assert (banc.regard.souci, banc.relus) == (None, [])


def test_a_partition_that_ends_before_what_was_read_is_not_up_to_date_but_to_place_again(banc: Banc) -> None:
    banc.look(Faux(fin=4))
    (voie,) = banc.voies
    assert (banc.relus, voie.horodate) == ([True], 0)


def test_a_broker_that_does_not_answer_is_named_until_it_does(banc: Banc) -> None:
    banc.look(Faux(panne=KafkaConnectionError("coupé")))
    assert "Kafka (127.0.0.1:" in (banc.regard.souci or "")
    banc.look(Faux())
    assert banc.regard.souci is None


def test_a_client_that_no_longer_hears_a_broker_that_listens_is_given_up_and_shows_no_life(banc: Banc) -> None:
    with socket.create_server(("127.0.0.1", 0)) as ecoute:
        banc.reach(ecoute.getsockname()[1])
        for _ in range(3):
            assert not banc.regard.sourd
            banc.look(Faux(panne=KafkaConnectionError("coupé")))
    assert banc.regard.sourd
    assert (banc.regard.battements, banc.regard.injoignable) == (0, False)
    banc.look(Faux())
    assert (banc.regard.battements, banc.regard.sourd) == (1, False)


def test_a_broker_that_is_away_is_waited_for_with_the_same_client(banc: Banc) -> None:
    banc.reach(free_port())
    for _ in range(5):
        banc.look(Faux(panne=KafkaConnectionError("coupé")))
    assert (banc.regard.battements, banc.regard.injoignable, banc.regard.sourd) == (5, True, False)


def test_a_topic_that_went_away_is_seen_by_a_reader_that_waits_for_its_places(banc: Banc) -> None:
    banc.voies.replace([0])
    banc.look(Faux(sujets=frozenset()))
    assert banc.regard.absent
