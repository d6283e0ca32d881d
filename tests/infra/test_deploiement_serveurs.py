"""The settings that the deployment gives to PostgreSQL, Kafka and Redis, on the real servers."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import psycopg
import pytest
from kafka.admin import ConfigResource, ConfigResourceType
from psycopg import errors
from redis import Redis as ClientRedis
from redis.exceptions import AuthenticationError

from tests.deploiement import prepare, read_compose, resolve
from tests.donnees import RACINE
from tests.infra.fixtures import launch
from tests.infra.kafka import Kafka
from tests.infra.postgres import ROLE, Postgres
from tests.infra.redis import Redis

BASES: Final = ("contacts", "production", "recovery", "indicators")
# What a test broker cannot share with a container.
LOCAUX: Final = {"listeners", "advertised.listeners", "controller.quorum.voters", "log.dirs"}


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The services as Docker Compose understands them."""
    resolus: dict[str, Any] = resolve(prepare(tmp_path_factory.mktemp("reglages")))["services"]
    return resolus


@pytest.fixture(scope="module")
def grappe(services: dict[str, Any]) -> Iterator[Postgres]:
    """A cluster on which the script of the deployment has run, with the passwords of its settings."""
    for serveur in launch(Postgres):
        environ = {**os.environ, **services["postgres"]["environment"]}
        environ |= {"POSTGRES_USER": ROLE, "PGHOST": "127.0.0.1", "PGPORT": str(serveur.port)}
        script = RACINE / "deploy" / "postgres" / "bases.sh"
        subprocess.run([script], check=True, env=environ, capture_output=True)
        # The tests' cluster trusts everybody; from here on passwords are asked, as in a container.
        regles = serveur.dossier / "base" / "pg_hba.conf"
        regles.write_text(f"host all {ROLE} 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n")
        serveur.restart()
        yield serveur


def address(services: dict[str, Any], processus: str, grappe: Postgres) -> str:
    """The address that a process is given, on this cluster."""
    url: str = services[processus]["environment"]["ECLUSE_DATABASE_URL"]
    return url.replace("@postgres:5432/", f"@127.0.0.1:{grappe.port}/")


@pytest.mark.parametrize("service", BASES)
def test_the_container_of_migrations_brings_its_base_up_to_date_and_the_service_sees_it(
    service: str, services: dict[str, Any], grappe: Postgres
) -> None:
    def run(processus: str, *mots: str) -> str:
        environ = {**os.environ, "ECLUSE_DATABASE_URL": address(services, processus, grappe)}
        commande = [sys.executable, "-m", "ecluse", *mots]
        fin = subprocess.run(commande, env=environ, cwd=RACINE, capture_output=True, text=True, check=False)
        assert fin.returncode == 0, fin.stdout + fin.stderr
        return fin.stdout

    assert f"{service} : vide → " in run(f"migrations-{service}", *services[f"migrations-{service}"]["command"])
    run(f"{service}-worker", "migrations", "check", service)
    with psycopg.connect(address(services, f"{service}-worker", grappe)) as application:
        tables = application.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        assert len(tables) > 3
        for (table,), droit in product(tables, ("SELECT", "INSERT", "UPDATE", "DELETE")):
            tenu = application.execute("SELECT has_table_privilege(%s, %s)", [table, droit]).fetchone()
            assert tenu == (True,), f"{droit} {table}"


@pytest.mark.parametrize("service", BASES)
def test_migrations_make_tables_that_the_application_fills_and_cannot_change(
    service: str, services: dict[str, Any], grappe: Postgres
) -> None:
    with psycopg.connect(address(services, f"migrations-{service}", grappe)) as proprietaire:
        proprietaire.execute("CREATE TABLE essai (id bigserial PRIMARY KEY, texte text)")
    with psycopg.connect(address(services, f"{service}-worker", grappe), autocommit=True) as application:
        application.execute("INSERT INTO essai (texte) VALUES ('a')")
        application.execute("UPDATE essai SET texte = 'b'")
        assert application.execute("SELECT id, texte FROM essai").fetchall() == [(1, "b")]
        application.execute("DELETE FROM essai")
        for interdit in ("DROP TABLE essai", "ALTER TABLE essai ADD COLUMN x int", "CREATE TABLE autre (id int)",
                         "TRUNCATE essai", "CREATE SCHEMA autre"):  # fmt: skip
            with pytest.raises(errors.InsufficientPrivilege):
                application.execute(interdit.encode())


def test_no_service_enters_the_database_of_another(services: dict[str, Any], grappe: Postgres) -> None:
    for nom in BASES:
        for processus in (f"{nom}-api", f"migrations-{nom}"):
            url = urlsplit(address(services, processus, grappe))
            for autre in {*BASES, "postgres", "template1"} - {nom}:
                with pytest.raises(psycopg.OperationalError, match=r"permission denied|droit refusé") as refus:
                    psycopg.connect(url._replace(path=f"/{autre}").geturl()).close()
                assert autre in str(refus.value)


def test_a_wrong_password_opens_nothing(services: dict[str, Any], grappe: Postgres) -> None:
    juste = address(services, "contacts-api", grappe)
    faux = urlsplit(juste)._replace(netloc=f"contacts_application:faux@127.0.0.1:{grappe.port}").geturl()
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(faux).close()
    psycopg.connect(juste).close()


