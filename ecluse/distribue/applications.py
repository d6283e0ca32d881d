"""The HTTP side of each kind of process: the pieces of the one origin that it serves."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from fastapi import APIRouter, FastAPI
from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.registry import Collector
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from ecluse import api
from ecluse.distribue import interne
from ecluse.distribue.collecte import Collecte, Lecture, read_screens
from ecluse.distribue.observation import Observation
from ecluse.distribue.porte import TRANSMIS, stay_here
from ecluse.distribue.reglages import ReglagesProcessus
from ecluse.etat import Etat, read_consumer_state, read_service_state
from ecluse.files import FilesDeRecouvrement
from ecluse.guichet import Depositaire, Guichet
from ecluse.mesures import HouseCollector
from ecluse.socle import Pret, add_health, create_base
from services.contacts.endpoints import create_pages as create_contacts_pages
from services.contacts.endpoints import create_router as create_contacts_router
from services.contacts.images import open_images as open_contacts_images
from services.indicators.app import Indicateurs
from services.indicators.arretes.endpoints import create_router as create_arretes_router
from services.indicators.arretes.pages import create_arretes_pages
from services.indicators.endpoints import create_router as create_indicators_router
from services.indicators.exports.endpoints import create_router as create_exports_router
from services.indicators.exports.pages import create_exports_page
from services.indicators.flux import create_diffuseur, create_stream_router
from services.indicators.mesures import FiguresCollector
from services.indicators.pages import create_pages_router
from services.production.app import StockDeProduction
from services.production.endpoints import create_pages as create_production_pages
from services.production.endpoints import create_router as create_production_router
from services.production.images import open_images as open_production_images
from services.recovery.endpoints import create_pages as create_recovery_pages
from services.recovery.endpoints import create_router as create_recovery_router
from services.recovery.images import open_images as open_recovery_images
from shared.corbeille.endpoints import router as create_queue_router
from shared.corbeille.etal import EtalLocal, create_home_router
from shared.corbeille.mesures import QueuesCollector
from shared.corbeille.pages import create_pages_router as create_queue_pages
from shared.corbeille.service import Corbeilles
from shared.events.catalogue import SERVICES
from shared.partage.debit import SeauRedis
from shared.partage.ouverture import MemoirePartagee, open_redis
from shared.runtime.imagier import Imagier
from shared.runtime.service import ServiceDeFaits
from shared.temps import to_jour
from shared.web.acces import Acces
from shared.web.debit import Debit, Seau, identify_by, limit
from shared.web.etat_page import create_state_page
from shared.web.pages import install_web
from shared.web.session import create_session_router

if TYPE_CHECKING:
    from ecluse.distribue.traces import TraceurOtel

OU_EST_LE_JETON: Final = "ECLUSE_TOKEN, celui de la maison"
_FICHES: Final[Mapping[str, Callable[[ServiceDeFaits], APIRouter]]] = {
    "contacts": create_contacts_router,
    "production": create_production_router,
    "recovery": create_recovery_router,
}
_PAGES: Final[Mapping[str, Callable[[ServiceDeFaits], APIRouter]]] = {
    "contacts": create_contacts_pages,
    "production": create_production_pages,
    "recovery": create_recovery_pages,
}
_IMAGES: Final[Mapping[str, Callable[[ServiceDeFaits], Imagier]]] = {
    "contacts": open_contacts_images,
    "production": open_production_images,
    "recovery": open_recovery_images,
}


@dataclass(frozen=True)
class Commun:
    """What every application of a process stands on. ``ready``: see ``/readyz``; ``lectures``, ``collecteurs``: see
    ``Collecte``."""

    reglages: ReglagesProcessus
    acces: Acces
    memoire: MemoirePartagee | None
    clock: Callable[[], int]
    ready: Callable[[], Pret]
    traceur: "TraceurOtel | None" = None
    lectures: list[Lecture] = field(default_factory=list)
    collecteurs: list[Collector] = field(default_factory=list)
    mesures: CollectorRegistry = field(default_factory=CollectorRegistry)

    def today(self) -> int:
        """The day in Paris."""
        return to_jour(self.clock())


class DebitDEntree:
    """Rate limits where a request enters the house: what one process hands to another was counted there.

    At the porte (``entree``) everything enters: what says otherwise comes from outside, where the token is known too.
    """

    def __init__(self, app: ASGIApp, seau: Seau, acces: Acces, *, entree: bool) -> None:
        self._app = app
        self._entree = entree
        self._acces = acces
        self._debit = Debit(app, seau, identify_by(acces))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ``Debit``."""
        entetes = Headers(scope=scope) if scope["type"] == "http" else Headers()
        compte = self._entree or TRANSMIS not in entetes or not self._acces.check_bearer(entetes.get("authorization"))
        await (self._debit if compte else self._app)(scope, receive, send)


def create_worker_app(commun: Commun, read_state: Callable[[], Etat]) -> FastAPI:
    """Health and metrics alone."""
    app, _ = create_base(commun.acces, OU_EST_LE_JETON)
    add_health(app, commun.acces, commun.ready, commun.mesures, OU_EST_LE_JETON)
    _observe(app, commun, read_state)
    app.state.close_streams = lambda: None
    return app


