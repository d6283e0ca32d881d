"""One origin for the house: API, pages, health, metrics (architecture §7)."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import ip_address
from threading import Thread
from typing import Any

import uvicorn
from fastapi import Depends, FastAPI
from fastapi.security import HTTPBearer
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from ecluse import __version__
from ecluse.api import create_api
from ecluse.ecrans import install_screens
from ecluse.maison import Maison
from ecluse.mesures import HouseCollector
from services.contacts.endpoints import create_router as create_contacts_router
from services.indicators.endpoints import create_router as create_indicators_router
from services.indicators.rules import CodeInconnu, QuestionRefusee
from services.production.endpoints import create_router as create_production_router
from services.recovery.endpoints import create_router as create_recovery_router
from shared.corbeille.endpoints import router as create_queue_router
from shared.runtime.ecrivain import Indisponible, Refuse
from shared.runtime.service import ServiceDeFaits
from shared.systeme import explain_os
from shared.web import problemes
from shared.web.acces import Acces
from shared.web.corps import CorpsBorne
from shared.web.openapi import problems

SCHEMA_BEARER = HTTPBearer(auto_error=False, description="Jeton local : fichier local-token du dossier de données")


class PortOccupe(Exception):
    """Nobody can listen there: the message says where."""


@dataclass(frozen=True)
class Pret:
    """Whether every service takes events, and which do."""

    pret: bool
    bases: dict[str, bool]


def create_app(maison: Maison, jeton: str) -> FastAPI:
    """The application of a running house."""
    app = FastAPI(
        title="Écluse",
        version=__version__,
        summary="Pièces, contacts, rendez-vous et créances d'une Caf, et leurs chiffres en direct",
        license_info={"name": "EUPL-1.2", "identifier": "EUPL-1.2"},
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
    )
    acces = Acces(jeton, maison.reglages.clock)
    problemes.install_problems(app)
    app.add_exception_handler(Refuse, _on_refusal)
    app.add_exception_handler(QuestionRefusee, _on_question)
    app.add_exception_handler(Indisponible, _on_unavailable)
    gardes = [Depends(SCHEMA_BEARER), Depends(_guard(acces))]
    for router in (
        create_api(maison, acces),
        create_queue_router(maison.corbeilles),
        create_indicators_router(maison.indicateurs),
        create_production_router(maison.services["production"]),
        create_recovery_router(maison.services["recovery"]),
        create_contacts_router(maison.services["contacts"]),
    ):
        app.include_router(router, dependencies=gardes)
    _add_health(app, maison, [Depends(_guard_unless_local(acces))])
    close_screens = install_screens(app, maison, acces)
    app.add_middleware(CorpsBorne, libres=frozenset({"/v1/evenements"}))

    def close_streams() -> None:
        close_screens()
        maison.veille.close()

    app.state.close_streams = close_streams
    return app


@contextmanager
def serve(app: FastAPI, prise: socket.socket) -> Iterator[None]:
    """Serve in a thread while the context lasts."""
    serveur = uvicorn.Server(
        uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=3, lifespan="off")
    )
    fil = Thread(target=serveur.run, kwargs={"sockets": [prise]}, name="http", daemon=True)
    fil.start()
    try:
        yield
    finally:
        app.state.close_streams()
        serveur.should_exit = True
        fil.join(10)


def listen(hote: str, port: int) -> socket.socket:
    """A listening socket. Raises ``PortOccupe``."""
    famille = socket.AF_INET6 if ":" in hote else socket.AF_INET
    prise = socket.socket(famille, socket.SOCK_STREAM)
    prise.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # The event loop sets it on its own sockets only; without it each answer waits some 40 ms for an acknowledgement.
    prise.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        prise.bind((hote, port))
        prise.listen(512)
    except OSError as erreur:
        prise.close()
        raise PortOccupe(
            f"impossible d'écouter sur {hote}:{port} ({explain_os(erreur)}) : choisir un autre port avec --port"
        ) from erreur
    return prise


def _guard(acces: Acces) -> Callable[[Request], None]:
    def check(request: Request) -> None:
        if not acces.check_bearer(request.headers.get("authorization")):
            raise problemes.NonAuthentifie(
                "donner « Authorization: Bearer … » avec le jeton du fichier local-token du dossier de données"
            )

    return check


def _guard_unless_local(acces: Acces) -> Callable[[Request], None]:
    """Health and metrics are open on the loopback; a caller from elsewhere shows the token (architecture §7)."""
    guard = _guard(acces)

    def check(request: Request) -> None:
        if request.client is None or not ip_address(request.client.host).is_loopback:
            guard(request)

    return check


async def _on_refusal(_: Request, erreur: Exception) -> Response:
    assert isinstance(erreur, Refuse)  # noqa: S101  # the framework calls this handler for this class alone
    return problemes.write_refusal(erreur.probleme, erreur.statut, str(erreur))


async def _on_question(_: Request, erreur: Exception) -> Response:
    assert isinstance(erreur, QuestionRefusee)  # noqa: S101  # the framework calls this handler for this class alone
    return problemes.write_refusal(erreur.probleme, 404 if isinstance(erreur, CodeInconnu) else 422, str(erreur))


async def _on_unavailable(_: Request, erreur: Exception) -> Response:
    return problemes.write_problem(problemes.Indisponible(str(erreur)))


def _add_health(app: FastAPI, maison: Maison, gardes: list[Any]) -> None:
    registre = CollectorRegistry()
    registre.register(HouseCollector(maison))

    refus: dict[int | str, dict[str, Any]] = {401: problems()[401]}

    @app.get("/healthz", dependencies=gardes, tags=["Santé"], summary="Le processus vit", responses=refus)
    def healthz() -> dict[str, str]:
        return {"etat": "vivant"}

    @app.get(
        "/readyz",
        dependencies=gardes,
        tags=["Santé"],
        summary="Les bases répondent",
        response_model=Pret,
        responses={**refus, 503: {"model": Pret, "description": "Pas prêt"}},
    )
    def readyz() -> Response:
        etat = {nom: _answers(s) for nom, s in maison.services.items()}
        return JSONResponse({"pret": all(etat.values()), "bases": etat}, 200 if all(etat.values()) else 503)

    @app.get(
        "/metrics",
        dependencies=gardes,
        tags=["Santé"],
        summary="Mesures Prometheus",
        response_class=PlainTextResponse,
        responses=refus,
    )
    def metrics() -> Response:
        return Response(generate_latest(registre), media_type=CONTENT_TYPE_LATEST)


def _answers(service: ServiceDeFaits) -> bool:
    """Whether the tables of a service are read, and its log is still its own to write."""
    try:
        return service.tick().marque == service.lineage()[-1].marque
    except Exception:
        return False
