"""Importing files of events: through the house in this process, or over HTTP when another process owns the folder."""

import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Protocol

import msgspec

from ecluse.guichet import Reponse

# One batch is judged while another is written: larger ones cost less, more in flight only hold memory.
LOT = 8_000
EN_VOL = 1
Ligne = tuple[int, bytes]


class Envoi(Protocol):
    """A batch on its way; ``answers`` waits for them."""

    def answers(self) -> list[Reponse]: ...


@dataclass
class Bilan:
    """What an import did."""

    acceptes: int = 0
    doublons: int = 0
    rejets: int = 0
    secondes: float = 0.0
    par_motif: dict[str, int] = field(default_factory=dict)

    @property
    def lus(self) -> int:
        """Lines that were judged."""
        return self.acceptes + self.doublons + self.rejets


class Rejets:
    """``FILE.rejets.ndjson``: one object per refused line, created at the first refusal only."""

    def __init__(self, chemin: Path) -> None:
        self.chemin = chemin
        self._sortie: IO[bytes] | None = None
        chemin.unlink(missing_ok=True)

    def write(self, ligne: int, refus: Reponse, octets: bytes) -> None:
        """Keep a refused line with its number, the reason and the original."""
        if self._sortie is None:
            # Refused lines may hold what must not be read by others, a NIR among it.
            self._sortie = os.fdopen(os.open(self.chemin, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")
        document: dict[str, Any] = {
            "ligne": ligne,
            "motif": refus.membre,
            "detail": refus.detail,
            "id": refus.id,
            "type": refus.type,
            "original": octets.decode("utf-8", "replace"),
        }
        self._sortie.write(msgspec.json.encode(document) + b"\n")

    def close(self) -> None:
        """Flush what was written."""
        if self._sortie is not None:
            self._sortie.close()


def import_lines(
    lignes: Iterable[Ligne],
    send: Callable[[list[bytes]], Envoi],
    rejets: Rejets,
    *,
    lot: int = LOT,
    progress: Callable[[Bilan], None] = lambda _: None,
) -> Bilan:
    """Send numbered lines in batches, a few of them in flight at a time, and count what became of them."""
    bilan, en_vol = Bilan(), deque[tuple[list[Ligne], Envoi]]()
    debut = time.perf_counter()
    for morceau in _chunks(lignes, lot):
        en_vol.append((morceau, send([octets for _, octets in morceau])))
        if len(en_vol) > EN_VOL:
            _settle(*en_vol.popleft(), bilan, rejets)
            progress(bilan)
    while en_vol:
        _settle(*en_vol.popleft(), bilan, rejets)
        progress(bilan)
    bilan.secondes = time.perf_counter() - debut
    rejets.close()
    return bilan


def _settle(morceau: list[Ligne], envoi: Envoi, bilan: Bilan, rejets: Rejets) -> None:
    for (numero, octets), reponse in zip(morceau, envoi.answers(), strict=True):
        if reponse.sort == "refuse":
            bilan.rejets += 1
            motif = reponse.membre or "json"
            bilan.par_motif[motif] = bilan.par_motif.get(motif, 0) + 1
            rejets.write(numero, reponse, octets)
        elif reponse.sort == "doublon":
            bilan.doublons += 1
        else:
            bilan.acceptes += 1


def _chunks(lignes: Iterable[Ligne], taille: int) -> Iterator[list[Ligne]]:
    morceau: list[Ligne] = []
    for ligne in lignes:
        morceau.append(ligne)
        if len(morceau) == taille:
            yield morceau
            morceau = []
    if morceau:
        yield morceau