def test_a_base_restored_as_the_guide_says_has_its_rows_and_its_rights(
    services: dict[str, Any], grappe: Postgres
) -> None:
    guide = (RACINE / "docs" / "deploiement.md").read_text()
    serveur = ["--host", "127.0.0.1", "--port", str(grappe.port), "--username", ROLE]
    sauver, remettre = ["--format", "custom"], ["--clean", "--if-exists", "--exit-on-error", "--single-transaction"]
    assert " ".join(sauver) in guide
    assert " ".join(remettre) in guide
    with psycopg.connect(address(services, "migrations-recovery", grappe), autocommit=True) as proprietaire:
        proprietaire.execute("CREATE TABLE sauvee (id int PRIMARY KEY)")
        proprietaire.execute("INSERT INTO sauvee VALUES (1)")
        copie = subprocess.run([grappe.programmes / "pg_dump", *serveur, *sauver, "recovery"], check=True,
                               capture_output=True).stdout  # fmt: skip
        proprietaire.execute("DROP TABLE sauvee")
    subprocess.run([grappe.programmes / "pg_restore", *serveur, "--dbname", "recovery", *remettre], check=True,
                   input=copie, capture_output=True)  # fmt: skip
    with psycopg.connect(address(services, "migrations-recovery", grappe), autocommit=True) as proprietaire:
        proprietaire.execute("CREATE TABLE apres (id int PRIMARY KEY)")
    with psycopg.connect(address(services, "recovery-api", grappe), autocommit=True) as application:
        application.execute("INSERT INTO sauvee VALUES (2)")
        application.execute("INSERT INTO apres VALUES (1)")
        assert application.execute("SELECT count(*) FROM sauvee").fetchone() == (2,)
        with pytest.raises(errors.InsufficientPrivilege):
            application.execute("DROP TABLE sauvee")


def test_texts_are_in_the_order_of_their_bytes(grappe: Postgres) -> None:
    with psycopg.connect(grappe.url_of("production")) as lien:
        ordre = lien.execute("SELECT t FROM (VALUES ('é'), ('a'), ('Z'), ('z')) v(t) ORDER BY t").fetchall()
    assert [t for (t,) in ordre] == ["Z", "a", "z", "é"]


def properties(environ: dict[str, str]) -> dict[str, str]:
    """The properties of the broker that the image makes of its environment."""
    jvm = {"KAFKA_HEAP_OPTS"}
    return {
        nom.removeprefix("KAFKA_").lower().replace("_", "."): valeur
        for nom, valeur in environ.items()
        if nom.startswith("KAFKA_") and nom not in jvm
    }


def test_the_broker_starts_with_its_settings_and_knows_each_of_them(services: dict[str, Any]) -> None:
    voulues = {n: v for n, v in properties(services["kafka"]["environment"]).items() if n not in LOCAUX}
    for serveur in launch(lambda: Kafka(voulues)):
        with serveur.admin() as client:
            ressource = ConfigResource(ConfigResourceType.BROKER, "1")
            lues = client.describe_configs([ressource], config_filter="all")["broker"]["1"]
        assert {nom: lues.get(nom, {}).get("value") for nom in voulues} == voulues


class RedisDuDeploiement(Redis):
    """The command of the deployment, on a port and in a folder of its own."""

    def __init__(self, commande: Sequence[str], mot_de_passe: str) -> None:
        super().__init__()
        locaux = f"'port {self.port}' 'bind 127.0.0.1' 'save"
        self._commande = [mot.replace("$$", "$").replace("'save", locaux, 1) for mot in commande]
        self._commande = [mot.replace("/tmp", str(self.dossier)) for mot in self._commande]  # noqa: S108
        self.mot_de_passe = mot_de_passe

    def command(self) -> Sequence[str | Path]:
        return ["env", f"REDISCLI_AUTH={self.mot_de_passe}", *self._commande]

    def ask(self) -> None:
        with self.client() as client:
            client.ping()

    def client(self, mot_de_passe: str | None = None) -> ClientRedis:
        """A client with this password, by default the right one."""
        return ClientRedis(port=self.port, password=mot_de_passe or self.mot_de_passe, decode_responses=True)


def test_redis_asks_for_its_password_and_writes_nothing_to_disk(services: dict[str, Any]) -> None:
    service = services["redis"]
    mot_de_passe = service["environment"]["REDISCLI_AUTH"]
    for serveur in launch(lambda: RedisDuDeploiement(service["command"], mot_de_passe)):
        with serveur.client("faux") as intrus, pytest.raises(AuthenticationError):
            intrus.ping()
        with serveur.client() as client:
            client.set("essai", "1")
            reglages = client.config_get("*")
            assert (reglages["save"], reglages["appendonly"]) == ("", "no")
            assert (reglages["maxmemory"], reglages["maxmemory-policy"]) == (str(96 * 2**20), "allkeys-lru")
        serveur.restart()
        with serveur.client() as client:
            assert client.get("essai") is None
    assert f"{mot_de_passe}@redis:6379" in services["porte"]["environment"]["ECLUSE_REDIS_URL"]


def test_redis_has_the_password_that_the_processes_are_given() -> None:
    bruts = read_compose()["services"]
    assert "${MDP_REDIS:?" in bruts["redis"]["environment"]["REDISCLI_AUTH"]
    assert "${MDP_REDIS:?" in bruts["porte"]["environment"]["ECLUSE_REDIS_URL"]
