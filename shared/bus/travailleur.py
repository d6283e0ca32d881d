"""The worker of a service: one Faust app, which carries the life of its readers and of its publisher.

What Faust itself reads is the control topic, whose orders may be lost or come twice: it acknowledges what it crashes
on. Everything that must take effect once goes through ``LecteurParLots``.
"""

import asyncio
import logging
import signal
import uuid
import warnings
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct

from shared.bus.bavards import hush
from shared.bus.courtier import Courtier
from shared.bus.gardien import CODE_IMMOBILE, Gardien
from shared.bus.lecteur import LecteurParLots
from shared.bus.publieur import Publieur
from shared.bus.reglages import ReglagesLecture
from shared.bus.sujets import CONTROLES

with warnings.catch_warnings():
    # mode and faust use what Python 3.12 deprecates.
    warnings.simplefilter("ignore", DeprecationWarning)
    import faust
    from aiokafka import AIOKafkaProducer
    from aiokafka.errors import KafkaError
    from faust.auth import SASLCredentials, SSLCredentials
    from faust.types.auth import CredentialsT

NIVEAUX: Final = ("debug", "info", "warning", "error")
# An orderly stop takes at most this long (seconds); the readers come first, Faust last.
_ARRET_SERVICES: Final = 7.0
_ARRET_FAUST: Final = 2.0
_ARRET_VIE: Final = 0.5
_LOG: Final = logging.getLogger("ecluse.bus")


class Ordre(Struct, forbid_unknown_fields=True):
    """What the control topic carries: ``{"niveau": "debug"}``."""

    niveau: str


def obey(octets: bytes | None, change_level: Callable[[str], None]) -> None:
    """Carry out an order of the control topic; one that says nothing is logged and forgotten."""
    try:
        niveau = msgspec.json.decode(octets or b"", type=Ordre).niveau.lower()
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as erreur:
        _LOG.warning("ordre illisible sur le topic de contrôle : %s", erreur)
        return
    if niveau not in NIVEAUX:
        _LOG.warning("niveau de journal inconnu : un de %s est attendu", ", ".join(NIVEAUX))
        return
    change_level(niveau)
    _LOG.info("niveau de journal : %s", niveau)


def set_level(niveau: str) -> None:
    """Change what our own modules log."""
    logging.getLogger("ecluse").setLevel(niveau.upper())


class _Application(faust.App):
    """An app that keeps nothing on disk: Faust would leave a folder where it was started, at each start another."""

    def _create_directories(self) -> None:
        pass


def build_app(service: str, courtier: Courtier, change_level: Callable[[str], None] = set_level) -> faust.App:
    """The Faust app of a process of a service.

    Its group is its own: every process hears every order, nothing is shared, and the group that reads the ingress
    never notices.
    """
    application = _Application(
        f"ecluse-{service}-{uuid.uuid4().hex[:12]}",
        broker=[f"kafka://{serveur}" for serveur in courtier.serveurs],
        broker_credentials=_credentials(courtier),
        autodiscover=False,
        web_enabled=False,
        store="memory://",
        topic_allow_declare=False,
        topic_disable_leader=True,
        consumer_auto_offset_reset="latest",
        stream_wait_empty=False,
        reply_create_topic=False,
        worker_redirect_stdouts=False,
    )
    sujet = application.topic(CONTROLES[service].nom(courtier.prefixe), value_type=bytes, value_serializer="raw")

    @application.agent(sujet)
    async def control(ordres: Any) -> None:
        async for octets in ordres:
            obey(octets, change_level)

    application.finalize()
    return application


def _credentials(courtier: Courtier) -> CredentialsT | None:
    options = courtier.options()
    contexte = options.get("ssl_context")
    if courtier.protocole.startswith("SASL"):
        return SASLCredentials(
            mechanism=options["sasl_mechanism"],
            username=options["sasl_plain_username"],
            password=options["sasl_plain_password"],
            ssl_context=contexte,
        )
    return SSLCredentials(contexte) if contexte else None


