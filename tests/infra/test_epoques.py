"""Leads that fail one after the other: no epoch is used up, whoever follows goes on, and the watchdog sees them."""

from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest
from sqlalchemy import select

from shared.bus.gardien import CODE_IMMOBILE, Gardien
from shared.bus.lancement import launcher
from shared.bus.reglages import ReglagesLecture
from shared.bus.sujets import JOURNAUX
from shared.events.journal import LIGNEE_MAX
from shared.reglages import Reglages
from shared.runtime.journal import EPOQUE
from tests.infra.publication import VITE, Journal, dossiers
from tests.infra.suivi import follow
from tests.maisons import eventually

SANS_ATTENDRE: Final = replace(VITE, reprise=0.01)


def epochs(journal: Journal) -> list[int]:
    with journal.moteur.connect() as connexion:
        return list(connexion.execute(select(EPOQUE.c.numero).order_by(EPOQUE.c.numero)).scalars())


def fail_leads(journal: Journal) -> None:
    """More leads in a row than a lineage holds, whose opening the broker refuses; then one that it takes."""
    journal.limit(100)
    with journal.publisher(SANS_ATTENDRE) as publieur:
        eventually(lambda: journal.confirmed() and publieur.mesures.reprises > LIGNEE_MAX + 5)
        journal.limit(JOURNAUX["contacts"].octets_max)
        journal.append(dossiers(20))
        journal.wait_published()


def test_more_failed_leads_than_a_lineage_holds_use_up_one_epoch_and_consumers_go_on(
    journal: Journal, tmp_path: Path
) -> None:
    lance = launcher(journal.courtier, ReglagesLecture(), journal.boucle.boucle)
    present, revenu = Reglages(tmp_path / "present"), Reglages(tmp_path / "revenu")
    for reglages in (present, revenu):
        reglages.dossier.mkdir()
    journal.append(dossiers(20))
    journal.publish()
    with follow("contacts", revenu, lance) as suivi:
        suivi.wait_for(range(1, 21))
    with follow("contacts", present, lance) as suivi:
        suivi.wait_for(range(1, 21))
        fail_leads(journal)
        suivi.wait_for(range(1, 41))
        assert suivi.arret is None
    assert epochs(journal) == [1, 2]
    with follow("contacts", revenu, lance) as suivi:
        suivi.wait_for(range(21, 41))
        assert suivi.arret is None
    assert len(journal.check()) == 40


def test_a_publication_that_makes_no_progress_ends_the_process_to_be_started_again(
    journal: Journal, caplog: pytest.LogCaptureFixture
) -> None:
    codes: list[int] = []
    journal.append(dossiers(20))
    journal.publish()
    journal.limit(100)
    journal.append(dossiers(20))
    with journal.publisher() as publieur:
        gardien = Gardien([], 10.0, codes.append, [publieur])
        gardien.start()
        eventually(lambda: journal.confirmed() and codes == [CODE_IMMOBILE])
    assert f"la publication dans {journal.sujet}, arrêtée à la position 20, n'avance plus" in caplog.text


def test_a_publication_that_its_broker_keeps_waiting_is_left_to_wait(journal: Journal) -> None:
    journal.append(dossiers(20))
    journal.publish()
    journal.kafka.kill()
    try:
        journal.append(dossiers(20))
        with journal.publisher() as publieur:
            eventually(lambda: journal.confirmed() and publieur.mesures.retard.plus_ancien)
            # It is not seated for a moment, when the lock that it gave up is freed late.
            eventually(lambda: publieur.moving().keys() > {f"le publieur de {journal.sujet}"})
            gardien = Gardien([], 60.0, lambda _: None, [publieur])
            assert all(gardien.look() is None for _ in range(60))
    finally:
        journal.kafka.start()
    journal.publish()
    assert len(journal.check()) == 40


def test_a_publisher_in_reserve_has_nothing_to_move(journal: Journal) -> None:
    with journal.publisher() as meneur:
        eventually(lambda: journal.committed() == 0 and meneur.mesures.meneur)
        with journal.publisher() as reserve:
            journal.append(dossiers(20))
            journal.wait_published()
            assert reserve.moving().keys() == {f"le publieur de {journal.sujet}"}
