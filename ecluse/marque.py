"""The mark of a demonstration in the data folder: what is loaded, what is played."""

import json
from pathlib import Path
from threading import Lock
from typing import Any


class Marque:
    """A small JSON file, changed member by member by several threads."""

    def __init__(self, fichier: Path) -> None:
        self._fichier = fichier
        self._verrou = Lock()

    def read(self) -> dict[str, Any]:
        """Its members; none when it does not exist yet."""
        if not self._fichier.exists():
            return {}
        membres: dict[str, Any] = json.loads(self._fichier.read_text())
        return membres

    def update(self, **membres: Any) -> dict[str, Any]:
        """Change these members; all of them, then."""
        with self._verrou:
            tous = {**self.read(), **membres}
            # Written aside and moved: a full disk or a power cut leaves the mark as it was.
            brouillon = self._fichier.with_suffix(".nouveau")
            brouillon.write_text(json.dumps(tous))
            brouillon.replace(self._fichier)
        return tous
