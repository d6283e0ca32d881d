"""How each kind of process is put together: its databases, what it reads and publishes, what it answers."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from fastapi import FastAPI

from ecluse.distribue.applications import (
    Commun,
    create_indicators_app,
    create_service_app,
    create_worker_app,
)
from ecluse.distribue.collecte import read_consumer, read_pools, read_redis, read_work
from ecluse.distribue.images import ImagierDistant
from ecluse.distribue.origine import Maisonnee, create_porte_app
from ecluse.distribue.porte import Distant, untold
from ecluse.distribue.pretes import Constat
from ecluse.distribue.reglages import ReglagesProcessus
from ecluse.distribue.voisins import FilesDistantes, StockDistant, Voisin
from ecluse.etat import read_consumer_state, read_service_state
from ecluse.guichet import Depositaire, SurPlace
from ecluse.maison import tune_memory
from services.contacts.app import bootstrap as open_contacts
from services.indicators.app import bootstrap as open_indicators
from services.production.app import bootstrap as open_production
from services.production.corbeilles import open_queues as open_production_queues
from services.recovery.app import bootstrap as open_recovery
from services.recovery.corbeilles import open_queues as open_recovery_queues
from shared.corbeille.veille import Veille
from shared.events.catalogue import SERVICES
from shared.partage.ouverture import open_redis
from shared.reglages import Reglages, read_clock
from shared.runtime.presence import TOUTES_LES, tell_presence
from shared.runtime.service import Cloche, ServiceDeFaits
from shared.traces import MUET, Traceur
from shared.web.acces import Acces

if TYPE_CHECKING:
    from ecluse.distribue.traces import TraceurOtel
    from ecluse.distribue.travail import Travail

_OUVERTURES: Final[Mapping[str, Callable[[Reglages, Callable[[], None]], ServiceDeFaits]]] = {
    "contacts": open_contacts,
    "production": open_production,
    "recovery": open_recovery,
}
_CORBEILLES: Final = {"production": open_production_queues, "recovery": open_recovery_queues}
# Other processes commit too, and ring here for nobody: whoever waits for work looks this often (seconds).
_REGARD: Final = 1.0
# How long a stop waits for such a look (seconds).
_FIN: Final = 2.0


@dataclass
class Montage:
    """A process put together. ``travail``: what it carries on its event loop, if anything; ``fermetures`` closes the
    rest, in a thread, while that loop still turns."""

    app: FastAPI
    travail: "Travail | None" = None
    fermetures: ExitStack = field(default_factory=ExitStack)


def assemble(reglages: ReglagesProcessus, boucle: asyncio.AbstractEventLoop) -> Montage:
    """Put a process together. Raises ``BaseInutilisable``. Waits: not for the thread of ``boucle``."""
    tune_memory()
    with ExitStack() as pile:
        traceur = _trace(reglages, pile)
        montage = _KINDS.get(reglages.service, _assemble_service)(reglages, boucle, pile, traceur)
        montage.fermetures = pile.pop_all()
    return montage


def _assemble_porte(
    reglages: ReglagesProcessus, boucle: asyncio.AbstractEventLoop, pile: ExitStack, traceur: "TraceurOtel | None"
) -> Montage:
    del boucle
    distants: dict[str, Distant] = {
        nom: pile.enter_context(Distant(nom, url, reglages.jeton))
        for nom, url in reglages.urls.items()
        if nom in SERVICES
    }
    voisins = _neighbours(reglages, pile)
    commun = _common(reglages, Constat(reglages), pile, traceur)
    maisonnee = Maisonnee(commun, voisins)
    pile.callback(maisonnee.close)
    return Montage(create_porte_app(commun, distants, voisins, maisonnee))


def _assemble_service(
    reglages: ReglagesProcessus, boucle: asyncio.AbstractEventLoop, pile: ExitStack, traceur: "TraceurOtel | None"
) -> Montage:
    del boucle
    veille = Veille()
    service = _OUVERTURES[reglages.service](_bases(reglages, traceur), veille.ring)
    pile.callback(service.close)
    constat = Constat(reglages, service.lecture)
    commun = _common(reglages, constat, pile, traceur)
    commun.lectures.append(read_pools({"lecture": service.lecture, "ecriture": service.ecriture}))
    travail = None
    if reglages.travaille:
        from ecluse.distribue.travail import work_for_service

        travail = work_for_service(reglages, service)
        constat.watch(travail.tell)
        pile.callback(_repeat(TOUTES_LES, partial(_tell, service, travail, uuid4().hex)))
        commun.lectures.extend(read_work(travail, commun.clock, service))
    if not reglages.sert:
        return Montage(create_worker_app(commun, lambda: read_service_state(service, commun.clock())), travail)
    ouvre = _CORBEILLES.get(reglages.service)
    corbeilles = ouvre(service, veille) if ouvre else None
    pile.callback(_repeat(_REGARD, veille.ring))
    app = create_service_app(commun, service, _depositaires(reglages, service, pile), corbeilles)
    return Montage(_closing_with(app, veille.close), travail)


def _assemble_indicators(
    reglages: ReglagesProcessus, boucle: asyncio.AbstractEventLoop, pile: ExitStack, traceur: "TraceurOtel | None"
) -> Montage:
    # Every process of the indicators reads the logs, whatever else it does.
    from ecluse.distribue.travail import work_for_indicators

    cloche = Cloche()
    voisins = _neighbours(reglages, pile)
    travail = work_for_indicators(reglages, cloche, boucle)
    pile.callback(_close_together, [source.close for source in travail.sources])
    indicateurs = open_indicators(
        _bases(reglages, traceur),
        travail.sources,
        cloche,
        StockDistant(voisins.get("production")),
        FilesDistantes(voisins.get("recovery")),
        imagiers={nom: ImagierDistant(voisin) for nom, voisin in voisins.items() if nom in SERVICES},
    )
    pile.callback(indicateurs.close)
    constat = Constat(reglages, indicateurs.moteur)
    constat.watch(travail.tell)
    commun = _common(reglages, constat, pile, traceur)
    consommateur = indicateurs.consommateur
    commun.lectures.extend(
        [
            read_pools({"ecriture": indicateurs.moteur}),
            read_consumer(consommateur),
            *read_work(travail, commun.clock),
        ]
    )
    if reglages.sert:
        return Montage(create_indicators_app(commun, indicateurs), travail)
    return Montage(create_worker_app(commun, lambda: read_consumer_state(consommateur, commun.clock())), travail)


_KINDS: Final = {"porte": _assemble_porte, "indicators": _assemble_indicators}


def _trace(reglages: ReglagesProcessus, pile: ExitStack) -> "TraceurOtel | None":
    if reglages.traces is None:
        return None
    from ecluse.distribue.traces import create_tracer

    traceur = create_tracer(reglages)
    pile.callback(traceur.close)
    return traceur


def _bases(reglages: ReglagesProcessus, traceur: Traceur | None) -> Reglages:
    assert reglages.base is not None  # noqa: S101  # required of every process that comes here
    # No folder: nothing of this mode is kept beside the database.
    return Reglages(Path(), bases={reglages.service: reglages.base.reveal()}, traceur=traceur or MUET)


def _common(reglages: ReglagesProcessus, constat: Constat, pile: ExitStack, traceur: "TraceurOtel | None") -> Commun:
    # A process that serves nobody shares nothing.
    partage = reglages.redis if reglages.sert else None
    memoire = open_redis(partage.reveal(), reglages.prefixe) if partage else None
    registre = memoire.create_register() if memoire else None
    if registre is not None:
        pile.callback(registre.close_connections)
    acces = Acces(reglages.jeton.reveal(), read_clock, registre)
    commun = Commun(reglages, acces, memoire, read_clock, constat.ready, traceur)
    if memoire is not None:
        commun.lectures.append(read_redis(memoire))
    return commun


def _neighbours(reglages: ReglagesProcessus, pile: ExitStack) -> dict[str, Voisin]:
    return {nom: pile.enter_context(Voisin(nom, url, reglages.jeton)) for nom, url in reglages.urls.items()}


def _depositaires(reglages: ReglagesProcessus, service: ServiceDeFaits, pile: ExitStack) -> dict[str, Depositaire]:
    """Who commits the events of each service, for a caller of this one's API."""
    depositaires: dict[str, Depositaire] = {}
    for nom in SERVICES:
        if nom == service.nom:
            depositaires[nom] = SurPlace(service)
        elif nom in reglages.urls:
            depositaires[nom] = pile.enter_context(Distant(nom, reglages.urls[nom], reglages.jeton))
        else:
            depositaires[nom] = untold(nom)
    return depositaires


