"""What a contestant is asked, on its command line, and what it answers, on its last line."""

import json
import sys
import time
from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import Struct

from bench.fold.chiffres import Document


class Demande(Struct, frozen=True):
    """``courtier``: host:port; ``prefixe``: what the topics begin with; ``nombre``: records in the log; ``essai``: a
    name that no run before has had; ``base``: address of a PostgreSQL database; ``dossier``: an empty folder."""

    courtier: str
    prefixe: str
    sujet: str
    nombre: int
    essai: str
    base: str
    dossier: str


class Reponse(Struct, frozen=True):
    """``secondes``: from opening its client to the last record in its figures; ``chiffres``: None for who only counts;
    ``suite``: what else it has to say."""

    secondes: float
    records: int
    chiffres: Document | None
    suite: dict[str, float] = {}


def answer(run: Callable[[Demande], Reponse]) -> None:
    """Run a contestant written in Python."""
    demande = msgspec.json.decode(sys.argv[1], type=Demande)
    sys.stdout.write("\n" + json.dumps(msgspec.to_builtins(run(demande))) + "\n")
    sys.stdout.flush()


class Chrono:
    """Seconds since it was made."""

    def __init__(self) -> None:
        self._debut = time.perf_counter()

    @property
    def secondes(self) -> float:
        """Until now."""
        return time.perf_counter() - self._debut


Brut = dict[str, Any]
