"""What a reader of a topic gives its batches to, and what it counts."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from shared.bus.sujets import way_back

# Upper bounds of the classes of batch times, in seconds.
BORNES = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Message(Protocol):
    """A record of a topic (``aiokafka.ConsumerRecord``). ``timestamp``: milliseconds since 1970."""

    @property
    def topic(self) -> str: ...
    @property
    def partition(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def timestamp(self) -> int: ...
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Sequence[tuple[str, bytes]]: ...


class Recepteur(ABC):
    """Takes the batches of one topic. Called from worker threads, never by two at once.

    ``recent``: a partition without watermark is read from its last record on, not from its beginning.
    """

    recent = False

    @property
    def retour(self) -> str:
        """The command, between its quotes, that goes on with a topic that is not the one of the watermarks any more."""
        return way_back("SERVICE")

    @property
    def redemande(self) -> str:
        """How to have again what was deleted before it was read (a French sentence without its end)."""
        return "Les redemander aux émetteurs"

    @abstractmethod
    def assigned(self, partitions: Sequence[int]) -> Mapping[int, int]:
        """The offset of the next record to read of each partition; one left out is read from its beginning.

        Raises ``Arret`` when nothing may be read; any other error: asked again later.
        """

    @abstractmethod
    def apply(self, partition: int, records: Sequence[Message]) -> None:
        """Give the records their effect, which is durable on return.

        Raises ``Devance`` (the watermark is read again), ``Arret`` (reading stops, a person decides); any other error
        holds the partition: the same records come again, later and later.
        """

    def settle(self) -> None:
        """Write down what was put off, if anything: asked every second. Raises what ``apply`` raises."""
        return

    def revoked(self, partitions: Sequence[int]) -> None:
        """These partitions are no longer read here."""
        del partitions

    def ready(self, partition: int) -> bool:
        """Whether more records of this partition can be taken now. Asked often, from the event loop: never waits."""
        del partition
        return True

    def recognises(self) -> bool:
        """False once the topic is another than the one that the watermarks are of; they are then asked for again.

        Called from time to time, from a worker thread, whatever the others do.
        """
        return True

    def stopped(self, raison: str) -> None:
        """Reading has stopped until a person has judged."""
        del raison


@dataclass
class Durees:
    """A histogram of durations: ``classes[i]`` counts those up to ``BORNES[i]``, the last one those beyond."""

    classes: list[int] = field(default_factory=lambda: [0] * (len(BORNES) + 1))
    somme: float = 0.0

    def observe(self, secondes: float) -> None:
        """Count one more."""
        self.classes[next((i for i, borne in enumerate(BORNES) if secondes <= borne), len(BORNES))] += 1
        self.somme += secondes


@dataclass
class CompteursLecteur:
    """What a reader has done since it began: batches applied, times fenced (``devances``), batches to do again."""

    lots: int = 0
    devances: int = 0
    reprises: int = 0
    durees: Durees = field(default_factory=Durees)


@dataclass(frozen=True)
class EtatVoie:
    """A partition that is read: ``place``: offset of the next record, ``retard``: records before its end.

    ``horodate``: instant (ms) up to which all is applied (of the last record, or since when nothing was left), 0 while
    it is not known; ``tenue``: held until its receiver can take more.
    """

    partition: int
    place: int
    retard: int
    horodate: int
    tenue: bool
