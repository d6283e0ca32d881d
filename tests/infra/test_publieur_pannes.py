"""The publisher under faults: what is committed reaches the topic, and only what continues it is published."""

import os
import subprocess
import sys
from dataclasses import replace

import pytest
from kafka.admin import ConfigResource, ConfigResourceType
from sqlalchemy import text

from shared.base import open_postgres
from shared.bus.admin import Administration
from shared.bus.mandat import MesuresPublieur
from shared.bus.sujets import JOURNAUX
from shared.pannes import POINTS, VARIABLE
from tests.infra.postgres import Postgres
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
        timeout=120,
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
        journal.kafka.pause()
        try:
            journal.append(dossiers(100))
            eventually(lambda: publieur.mesures.reprises)
            assert publieur.mesures.confirme == 100
        finally:
            journal.kafka.resume()
        journal.wait_published()
        assert publieur.mesures.epoque > 1
    assert len(journal.check()) == 200


def test_a_refused_delivery_is_sent_again_in_a_new_epoch_once_the_broker_takes_it(journal: Journal) -> None:
    def limit(octets: str) -> None:
        with journal.kafka.admin() as admin:
            admin.alter_configs(
                [ConfigResource(ConfigResourceType.TOPIC, journal.sujet, {"max.message.bytes": octets})]
            )

    with journal.publisher() as publieur:
        journal.append(dossiers(10))
        journal.wait_published()
        limit("100")
        journal.append(dossiers(300))
        eventually(lambda: publieur.mesures.reprises > 1)
        assert journal.confirmed() < 310
        limit(str(JOURNAUX["contacts"].octets_max))
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
