"""The servers that tests start are real: other people's clients get their answers from them."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from threading import Thread

import psycopg
import pytest

from tests.donnees import RACINE
from tests.infra import jars, postgres
from tests.infra.clients import kcat, psql, redis_cli
from tests.infra.fixtures import launch
from tests.infra.kafka import Kafka
from tests.infra.postgres import Postgres
from tests.infra.processus import DELAI, Serveur, ServeurAbsent, ServeurEnPanne, alive, descendants, state_of
from tests.infra.redis import Redis

NOMS = ["kafka", "postgres", "redis"]
# Starts two servers, says where they are, and dies without a word to them.
MEURT = """
import os, signal
from tests.infra.postgres import Postgres
from tests.infra.redis import Redis
serveurs = [Postgres(), Redis()]
for serveur in serveurs:
    serveur.start()
    print(serveur.pid, serveur.dossier, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture(params=NOMS)
def serveur(request: pytest.FixtureRequest) -> Iterator[Serveur]:
    """Each of the servers; whatever the test did to it, it runs again afterwards."""
    trouve = request.getfixturevalue(request.param)
    assert isinstance(trouve, Serveur)
    yield trouve
    trouve.resume()
    trouve.start()


def write(serveur: Serveur) -> Callable[[], str]:
    """Have a server keep the word ``gardé``, and how to read it back, all with other people's clients."""
    match serveur:
        case Postgres():
            url = serveur.create_database("gardee")
            psql(url, "CREATE TABLE essai AS SELECT 'gardé' AS mot")
            return lambda: psql(url, "SELECT mot FROM essai")
        case Redis():
            redis_cli(serveur, "SET", "essai", "gardé")
            return lambda: redis_cli(serveur, "GET", "essai")
        case Kafka():
            topic = f"garde.{time.monotonic_ns()}"
            with serveur.admin() as client:
                client.create_topics({topic: {"num_partitions": 1, "replication_factor": 1}})
            kcat(serveur, "-P", "-t", topic, entree="gardé\n".encode())
            return lambda: kcat(serveur, "-C", "-t", topic, "-e", "-o", "beginning")
    raise AssertionError(serveur)


def wait_gone(pids: Iterable[int]) -> None:
    """Wait until none of these processes is left."""
    fin = time.monotonic() + DELAI
    for pid in pids:
        while alive(pid):
            assert time.monotonic() < fin, f"le processus {pid} vit encore"
            time.sleep(0.02)


def test_a_restart_keeps_the_data_and_the_port(serveur: Serveur) -> None:
    read, port = write(serveur), serveur.port
    serveur.restart()
    assert (read(), serveur.port) == ("gardé", port)


def test_a_kill_leaves_no_process_and_loses_nothing_acknowledged(serveur: Serveur) -> None:
    read = write(serveur)
    famille = [serveur.pid, *descendants(serveur.pid)]
    serveur.kill()
    assert not serveur.running
    assert not [pid for pid in famille if alive(pid)]
    serveur.start()
    assert read() == "gardé"


def test_a_stop_leaves_no_process(postgres: Postgres) -> None:
    famille = [postgres.pid, *descendants(postgres.pid)]
    assert len(famille) > 3
    postgres.stop()
    assert not [pid for pid in famille if alive(pid)]
    postgres.start()


def test_a_paused_server_is_frozen_with_all_its_processes_until_it_goes_on(serveur: Serveur) -> None:
    famille = [serveur.pid, *descendants(serveur.pid)]
    serveur.pause()
    # A process that ended just before, and that a frozen parent has not read yet.
    fini = {"Z"}
    assert {etat[0] for etat in map(state_of, famille) if etat} - fini == {"T"}
    serveur.resume()
    # A server that was held for long may first have to find its place again.
    serveur._wait_ready()


def test_a_paused_server_can_be_stopped(redis: Redis) -> None:
    redis.pause()
    redis.stop()
    assert not redis.running
    redis.start()


def test_a_server_outlives_the_thread_that_started_it(redis: Redis) -> None:
    fil = Thread(target=redis.restart)
    fil.start()
    fil.join()
    redis.ask()
    assert redis.running


@pytest.mark.usefixtures("postgres", "redis")
def test_servers_die_with_the_tests_that_started_them() -> None:
    fin = subprocess.run([sys.executable, "-c", MEURT], cwd=RACINE, capture_output=True, text=True, timeout=DELAI)
    lignes = [ligne.split() for ligne in fin.stdout.splitlines()]
    assert len(lignes) == 2, fin.stderr
    wait_gone(int(pid) for pid, _ in lignes)
    for _, dossier in lignes:
        shutil.rmtree(dossier)


@pytest.mark.usefixtures("redis")
def test_a_server_that_cannot_start_says_why() -> None:
    autre = Redis()
    with socket.socket() as occupant:
        occupant.bind(("127.0.0.1", autre.port))
        with pytest.raises(ServeurEnPanne, match="Address already in use"), autre:
            pass
    assert not autre.dossier.exists()


def test_each_new_database_is_empty_and_its_own(nouvelle_base: Callable[[str], str]) -> None:
    une, autre = nouvelle_base("contacts"), nouvelle_base("contacts")
    psql(une, "CREATE TABLE essai (mot text)")
    assert psql(autre, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == "0"


def test_a_database_can_be_copied_from_another(postgres: Postgres, nouvelle_base: Callable[[str], str]) -> None:
    modele = nouvelle_base("modele")
    psql(modele, "CREATE TABLE essai AS SELECT 7 AS nombre")
    copie = postgres.create_database("copie", modele)
    assert psql(copie, "SELECT nombre FROM essai") == "7"
    postgres.drop_database(copie)


def test_databases_sort_text_as_people_do_and_not_as_bytes(nouvelle_base: Callable[[str], str]) -> None:
    assert (
        psql(nouvelle_base("tri"), "SELECT string_agg(x, '' ORDER BY x) FROM unnest('{b,é,F,a}'::text[]) x") == "abéF"
    )


def test_connections_can_be_cut(postgres: Postgres, nouvelle_base: Callable[[str], str]) -> None:
    url = nouvelle_base("coupee")
    with psycopg.connect(url) as lien:
        assert postgres.terminate_backends(url) == 1
        with pytest.raises(psycopg.OperationalError):
            lien.execute("SELECT 1")


def test_topics_are_made_on_purpose_only(kafka: Kafka, prefixe: str) -> None:
    with pytest.raises(AssertionError, match=r"(?i)unknown topic"):
        kcat(kafka, "-C", "-t", f"{prefixe}.inconnu.v1", "-e")
    assert kafka.topics(prefixe) == []


def test_a_group_may_be_told_after_six_seconds_that_a_member_is_lost(kafka: Kafka, prefixe: str) -> None:
    topic = f"{prefixe}.essai.v1"
    with kafka.admin() as client:
        client.create_topics({topic: {"num_partitions": 1, "replication_factor": 1}})
    kcat(kafka, "-P", "-t", topic, entree=b"un\n")
    reglages = ("-X", "session.timeout.ms=6000", "-X", "auto.offset.reset=earliest", "-c", "1")
    assert kcat(kafka, *reglages, "-G", f"{prefixe}.groupe", topic) == "un"


def test_what_is_missing_is_named_with_the_way_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(postgres, "PROGRAMMES", tmp_path)
    for fabrique, remede in (
        (Redis, "apt-get install redis-server"),
        (Postgres, "apt-get install postgresql"),
        (Kafka, "apt-get install openjdk-17-jre-headless"),
        (jars.kafka_jars, "apt-get install maven, puis make serveurs"),
    ):
        with pytest.raises(ServeurAbsent, match=remede):
            fabrique()


@pytest.mark.parametrize(
    ("ci", "fin"), [("", pytest.skip.Exception), ("true", pytest.fail.Exception)], ids=["laptop", "CI"]
)
def test_a_missing_server_skips_on_a_laptop_and_fails_in_ci(
    ci: str, fin: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing() -> Serveur:
        raise ServeurAbsent("Redis absent : apt-get install redis-server")

    monkeypatch.setenv("CI", ci)
    with pytest.raises(fin, match="Redis absent"):
        next(iter(launch(missing)))


def test_a_laptop_without_a_server_is_told_so_in_one_line(tmp_path: Path) -> None:
    commande = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "no:cacheprovider",
        __file__,
        "-k",
        "paused_server_can or outlives",
    ]
    environ = {**os.environ, "PATH": str(tmp_path), "CI": ""}
    fin = subprocess.run(commande, cwd=RACINE, env=environ, capture_output=True, text=True, timeout=DELAI, check=False)
    lignes = [ligne for ligne in fin.stdout.splitlines() if ligne.startswith("SKIPPED")]
    assert lignes == ["SKIPPED [2] tests/infra:0: Redis absent : apt-get install redis-server"], fin.stdout


@pytest.mark.usefixtures("redis")
def test_no_folder_of_a_server_is_left_behind() -> None:
    serveur = Redis()
    with serveur:
        assert serveur.journal.exists()
    assert not os.path.lexists(serveur.dossier)
