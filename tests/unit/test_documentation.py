"""What the pages written by hand point at exists: files, commands, gestures, codes, words of the code."""

import re
from pathlib import Path

import pytest
from typer.main import get_command

from ecluse.cli import app
from ecluse.simulateur.profil import read_parametres
from services.indicators.registre import REGISTRE
from tests.donnees import RACINE

PAGES = [RACINE / nom for nom in ("README.md", "CONTRIBUTING.md")]
PAGES += [RACINE / "docs" / nom for nom in ("glossaire.md", "deploiement.md", "sources.md", "reproduction/README.md")]
PAGES += [page for dossier in ("guide", "decisions") for page in sorted((RACINE / "docs" / dossier).glob("*.md"))]
PROGRAMME = ("ecluse", "services", "shared")
par_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as forges write them."""
    titres = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", titre.lower()).replace(" ", "-") for titre in titres}


@par_page
def test_every_link_leads_somewhere(page: Path) -> None:
    texte = page.read_text()
    cibles = re.findall(r"\]\(([^)\s]+)\)", texte) + re.findall(r'(?:src|srcset)="([^"]+)"', texte)
    for cible in cibles:
        if cible.startswith("https://"):
            continue
        chemin, _, ancre = cible.partition("#")
        fichier = (page.parent / chemin).resolve() if chemin else page
        assert fichier.exists(), cible
        assert not ancre or ancre in anchors(fichier), cible


@par_page
def test_every_command_and_gesture_exists(page: Path) -> None:
    texte = page.read_text()
    gestes = set(re.findall(r"^([a-z-]+):", (RACINE / "Makefile").read_text(), re.MULTILINE))
    commandes = getattr(get_command(app), "commands")  # noqa: B009  # a group, which its type does not say
    assert set(re.findall(r"(?:`|\$ |^)make ([a-z][a-z-]*)", texte, re.MULTILINE)) <= gestes
    assert set(re.findall(r"(?:`|\$ |bin/|^)ecluse ([a-z][a-z-]*)", texte, re.MULTILINE)) <= set(commandes)


def test_every_code_of_the_table_of_the_reports_is_an_indicator() -> None:
    table = (RACINE / "README.md").read_text().split("| in the report |")[1].split("\n\n")[0]
    lignes = [ligne.split("|")[2] for ligne in table.splitlines()[2:]]
    codes = [code for ligne in lignes for code in re.findall(r"`([A-Z][\w-]+)`", ligne)]
    assert len(codes) > 30
    assert set(codes) <= set(REGISTRE)


def test_every_code_and_parameter_of_the_page_of_the_sources_exists() -> None:
    mots = set(re.findall(r"`([^`]+)`", (RACINE / "docs" / "sources.md").read_text()))
    codes = {mot for mot in mots if mot.isupper() or "-" in mot}
    parametres = {mot for mot in mots - codes if "." in mot}
    assert min(len(codes), len(parametres)) > 30
    assert codes - set(REGISTRE) == set()
    assert parametres - {parametre.nom for parametre in read_parametres("091")} == set()


def test_every_word_of_the_glossary_is_a_word_of_the_code() -> None:
    glossaire = (RACINE / "docs" / "glossaire.md").read_text()
    cellules = re.findall(r"^\| (`.+?) \|", glossaire, re.MULTILINE)
    mots = [mot for cellule in cellules for mot in re.findall(r"`([^`]+)`", cellule)]
    code = "\n".join(f.read_text() for nom in PROGRAMME for f in (RACINE / nom).rglob("*.py"))
    assert len(mots) > 60
    assert len(set(mots)) == len(mots)
    assert [mot for mot in mots if not re.search(rf"(?i)(?<![a-z]){mot}(?![a-z])", code)] == []
