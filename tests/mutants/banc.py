"""Each mutant in a copy of the tree, and the tests that must see it."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from time import perf_counter
from typing import Final, NamedTuple

from tests.donnees import RACINE
from tests.mutants.mutant import Mutant, read_mutants

MUTANTS: Final[Sequence[Mutant]] = [
    mutant
    for nom in ("archives.diff", "mecanique.diff", "mesures.diff", "regles.diff", "repartie.diff")
    for mutant in read_mutants(Path(__file__).with_name(nom))
]
PATIENCE: Final = 600.0
# A mutant that makes something never come is seen once the tests stop waiting for it.
_ENV: Final = {"ECLUSE_PATIENCE": "15"}
_ECHEC: Final = re.compile(r"^(?:FAILED|ERROR) \S+::(\w+)", re.MULTILINE)


class Verdict(NamedTuple):
    """What the tests said: ``vu``: they failed; ``par``: the first that did, or what went wrong instead."""

    vu: bool
    par: str
    secondes: float


def judge(mutant: Mutant) -> Verdict:
    """Run the tests of a mutant on a tree that has its bug. Raises ``PatchPerime``."""
    statut, sortie, secondes = _run(mutant.tests, mutant)
    if statut == 0:
        return Verdict(False, "PERSONNE", secondes)
    if statut != 1:
        return Verdict(False, f"le programme ne démarre plus (pytest {statut})\n{sortie}", secondes)
    echec = _ECHEC.search(sortie)
    return Verdict(True, echec[1] if echec else "?", secondes)


def check_sane(mutants: Iterable[Mutant]) -> Verdict:
    """All those tests pass on the program as it is: otherwise failing would prove nothing."""
    statut, sortie, secondes = _run(sorted({t for m in mutants for t in m.tests}), None)
    return Verdict(statut == 0, "tous passent" if statut == 0 else sortie, secondes)


def _run(tests: Iterable[str], mutant: Mutant | None) -> tuple[int, str, float]:
    with tempfile.TemporaryDirectory(prefix="ecluse-mutant-") as dossier:
        copie = Path(dossier) / "copie"
        for partie in ("deploy", "ecluse", "services", "shared", "tests"):
            shutil.copytree(RACINE / partie, copie / partie, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(RACINE / "pyproject.toml", copie)
        if mutant is not None:
            mutant.apply(copie)
        commande = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "--hypothesis-seed=0"]
        debut = perf_counter()
        fini = subprocess.run(
            [*commande, *tests],
            cwd=copie,
            env={**os.environ, **_ENV},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        return fini.returncode, fini.stdout + fini.stderr, perf_counter() - debut
