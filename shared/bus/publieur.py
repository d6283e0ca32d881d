"""The publisher of a service: gives committed rows their position and delivers them in that order (architecture §4).

One process leads. Whatever goes wrong, it closes its producer, gives up its seat and starts a new epoch from what was
confirmed: the same record may come twice, with the same position; none is left out.
"""

import asyncio
import logging
import warnings
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from aiokafka.errors import KafkaError
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from shared.base import is_conflict, is_refused_for_now
from shared.bus.admin import Administration, SujetRefuse, SujetVu
from shared.bus.attribution import read_backlog
from shared.bus.continuite import judge, judge_topic, read_known, read_last
from shared.bus.courtier import Courtier, CourtierInjoignable, knock
from shared.bus.emetteur import Emetteur
from shared.bus.mandat import Mandat, MesuresPublieur, ReglagesPublication
from shared.bus.siege import Siege
from shared.bus.sujets import JOURNAUX
from shared.events.base import Service as Nom
from shared.runtime.journal import Evince
from shared.runtime.reperes import Arret
from shared.traces import MUET, Traceur

with warnings.catch_warnings():
    # mode and faust use what Python 3.12 deprecates.
    warnings.simplefilter("ignore", DeprecationWarning)
    from faust import Service

_FIN: Final = 5.0
_REPONSE: Final = 2.0
_PASSAGERS: Final = (Evince, KafkaError, CourtierInjoignable, SujetRefuse, TimeoutError)
_LOG: Final = logging.getLogger("ecluse.publieur")
T = TypeVar("T")


class Publieur(Service):
    """The publisher of one service. ``moteur``: for a writer, on its PostgreSQL database; ``mesures``: its state."""

    def __init__(
        self,
        service: Nom,
        moteur: Engine,
        courtier: Courtier,
        clock: Callable[[], int],
        reglages: ReglagesPublication | None = None,
        traceur: Traceur = MUET,
    ) -> None:
        super().__init__()
        self.service = service
        self.mesures = MesuresPublieur()
        self.clock = clock
        self.reglages = reglages or ReglagesPublication()
        self.traceur = traceur
        self._courtier = courtier
        self._sujet = JOURNAUX[service].nom(courtier.prefixe)
        self._siege = Siege(moteur, service, self.reglages.silence)
        # One thread: the connection is never used by two.
        self._fil = ThreadPoolExecutor(1, thread_name_prefix=f"publieur-{service}")
        self._fini = asyncio.Event()
        # What the watchdog sees: steps taken, and whether this process is the one that has to publish.
        self._pas = 0
        self._assis = False

    @property
    def sans_courtier(self) -> bool:
        """Whether nobody listens where the broker should be. Takes a while to tell."""
        try:
            knock(self._courtier, _REPONSE)
        except OSError:
            return True
        return False

    def moving(self) -> Mapping[str, object]:
        """See ``Publication`` of the watchdog: it turns, and what waits to be delivered goes out."""
        mesures = self.mesures
        if mesures.arret is not None:
            return {}
        places: dict[str, object] = {f"le publieur de {self._sujet}": self._pas}
        if self._assis and mesures.retard.plus_ancien is not None:
            places[f"la publication dans {self._sujet}, arrêtée à la position {mesures.confirme},"] = mesures.confirme
        return places

    async def sql(self, geste: Callable[[Connection], T]) -> T:
        """A transaction of the seat, in its thread."""

        def run() -> T:
            with self._siege.transaction() as connexion:
                return geste(connexion)

        return await self._run(run)

    async def rest(self, secondes: float) -> None:
        """Wait, or less when told to stop."""
        await self.sleep(secondes)

    def is_over(self) -> bool:
        """Whether the publisher was told to stop."""
        return bool(self.should_stop)

    async def on_stop(self) -> None:
        """Let the round under way end."""
        try:
            await asyncio.wait_for(self._fini.wait(), _FIN)
        except TimeoutError:
            _LOG.warning("publication interrompue avant la fin d'un envoi", extra={"service": self.service})

    @Service.task
    async def _live(self) -> None:
        echecs = 0
        try:
            while not self.should_stop:
                envoyes = self.mesures.envoyes
                try:
                    await self._lead()
                    continue
                except Arret as arret:
                    self._tell_stop(str(arret))
                except Exception as erreur:
                    self._tell_trouble(erreur)
                echecs = 1 if self.mesures.envoyes > envoyes else echecs + 1
                await self.sleep(min(self.reglages.reprise, 0.1 * 2 ** min(echecs, 10)))
        finally:
            self._fil.submit(self._siege.leave)
            self._fil.shutdown(wait=False)
            self._fini.set()

    async def _lead(self) -> None:
        """Publish for as long as the seat is ours, or wait a moment if it is taken; what ends the lead is raised."""
        self._assis = await self._take()
        if not self._assis:
            self.mesures.souci = self.mesures.arret = None
            await self.sleep(self.reglages.releve)
            return
        emetteur = None
        try:
            self.mesures.retard = await self.sql(lambda connexion: read_backlog(connexion, self.service))
            identifiant = await self._check_continuity()
            emetteur = Emetteur(self._courtier, self.service, self.reglages.delai_ms)
            await emetteur.start()
            await Mandat(self, emetteur, identifiant, self._check_topic).publish()
        finally:
            self.mesures.meneur = False
            if emetteur is not None:
                await emetteur.stop()
            await self._run(self._siege.leave)

    async def _take(self) -> bool:
        try:
            return await self._run(self._siege.take)
        except DBAPIError:
            # Its database is away: it is nobody's turn.
            self._assis = False
            raise

    async def _check_continuity(self) -> str:
        """The identifier of the topic. Raises ``Arret`` when it does not continue what the database knows."""
        connu = await self.sql(lambda connexion: read_known(connexion, self.service))
        vu = await asyncio.to_thread(self._look_at_topic)
        identifiant = judge_topic(self._sujet, vu, connu.sujet)
        judge(self._sujet, connu, await read_last(self._courtier, self._sujet, connu.confirmes))
        return identifiant

    async def _check_topic(self, attendu: str) -> None:
        judge_topic(self._sujet, await asyncio.to_thread(self._look_at_topic), attendu)

    def _look_at_topic(self) -> SujetVu | None:
        with Administration(self._courtier) as administration:
            return administration.look_at(self._sujet)

    async def _run(self, geste: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._fil, geste)
        finally:
            self._pas += 1

    def _tell_stop(self, arret: str) -> None:
        if arret != self.mesures.arret:
            _LOG.error("publication arrêtée : %s", arret, extra={"service": self.service})
        self.mesures.arret, self.mesures.souci = arret, None

    def _tell_trouble(self, erreur: BaseException) -> None:
        """Texts of the libraries stay out: they may hold what the rows hold."""
        self.mesures.reprises += 1
        propre = isinstance(erreur, Evince | CourtierInjoignable | SujetRefuse)
        self.mesures.souci = str(erreur) if propre else f"publication reprise après {type(erreur).__name__}"
        self.mesures.arret = None
        attendu = isinstance(erreur, _PASSAGERS) or is_refused_for_now(erreur) or is_conflict(erreur)
        _LOG.warning("%s", self.mesures.souci, extra={"service": self.service}, exc_info=None if attendu else erreur)