def _close_together(gestes: Sequence[Callable[[], None]]) -> None:
    """Each may wait for a broker that is away: not one after the other."""
    with ThreadPoolExecutor(max(1, len(gestes))) as fils:
        for fini in [fils.submit(geste) for geste in gestes]:
            fini.result()


def _tell(service: ServiceDeFaits, travail: "Travail", processus: str) -> None:
    # Whatever prevents it: what is not told for a while counts as unknown.
    with suppress(Exception), service.ecriture.begin() as connexion:
        tell_presence(connexion, processus, travail.summarise())


def _repeat(secondes: float, geste: Callable[[], None]) -> Callable[[], None]:
    """Do it again and again, until the function given back is called."""
    fin = Event()

    def repeat() -> None:
        while not fin.wait(secondes):
            geste()

    fil = Thread(target=repeat, name="de temps en temps", daemon=True)
    fil.start()

    def stop() -> None:
        fin.set()
        fil.join(_FIN)

    return stop


def _closing_with(app: FastAPI, *gestes: Callable[[], None]) -> FastAPI:
    """The same application, which also does this before its server closes."""
    avant: Sequence[Callable[[], None]] = (app.state.close_streams, *gestes)

    def close_streams() -> None:
        for geste in avant:
            geste()

    app.state.close_streams = close_streams
    return app
