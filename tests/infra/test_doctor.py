"""``ecluse doctor`` says what is there, what is missing, and what to do."""

from collections.abc import Callable

import pytest
from sqlalchemy import update

from ecluse.distribue.doctor import Constat, examine
from ecluse.distribue.reglages import Service
from shared import migrations
from shared.base import open_postgres
from shared.bus.admin import Administration
from shared.bus.courtier import Courtier
from shared.runtime.journal import PUBLIEUR, take_lead
from tests.infra.kafka import Kafka
from tests.infra.postgres import Postgres
from tests.infra.processus import free_port
from tests.infra.redis import Redis

JETON = "un-jeton-assez-long"


@pytest.fixture
def environ(kafka: Kafka, nouvelle_base: Callable[[str], str], redis_url: str, prefixe: str) -> dict[str, str]:
    """Everything that production needs, migrated and created."""
    base = nouvelle_base("production")
    migrations.upgrade("production", base)
    with Administration(Courtier((kafka.adresse,), prefixe)) as administration:
        administration.create()
    return {
        "ECLUSE_KAFKA": kafka.adresse,
        "ECLUSE_DATABASE_URL": base,
        "ECLUSE_REDIS_URL": redis_url,
        "ECLUSE_TOKEN": JETON,
        "ECLUSE_PREFIXE": prefixe,
    }


def found(environ: dict[str, str], service: Service | None = "production") -> dict[str, Constat]:
    """What the doctor says, by subject; of a subject with something wrong, that."""
    constats = sorted(examine(environ, service), key=lambda c: not c.bon)
    assert all(len(c.texte.splitlines()) == 1 for c in constats)
    assert JETON not in str(constats)
    return {c.sujet: c for c in constats}


def wrong(environ: dict[str, str], service: Service | None = "production") -> dict[str, str]:
    """What is not well, by subject."""
    return {sujet: c.texte for sujet, c in found(environ, service).items() if not c.bon}


def test_when_everything_is_there_every_line_is_good(environ: dict[str, str]) -> None:
    constats = found(environ)
    assert wrong(environ) == {}
    assert constats.keys() == {
        "réglages", "courtier", "sujets", "horloge du bus", "base", "horloge de la base", "migrations", "journal",
        "Redis",
    }  # fmt: skip


@pytest.mark.parametrize("nom", ["ECLUSE_KAFKA", "ECLUSE_DATABASE_URL", "ECLUSE_REDIS_URL", "ECLUSE_TOKEN"])
def test_a_missing_setting_is_named(environ: dict[str, str], nom: str) -> None:
    constat = wrong({cle: valeur for cle, valeur in environ.items() if cle != nom})
    assert list(constat) == ["réglages"]
    assert constat["réglages"].startswith(f"{nom} manque")


def test_without_a_service_only_what_is_given_is_looked_at(environ: dict[str, str]) -> None:
    assert wrong({"ECLUSE_REDIS_URL": environ["ECLUSE_REDIS_URL"]}, None) == {}
    assert "réglages" in wrong({"ECLUSE_PORT": "huit"}, None)


def test_an_absent_server_is_told_with_its_setting(environ: dict[str, str]) -> None:
    port = free_port()
    absents = {
        "ECLUSE_KAFKA": f"127.0.0.1:{port}",
        "ECLUSE_DATABASE_URL": f"postgresql://x@127.0.0.1:{port}/x",
        "ECLUSE_REDIS_URL": f"redis://127.0.0.1:{port}",
        "ECLUSE_URL_RECOVERY": f"http://127.0.0.1:{port}",
    }
    textes = wrong(environ | absents)
    assert textes.keys() == {"courtier", "base", "Redis", "API recovery"}
    assert "ECLUSE_DATABASE_URL" in textes["base"]
    assert "ECLUSE_URL_RECOVERY" in textes["API recovery"]


def test_missing_topics_and_tables_come_with_the_command_that_makes_them(
    environ: dict[str, str], nouvelle_base: Callable[[str], str], prefixe: str
) -> None:
    textes = wrong(environ | {"ECLUSE_DATABASE_URL": nouvelle_base("vide"), "ECLUSE_PREFIXE": f"{prefixe}ailleurs"})
    assert "ecluse topics create" in textes["sujets"]
    assert "ecluse migrations upgrade production" in textes["migrations"]


def test_a_log_that_went_to_another_topic_of_the_same_name_is_told(environ: dict[str, str]) -> None:
    moteur = open_postgres(environ["ECLUSE_DATABASE_URL"], ecriture=True)
    with moteur.begin() as connexion:
        take_lead(connexion, "production", "marque-d-essai")
        connexion.execute(update(PUBLIEUR).values(sujet="un-autre-identifiant"))
    moteur.dispose()
    textes = wrong(environ)
    assert list(textes) == ["journal"]
    assert "a été recréé" in textes["journal"]


def test_a_database_that_does_not_exist_is_told(environ: dict[str, str], postgres: Postgres) -> None:
    textes = wrong(environ | {"ECLUSE_DATABASE_URL": postgres.url_of("nulle_part")})
    assert list(textes) == ["base"]
    assert "nulle_part" in textes["base"]


def test_a_stopped_redis_is_told(environ: dict[str, str], redis: Redis) -> None:
    redis.stop()
    try:
        assert list(wrong(environ)) == ["Redis"]
    finally:
        redis.start()


def test_the_database_of_another_service_is_named(environ: dict[str, str]) -> None:
    assert "est celle du service production, pas de recovery" in wrong(environ, "recovery")["base"]
