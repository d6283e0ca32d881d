"""Who reads the output of a command leaves before its end, as ``| head`` does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.donnees import RACINE
from tests.relais import environment

MOIS = ("--caf", "091", "--du", "2023-01-01", "--au", "2023-01-31")


@pytest.mark.parametrize(
    "arguments",
    [
        ("indicators", *MOIS),
        ("indicators", *MOIS, "--json"),
        ("indicators", *MOIS, "--format", "csv"),
        ("cibles", "imports"),
        ("arrete", "verifier"),
        ("simulate", "--caf", "091", "--scale", "0.001"),
        ("simulate", "--caf", "091", "--scale", "0.001", "--speed", "1"),
    ],
)
def test_a_command_that_nobody_reads_any_more_ends_without_a_word(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    lecture, ecriture = os.pipe()
    os.close(lecture)
    try:
        fin = subprocess.run(
            [sys.executable, "-m", "ecluse", *arguments],
            cwd=RACINE,
            env=environment({"ECLUSE_DATA_DIR": str(tmp_path)}),
            stdout=ecriture,
            stderr=subprocess.PIPE,
            check=False,
            timeout=240,
        )
    finally:
        os.close(ecriture)
    assert (fin.returncode, fin.stderr) == (0, b"")
