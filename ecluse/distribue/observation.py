"""What every request leaves: how long it took, by route and status; at the door, the trace that its events carry."""

import time
from typing import TYPE_CHECKING, Any, Final

from prometheus_client import CollectorRegistry, Histogram, disable_created_metrics
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ecluse.distribue import mesures
from shared.traces import ENTETE, TRACE_EN_COURS, read_trace

if TYPE_CHECKING:
    from ecluse.distribue.traces import TraceurOtel

PORTE: Final = "/v1/evenements"
# Whatever a caller may invent is one of these.
AUCUNE: Final = "(aucune)"
_METHODES: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_BORNES: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_ENTETE: Final = ENTETE.encode()


class Observation:
    """The outermost layer of an application. ``traceur``: None when nothing is traced here; what the caller follows
    goes on all the same."""

    def __init__(self, app: ASGIApp, registre: CollectorRegistry, traceur: "TraceurOtel | None") -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # it carries no types
        self._app = app
        self._traceur = traceur
        self._durees = Histogram(
            mesures.HTTP.nom, mesures.HTTP.sens, mesures.HTTP.etiquettes, registry=registre, buckets=_BORNES
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, and measure it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        debut, statut = time.perf_counter(), 500
        trace = read_trace(_header(scope))
        passage = None
        if self._traceur is not None and scope["path"] == PORTE:
            passage = self._traceur.open(trace)
            trace = passage.trace
            autres = [(nom, valeur) for nom, valeur in scope["headers"] if nom != _ENTETE]
            scope["headers"] = [*autres, (_ENTETE, trace.encode())]

        async def answer(message: Message) -> None:
            nonlocal statut
            if message["type"] == "http.response.start":
                statut = message["status"]
            await send(message)

        jeton = TRACE_EN_COURS.set(trace)
        try:
            await self._app(scope, receive, answer)
        finally:
            TRACE_EN_COURS.reset(jeton)
            route = route_of(scope)
            methode = scope["method"] if scope["method"] in _METHODES else AUCUNE
            self._durees.labels(methode, route, str(statut)).observe(time.perf_counter() - debut)
            if passage is not None:
                passage.close(statut, route)


def route_of(scope: Scope) -> str:
    """The template of the route that took a request, with the prefix of its router."""
    contexte: Any = scope.get("fastapi", {}).get("effective_route_context")
    chemin = getattr(contexte or scope.get("route"), "path", None)
    return chemin if isinstance(chemin, str) else AUCUNE


def _header(scope: Scope) -> str | None:
    octets = next((valeur for nom, valeur in scope["headers"] if nom == _ENTETE), None)
    return octets.decode("latin-1") if octets else None
