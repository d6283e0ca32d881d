"""A relais as a real process."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import httpx
from typer.testing import CliRunner, Result

from ecluse.cli import app
from shared.web.porte import UN_LOT
from tests.fausse_destination import JETON

RACINE = Path(__file__).resolve().parent.parent
# The sub-command alone: each of the many processes of these tests starts without loading the four services.
COMMANDE = [sys.executable, "-c", "from ecluse.emission.cli import app; app()"]


@dataclass
class Relais:
    """A running relais, its address and its local token."""

    processus: "subprocess.Popen[str]"
    url: str
    jeton: str

    @property
    def entetes(self) -> dict[str, str]:
        """What a caller of the door sends."""
        return {"Authorization": f"Bearer {self.jeton}", "Content-Type": UN_LOT}

    def post(self, lot: list[Any]) -> httpx.Response:
        """Hand over a batch."""
        return httpx.post(f"{self.url}/v1/evenements", json=lot, headers=self.entetes, timeout=60)

    def etat(self) -> dict[str, Any]:
        """What ``GET /v1/etat`` answers."""
        reponse = httpx.get(f"{self.url}/v1/etat", headers=self.entetes, timeout=60)
        assert reponse.status_code == 200
        etat: dict[str, Any] = reponse.json()
        return etat

    def wait_empty(self) -> None:
        """Wait until nothing waits any more."""
        fin = monotonic() + 60
        while self.etat()["attente"]:
            assert monotonic() < fin, self.etat()
            sleep(0.01)

    def stop(self) -> tuple[int, str]:
        """Ask it to stop; its exit status and what it wrote as errors."""
        self.processus.terminate()
        _, erreurs = self.processus.communicate(timeout=60)
        return self.processus.returncode, erreurs


def command(*arguments: str) -> Result:
    """Run a command of ``ecluse relais`` that ends by itself."""
    return CliRunner().invoke(app, ["relais", *arguments])


def environment(plus: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of a child: without an armed crash point, unless the test arms one."""
    propre = {nom: valeur for nom, valeur in os.environ.items() if nom != "ECLUSE_PANNE"}
    return propre | {"PYTHONPATH": str(RACINE)} | dict(plus or {})


def start_relais(
    dossier: Path, vers: str, *options: str, panne: str | None = None, jeton: str | None = JETON
) -> Relais:
    """Start a relais on a free port and wait until it says that it serves."""
    fichier = dossier.with_name(dossier.name + ".jeton")
    fichier.write_text((jeton or "") + "\n")
    processus = subprocess.Popen(
        [*COMMANDE, "--dossier", str(dossier), "--vers", vers, "--port", "0", "--attente-max", "0.05",
         "--jeton-fichier", str(fichier), *options],
        cwd=RACINE, env=environment({"ECLUSE_PANNE": panne} if panne else None), text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert processus.stdout is not None
    ligne = processus.stdout.readline()
    if not ligne.startswith("Relais sur "):
        processus.kill()
        _, erreurs = processus.communicate()
        raise AssertionError(f"the relais did not start: {ligne!r} {erreurs}")
    return Relais(processus, ligne.split()[2].rstrip(","), (dossier / "local-token").read_text().strip())


@contextmanager
def running(
    dossier: Path, vers: str, *options: str, panne: str | None = None, jeton: str | None = JETON
) -> Iterator[Relais]:
    """A relais that is stopped, at the latest, when the context ends."""
    relais = start_relais(dossier, vers, *options, panne=panne, jeton=jeton)
    try:
        yield relais
    finally:
        if relais.processus.poll() is None:
            relais.processus.kill()
        relais.processus.communicate()


def courrier(identifiant: str, objet: str = "C-1", **attributs: Any) -> dict[str, Any]:
    """A valid event."""
    return {
        "specversion": "1.0",
        "id": identifiant,
        "source": "/essai",
        "type": "fr.caf.courrier.arrive.v1",
        "subject": "D-1",
        "time": "2024-03-05T09:12:13+01:00",
        "caf": "091",
        "data": {"courrier": objet, "arrive_le": "2024-03-05T09:10:00+01:00"},
    } | attributs