def create_service_app(
    commun: Commun, service: ServiceDeFaits, depositaires: Mapping[str, Depositaire], corbeilles: Corbeilles | None
) -> FastAPI:
    """The application of a service that takes facts. ``depositaires``: who commits the events of each service."""
    ouvert = Guichet(depositaires)
    transmis = Guichet(stay_here({service.nom: depositaires[service.nom]}, SERVICES))

    def read_state() -> Etat:
        return read_service_state(service, commun.clock())

    routers = [
        api.create_door(lambda request: choose(request, ouvert, transmis), commun.clock),
        api.create_letters({service.nom: service}),
        _FICHES[service.nom](service),
        interne.create_images(_IMAGES[service.nom](service)),
    ]
    pages = [_PAGES[service.nom](service)]
    if corbeilles is not None:
        par_nom = {service.nom: corbeilles}
        routers += [create_queue_router(par_nom), interne.create_stall(EtalLocal(corbeilles))]
        commun.collecteurs.append(QueuesCollector([corbeilles]))
        pages += [create_home_router([EtalLocal(corbeilles)], commun.today), create_queue_pages(par_nom, commun.today)]
    if service.nom == "production":
        routers.append(interne.create_stock(StockDeProduction(service)))
    if service.nom == "recovery" and corbeilles is not None:
        routers.append(interne.create_gauge(FilesDeRecouvrement(corbeilles)))
    return create_app(commun, read_state, routers, pages)


def create_indicators_app(commun: Commun, indicateurs: Indicateurs) -> FastAPI:
    """The application of a process that serves figures."""

    def read_state() -> Etat:
        return read_consumer_state(indicateurs.consommateur, commun.clock())

    partage = commun.memoire.create_sharing() if commun.memoire else None
    diffuseur = create_diffuseur(indicateurs, lambda: indicateurs.puits.version, commun.today, partage)
    commun.lectures.append(read_screens(lambda: diffuseur.lecteurs))
    commun.collecteurs.append(FiguresCollector(indicateurs, lambda: indicateurs.puits.version, commun.clock))
    routers = [
        api.create_rebuild(indicateurs),
        create_indicators_router(indicateurs),
        create_stream_router(indicateurs, diffuseur),
        create_exports_router(indicateurs, commun.clock),
        create_arretes_router(indicateurs.arretes, indicateurs.confrontations),
    ]
    pages = [
        create_exports_page(indicateurs, commun.clock),
        create_arretes_pages(indicateurs, commun.today),
        create_pages_router(indicateurs, commun.today, diffuseur),
    ]
    app = create_app(commun, read_state, routers, pages)
    app.state.close_streams = diffuseur.close
    return app


def create_app(
    commun: Commun,
    read_state: Callable[[], Etat],
    routers: Sequence[APIRouter],
    pages: Sequence[APIRouter],
    fermetures: Sequence[Callable[[], Awaitable[None]]] = (),
) -> FastAPI:
    """What every process has that answers callers, with its own API ``routers`` and ``pages``.

    ``fermetures``: coroutine functions to be awaited on the loop of the server when it stops.
    """
    seau = _bucket(commun)
    a_fermer = [*fermetures] if seau is None else [*fermetures, seau.aclose]
    app, gardes = create_base(commun.acces, OU_EST_LE_JETON, _closing(a_fermer))
    for router in (api.create_state(read_state), api.create_links(commun.acces), *routers):
        app.include_router(router, dependencies=gardes)
    add_health(app, commun.acces, commun.ready, commun.mesures, OU_EST_LE_JETON)
    install_web(app, commun.acces)
    for page in (create_session_router(), create_state_page(read_state), *pages):
        app.include_router(page)
    if seau is not None:
        app.add_middleware(DebitDEntree, seau=seau, acces=commun.acces, entree=commun.reglages.service == "porte")
    _observe(app, commun, read_state)
    app.state.close_streams = lambda: None
    return app


def _observe(app: FastAPI, commun: Commun, read_state: Callable[[], Etat]) -> None:
    """The outermost layer, added last: what is refused on the way in is counted too."""
    commun.mesures.register(Collecte(commun.lectures, [HouseCollector(read_state), *commun.collecteurs]))
    ProcessCollector(registry=commun.mesures)
    app.add_middleware(Observation, registre=commun.mesures, traceur=commun.traceur)


def choose(request: Request, ouvert: Guichet, transmis: Guichet) -> Guichet:
    """The door for a caller, or for what another process of the house hands over."""
    return transmis if TRANSMIS in request.headers else ouvert


def _bucket(commun: Commun) -> SeauRedis | None:
    """The buckets that all processes of this kind share."""
    reglages = commun.reglages
    if reglages.redis is None:
        return None
    memoire = open_redis(reglages.redis.reveal(), f"{reglages.prefixe}:{reglages.service}")
    return memoire.create_bucket(limit(reglages.debit, reglages.rafale))


def _closing(gestes: Sequence[Callable[[], Awaitable[None]]]) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    """The life of an application, at whose end these are awaited."""

    @asynccontextmanager
    async def live(_: FastAPI) -> AsyncIterator[None]:
        try:
            yield
        finally:
            for geste in gestes:
                await geste()

    return live
