"""Where the test data is: the small month in the repository, the full one beside it on machines that have it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.programmes import do_without

RACINE = Path(__file__).resolve().parent.parent
PETIT = RACINE / "tests" / "data" / "caf091_2023-01_petit.ndjson.gz"
COMPLET = RACINE.parent / "shared" / "data" / "caf091_2023-01.ndjson.gz"


def petit_mois() -> Path:
    """A tenth of a real month: 38 122 lines of January 2023."""
    return PETIT


def attendu_petit() -> dict[str, Any]:
    """The exact answer for the small month."""
    return attendu(PETIT)


def mois_complet() -> Path | None:
    """The month at its real volume, 379 361 lines, or None where it is not."""
    return COMPLET if COMPLET.is_file() else None


def exige_mois_complet() -> Path:
    """The full month; without it the test is skipped, and in CI fails."""
    if not COMPLET.is_file():
        do_without(f"mois complet absent : déposer caf091_2023-01.ndjson.gz et son .attendu.json dans {COMPLET.parent}")
    return COMPLET


def attendu(fichier: Path) -> dict[str, Any]:
    """The exact answer that lies beside a month."""
    reponse: dict[str, Any] = json.loads(
        fichier.with_name(fichier.name.replace(".ndjson.gz", ".attendu.json")).read_bytes()
    )
    return reponse
