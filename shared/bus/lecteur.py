"""The one reader of topics: batches from Kafka to a ``Recepteur``, partition by partition, in order (architecture §4).

Where reading begins is the receiver's watermark, never Kafka's own offsets: those are written afterwards, for the
tools that show lag. aiokafka moves on as soon as it hands records out: whatever is not applied is sought back.
"""

import asyncio
import contextlib
import logging
import time
import warnings
from collections.abc import Iterable, Sequence
from typing import Any, Final

from aiokafka.errors import (
    IllegalStateError,
    KafkaError,
    KafkaTimeoutError,
    OffsetOutOfRangeError,
    RecordTooLargeError,
    UnknownTopicOrPartitionError,
)

from shared.bus.client import close_consumer, new_consumer
from shared.bus.courtier import Courtier
from shared.bus.recepteur import CompteursLecteur, EtatVoie, Message, Recepteur
from shared.bus.regard import Regard
from shared.bus.reglages import ReglagesLecture
from shared.bus.voies import Partage, Voie, Voies, name_error, out_of_bounds
from shared.runtime.repere_entrees import Devance
from shared.runtime.reperes import Arret

with warnings.catch_warnings():
    # mode and faust use what Python 3.12 deprecates.
    warnings.simplefilter("ignore", DeprecationWarning)
    from faust import Service

LOT_MAX: Final = 5_000
_ECOUTE_MS: Final = 200
_MESURE: Final = 1.0
_IDENTITE: Final = 5.0
_REPONSE: Final = 5.0
# How long a stop waits for the batch under way, in seconds.
_FIN_DE_LOT: Final = 4.0
# A broker that has just come back may for a moment know less than it gave.
_HORS_BORNES_ADMIS: Final = 6
_LOG: Final = logging.getLogger("ecluse.bus")


