"""The relais: the door of events, on this machine, in front of a spool."""

import secrets
from asyncio import Semaphore
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import msgspec
from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from ecluse.emission.expediteur import Expediteur
from ecluse.emission.fichier import SpoolIndisponible
from ecluse.emission.spool import Depot, Rendu, Spool
from shared.events.porte import Recu, judge
from shared.web.porte import answer, read_events
from shared.web.problemes import Indisponible, NonAuthentifie, install_problems, write_problem

# Requests read at the same time: each holds at most one body in memory.
REQUETES_MAX = 32
_ARRET = 4.0


def build_app(spool: Spool, expediteur: Expediteur, clock: Callable[[], int]) -> FastAPI:
    """The application; while it lives, ``expediteur`` forwards. Callers carry the local token of the folder."""
    app = FastAPI(
        title="Écluse, relais", docs_url=None, redoc_url=None, openapi_url=None, lifespan=_forwarding(expediteur)
    )
    install_problems(app)
    app.add_exception_handler(SpoolIndisponible, _on_unavailable)
    jeton = spool.dossier.jeton
    places = Semaphore(REQUETES_MAX)

    @app.post("/v1/evenements")
    async def take_events(request: Request) -> Response:
        _check_token(request, jeton)
        if places.locked():
            raise Indisponible("trop d'envois en même temps : réessayer, rien n'est perdu ni doublé", apres=1)
        async with places:
            evenements = await read_events(request)
            rendus = await run_in_threadpool(receive, spool, evenements, clock())
        expediteur.wake()
        return answer(rendus)

    @app.get("/v1/etat")
    async def show_state(request: Request) -> Response:
        _check_token(request, jeton)
        etat = await run_in_threadpool(spool.read_state)
        return Response(msgspec.json.encode(etat), media_type="application/json")

    @app.get("/healthz")
    async def tell_alive() -> Response:
        return Response(b'{"etat":"ok"}', media_type="application/json")

    return app


def _forwarding(expediteur: Expediteur) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def live(_: FastAPI) -> AsyncIterator[None]:
        expediteur.start()
        try:
            yield
        finally:
            await run_in_threadpool(expediteur.stop, _ARRET)

    return live


def receive(spool: Spool, evenements: Sequence[bytes], maintenant: int) -> list[Rendu]:
    """Judge the events and keep the valid ones: they are on disk when this returns. Raises ``SpoolIndisponible``."""
    jugements = [judge(octets, maintenant) for octets in evenements]
    depots = [Depot(j, o) for j, o in zip(jugements, evenements, strict=True) if isinstance(j, Recu)]
    gardes = iter(spool.append(depots, maintenant) if depots else [])
    return [next(gardes) if isinstance(j, Recu) else Rendu("refuse", j.detail, j.id, j.type) for j in jugements]


def _check_token(request: Request, jeton: str) -> None:
    schema, _, donne = request.headers.get("authorization", "").partition(" ")
    if schema.lower() != "bearer" or not secrets.compare_digest(donne.strip().encode(), jeton.encode()):
        raise NonAuthentifie(
            "donner l'en-tête « Authorization: Bearer … » avec le contenu du fichier local-token du dossier du relais"
        )


async def _on_unavailable(_: Request, erreur: Exception) -> Response:
    return write_problem(Indisponible(f"{erreur} : rien n'est pris de cet envoi, réessayer plus tard", apres=10))
