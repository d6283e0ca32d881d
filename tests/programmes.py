"""Programs that a test runs and that a machine may lack."""

import os
import shutil
from typing import NoReturn

import pytest


def require_program(nom: str, paquet: str) -> str:
    """The path of a program; without it the test is skipped, and in CI fails. ``paquet``: the Debian package."""
    chemin = shutil.which(nom)
    if chemin is None:
        do_without(f"{nom} absent : apt-get install {paquet}")
    return chemin


def do_without(constat: str) -> NoReturn:
    """A machine lacks what a test needs (French: what, and what to do): the test is skipped, and in CI fails."""
    if os.environ.get("CI"):
        pytest.fail(constat)
    pytest.skip(constat)
