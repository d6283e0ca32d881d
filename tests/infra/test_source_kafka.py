"""The log of a service on a real Kafka, as the consumer of the indicators follows it."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
from aiokafka import AIOKafkaProducer

from shared.bus import source as module_source
from shared.bus.admin import Administration
from shared.bus.courtier import Courtier
from shared.bus.fil import Envoi, EpoqueDuJournal, Ligne, write_opening, write_record, write_tick
from shared.bus.lancement import Lancement, launcher
from shared.bus.reglages import ReglagesLecture
from shared.bus.sujets import JOURNAUX, TICS
from shared.events.journal import Maillon, TicPublie
from shared.reglages import PARTITIONS, Reglages, read_clock
from shared.temps import SECONDE
from tests.infra.kafka import Kafka
from tests.infra.lectures import Boucle, event_loop
from tests.infra.suivi import TYPE, Suivi, follow
from tests.maisons import eventually

NOM: Final = "production"
DOUZE: Final = range(12)


class Plume:
    """Writes to the topics of a log whatever a test wants to find there."""

    def __init__(self, boucle: Boucle, courtier: Courtier) -> None:
        self._boucle = boucle
        self._courtier = courtier
        self._tetes = [0] * PARTITIONS
        self._lignes: dict[int, Ligne] = {}
        self._epoques: list[Maillon] = []
        self._producteur = boucle.run(self._open())

    def close(self) -> None:
        """Close the client."""
        self._boucle.run(self._producteur.stop())

    @property
    def tete(self) -> int:
        """The last position given."""
        return len(self._lignes)

    def open_epoch(self, marque: str, numero: int | None = None, depuis: int | None = None) -> None:
        """Start an epoch, as a publisher that takes the lead does."""
        maillon = Maillon(numero or len(self._epoques) + 1, marque, self.tete if depuis is None else depuis)
        self._epoques = [m for m in self._epoques if m.numero < maillon.numero] + [maillon]
        for partition in range(PARTITIONS):
            self._put(JOURNAUX[NOM].nom(self._courtier.prefixe), partition, write_opening(NOM, *self._now(), 1))

    def assign(self, *partitions: int) -> list[int]:
        """Give the next positions to rows of these partitions; nothing is sent yet."""
        for partition in partitions:
            position = self.tete + 1
            self._lignes[position] = Ligne(
                partition, position, self._tetes[partition], "091|D-1", TYPE, b"{}", 10**9 + position, None
            )
            self._tetes[partition] = position
        return list(range(self.tete - len(partitions) + 1, self.tete + 1))

    def send(self, *positions: int, epoque: str | None = None) -> None:
        """Send rows, in this order, in the newest epoch or as a publisher of an older one."""
        for position in positions:
            ligne = self._lignes[position]
            maillon = next(m for m in reversed(self._epoques) if epoque in (None, m.marque))
            envoi = write_record(ligne, EpoqueDuJournal(maillon.numero, maillon.marque).encode())
            self._put(JOURNAUX[NOM].nom(self._courtier.prefixe), ligne.partition, envoi)

    def tick(self, attente: int = 0, avance_s: int = 0, epoque: str | None = None) -> None:
        """Say where the log is now; in the voice of ``epoque``, by a clock that is ``avance_s`` ahead."""
        fin = next((rang for rang, m in enumerate(self._epoques, 1) if m.marque == epoque), None)
        lignee = self._epoques[:fin]
        instant = read_clock() + avance_s * SECONDE
        tic = TicPublie(
            lignee[-1].numero, lignee[-1].marque, instant, self.tete, tuple(self._tetes), attente, tuple(lignee)
        )
        self._put(TICS.nom(self._courtier.prefixe), 0, write_tick(NOM, tic))

    def _now(self) -> tuple[EpoqueDuJournal, list[Maillon]]:
        dernier = self._epoques[-1]
        return EpoqueDuJournal(dernier.numero, dernier.marque), self._epoques

    def _put(self, sujet: str, partition: int, envoi: Envoi) -> None:
        self._boucle.run(
            self._producteur.send_and_wait(
                sujet, envoi.valeur, key=envoi.cle, partition=partition, headers=envoi.entetes
            )
        )

    async def _open(self) -> Any:
        producteur = AIOKafkaProducer(**self._courtier.options())
        await producteur.start()
        return producteur


@dataclass
class Banc:
    """A log that a test writes, and the means to follow it."""

    plume: Plume
    reglages: Reglages
    lance: Lancement
    courtier: Courtier

    def follow(self) -> AbstractContextManager[Suivi]:
        """A consumer that goes on from the last checkpoint."""
        return follow(NOM, self.reglages, self.lance)

    def wait_current(self, suivi: Suivi, avance_s: int = 0) -> None:
        """Wait until a consumer is up to date, while the publisher goes on telling where the log is."""

        def is_current() -> bool:
            self.plume.tick(avance_s=avance_s)
            return suivi.consommateur.freshness().a_jour

        eventually(is_current)


@pytest.fixture
def banc(kafka: Kafka, prefixe: str, tmp_path: Path) -> Iterator[Banc]:
    """A log on topics of its own, its first epoch open."""
    courtier = Courtier((kafka.adresse,), prefixe)
    with Administration(courtier) as administration:
        administration.create([JOURNAUX[NOM], TICS])
    with event_loop() as boucle:
        plume = Plume(boucle, courtier)
        plume.open_epoch("E1")
        plume.tick()
        yield Banc(plume, Reglages(tmp_path), launcher(courtier, ReglagesLecture(), boucle.boucle), courtier)
        plume.close()


def test_records_of_all_partitions_are_applied_once_in_the_order_of_the_log(banc: Banc) -> None:
    positions = banc.plume.assign(3, 7, 3, 0, 11, 7, 7, 3)
    banc.plume.send(*positions)
    banc.plume.send(2, 5)
    banc.plume.tick()
    with banc.follow() as suivi:
        suivi.wait_for(positions)
        banc.wait_current(suivi)
        assert suivi.consommateur.freshness().dernier_evenement == 10**9 + 8


def test_a_log_with_rows_that_are_not_in_it_yet_is_not_up_to_date(banc: Banc) -> None:
    banc.plume.send(*banc.plume.assign(1))
    banc.plume.tick(attente=2)
    with banc.follow() as suivi:
        suivi.wait_for([1])
        assert not suivi.consommateur.freshness().a_jour
        banc.wait_current(suivi)


def test_what_a_deposed_publisher_still_sends_changes_nothing(banc: Banc) -> None:
    positions = banc.plume.assign(*[5] * 6)
    banc.plume.send(1, 2)
    banc.plume.open_epoch("E2", depuis=2)
    banc.plume.send(3)
    banc.plume.send(5, 6, epoque="E1")
    banc.plume.tick()
    with banc.follow() as suivi:
        suivi.wait_for([1, 2, 3])
        banc.plume.send(4, 5, 6)
        suivi.wait_for(positions)
        banc.wait_current(suivi)


def test_a_hole_is_told_and_never_jumped(banc: Banc, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module_source, "PATIENCE_TROU", 0.2)
    positions = banc.plume.assign(1, 2, 1, 4)
    banc.plume.send(1, 3, 4)
    banc.plume.tick()
    with banc.follow() as suivi:
        eventually(lambda: "la position 2 manque" in (suivi.consommateur.avances[NOM].trou or ""))
        assert suivi.releve.positions == [1]
        assert not suivi.consommateur.freshness().a_jour
        banc.plume.send(2)
        suivi.wait_for(positions)
        eventually(lambda: suivi.consommateur.avances[NOM].trou is None)


def test_a_consumer_goes_on_from_its_checkpoint(banc: Banc) -> None:
    banc.plume.send(*banc.plume.assign(1, 2, 3))
    banc.plume.tick()
    with banc.follow() as suivi:
        suivi.wait_for([1, 2, 3])
        dernier = suivi.consommateur.freshness().dernier_evenement
    with banc.follow() as suivi:
        banc.wait_current(suivi)
        assert suivi.releve.positions == []
        # The instant of the last event is known again, though nothing has come since.
        eventually(lambda: suivi.consommateur.freshness().dernier_evenement == dernier)
        banc.plume.send(*banc.plume.assign(3, 4))
        banc.plume.tick()
        suivi.wait_for([4, 5])


def test_records_that_came_and_were_not_applied_come_again(banc: Banc) -> None:
    banc.plume.send(*banc.plume.assign(*DOUZE))
    manquante, *suite = banc.plume.assign(3, *DOUZE, *DOUZE)
    banc.plume.send(*suite)
    banc.plume.tick()
    with banc.follow() as suivi:
        suivi.wait_for(range(1, 13))
        # All of them are here, held behind the one that is missing, when the checkpoint is taken.
        eventually(lambda: suivi.source.held == len(suite))
    banc.plume.send(manquante)
    with banc.follow() as suivi:
        suivi.wait_for(range(13, 38))


def test_a_publisher_that_goes_silent_is_noticed_whatever_its_clock_says(banc: Banc) -> None:
    banc.plume.send(*banc.plume.assign(1))
    banc.plume.tick(avance_s=3_600)
    with banc.follow() as suivi:
        suivi.wait_for([1])
        banc.wait_current(suivi, avance_s=3_600)
        eventually(lambda: not suivi.consommateur.freshness().a_jour)


def test_a_consumer_that_starts_again_hears_of_old_epochs_without_stopping(banc: Banc) -> None:
    banc.plume.send(*banc.plume.assign(1))
    banc.plume.tick()
    banc.plume.open_epoch("E2")
    banc.plume.tick()
    with banc.follow() as suivi:
        suivi.wait_for([1])
        banc.wait_current(suivi)
    banc.plume.tick(epoque="E1")
    with banc.follow() as suivi:
        # The last tick is of a deposed publisher, the next of the one that leads.
        eventually(lambda: suivi.consommateur.avances[NOM].tic is None and suivi.source.heard)
        assert suivi.arret is None
        banc.wait_current(suivi)
        assert suivi.arret is None


def test_a_publisher_of_a_restored_copy_stops_the_consumer(banc: Banc) -> None:
    banc.plume.send(*banc.plume.assign(1, 2, 3))
    banc.plume.tick()
    with banc.follow() as suivi:
        suivi.wait_for([1, 2, 3])
        banc.plume.open_epoch("COPIE", depuis=2)
        banc.plume.tick()
        assert "n'est pas la suite" in eventually(lambda: suivi.arret)
        banc.plume.send(*banc.plume.assign(1))
        assert not suivi.consommateur.freshness().a_jour
        assert suivi.releve.positions == [1, 2, 3]


def test_records_of_an_epoch_that_nobody_told_are_not_applied(banc: Banc, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module_source, "PATIENCE_EPOQUE", 0.2)
    positions = banc.plume.assign(1, 1)
    banc.plume.send(1)
    banc.plume.tick()
    with banc.follow() as suivi:
        suivi.wait_for([1])
        banc.plume._epoques.append(Maillon(2, "AILLEURS", 1))
        banc.plume.send(positions[1])
        assert "époque inconnue" in eventually(lambda: suivi.arret)
        assert suivi.releve.positions == [1]


def test_a_topic_that_was_created_again_stops_the_consumer(banc: Banc, kafka: Kafka) -> None:
    banc.plume.send(*banc.plume.assign(*DOUZE, *DOUZE))
    banc.plume.tick()
    with banc.follow() as suivi:
        suivi.wait_for(range(1, 25))
    kafka.delete_topics(JOURNAUX[NOM].nom(banc.courtier.prefixe))
    with Administration(banc.courtier) as administration:
        administration.create([JOURNAUX[NOM]])
    with banc.follow() as suivi:
        assert "recréé" in eventually(lambda: suivi.arret)


def test_the_log_can_be_read_again_from_its_beginning(banc: Banc) -> None:
    positions = banc.plume.assign(*[p % 12 for p in range(50)])
    banc.plume.send(*positions)
    banc.plume.tick()
    with banc.follow() as suivi:
        suivi.wait_for(positions)
        with suivi.source.reread() as relecture:
            lues: list[int] = []
            while len(lues) < 50:
                lues += [r.position for r in relecture.read(len(lues), 20, (TYPE,))]
        assert lues == positions
