"""The ``ecluse`` command, in this process or in its own, and files to give it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple
from zlib import crc32

from typer.testing import CliRunner

from ecluse.cli import app
from ecluse.panne import Serveur
from shared.ndjson import read_lines
from tests.donnees import RACINE, petit_mois
from tests.oracle import juge_lignes
from tests.relais import environment

# One dossier in so many of the small month, with all its facts.
UN_SUR = 20
_SUBJECT = re.compile(rb'"subject":"([^"]*)"')


class Fin(NamedTuple):
    """How a command ended."""

    code: int
    sortie: str
    erreurs: str

    @property
    def document(self) -> Any:
        """What it wrote with ``--json``."""
        return json.loads(self.sortie)


def ecluse(*arguments: str | Path, entree: bytes | None = None, largeur: int = 200) -> Fin:
    """Run a command in this process: loading the program takes two seconds, and these tests run many. ``largeur``: of
    the terminal, in characters."""
    fin = CliRunner(env={"COLUMNS": str(largeur)}).invoke(app, [*map(str, arguments)], input=entree)
    if fin.exception is not None and not isinstance(fin.exception, SystemExit):
        raise fin.exception
    return Fin(fin.exit_code, fin.stdout, fin.stderr)


def spawn(*arguments: str | Path, ici: Path = RACINE, entree: bytes = b"") -> Fin:
    """Run a command in a process of its own, from the folder ``ici``."""
    fin = subprocess.run(
        [sys.executable, "-m", "ecluse", *map(str, arguments)],
        cwd=ici,
        env=environment({"PYTHONIOENCODING": "utf-8"}),
        input=entree,
        capture_output=True,
        check=False,
        timeout=240,
    )
    return Fin(fin.returncode, fin.stdout.decode(), fin.stderr.decode())


def assert_refuses(fin: Fin, *mots: str) -> None:
    """Exit 2 and one line for the person who reads it, which holds these words."""
    (ligne,) = fin.erreurs.splitlines()
    assert (fin.code, ligne[:9]) == (2, "ecluse : "), ligne
    for mot in mots:
        assert mot in ligne


@contextmanager
def serving(dossier: Path, port: int = 0) -> Iterator[Serveur]:
    """The real ``ecluse up`` on a folder, stopped when the context ends."""
    serveur = Serveur(dossier, port)
    serveur.start()
    try:
        yield serveur
    finally:
        serveur.stop()


def write_lot(fichier: Path) -> None:
    """Some dossiers of the small month, then what a tool may do wrong: no JSON, a blank line, a fact before its
    arrival day."""
    fichier.write_bytes(b"\n".join([*_some_dossiers(), b"{", b"", *_impossible()]) + b"\n")


def write_clean(fichier: Path) -> None:
    """The lines of the same dossiers that the oracle accepts, each once."""
    lignes = _some_dossiers()
    jugement = juge_lignes(lignes, datetime.now(UTC))
    refusees = {rejet.ligne for rejet in jugement.rejets}
    propres = dict.fromkeys(octets for rang, octets in enumerate(lignes, 1) if rang not in refusees)
    fichier.write_bytes(b"\n".join(propres) + b"\n")


def _some_dossiers() -> list[bytes]:
    dossiers = ((octets, _SUBJECT.search(octets)) for _, octets in read_lines(petit_mois()))
    return [octets for octets, dossier in dossiers if dossier and crc32(dossier[1]) % UN_SUR == 0]


def _impossible() -> list[bytes]:
    commun = {"specversion": "1.0", "source": "/essai", "subject": "D-1", "caf": "091", "time": "2023-01-09T08:00:00Z"}
    arrivee = {"nature": "demande_al", "canal": "web", "arrivee_le": "2023-01-05T08:00:00Z", "minima_sociaux": False}
    traitee = {"traitee_le": "2023-01-04T08:00:00Z", "issue": "liquidee"}
    return [
        json.dumps(
            {**commun, "id": type_, "type": f"fr.caf.piece.{type_}.v1", "data": {"piece": "P-1", **data}}
        ).encode()
        for type_, data in (("arrivee", arrivee), ("traitee", traitee))
    ]
