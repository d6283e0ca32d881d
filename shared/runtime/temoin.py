"""A witness of open batches that survives a SIGKILL: tests read it to know where a kill fell."""

import mmap
import os
from pathlib import Path
from threading import Lock
from typing import Final

VARIABLE: Final = "ECLUSE_TEMOIN"
_TAILLE: Final = 4096


class Temoin:
    """Counts the batches that are open now in a memory-mapped file (first byte); nothing without the variable."""

    def __init__(self, chemin: Path | None) -> None:
        self._verrou = Lock()
        self._page: mmap.mmap | None = None
        if chemin is not None:
            chemin.write_bytes(bytes(_TAILLE))
            with chemin.open("r+b") as fichier:
                self._page = mmap.mmap(fichier.fileno(), _TAILLE)

    def open(self) -> None:
        """A batch begins."""
        self._add(1)

    def close(self) -> None:
        """A batch has ended, committed or not."""
        self._add(-1)

    def _add(self, pas: int) -> None:
        if self._page is not None:
            with self._verrou:
                self._page[0] = max(0, self._page[0] + pas)


TEMOIN: Final = Temoin(Path(os.environ[VARIABLE]) if VARIABLE in os.environ else None)
