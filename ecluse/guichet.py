"""The one door of the house: judges events, hands each to the service that owns its type, merges the answers."""

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from typing import NamedTuple

from shared.events.porte import Recu, Refus, judge
from shared.runtime.lot import Verdict
from shared.runtime.service import ServiceDeFaits


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


class Guichet:
    """Takes batches of raw events for all services."""

    def __init__(self, services: Mapping[str, ServiceDeFaits]) -> None:
        self._services = services

    def deposit(self, octets: Sequence[bytes], maintenant: int) -> Depot:
        """Judge the events and submit the accepted ones. Raises ``Indisponible`` when a service is stopping."""
        jugements = [judge(o, maintenant) for o in octets]
        depot = Depot(jugements)
        par_service: dict[str, tuple[list[int], list[Recu]]] = {}
        for rang, jugement in enumerate(jugements):
            if isinstance(jugement, Recu):
                rangs, recus = par_service.setdefault(jugement.type.service, ([], []))
                rangs.append(rang)
                recus.append(jugement)
        for nom, (rangs, recus) in par_service.items():
            depot.add(rangs, self._services[nom].submit(recus))
        return depot


def _conflict(jugement: Recu | Refus, verdict: Verdict) -> Reponse:
    type_ = jugement.type.type if isinstance(jugement, Recu) else jugement.type
    return Reponse("refuse", verdict.detail, jugement.id, type_, "id")
