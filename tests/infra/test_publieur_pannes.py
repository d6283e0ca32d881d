"""The publisher under faults: what is committed reaches the topic, and only what continues it is published."""

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace

import pytest
from sqlalchemy import select, text

from shared.base import open_postgres
from shared.bus.admin import Administration
from shared.bus.attribution import Attribution, read_unconfirmed
from shared.bus.emetteur import Emetteur
from shared.bus.fil import EpoqueDuJournal, Ligne
from shared.bus.mandat import MesuresPublieur
from shared.bus.sujets import JOURNAUX
from shared.pannes import POINTS, VARIABLE
from shared.runtime.journal import EPOQUE, take_lead
from tests.infra.postgres import Postgres
from tests.infra.processus import DELAI
from tests.infra.publication import VITE, Journal, dossiers
from tests.maisons import eventually

POINTS_DU_PUBLIEUR = sorted(p for p in POINTS if p.startswith("publieur."))


def run_publisher(journal: Journal, panne: str) -> int:
    """A publisher in a process of its own, until all is confirmed or a crash point kills it; its exit code."""
    lignes = journal.committed()
    url = str(journal.moteur.url).replace("+psycopg", "")
    mots = [url, journal.kafka.adresse, journal.courtier.prefixe, str(lignes)]
    return subprocess.run(
        [sys.executable, "-m", "tests.infra.programme_publieur", *mots],
        env={**os.environ, VARIABLE: panne},
        check=False,
        timeout=2 * DELAI,
    ).returncode


def test_the_crash_points_of_the_publisher_are_known() -> None:
    assert len(POINTS_DU_PUBLIEUR) == 4


@pytest.mark.parametrize("point", POINTS_DU_PUBLIEUR)
def test_every_committed_row_reaches_the_topic_after_a_kill_at_each_point(journal: Journal, point: str) -> None:
    journal.append(dossiers(90))
    for passage in (1, 3):
        assert run_publisher(journal, f"{point}:{passage}") == -9
        journal.append(dossiers(30))
    assert run_publisher(journal, "") == 0
    assert len(journal.check()) == 150
    assert {r.epoque for r in journal.records()} == {1, 2, 3}


def test_a_broker_that_stops_and_comes_back_gets_everything(journal: Journal) -> None:
    with journal.publisher() as publieur:
        journal.append(dossiers(100))
        journal.wait_published()
        journal.kafka.kill()
        try:
            journal.append(dossiers(100))
            eventually(lambda: publieur.mesures.retard.plus_ancien)
        finally:
            journal.kafka.start()
        journal.append(dossiers(100))
        journal.wait_published()
        eventually(lambda: publieur.mesures.retard.plus_ancien is None)
    assert len(journal.check()) == 300


def test_a_delivery_that_expires_starts_a_new_epoch_from_what_was_confirmed(journal: Journal) -> None:
    with journal.publisher(replace(VITE, delai_ms=1_000)) as publieur:
        journal.append(dossiers(100))
        journal.wait_published()
        # A slow start may have had its own.
        reprises, epoque = publieur.mesures.reprises, publieur.mesures.epoque
        journal.kafka.pause()
        try:
            journal.append(dossiers(100))
            eventually(lambda: publieur.mesures.reprises > reprises)
            assert publieur.mesures.confirme == 100
        finally:
            journal.kafka.resume()
        journal.wait_published()
        assert publieur.mesures.epoque > epoque
    assert len(journal.check()) == 200


def test_openings_that_the_broker_refuses_use_up_one_epoch_whoever_tries(journal: Journal) -> None:
    journal.append(dossiers(10))
    journal.publish()
    journal.limit(100)
    with journal.publisher() as un, journal.publisher() as deux:
        eventually(lambda: un.mesures.reprises and deux.mesures.reprises)
        eventually(lambda: un.mesures.reprises + deux.mesures.reprises > 4)
        journal.limit(JOURNAUX["contacts"].octets_max)
        journal.append(dossiers(10))
        journal.wait_published()
    assert len(journal.check()) == 20
    assert {r.epoque for r in journal.records()} == {1, 2}


def test_a_refused_delivery_is_sent_again_in_a_new_epoch_once_the_broker_takes_it(journal: Journal) -> None:
    with journal.publisher() as publieur:
        journal.append(dossiers(10))
        journal.wait_published()
        journal.limit(100)
        journal.append(dossiers(300))
        eventually(lambda: publieur.mesures.reprises > 1)
        assert journal.confirmed() < 310
        journal.limit(JOURNAUX["contacts"].octets_max)
        journal.wait_published()
        assert publieur.mesures.epoque > 1
    assert len(journal.check()) == 310


def test_a_database_that_restarts_loses_nothing(journal: Journal, postgres: Postgres) -> None:
    with journal.publisher() as publieur:
        journal.append(dossiers(100))
        journal.wait_published()
        postgres.kill()
        postgres.start()
        journal.moteur.dispose()
        journal.append(dossiers(100))
        journal.wait_published()
        assert publieur.mesures.reprises >= 1
    assert len(journal.check()) == 200


