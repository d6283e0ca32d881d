"""A whole house goes on after its Kafka or one of its databases was lost, with the figures of before."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest

from shared.bus.sujets import JOURNAUX
from tests.commandes import assert_refuses, ecluse, write_clean
from tests.infra.adoption import INDICATEURS, PRODUCTION, name, recreate
from tests.infra.kafka import Kafka
from tests.infra.postgres import Postgres
from tests.infra.repartie import Repartie, open_repartie
from tests.maisons import arrivee, eventually

PERIODE: Final = ("--caf", "091", "--du", "2023-01-01", "--au", "2023-01-31")


@pytest.fixture
def maison(
    kafka: Kafka,
    nouvelle_base: Callable[[str], str],
    redis_url: str,
    prefixe: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Repartie]:
    """A distributed house that knows some dossiers."""
    with open_repartie(kafka, nouvelle_base, redis_url, prefixe) as ouverte:
        monkeypatch.chdir(tmp_path)
        name(monkeypatch, kafka, prefixe, ouverte.bases["production"])
        monkeypatch.setenv("ECLUSE_URL", ouverte.porte.url)
        monkeypatch.setenv("ECLUSE_TOKEN", ouverte.jeton)
        write_clean(tmp_path / "lot.ndjson")
        assert ecluse("import", "lot.ndjson").code == 0
        yield ouverte


def figures() -> list[dict[str, object]]:
    """Each figure of January, once all is in."""
    eventually(lambda: ecluse("etat", "--json").document["a_jour"])
    document = ecluse("indicators", *PERIODE, "--json").document
    return [{n: i[n] for n in ("code", "valeur")} for i in document["indicateurs"]]


def stops() -> list[str]:
    """Why the consumers of the logs have stopped."""
    return [c["arret"] for c in ecluse("etat", "--json").document["consommateurs"] if c["arret"]]


def adopt(*commande: str) -> None:
    """Go on with the topics as they are, once no connection of a process that has ended is left; until then it is
    refused, which changes nothing."""
    eventually(lambda: ecluse(*commande).code == 0)


def test_a_house_whose_log_was_recreated_goes_on_with_the_same_figures(
    maison: Repartie, kafka: Kafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    avant, production, indicateurs = figures(), maison.processus["production"], maison.processus["indicators"]
    recreate(kafka, maison.courtier.prefixe, JOURNAUX["production"])
    eventually(lambda: any("« ecluse topics adopter indicators »" in arret for arret in stops()))
    assert_refuses(ecluse(*PRODUCTION, "--oui"), "un worker de production tourne")
    production.stop()
    adopt(*PRODUCTION, "--oui")
    production.start()
    monkeypatch.setenv("ECLUSE_DATABASE_URL", maison.bases["indicators"])
    assert_refuses(ecluse(*INDICATEURS, "--oui"), "autres connexions", "processus des indicateurs")
    indicateurs.stop()
    adopt(*INDICATEURS, "--oui")
    indicateurs.start()
    assert figures() == avant
    assert ecluse("rebuild", "--json").document["egal"]
    assert ecluse("import", "lot.ndjson").code == 0
    assert figures() == avant


def test_a_house_whose_base_is_an_old_copy_goes_on_once_what_it_misses_is_sent_again(
    maison: Repartie, kafka: Kafka, postgres: Postgres, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    production, indicateurs = maison.processus["production"], maison.processus["indicators"]
    production.stop()
    copie = postgres.create_database("copie", modele=maison.bases["production"])
    production.start()
    (tmp_path / "suite.ndjson").write_text(
        "".join(json.dumps(arrivee(f"S-{n}", dossier=f"S-{n}")) + "\n" for n in range(30))
    )
    assert ecluse("import", "suite.ndjson").code == 0
    avant = figures()
    production.stop()
    production.environ["ECLUSE_DATABASE_URL"] = copie
    monkeypatch.setenv("ECLUSE_DATABASE_URL", copie)
    assert ecluse(*PRODUCTION, "--oui").code == 2
    assert ecluse(*PRODUCTION, "--sauver", "surplus.ndjson").erreurs.startswith("30 faits écrits")
    recreate(kafka, maison.courtier.prefixe, JOURNAUX["production"])
    adopt(*PRODUCTION, "--oui")
    production.start()
    eventually(lambda: any("« ecluse topics adopter indicators" in arret for arret in stops()))
    indicateurs.stop()
    monkeypatch.setenv("ECLUSE_DATABASE_URL", maison.bases["indicators"])
    adopt(*INDICATEURS, "--refaire", "--oui")
    indicateurs.start()
    assert ecluse("import", "surplus.ndjson").code == 0
    assert figures() == avant
    assert ecluse("rebuild", "--json").document["egal"]
    production.stop()
    postgres.drop_database(copie)