class LecteurParLots(Service):
    """Reads one topic: with ``groupe`` the partitions that the group gives it, without it the ``partitions`` given.
    ``arret`` is set when reading has stopped for a reason that a person must judge; ``souci`` when it waits for
    something that may come back by itself.
    """

    def __init__(
        self,
        courtier: Courtier,
        sujet: str,
        recepteur: Recepteur,
        *,
        reglages: ReglagesLecture,
        groupe: str | None = None,
        partitions: Sequence[int] = (),
        lot_max: int = LOT_MAX,
    ) -> None:
        super().__init__()
        self.sujet = sujet
        self.recepteur = recepteur
        self.compteurs = CompteursLecteur()
        self.arret: str | None = None
        # What is wrong with the last batch or watermark.
        self._souci_lot: str | None = None
        self._courtier = courtier
        self._reglages = reglages
        self._groupe = groupe
        self._partitions = partitions
        self._lot_max = lot_max
        self._voies = Voies(sujet)
        self._regard = Regard(courtier, self._voies, self.reseek, en_groupe=groupe is not None)
        self._consommateur: Any = None
        # The receiver is asked one thing at a time.
        self._verrou = asyncio.Lock()
        self._fini = asyncio.Event()
        self._a_relire = False
        # What the receiver has put off: since when it was last asked to write it down, what was wrong then.
        self._regle_le = time.monotonic()
        self._souci_regle: str | None = None

    @property
    def souci(self) -> str | None:
        """See the class."""
        return self._regard.souci or self._souci_lot or self._souci_regle

    @property
    def sans_courtier(self) -> bool:
        """Whether nobody listens where the broker should be."""
        return self._regard.injoignable

    @property
    def battements(self) -> int:
        """See ``Lecteur`` of the watchdog."""
        return self._regard.battements

    def reseek(self) -> None:
        """Ask the receiver again where to read from. From any thread."""
        self._a_relire = True

    def progress(self) -> list[EtatVoie]:
        """The partitions that are read now."""
        return [v.state(tenue=not self.recepteur.ready(v.tp.partition)) for v in self._voies]

    def share(self, partitions: Sequence[int]) -> None:
        """See ``Partageable.share``."""
        self._voies.replace(partitions)

    async def revoke(self, partitions: Sequence[int]) -> None:
        """See ``Partageable.revoke``. The batch under way ends first, if it can in time: its watermark guards it."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._verrou.acquire(), self._reglages.session_timeout_ms / 2_000)
            self._verrou.release()
        self._voies.replace(())
        await asyncio.to_thread(self.recepteur.revoked, partitions)

    async def on_stop(self) -> None:
        """Let the batch under way end."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._fini.wait(), _FIN_DE_LOT)

    @Service.task
    async def _live(self) -> None:
        echecs = 0
        try:
            while not self.should_stop:
                try:
                    await self._open()
                    echecs = 0
                    await self._read()
                except KafkaError as erreur:
                    echecs += 1
                    self._regard.fail(erreur)
                    _LOG.warning("lecture reprise plus tard", extra={"sujet": self.sujet, "cause": name_error(erreur)})
                    await self.sleep(min(5.0, 0.25 * 2 ** min(echecs, 10)))
                finally:
                    await self._close()
        except Arret as arret:
            self.arret = str(arret)
            self.recepteur.stopped(self.arret)
            _LOG.error("lecture arrêtée : %s", arret, extra={"sujet": self.sujet})
        finally:
            self._fini.set()

    async def _open(self) -> None:
        self._consommateur = new_consumer(self._courtier, self._reglages, self._groupe)
        await self._consommateur.start()
        await self._wait_for_topic()
        if self._groupe:
            self._consommateur.subscribe([self.sujet], listener=Partage(self))
        else:
            self.share(self._partitions)
            self._consommateur.assign([v.tp for v in self._voies])

    async def _wait_for_topic(self) -> None:
        """The client would learn only minutes later that a topic has come."""
        while self.sujet not in await self._consommateur.topics() and not self.should_stop:
            self._regard.souci = f"le topic {self.sujet} n'existe pas : le créer par « ecluse topics create »"
            await self.sleep(_MESURE)
        self._regard.open()

    async def _close(self) -> None:
        consommateur, self._consommateur = self._consommateur, None
        if consommateur is not None:
            await close_consumer(consommateur)
        self._voies.replace(())

    async def _read(self) -> None:
        while not self.should_stop:
            if self._regard.absent:
                raise UnknownTopicOrPartitionError(self.sujet)
            if self._regard.sourd:
                raise KafkaTimeoutError("le client n'entend plus rien, il est rouvert")
            await self._place()
            await self._settle()
            pretes = [v for v in self._voies.placed() if v.due and self.recepteur.ready(v.tp.partition)]
            if not pretes:
                await self.sleep(_ECOUTE_MS / 4_000)
                continue
            lots = await self._fetch(pretes)
            for voie in pretes:
                if lots.get(voie.tp) and self._voies.holds(voie) and not self.should_stop:
                    await self._apply(voie, lots[voie.tp])

    async def _fetch(self, voies: Sequence[Voie]) -> dict[Any, list[Message]]:
        try:
            lots: dict[Any, list[Message]] = await self._consommateur.getmany(
                *(v.tp for v in voies), timeout_ms=_ECOUTE_MS, max_records=self._lot_max
            )
        except OffsetOutOfRangeError:
            # Read again where the watermark is: placing it tells whether the topic still holds that place.
            self._forget(voies)
            return {}
        except RecordTooLargeError as erreur:
            raise Arret(
                f"{self.sujet} tient un enregistrement que ce programme ne peut pas lire ({erreur}) : "
                "augmenter la taille lue, rien n'a été sauté"
            ) from erreur
        return lots

    def _forget(self, voies: Iterable[Voie]) -> None:
        for voie in voies:
            voie.place = None

    async def _apply(self, voie: Voie, records: Sequence[Message]) -> None:
        debut = time.monotonic()
        try:
            async with self._verrou:
                await asyncio.to_thread(self.recepteur.apply, voie.tp.partition, records)
        except Arret:
            raise
        except Devance as devance:
            self._fence(devance, [voie])
        except Exception as erreur:
            self.compteurs.reprises += 1
            attente = voie.fail()
            self._souci_lot = f"{self.sujet}/{voie.tp.partition} : {name_error(erreur)}"
            detail = _LOG.isEnabledFor(logging.DEBUG)
            _LOG.warning("lot à reprendre dans %.1f s : %s", attente, self._souci_lot, exc_info=detail)
            self._seek(voie)
        else:
            self.compteurs.lots += 1
            self.compteurs.durees.observe(time.monotonic() - debut)
            self._souci_lot = None
            voie.move(records[-1].offset + 1, records[-1].timestamp)

    async def _settle(self) -> None:
        if time.monotonic() - self._regle_le < _MESURE:
            return
        self._regle_le = time.monotonic()
        try:
            async with self._verrou:
                await asyncio.to_thread(self.recepteur.settle)
            self._souci_regle = None
        except Arret:
            raise
        except Devance as devance:
            self._fence(devance, self._voies)
        except Exception as erreur:
            souci = f"{self.sujet} : repères non écrits pour l'instant ({name_error(erreur)})"
            if souci != self._souci_regle:
                _LOG.warning("%s", souci)
            self._souci_regle = souci

    def _fence(self, devance: Devance, voies: Iterable[Voie]) -> None:
        self.compteurs.devances += 1
        self._forget(voies)
        _LOG.warning("repère déplacé par un autre : %s", devance)

    def _seek(self, voie: Voie) -> None:
        # Taken back in between: whoever has the partition now reads its own watermark.
        with contextlib.suppress(IllegalStateError):
            self._consommateur.seek(voie.tp, voie.place)

    async def _place(self) -> None:
        """Read the watermarks that are not known yet, and begin there."""
        if self._a_relire:
            self._a_relire = False
            self._forget(self._voies)
        voies = self._voies.lost()
        if not voies:
            return
        try:
            debuts = await asyncio.wait_for(self._consommateur.beginning_offsets([v.tp for v in voies]), _REPONSE)
            async with self._verrou:
                places = await asyncio.to_thread(self.recepteur.assigned, [v.tp.partition for v in voies])
            # After the watermark: what another process reads meanwhile lies within.
            fins = await asyncio.wait_for(self._consommateur.end_offsets([v.tp for v in voies]), _REPONSE)
        except Arret:
            raise
        except Exception as erreur:
            for voie in voies:
                voie.fail()
            self._souci_lot = f"{self.sujet} : repère illisible pour l'instant ({name_error(erreur)})"
            _LOG.warning("repères relus plus tard", extra={"sujet": self.sujet, "cause": name_error(erreur)})
            return
        for voie in voies:
            if self._voies.holds(voie):
                self._begin(voie, places.get(voie.tp.partition), debuts[voie.tp], fins[voie.tp])

    def _begin(self, voie: Voie, place: int | None, debut: int, fin: int) -> None:
        if place is None:
            place = max(debut, fin - 1) if self.recepteur.recent else debut
        if not debut <= place <= fin:
            voie.hors_bornes += 1
            if voie.hors_bornes < _HORS_BORNES_ADMIS:
                voie.fail()
                return
            raise Arret(out_of_bounds(voie, place, debut, fin, self.recepteur))
        voie.move(place)
        voie.fin = fin
        self._souci_lot = None
        self._seek(voie)

    @Service.task
    async def _measure(self) -> None:
        while not self.should_stop and not self._fini.is_set():
            await self.sleep(_MESURE)
            await self._regard.look(self._consommateur)

    @Service.task
    async def _recognise(self) -> None:
        """A topic that was deleted and made again, then filled beyond our places, would be read on as the same one."""
        while not self.should_stop and not self._fini.is_set():
            await self.sleep(_IDENTITE)
            if self._regard.souci is None and not await asyncio.to_thread(self.recepteur.recognises):
                self.reseek()
