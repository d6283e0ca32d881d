"""The client examples of the documentation, run as they are against a real door."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.fausse_destination import Evenement, FausseDestination
from tests.programmes import require_program
from tests.relais import RACINE, running

EXEMPLES = RACINE / "docs" / "exemples"
# Example, program that runs it and Debian package of that program; Python is here in any case.
CLIENTS = {
    "curl.sh": ("curl", "curl"),
    "Emettre.java": ("java", "openjdk-17-jdk-headless"),
    "emettre.mjs": ("node", "nodejs"),
    "emettre.py": (sys.executable, "python3"),
}
par_client = pytest.mark.parametrize("client", CLIENTS)


@dataclass
class Porte:
    """A door to emit to, and what came out behind it."""

    url: str
    jeton: Path
    destination: FausseDestination

    def arrived(self) -> list[Evenement]:
        """What came out of the door, once something has."""
        self.destination.wait_for(lambda: bool(self.destination.recus))
        return list(self.destination.recus.values())


@pytest.fixture(scope="module")
def relais(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Porte]:
    dossier = tmp_path_factory.mktemp("porte") / "relais"
    destination = FausseDestination()
    with destination.serve() as url, running(dossier, url) as relais:
        yield Porte(relais.url, dossier / "local-token", destination)


@pytest.fixture
def porte(relais: Porte) -> Porte:
    """The door, with nothing behind it yet."""
    relais.destination.recus.clear()
    return relais


def run(
    client: str, dossier: Path, *arguments: str, environnement: Mapping[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    """Run an example as its first lines say, from an empty folder."""
    programme = require_program(*CLIENTS[client])
    lanceur = ["bash"] if client == "curl.sh" else [programme]
    ici = dossier / "ici"
    ici.mkdir(exist_ok=True)
    propre = {nom: valeur for nom, valeur in os.environ.items() if not nom.startswith("ECLUSE_")}
    return subprocess.run(
        [*lanceur, str(EXEMPLES / client), *arguments],
        cwd=ici,
        env=propre | {"PYTHONPATH": str(RACINE), "ECLUSE_SPOOL": str(dossier / "spool")} | dict(environnement or {}),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )


@par_client
def test_an_example_emits_one_piece_and_prints_the_answer(client: str, porte: Porte, tmp_path: Path) -> None:
    fin = run(client, tmp_path, porte.url, str(porte.jeton))
    assert fin.returncode == 0, fin.stderr
    reponse = json.loads(fin.stdout)
    if client == "emettre.py":
        assert (reponse["attente"], reponse["refuses"]) == (0, 0)
    else:
        assert reponse == {"acceptes": 1, "doublons": 0, "rejets": []}
    (recu,) = porte.arrived()
    assert (recu["type"], recu["caf"], recu["data"]["nature"]) == ("fr.caf.piece.arrivee.v1", "091", "demande_rsa")


@par_client
def test_an_example_takes_address_and_token_from_the_environment(client: str, porte: Porte, tmp_path: Path) -> None:
    environnement = {"ECLUSE_URL": porte.url, "ECLUSE_JETON": porte.jeton.read_text().strip()}
    fin = run(client, tmp_path, environnement=environnement)
    assert fin.returncode == 0, fin.stderr
    assert len(porte.arrived()) == 1


@pytest.mark.parametrize("client", [c for c in CLIENTS if c != "emettre.py"])
def test_an_example_shows_the_refusal_of_its_token_and_fails(client: str, porte: Porte, tmp_path: Path) -> None:
    fin = run(client, tmp_path, environnement={"ECLUSE_URL": porte.url, "ECLUSE_JETON": "un-autre"})
    assert fin.returncode != 0
    assert json.loads(fin.stdout)["title"] == "Jeton absent ou inconnu"
    assert porte.destination.recus == {}