class Travailleur:
    """The running worker of a service. ``services``: what it carries beside Faust (readers, publisher)."""

    def __init__(
        self,
        service: str,
        courtier: Courtier,
        services: Sequence[faust.Service],
        *,
        reglages: ReglagesLecture,
        change_level: Callable[[str], None] = set_level,
    ) -> None:
        self._service = service
        self._courtier = courtier
        self._services = services
        self._change_level = change_level
        self._application: faust.App | None = None
        lecteurs = [s for s in services if isinstance(s, LecteurParLots)]
        publieurs = [s for s in services if isinstance(s, Publieur)]
        self._gardien = Gardien(lecteurs, reglages.immobile, publieurs=publieurs)

    async def start(self) -> None:
        """Wait for Kafka, then start Faust, then what it carries."""
        hush()
        self._application = await self._start_app()
        for service in self._services:
            await self._application.add_runtime_dependency(service)
        self._gardien.start()

    async def wait(self) -> None:
        """Return when a part of it has crashed, or when it is stopped. Raises what crashed it."""
        application = self._application
        if application is not None:
            await application.wait_until_stopped()
            if application.crash_reason is not None:
                raise application.crash_reason

    async def stop(self) -> None:
        """Stop within ten seconds, whatever the state of the broker."""
        await self.stop_services()
        await self.stop_faust()

    async def stop_services(self) -> None:
        """Stop what it carries; what takes too long is left where it is."""
        self._gardien.stop()
        arrets = [asyncio.create_task(s.stop()) for s in self._services]
        if arrets:
            await asyncio.wait(arrets, timeout=_ARRET_SERVICES)

    async def stop_faust(self) -> None:
        """Stop Faust, for as long as it may take."""
        if self._application is not None:
            await _give(_ARRET_FAUST, self._application.stop())

    async def _start_app(self) -> faust.App:
        while True:
            await self._wait_for_broker()
            application = build_app(self._service, self._courtier, self._change_level)
            try:
                await application.start()
            except KafkaError as erreur:
                _LOG.warning("Kafka (%s) est reparti aussitôt : %s", self._courtier, erreur)
                await _give(_ARRET_FAUST, application.stop())
            else:
                return application

    async def _wait_for_broker(self) -> None:
        attente = 0.5
        while True:
            sonde = AIOKafkaProducer(**self._courtier.options())
            try:
                await sonde.start()
            except KafkaError as erreur:
                _LOG.warning("Kafka (%s) ne répond pas encore : %s", self._courtier, erreur)
            else:
                return
            finally:
                await sonde.stop()
            await asyncio.sleep(attente)
            attente = min(5.0, attente * 2)


async def run(
    travailleur: Travailleur, started: Callable[[], object] = lambda: None, fin: asyncio.Event | None = None
) -> int:
    """Run a worker until ``fin`` is set, by default by SIGTERM or SIGINT: 0; or until a part of it crashes: 70, to be
    started again."""
    fin = fin or _end_of_signals()
    vie = asyncio.create_task(_live(travailleur, started))
    demande = asyncio.create_task(fin.wait())
    await asyncio.wait([vie, demande], return_when=asyncio.FIRST_COMPLETED)
    raison = vie.exception() if vie.done() else None
    vie.cancel()
    await asyncio.wait([vie], timeout=_ARRET_VIE)
    await travailleur.stop()
    demande.cancel()
    if fin.is_set():
        return 0
    _LOG.critical("le processus s'arrête pour être relancé : %s", raison)
    return CODE_IMMOBILE


def _end_of_signals() -> asyncio.Event:
    fin = asyncio.Event()
    for numero in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(numero, fin.set)
    return fin


async def _give(secondes: float, geste: Coroutine[Any, Any, object]) -> None:
    """Give something so long to end. Then it is left where it is: Faust waits for an absent broker for ever, and
    swallows cancellations, so that waiting for one would be as long."""
    tache = asyncio.create_task(geste)
    finies, _ = await asyncio.wait([tache], timeout=secondes)
    if finies and not tache.cancelled() and (erreur := tache.exception()):
        _LOG.warning("arrêt de Faust inachevé : %s", erreur)


async def _live(travailleur: Travailleur, started: Callable[[], object]) -> None:
    await travailleur.start()
    started()
    await travailleur.wait()
