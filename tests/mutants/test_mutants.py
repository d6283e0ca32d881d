"""The seeded bugs still fit the program (``make mutants`` runs them)."""

from pathlib import Path

import pytest

from tests.donnees import RACINE
from tests.mutants.banc import MUTANTS
from tests.mutants.mutant import Mutant, PatchPerime, read_mutants


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda m: m.nom)
def test_a_mutant_applies_to_the_program_and_names_tests_that_exist(mutant: Mutant) -> None:
    change = mutant.read(RACINE)
    if mutant.fichier.endswith(".py"):
        compile(change, mutant.fichier, "exec")
    for test in mutant.tests:
        fichier, _, nom = test.partition("::")
        assert f"def {nom}(" in (RACINE / fichier).read_text()


def test_a_mutant_is_read_from_its_patch(tmp_path: Path) -> None:
    (tmp_path / "m.diff").write_text(
        "Titre.\n\n# un bug\nvu par t.py::a u.py::b\n--- f.py\n@@\n a\n-b\n+c\n+d\n@@\n-e\n\n# autre\nvu par t.py::a\n"
        "--- g.py\n@@\n-x\n+y\n"
    )
    un, autre = read_mutants(tmp_path / "m.diff")
    assert un == ("un bug", ("t.py::a", "u.py::b"), "f.py", (("a\nb\n", "a\nc\nd\n"), ("e\n", "")))
    assert autre == ("autre", ("t.py::a",), "g.py", (("x\n", "y\n"),))


def test_two_mutants_are_never_the_same() -> None:
    assert len({m.nom for m in MUTANTS}) == len({(m.fichier, m.fautes) for m in MUTANTS}) == len(MUTANTS)


def test_a_patch_that_no_longer_fits_says_so(tmp_path: Path) -> None:
    mutant = Mutant("essai", (), "f.py", (("a = 1", "a = 2"),))
    for texte in ("a = 0", "a = 1\na = 1"):
        (tmp_path / "f.py").write_text(texte)
        with pytest.raises(PatchPerime):
            mutant.apply(tmp_path)
    (tmp_path / "f.py").write_text("a = 1")
    mutant.apply(tmp_path)
    assert (tmp_path / "f.py").read_text() == "a = 2"
