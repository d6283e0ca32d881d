"""The deployment files as tests read them: raw, and as Docker Compose understands them."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, cast

import yaml

from ecluse.distribue.reglages import Role, Service
from tests.donnees import RACINE
from tests.programmes import require_program

COMPOSE: Final = RACINE / "docker-compose.yml"
PAQUET: Final = "docker-compose"


def read_compose() -> dict[str, Any]:
    """The file as it is written, anchors merged, variables not replaced."""
    document: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())
    return document


def prepare(dossier: Path) -> Path:
    """What a first start needs, in this folder; the path of its ``.env``."""
    subprocess.run([RACINE / "deploy" / "preparer.sh", dossier], check=True, capture_output=True)
    return dossier / ".env"


def resolve(reglages: Path) -> dict[str, Any]:
    """The file as Docker Compose understands it with these settings. Raises ``CalledProcessError``."""
    commande = [
        require_program("docker-compose", PAQUET),
        "--env-file",
        str(reglages),
        "--file",
        str(COMPOSE),
        "config",
    ]
    sortie = subprocess.run(commande, check=True, capture_output=True, text=True, cwd=RACINE).stdout
    document: dict[str, Any] = yaml.safe_load(sortie)
    return document


def processes(services: Mapping[str, Mapping[str, Any]]) -> dict[str, tuple[Service, Role]]:
    """Which service and role each long-running process of ours has, by its name in the file."""
    return {
        nom: (cast(Service, mots[1]), cast(Role, mots[3] if len(mots) > 2 else "all"))
        for nom, service in services.items()
        if (mots := service.get("command", [])) and mots[0] == "serve"
    }


def variables_in(texte: str) -> set[str]:
    """The settings of ours that a text names."""
    return set(re.findall(r"\bECLUSE_[A-Z_]+\b", texte))
