"""Programs that a test runs and that a machine may lack."""

import os
import shutil

import pytest


def require_program(nom: str, paquet: str) -> str:
    """The path of a program; without it the test is skipped, and in CI fails. ``paquet``: the Debian package."""
    chemin = shutil.which(nom)
    if chemin is not None:
        return chemin
    constat = f"{nom} absent : apt-get install {paquet}"
    if os.environ.get("CI"):
        pytest.fail(constat)
    pytest.skip(constat)
