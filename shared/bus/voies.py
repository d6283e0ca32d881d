"""The partitions that a reader has now, how far it is in each, and when it may read on."""

import random
import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from aiokafka import ConsumerRebalanceListener, TopicPartition

from shared.bus.recepteur import EtatVoie, Recepteur
from shared.erreurs import describe_error

ATTENTE_MIN: Final = 0.1
ATTENTE_MAX: Final = 5.0
_HASARD: Final = random.Random()  # noqa: S311  # spreads retries, protects nothing


@dataclass
class Voie:
    """One partition. ``place``: offset of the next record, None while the watermark has to be read; ``hors_bornes``:
    how often in a row the topic did not hold that place."""

    tp: TopicPartition
    place: int | None = None
    fin: int = 0
    horodate: int = 0
    echecs: int = 0
    hors_bornes: int = 0
    reprise: float = 0.0

    @property
    def due(self) -> bool:
        """False while it waits after a failure."""
        return time.monotonic() >= self.reprise

    def fail(self) -> float:
        """Hold the partition, longer after each failure in a row; the wait in seconds."""
        self.echecs += 1
        attente: float = min(ATTENTE_MAX, ATTENTE_MIN * 2 ** min(self.echecs - 1, 10)) * _HASARD.uniform(0.8, 1.2)
        self.reprise = time.monotonic() + attente
        return attente

    def move(self, place: int, horodate: int = 0) -> None:
        """The watermark is there now."""
        self.place = place
        self.fin = max(self.fin, place)
        self.horodate = max(self.horodate, horodate)
        self.echecs, self.hors_bornes, self.reprise = 0, 0, 0.0

    def end(self, fin: int, instant: int) -> None:
        """The partition ended there at that instant (ms): with nothing left, all that came before is applied."""
        self.fin = max(fin, self.place or 0)
        if self.place == self.fin:
            self.horodate = max(self.horodate, instant)

    def state(self, *, tenue: bool) -> EtatVoie:
        """What is shown of it."""
        place = self.place or 0
        return EtatVoie(self.tp.partition, place, max(0, self.fin - place), self.horodate, tenue)


@dataclass
class Voies:
    """All partitions of one topic that are read here."""

    sujet: str
    par_partition: dict[int, Voie] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Voie]:
        return iter(list(self.par_partition.values()))

    def replace(self, partitions: Sequence[int]) -> None:
        """Read these from now on, each from the watermark that has yet to be read."""
        self.par_partition = {p: Voie(TopicPartition(self.sujet, p)) for p in sorted(partitions)}

    def holds(self, voie: Voie) -> bool:
        """Whether this very partition is still ours: one that went and came back is another."""
        return self.par_partition.get(voie.tp.partition) is voie

    def lost(self) -> list[Voie]:
        """Those whose watermark has to be read now."""
        return [v for v in self if v.place is None and v.due]

    def placed(self) -> list[Voie]:
        """Those whose place is known."""
        return [v for v in self if v.place is not None]


class Partage(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka carries no types
    """Hands the sharing of partitions, as the group decides it, to a reader."""

    def __init__(self, lecteur: "Partageable") -> None:
        self._lecteur = lecteur

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        """See ``Partageable.revoke``."""
        await self._lecteur.revoke([tp.partition for tp in revoked])

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        """See ``Partageable.share``."""
        self._lecteur.share([tp.partition for tp in assigned])


class Partageable(Protocol):
    """What ``Partage`` calls."""

    def share(self, partitions: Sequence[int]) -> None:
        """These partitions are ours now, and no other."""
        ...

    async def revoke(self, partitions: Sequence[int]) -> None:
        """All partitions are about to be shared again."""
        ...


def out_of_bounds(voie: Voie, place: int, debut: int, fin: int, recepteur: Recepteur) -> str:
    """What to tell the person when the topic does not hold the place of the watermark."""
    ou = f"{voie.tp.topic}/{voie.tp.partition}"
    if place > fin:
        return (
            f"{ou} finit à l'offset {fin} et le repère est à {place} : ce topic a été recréé ou remis d'une copie "
            f"ancienne. Rien n'a été sauté. Remettre le topic d'origine, ou prendre celui-ci : {recepteur.retour}"
        )
    return (
        f"{ou} commence à l'offset {debut} et le repère est à {place} : {debut - place} enregistrements ont été "
        f"effacés avant d'être lus. {recepteur.redemande}, et reprendre au début de ce qui reste : {recepteur.retour}"
    )


def name_error(erreur: BaseException) -> str:
    """An error in one short line, without what it was working on."""
    return describe_error(erreur)[:300]
