"""Crash points kill exactly where and when they are told to."""

import os
import subprocess
import sys

import pytest

PROGRAMME = """
from shared.pannes import crash_point, declare_point
declare_point("essai.avant", "rien n'est fait")
declare_point("essai.apres", "tout est fait")
for tour in range(1, 6):
    crash_point("essai.avant")
    print(tour, flush=True)
    crash_point("essai.apres")
"""


def run(panne: str | None, programme: str = PROGRAMME) -> subprocess.CompletedProcess[str]:
    environnement = {nom: valeur for nom, valeur in os.environ.items() if nom != "ECLUSE_PANNE"}
    if panne is not None:
        environnement["ECLUSE_PANNE"] = panne
    return subprocess.run(
        [sys.executable, "-c", programme], env=environnement, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize(
    ("panne", "tours"), [("essai.avant:1", 0), ("essai.avant:3", 2), ("essai.apres:3", 3), ("essai.apres", 1)]
)
def test_the_process_is_killed_at_the_named_pass_and_no_earlier(panne: str, tours: int) -> None:
    fin = run(panne)
    assert fin.returncode == -9
    assert len(fin.stdout.splitlines()) == tours


@pytest.mark.parametrize("panne", [None, "", "essai.avant:6", "un.autre.point:1"])
def test_nothing_happens_where_no_pass_is_armed(panne: str | None) -> None:
    fin = run(panne)
    assert (fin.returncode, len(fin.stdout.splitlines())) == (0, 5)


@pytest.mark.parametrize("panne", ["essai.avant:0", "essai.avant:x", "essai.avant:-1", "essai.avant:²"])
def test_a_setting_that_can_not_be_read_is_named(panne: str) -> None:
    fin = run(panne)
    assert fin.returncode == 1
    assert "forme attendue" in fin.stderr


def test_an_armed_process_refuses_a_point_that_no_one_declared() -> None:
    fin = run("essai.avant:9", "from shared.pannes import crash_point; crash_point('inconnu')")
    assert fin.returncode == 1
    assert "non déclaré" in fin.stderr
