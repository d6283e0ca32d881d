"""Archives of a distributed house: written from its databases, read beside its topics, even once these are cut."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from kafka import TopicPartition
from sqlalchemy import text

from shared.base import open_postgres
from shared.bus.sujets import JOURNAUX
from shared.reglages import PARTITIONS, read_clock
from shared.web.porte import UN_LOT
from tests.commandes import assert_refuses, ecluse, write_clean
from tests.infra.kafka import Kafka
from tests.infra.repartie import FAITS, Repartie, open_repartie
from tests.maisons import arrivee, eventually

JOUR: Final = 86_400 * 1_000_000_000
VIEILLIR: Final = "UPDATE journal SET enregistre_le = enregistre_le - :age WHERE enregistre_le > :depuis"


@pytest.fixture
def maison(
    kafka: Kafka,
    nouvelle_base: Callable[[str], str],
    redis_url: str,
    prefixe: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Repartie]:
    """A distributed house that knows some dossiers, recorded in a month that is over."""
    with open_repartie(kafka, nouvelle_base, redis_url, prefixe) as ouverte:
        monkeypatch.setenv("ECLUSE_URL", ouverte.porte.url)
        monkeypatch.setenv("ECLUSE_TOKEN", ouverte.jeton)
        write_clean(tmp_path / "lot.ndjson")
        assert ecluse("import", tmp_path / "lot.ndjson").code == 0
        eventually(lambda: ecluse("etat", "--json").document["a_jour"])
        for service in FAITS:
            execute(ouverte, service, VIEILLIR, age=70 * JOUR, depuis=0)
        yield ouverte


def execute(maison: Repartie, service: str, ordre: str, **valeurs: int) -> None:
    """Change a database behind the back of the house."""
    moteur = open_postgres(maison.bases[service], ecriture=True)
    with moteur.begin() as connexion:
        connexion.execute(text(ordre), valeurs)
    moteur.dispose()


def archive(maison: Repartie, dossier: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a person runs, once for each service."""
    for service in FAITS:
        with monkeypatch.context() as un_temps:
            un_temps.setenv("ECLUSE_DATABASE_URL", maison.bases[service])
            fin = ecluse("archive", "--vers", dossier, "--service", service)
        assert (fin.code, fin.erreurs) == (0, "")
    assert ecluse("archive", "verifier", dossier).sortie.count(" : entière, ") == len(FAITS)


def rebuild(dossier: Path) -> Any:
    fin = ecluse("rebuild", "--depuis-archive", dossier, "--json")
    assert fin.code == 0, fin.erreurs
    return fin.document


def post(maison: Repartie, piece: str) -> None:
    """One more piece, once it is counted."""
    with maison.porte.client() as client:
        client.post("/v1/evenements", json=[arrivee(piece)], headers={"Content-Type": UN_LOT}).raise_for_status()
        eventually(lambda: client.get("/v1/etat").json()["a_jour"])


def test_a_rebuild_from_an_archive_and_the_topics_is_equal_even_once_these_are_cut(
    maison: Repartie, kafka: Kafka, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive(maison, tmp_path / "archive", monkeypatch)
    entiere = rebuild(tmp_path / "archive")
    assert (entiere["egal"], entiere["archives"]) == (True, entiere["evenements"])
    post(maison, "P-suite")
    avec = rebuild(tmp_path / "archive")
    assert (avec["egal"], avec["archives"]) == (True, entiere["archives"])
    assert avec["evenements"] > avec["archives"]
    # All that the topic of production holds up to here is thrown away, and another piece comes.
    sujet = JOURNAUX["production"].nom(maison.courtier.prefixe)
    archive_plus_loin(maison, tmp_path / "archive", monkeypatch)
    with kafka.admin() as admin:
        admin.delete_records({TopicPartition(sujet, partition): -1 for partition in range(PARTITIONS)})
    post(maison, "P-apres")
    coupee = rebuild(tmp_path / "archive")
    assert coupee["egal"]
    assert coupee["evenements"] > coupee["archives"] == avec["evenements"]
    with maison.porte.client() as client:
        sans = client.post("/v1/reconstruction")
    assert sans.status_code in (httpx.codes.CONFLICT, httpx.codes.SERVICE_UNAVAILABLE)
    assert "production" in sans.json()["detail"]


def archive_plus_loin(maison: Repartie, dossier: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What came since is of a month that is over too, the one after."""
    for service in FAITS:
        execute(maison, service, VIEILLIR, age=35 * JOUR, depuis=read_clock() - 10 * JOUR)
    archive(maison, dossier, monkeypatch)


def test_a_topic_cut_further_than_the_archive_goes_is_a_hole_that_is_told(
    maison: Repartie, kafka: Kafka, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive(maison, tmp_path / "archive", monkeypatch)
    post(maison, "P-perdue")
    sujet = JOURNAUX["production"].nom(maison.courtier.prefixe)
    with kafka.admin() as admin:
        admin.delete_records({TopicPartition(sujet, partition): -1 for partition in range(PARTITIONS)})
    post(maison, "P-apres")
    assert_refuses(ecluse("rebuild", "--depuis-archive", tmp_path / "archive"), "production", "manque")


def test_an_archive_of_another_house_is_refused(
    maison: Repartie, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive(maison, tmp_path / "archive", monkeypatch)
    for service in FAITS:
        execute(maison, service, "UPDATE epoque SET marque = md5(marque)")
    with monkeypatch.context() as un_temps:
        un_temps.setenv("ECLUSE_DATABASE_URL", maison.bases["production"])
        assert_refuses(
            ecluse("archive", "--vers", tmp_path / "archive", "--service", "production"), "autre maison", "production"
        )
