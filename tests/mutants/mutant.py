"""A seeded bug, as a small patch, and how it is put into a copy of the program."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple


class PatchPerime(Exception):
    """The text to replace is not there exactly once: the program has changed, the mutant must follow."""


class Mutant(NamedTuple):
    """In ``fichier`` each text of ``fautes`` becomes the other; ``tests``: what must then fail (tests of pytest)."""

    nom: str
    tests: tuple[str, ...]
    fichier: str
    fautes: tuple[tuple[str, str], ...]

    def read(self, racine: Path) -> str:
        """The file with the bug in it. Raises ``PatchPerime``."""
        texte = (racine / self.fichier).read_text()
        for avant, apres in self.fautes:
            if texte.count(avant) != 1:
                raise PatchPerime(f"{self.nom} : {texte.count(avant)} fois dans {self.fichier} :\n{avant}")
            texte = texte.replace(avant, apres)
        return texte

    def apply(self, racine: Path) -> None:
        """Put the bug into the tree. Raises ``PatchPerime``."""
        (racine / self.fichier).write_text(self.read(racine))


def read_mutants(fichier: Path) -> Iterator[Mutant]:
    """The mutants of a file of patches.

    Each is a line ``# name``, a line ``vu par test test…``, a line ``--- file``, then hunks that start with ``@@``:
    lines that begin with ``-`` become those that begin with ``+``, where those that begin with a space surround them.
    """
    for bloc in fichier.read_text().split("\n# ")[1:]:
        entete, *morceaux = bloc.split("\n@@\n")
        nom, tests, source = entete.splitlines()
        fautes = [(_side(m, "-"), _side(m, "+")) for m in morceaux]
        yield Mutant(nom, tuple(tests.removeprefix("vu par ").split()), source.removeprefix("--- "), tuple(fautes))


def _side(morceau: str, signe: str) -> str:
    return "".join(f"{ligne[1:]}\n" for ligne in morceau.splitlines() if ligne[:1] in (signe, " "))
