"""Years that were counted are kept: a reproduction that takes hours and is cut short goes on with the next year.

What is kept counts for the program that counted it alone: its name holds the digest of every file of the program, but
for the profiles of other Cafs, which have no part in it.
"""

import os
from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

import msgspec

from ecluse.reproduction.annee import Annee

_PROGRAMME: Final = ("ecluse", "services", "shared")
_SOURCES: Final = (".py", ".toml", ".csv")
# Written from what a year counts, never read to count it.
_SORTIES: Final = frozenset({"ecluse/jeu/epingles.toml"})
_PROFILS: Final = "ecluse/simulateur/profils/"


class Reprise:
    """The counted years of a folder (made when the first one is kept)."""

    def __init__(self, dossier: Path) -> None:
        self._dossier = dossier

    def find(self, caf: str, annee: int, echelle: float, graine: int) -> Annee | None:
        """The year that this very program counted, or None."""
        fichier = self._file(caf, annee, echelle, graine)
        return msgspec.json.decode(fichier.read_bytes(), type=Annee) if fichier.exists() else None

    def keep(self, caf: str, annee: int, echelle: float, simulee: Annee) -> None:
        """Keep a year. Written aside and moved: a year is there whole, or not."""
        fichier = self._file(caf, annee, echelle, simulee.graine)
        fichier.parent.mkdir(parents=True, exist_ok=True)
        brouillon = fichier.with_suffix(f".{os.getpid()}")
        brouillon.write_bytes(msgspec.json.encode(simulee))
        brouillon.replace(fichier)

    def _file(self, caf: str, annee: int, echelle: float, graine: int) -> Path:
        return self._dossier / f"{caf}-{annee}-{echelle:g}-{graine}-{digest_program(caf)}.json"


@cache
def digest_program(caf: str) -> str:
    """Sixteen digits that change with any source or data file that a year of this Caf depends on."""
    empreinte, profil = sha256(), f"{_PROFILS}{caf}.toml"
    for paquet in _PROGRAMME:
        for nom, contenu in _sources(files(paquet), paquet):
            if nom.startswith(_PROFILS) and nom != profil:
                continue
            empreinte.update(f"{nom}\0{len(contenu)}\0".encode() + contenu)
    return empreinte.hexdigest()[:16]


def _sources(dossier: Traversable, nom: str) -> Iterator[tuple[str, bytes]]:
    for element in sorted(dossier.iterdir(), key=lambda e: e.name):
        chemin = f"{nom}/{element.name}"
        if element.is_dir():
            yield from _sources(element, chemin)
        elif element.name.endswith(_SOURCES) and chemin not in _SORTIES:
            yield chemin, element.read_bytes()