def stopped(journal: Journal, **mots: object) -> MesuresPublieur:
    """What a publisher shows once it has stopped for a person to judge."""
    with journal.publisher(**mots) as publieur:  # type: ignore[arg-type]  # names of the same arguments
        eventually(lambda: publieur.mesures.arret)
        assert not publieur.mesures.meneur
        return replace(publieur.mesures)


def delete(journal: Journal) -> None:
    journal.kafka.delete_topics(journal.sujet)
    eventually(lambda: not journal.kafka.topics(journal.sujet))


def recreate(journal: Journal) -> None:
    delete(journal)
    with Administration(journal.courtier) as administration:
        administration.create([JOURNAUX["contacts"]])


def test_a_topic_that_was_recreated_is_noticed_and_gets_nothing(journal: Journal) -> None:
    journal.append(dossiers(20))
    journal.publish()
    recreate(journal)
    journal.append(dossiers(20))
    mesures = stopped(journal)
    assert "a été recréé" in (mesures.arret or "")
    assert mesures.retard.attente == 20
    assert journal.records() == []
    assert journal.confirmed() == 20


def test_a_topic_that_is_recreated_under_a_leader_is_noticed(journal: Journal) -> None:
    with journal.publisher(replace(VITE, verification=0.1)) as publieur:
        journal.append(dossiers(20))
        journal.wait_published()
        recreate(journal)
        eventually(lambda: "a été recréé" in (publieur.mesures.arret or ""))
    assert journal.records() == []


def test_a_topic_that_is_absent_is_told_and_published_to_once_it_exists(journal: Journal) -> None:
    delete(journal)
    journal.append(dossiers(20))
    with journal.publisher() as publieur:
        eventually(lambda: "ecluse topics create" in (publieur.mesures.arret or ""))
        journal.create_topics()
        journal.wait_published()
        assert publieur.mesures.arret is None
    assert len(journal.check()) == 20


@pytest.mark.parametrize("reprise", [True, False], ids=["after a restart", "in the same epoch"])
def test_a_database_restored_from_an_older_copy_is_noticed_and_publishes_nothing(
    journal: Journal, postgres: Postgres, reprise: bool
) -> None:
    origine = str(journal.moteur.url)
    journal.append(dossiers(40))
    journal.publish()
    journal.moteur.dispose()
    copie = postgres.create_database("copie", modele=origine)
    restauree = open_postgres(copie, ecriture=True)
    with restauree.begin() as connexion:
        if not reprise:
            # As it was when its epoch had only begun.
            connexion.execute(text("DELETE FROM journal"))
            connexion.execute(text("UPDATE publieur SET assigne = 0, confirme = 0, tetes = (SELECT tetes FROM epoque)"))
        journal.write(connexion, dossiers(20))
    if reprise:
        journal.append(dossiers(40))
        journal.publish()
    avant = journal.records()
    mesures = stopped(journal, moteur=restauree)
    restauree.dispose()
    postgres.drop_database(copie)
    assert "ancienne copie de la base" in (mesures.arret or "")
    assert journal.records() == avant


def test_a_topic_that_lost_its_tail_is_noticed_whatever_record_is_its_last(journal: Journal) -> None:
    journal.append(dossiers(20))
    journal.publish()
    # As after a tail that the broker lost with the opening of the epoch in it: the last records left are older.
    journal.append(dossiers(20))
    with journal.moteur.begin() as connexion:
        attribution = Attribution("contacts", take_lead(connexion, "contacts", "d" * 32).epoque)
        attribution.confirm(connexion, attribution.assign(connexion).tete)
    avant = journal.records()
    assert "Kafka a perdu des enregistrements" in (stopped(journal).arret or "")
    assert journal.records() == avant


def test_openings_and_late_deliveries_after_what_is_acknowledged_lose_nothing(journal: Journal) -> None:
    journal.append(dossiers(40))
    journal.publish()
    for _ in range(12):
        journal.publish()
    with journal.moteur.connect() as connexion:
        marque = connexion.execute(select(EPOQUE.c.marque).where(EPOQUE.c.numero == 1)).scalar_one()
        lignes = read_unconfirmed(connexion, 0, 5)
    journal.boucle.run(send(journal, lignes, EpoqueDuJournal(1, marque)))
    journal.append(dossiers(20))
    journal.publish()
    assert len(journal.check()) == 60


async def send(journal: Journal, lignes: Sequence[Ligne], epoque: EpoqueDuJournal) -> None:
    """As a publisher that leads no more and whose delivery comes late."""
    emetteur = Emetteur(journal.courtier, "contacts", VITE.delai_ms)
    await emetteur.start()
    await emetteur.send(lignes, epoque.encode())
    await emetteur.stop()
