"""A distributed house is driven by the same commands, and fed by the relais through Kafka."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.commandes import ecluse, write_lot
from tests.infra.kafka import Kafka
from tests.infra.repartie import Repartie, open_repartie
from tests.maisons import arrivee, eventually
from tests.relais import Relais, start_relais

PERIODE = ("--caf", "091", "--du", "2023-01-01", "--au", "2023-01-31")
PIECES = 300


@pytest.fixture
def maison(
    kafka: Kafka,
    nouvelle_base: Callable[[str], str],
    redis_url: str,
    prefixe: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Repartie]:
    """A distributed house, which the environment names to commands run from an empty folder."""
    with open_repartie(kafka, nouvelle_base, redis_url, prefixe) as ouverte:
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("ECLUSE_PREFIXE", prefixe)
        monkeypatch.setenv("ECLUSE_URL", ouverte.porte.url)
        monkeypatch.setenv("ECLUSE_TOKEN", ouverte.jeton)
        yield ouverte


def figures(*options: str | Path) -> dict[str, Any]:
    """The value of each figure of January."""
    fin = ecluse("indicators", *PERIODE, "--json", *options)
    assert fin.code == 0, fin.erreurs
    return {i["code"]: i["valeur"] for i in fin.document["indicateurs"]}


def test_the_commands_give_what_they_give_of_an_embedded_house(maison: Repartie, tmp_path: Path) -> None:
    write_lot(tmp_path / "lot.ndjson")
    assert ecluse("import", "lot.ndjson", "--data-dir", tmp_path / "seule").code == 1
    assert ecluse("import", "lot.ndjson").code == 1
    seule = figures("--data-dir", tmp_path / "seule")
    # A figure that is asked of a process which is late to answer is not known for a moment.
    eventually(lambda: figures() == seule)
    refait = ecluse("rebuild", "--json")
    assert (refait.code, refait.erreurs) == (0, "")
    assert refait.document["egal"]
    eventually(lambda: ecluse("etat", "--json").document["injoignables"] == [])
    (lettre, *_) = ecluse("dead-letters", "list", "--json").document
    reference = f"{lettre['service']}/{lettre['numero']}"
    assert ecluse("dead-letters", "show", reference).document == lettre
    assert ecluse("dead-letters", "replay", reference, "--dry-run").sortie.startswith(f"{reference} : ")
    assert ecluse("lien").sortie.startswith(f"{maison.porte.url}/entrer?lien=")


@pytest.mark.chaos
def test_what_a_killed_relais_sends_twice_through_kafka_counts_once(maison: Repartie, tmp_path: Path) -> None:
    evenements = [arrivee(f"P-{n}") for n in range(PIECES)]
    vers = f"kafka://{','.join(maison.courtier.serveurs)}"

    def start(panne: str | None = None) -> Relais:
        return start_relais(tmp_path / "relais", vers, panne=panne)

    # Every event is on the topic, and the relais dies before it takes note.
    relais = start("relais.envoi.apres:1")
    with suppress(httpx.TransportError):
        relais.post(evenements)
    assert relais.processus.wait(60) == -9
    relais.processus.communicate()
    relais = start()
    relais.wait_empty()
    assert relais.stop()[0] == 0
    eventually(lambda: figures().get("PIECES-RECUES") == PIECES)
    eventually(lambda: ecluse("etat", "--json").document["a_jour"])
    assert figures()["PIECES-RECUES"] == PIECES
    assert ecluse("dead-letters", "list", "--json").document == []
