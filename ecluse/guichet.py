"""The one door of the house: judges events, hands each to the service that owns its type, merges the answers."""

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from shared.events.porte import Recu, Refus, judge
from shared.runtime.lot import Verdict
from shared.runtime.service import ServiceDeFaits
from shared.traces import keep_trace


class Reponse(NamedTuple):
    """What became of one event: ``accepte``, ``doublon`` or ``refuse``, with the reason and what is known of it."""

    sort: str
    detail: str = ""
    id: str | None = None
    type: str | None = None
    membre: str | None = None


_REPONSES = {sort: Reponse(sort) for sort in ("accepte", "doublon")}


class Depot:
    """A batch handed in: its answers come once every service has committed its part."""

    def __init__(self, jugements: Sequence[Recu | Refus]) -> None:
        self._jugements = jugements
        self._parts: list[tuple[list[int], Future[list[Verdict]]]] = []

    def add(self, rangs: list[int], futur: "Future[list[Verdict]]") -> None:
        """A service took the events of these ranks."""
        self._parts.append((rangs, futur))

    @property
    def futures(self) -> list["Future[list[Verdict]]"]:
        """What to wait for."""
        return [futur for _, futur in self._parts]

    def answers(self) -> list[Reponse]:
        """The answers in the order of the events. Raises ``Indisponible`` when a service could not commit its part."""
        reponses = [
            Reponse("refuse", j.detail, j.id, j.type, j.membre) if isinstance(j, Refus) else _REPONSES["accepte"]
            for j in self._jugements
        ]
        for rangs, futur in self._parts:
            for rang, verdict in zip(rangs, futur.result(), strict=True):
                reponses[rang] = _REPONSES.get(verdict.sort) or _conflict(self._jugements[rang], verdict)
        return reponses


@dataclass(frozen=True)
class Part:
    """The events of a batch that one service owns: as they came, and as the door read them.

    ``trace``: the ``traceparent`` of the request, when it has one.
    """

    trace: str | None = None
    rangs: list[int] = field(default_factory=list)
    octets: list[bytes] = field(default_factory=list)
    recus: list[Recu] = field(default_factory=list)


class Depositaire(Protocol):
    """Whoever commits the events of one service."""

    def submit(self, part: Part) -> "Future[list[Verdict]]":
        """One verdict for each event, once all of them are committed; ``Indisponible``, raised or in the future, when
        they may not be: sending them again is safe."""
        ...


@dataclass(frozen=True)
class SurPlace:
    """A service of this process."""

    service: ServiceDeFaits

    def submit(self, part: Part) -> "Future[list[Verdict]]":
        """See ``Depositaire``."""
        return self.service.submit(part.recus, keep_trace(part.trace))


class Guichet:
    """Takes batches of raw events for all services."""

    def __init__(self, depositaires: Mapping[str, Depositaire]) -> None:
        self._depositaires = depositaires

    def deposit(self, octets: Sequence[bytes], maintenant: int, trace: str | None = None) -> Depot:
        """Judge the events and submit the accepted ones. Raises ``Indisponible`` when a service is stopping."""
        jugements = [judge(o, maintenant) for o in octets]
        depot = Depot(jugements)
        parts: dict[str, Part] = {}
        for rang, jugement in enumerate(jugements):
            if isinstance(jugement, Recu):
                part = parts.setdefault(jugement.type.service, Part(trace))
                part.rangs.append(rang)
                part.octets.append(octets[rang])
                part.recus.append(jugement)
        for nom, part in parts.items():
            depot.add(part.rangs, self._depositaires[nom].submit(part))
        return depot


def _conflict(jugement: Recu | Refus, verdict: Verdict) -> Reponse:
    type_ = jugement.type.type if isinstance(jugement, Recu) else jugement.type
    return Reponse("refuse", verdict.detail, jugement.id, type_, "id")
