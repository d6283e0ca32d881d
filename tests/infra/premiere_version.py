"""Files as the first release left them: their schema is kept beside, as its own program wrote it."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

PREMIERE: Final = Path(__file__).parents[1] / "data" / "premiere_version"


def write_first_release(chemin: Path, service: str) -> None:
    """An empty file as the first release left it."""
    with closing(sqlite3.connect(chemin)) as connexion:
        connexion.executescript((PREMIERE / f"{service}.sql").read_text())
        connexion.execute("PRAGMA user_version=1")
