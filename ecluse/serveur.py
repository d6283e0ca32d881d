"""One origin for the house: API, pages, health, metrics (architecture §7)."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any, Final

import uvicorn
from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from uvicorn.config import LOGGING_CONFIG

from ecluse import api
from ecluse.ecrans import install_screens
from ecluse.maison import Maison
from ecluse.mesures import HouseCollector
from ecluse.scene import Scene
from ecluse.scene_web import create_scene_api
from ecluse.socle import Pret, add_health, create_base
from services.contacts.endpoints import create_router as create_contacts_router
from services.indicators.arretes.endpoints import create_router as create_arretes_router
from services.indicators.endpoints import create_router as create_indicators_router
from services.indicators.exports.endpoints import create_router as create_exports_router
from services.indicators.flux import create_diffuseur, create_stream_router
from services.indicators.mesures import FiguresCollector
from services.production.endpoints import create_router as create_production_router
from services.recovery.endpoints import create_router as create_recovery_router
from shared.corbeille.endpoints import router as create_queue_router
from shared.corbeille.mesures import QueuesCollector
from shared.runtime.service import ServiceDeFaits
from shared.systeme import explain_os
from shared.temps import to_jour
from shared.web.acces import Acces

# Answers under way get so long, then the server's thread a little more (seconds).
_GRACE: Final = 3
_FIN: Final = 5.0


class PortOccupe(Exception):
    """Nobody can listen there: the message says where."""


def create_app(maison: Maison, jeton: str, scene: Scene | None = None) -> FastAPI:
    """The application of a running house. ``scene``: what a demonstration plays, when one runs."""
    acces = Acces(jeton, maison.reglages.clock)
    app, gardes = create_base(acces)
    figures, clock = maison.indicateurs, maison.reglages.clock
    diffuseur = create_diffuseur(figures, lambda: figures.puits.version, lambda: to_jour(clock()))
    for router in (
        api.create_door(lambda _: maison.guichet, maison.reglages.clock),
        api.create_state(maison.state),
        api.create_rebuild(maison.indicateurs),
        api.create_links(acces),
        api.create_letters(maison.services),
        create_queue_router(maison.corbeilles),
        create_indicators_router(maison.indicateurs),
        create_stream_router(maison.indicateurs, diffuseur),
        create_exports_router(maison.indicateurs, maison.reglages.clock),
        create_arretes_router(maison.indicateurs.arretes, maison.indicateurs.confrontations),
        create_production_router(maison.services["production"]),
        create_recovery_router(maison.services["recovery"]),
        create_contacts_router(maison.services["contacts"]),
    ):
        app.include_router(router, dependencies=gardes)
    if scene:
        app.include_router(create_scene_api(scene), dependencies=gardes)
    mesures = CollectorRegistry()
    mesures.register(HouseCollector(maison.state))
    mesures.register(
        FiguresCollector(maison.indicateurs, lambda: maison.indicateurs.puits.version, maison.reglages.clock)
    )
    mesures.register(QueuesCollector(maison.corbeilles.values()))
    add_health(app, acces, lambda: _check(maison), mesures)
    install_screens(app, maison, acces, diffuseur, scene)

    def close_streams() -> None:
        diffuseur.close()
        maison.veille.close()

    app.state.close_streams = close_streams
    return app


@contextmanager
def serve(
    app: FastAPI,
    prise: socket.socket,
    mandataires: str = "127.0.0.1",
    journal: dict[str, Any] | None = LOGGING_CONFIG,
) -> Iterator[None]:
    """Serve in a thread while the context lasts.

    ``mandataires``: the proxies whose forwarding headers are believed; ``journal``: how the server logs, None when that
    is arranged already.
    """
    serveur = uvicorn.Server(
        uvicorn.Config(
            app,
            log_config=journal,
            log_level="warning",
            access_log=False,
            timeout_graceful_shutdown=_GRACE,
            # Longer than our clients keep a connection: none asks on one that is just being closed.
            timeout_keep_alive=30,
            forwarded_allow_ips=mandataires,
        )
    )
    fil = Thread(target=serveur.run, kwargs={"sockets": [prise]}, name="http", daemon=True)
    fil.start()
    try:
        yield
    finally:
        app.state.close_streams()
        serveur.should_exit = True
        fil.join(_FIN)


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


def _check(maison: Maison) -> Pret:
    bases = {nom: answers(service) for nom, service in maison.services.items()}
    return Pret(all(bases.values()), bases)


def answers(service: ServiceDeFaits) -> bool:
    """Whether the tables of a service are read, and its log is still its own to write."""
    try:
        return service.tick().marque == service.lineage()[-1].marque
    except Exception:
        return False
