"""The reference page of the indicators says what the registry says."""

import re
from pathlib import Path

import pytest

from services.indicators.docs import check_docs, document, main, write_docs
from services.indicators.registre import REGISTRE
from tests.contrat import DOCS


def test_the_committed_page_is_that_of_the_registry() -> None:
    assert check_docs(DOCS) == []


def test_every_indicator_has_its_heading_once() -> None:
    assert re.findall(r"^### (\S+)$", document(), re.MULTILINE) == list(REGISTRE)


@pytest.mark.parametrize("code", REGISTRE)
def test_an_indicator_is_shown_with_everything_that_the_registry_says(code: str) -> None:
    indicateur = REGISTRE[code]
    partie = document().split(f"\n### {code}\n")[1].split("\n## ")[0].split("\n### ")[0]
    textes = (indicateur.libelle, indicateur.population, indicateur.formule, indicateur.source, *indicateur.coupes)
    assert all(texte in partie for texte in (*textes, f"version {indicateur.version}"))
    assert ("formule d'Écluse" in partie) == indicateur.maison


def test_a_page_that_differs_or_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["docs", "--check", "--dossier", str(tmp_path)])
    assert check_docs(tmp_path) == [f"{tmp_path / 'indicateurs.md'} : absent"]
    page = write_docs(tmp_path)
    assert main() == 0
    page.write_text(document() + "\n")
    assert main() == 1
    assert check_docs(tmp_path) == [f"{page} : ne dit plus ce que dit le registre"]
