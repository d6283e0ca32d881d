"""Leads that fail one after the other: they use up no epoch, and whoever follows the log goes on."""

from dataclasses import replace
from pathlib import Path
from typing import Final

from kafka.admin import ConfigResource, ConfigResourceType
from sqlalchemy import select

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


def limit(journal: Journal, octets: int) -> None:
    """From now on the broker takes no larger batch."""
    with journal.kafka.admin() as admin:
        reglages = {"max.message.bytes": str(octets)}
        admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, journal.sujet, reglages)])


def epochs(journal: Journal) -> list[int]:
    with journal.moteur.connect() as connexion:
        return list(connexion.execute(select(EPOQUE.c.numero).order_by(EPOQUE.c.numero)).scalars())


def fail_leads(journal: Journal) -> None:
    """More leads in a row than a lineage holds, whose opening the broker refuses; then one that it takes."""
    limit(journal, 100)
    with journal.publisher(SANS_ATTENDRE) as publieur:
        eventually(lambda: journal.confirmed() and publieur.mesures.reprises > LIGNEE_MAX + 5)
        limit(journal, JOURNAUX["contacts"].octets_max)
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
