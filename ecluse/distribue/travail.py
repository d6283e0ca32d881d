"""What a process carries on its event loop: readers, publisher, and the Faust app around them (needs Kafka)."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from ecluse.distribue.courtier import reach_cluster
from ecluse.distribue.depart import Depart
from ecluse.distribue.reglages import ReglagesProcessus
from services.indicators.fold.pli import Pli
from shared.bus.courtier import Courtier
from shared.bus.entrees import Entrees, topic_identity
from shared.bus.gardien import Gardien
from shared.bus.lancement import launcher
from shared.bus.lecteur import LecteurParLots
from shared.bus.publieur import Publieur
from shared.bus.reglages import ReglagesLecture
from shared.bus.source import Recue, SourceKafka
from shared.bus.sujets import ENTREES, JOURNAUX, TICS
from shared.bus.tics import TicsLus
from shared.bus.travailleur import Travailleur
from shared.events.base import Service as NomDeService
from shared.events.catalogue import SERVICES
from shared.runtime.presence import Travaux
from shared.runtime.service import Cloche, ServiceDeFaits


@dataclass
class Travail:
    """The work of a process. ``lecteurs``: the readers that live now; ``sources``: the logs that it follows."""

    service: str
    courtier: Courtier
    lecture: ReglagesLecture
    services: list[LecteurParLots | Publieur]
    lecteurs: list[LecteurParLots]
    publieur: Publieur | None = None
    entrees: Entrees | None = None
    sources: Sequence[SourceKafka] = ()

    def summarise(self) -> Travaux:
        """What the service's other processes are to know of it."""
        arrets = [lecteur.arret for lecteur in self.lecteurs]
        arrets += [self.publieur.mesures.arret] if self.publieur is not None else []
        voies = [voie for lecteur in self.lecteurs if not lecteur.souci for voie in lecteur.progress()]
        # Of a partition that has just come, the end is not known yet.
        lues = sum(voie.horodate > 0 for voie in voies)
        return Travaux(lues, sum(voie.retard for voie in voies), next((a for a in arrets if a), None))

    def tell(self) -> dict[str, str]:
        """Where its readers and its publisher are, in words."""
        dit = {lecteur.sujet: lecteur.arret or lecteur.souci or "lu" for lecteur in [*self.lecteurs]}
        if self.publieur is not None:
            mesures = self.publieur.mesures
            dit["publication"] = mesures.arret or mesures.souci or ("meneur" if mesures.meneur else "en réserve")
        return dit


def work_for_service(reglages: ReglagesProcessus, service: ServiceDeFaits) -> Travail:
    """The ingress of a service, and the publisher of its log."""
    courtier, lecture = _cluster(reglages)
    sujet = ENTREES.nom(courtier.prefixe)
    entrees = Entrees(service, sujet, partial(topic_identity, courtier, sujet))
    lecteur = LecteurParLots(courtier, sujet, entrees, reglages=lecture, groupe=f"{courtier.prefixe}.{service.nom}")
    nom = next(n for n in SERVICES if n == service.nom)
    bases = service.reglages
    publieur = Publieur(nom, service.ecriture, courtier, bases.clock, traceur=bases.traceur)
    return Travail(service.nom, courtier, lecture, [lecteur, publieur], [lecteur], publieur, entrees)


def work_for_indicators(reglages: ReglagesProcessus, cloche: Cloche, boucle: asyncio.AbstractEventLoop) -> Travail:
    """The logs of the three services that take facts, each read whole, and their ticks."""
    courtier, lecture = _cluster(reglages)
    tics = TicsLus(SERVICES)
    lecteur = LecteurParLots(
        courtier, TICS.nom(courtier.prefixe), tics, reglages=lecture, partitions=range(TICS.partitions)
    )
    vivants = [lecteur]
    lance = launcher(courtier, lecture, boucle)

    @contextmanager
    def launch(nom: NomDeService, recue: Recue) -> Iterator[LecteurParLots]:
        with lance(JOURNAUX[nom], recue) as ouvert:
            vivants.append(ouvert)
            try:
                yield ouvert
            finally:
                vivants.remove(ouvert)

    sources = [SourceKafka(nom, Pli.types, tics, cloche, partial(launch, nom)) for nom in SERVICES]
    return Travail("indicators", courtier, lecture, [lecteur], vivants, sources=sources)


class Ouvrier(Travailleur):
    """The worker of a process. ``close_http`` and then ``close_rest`` end, from a thread, all else that it holds."""

    def __init__(
        self, travail: Travail, depart: Depart, close_http: Callable[[], None], close_rest: Callable[[], None]
    ) -> None:
        super().__init__(travail.service, travail.courtier, travail.services, reglages=travail.lecture)
        # Readers of logs come and go with their source: they are watched from here.
        suivis = [] if travail.publieur else travail.lecteurs
        self._gardien_des_sources = Gardien(suivis, travail.lecture.immobile)
        self._depart = depart
        self._close_http = close_http
        self._close_rest = close_rest

    async def start(self) -> None:
        """See ``Travailleur.start``."""
        await super().start()
        self._gardien_des_sources.start()

    async def stop(self) -> None:
        """See ``Travailleur.stop``."""
        self._depart.begin()
        self._gardien_des_sources.stop()
        await asyncio.gather(self.stop_services(), self._depart.close("le serveur HTTP", self._close_http))
        await asyncio.gather(self.stop_faust(), self._depart.close("les bases et les journaux lus", self._close_rest))

    async def stop_services(self) -> None:
        """See ``Travailleur.stop_services``."""
        with self._depart.step("les lecteurs et le publieur"):
            await super().stop_services()


def _cluster(reglages: ReglagesProcessus) -> tuple[Courtier, ReglagesLecture]:
    assert reglages.kafka is not None  # noqa: S101  # required of every process that comes here
    lecture = ReglagesLecture(reglages.session_ms, reglages.instance, float(reglages.garde_s))
    return reach_cluster(reglages.kafka, reglages.prefixe), lecture
