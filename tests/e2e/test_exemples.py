"""The client examples of the documentation, run as they are against a real door."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.fausse_destination import FausseDestination
from tests.programmes import require_program
from tests.relais import RACINE, environment, running

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
    """A door to emit to. ``count``: grows when an event has come through."""

    url: str
    jeton: Path
    count: Callable[[], int]


@contextmanager
def open_relais(dossier: Path) -> Iterator[Porte]:
    """A relais, with a destination behind it."""
    destination = FausseDestination()
    with destination.serve() as url, running(dossier, url) as relais:

        def count() -> int:
            relais.wait_empty()
            return len(destination.recus)

        yield Porte(relais.url, dossier / "local-token", count)


@contextmanager
def open_house(dossier: Path) -> Iterator[Porte]:
    """The real ``ecluse up``."""
    commande = [sys.executable, "-m", "ecluse", "up", "--data-dir", str(dossier), "--port", "0"]
    processus = subprocess.Popen(commande, cwd=RACINE, env=environment(), stdout=subprocess.PIPE, text=True)
    assert processus.stdout is not None
    try:
        url = next(filter(None, (re.search(r"http://127\.0\.0\.1:\d+", ligne) for ligne in processus.stdout)))[0]
        entetes = {"Authorization": f"Bearer {(dossier / 'local-token').read_text().strip()}"}

        def count() -> int:
            services = httpx.get(f"{url}/v1/etat", headers=entetes, timeout=60).json()["services"]
            return int(next(s["tete"] for s in services if s["nom"] == "production"))

        yield Porte(url, dossier / "local-token", count)
    finally:
        processus.terminate()
        processus.communicate()


PORTES = {"relais": open_relais, "ecluse up": open_house}


@pytest.fixture(scope="module", params=PORTES)
def porte(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Porte]:
    with PORTES[request.param](tmp_path_factory.mktemp("porte") / "donnees") as porte:
        yield porte


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
    avant = porte.count()
    fin = run(client, tmp_path, porte.url, str(porte.jeton))
    assert fin.returncode == 0, fin.stderr
    reponse = json.loads(fin.stdout)
    if client == "emettre.py":
        assert (reponse["attente"], reponse["refuses"]) == (0, 0)
    else:
        assert reponse == {"acceptes": 1, "doublons": 0, "rejets": []}
    assert porte.count() > avant


@par_client
def test_an_example_takes_address_and_token_from_the_environment(client: str, porte: Porte, tmp_path: Path) -> None:
    avant = porte.count()
    environnement = {"ECLUSE_URL": porte.url, "ECLUSE_JETON": porte.jeton.read_text().strip()}
    fin = run(client, tmp_path, environnement=environnement)
    assert fin.returncode == 0, fin.stderr
    assert porte.count() > avant


@pytest.mark.parametrize("client", [c for c in CLIENTS if c != "emettre.py"])
def test_an_example_shows_the_refusal_of_its_token_and_fails(client: str, porte: Porte, tmp_path: Path) -> None:
    avant = porte.count()
    fin = run(client, tmp_path, environnement={"ECLUSE_URL": porte.url, "ECLUSE_JETON": "un-autre"})
    assert fin.returncode not in (0, 2)
    probleme = json.loads(fin.stdout)
    assert (probleme["status"], probleme["type"]) == (401, "urn:ecluse:probleme:non-authentifie")
    assert porte.count() == avant
