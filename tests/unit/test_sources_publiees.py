"""What the project says that a document prints, the document prints, on the line that is cited."""

import csv
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ecluse.simulateur.marques import Parametre
from ecluse.simulateur.profil import read_parametres
from services.indicators.cibles_csv import PUBLIEES
from tests.donnees import RACINE
from tests.sources import CAFS, Ligne, citations, lines_cited, readings, require_documents, text_of, without_citations

PROFILS = sorted((RACINE / "ecluse" / "simulateur" / "profils").glob("*.toml"))
DONNEES = [RACINE / "services" / "indicators" / "donnees" / nom for nom in PUBLIEES]
PAGES = [RACINE / "README.md", *sorted((RACINE / "docs").rglob("*.md"))]
CITANTS = [fichier for fichier in (*PAGES, *PROFILS, *DONNEES) if any(citations(fichier.read_text("utf-8")))]
PUBLIES = [(f.stem, p) for f in PROFILS for p in read_parametres(f.stem) if p.origine == "publie"]
CIBLES = [
    ligne
    for fichier in DONNEES
    for ligne in csv.DictReader(fichier.read_text("utf-8").splitlines())
    if ligne["etat_source"].startswith("imprimee")
]


def numbers(valeur: Any, nom: str) -> Iterator[tuple[str, Decimal]]:
    """The numbers of a parameter, each with its name. Nothing else can be read on a line."""
    if isinstance(valeur, dict):
        for cle, contenu in valeur.items():
            yield from numbers(contenu, cle)
    elif isinstance(valeur, list):
        for contenu in valeur:
            yield from numbers(contenu, nom)
    else:
        assert isinstance(valeur, int | float), f"{nom} : {valeur!r} n'est pas un nombre, aucune ligne ne l'imprime"
        yield nom, Decimal(str(valeur))


def rows(page: Path) -> list[list[str]]:
    """The cells of every line of every table of a page, headings aside."""
    lignes = re.findall(r"^\| (.+) \|$", page.read_text("utf-8"), re.MULTILINE)
    return [ligne.split(" | ") for ligne in lignes]


def not_printed(cellule: str, lignes: list[Ligne]) -> set[Decimal]:
    """The numbers of a cell that stand on none of the lines."""
    return readings(cellule) - readings(text_of(lignes))


@pytest.mark.parametrize(
    ("texte", "valeur"),
    [
        ("**556 154 pièces** dont **269 992**", "269992"),
        ("soit **48,55 %** des pièces", "0.4855"),
        ("En 2023, 45.44 % des mails", "0.4544"),
        ("<b>Total</b>	<b>24 624</b>	<b>24 088</b>", "24088"),
        ("(172 en 2022, 111 en 2021), un montant de **1 356 541€**", "1356541"),
        ("16,0	17,0	11,7", "11.7"),
        ("l'année 2022 18 056 appels", "18056"),
        ("**7,2** millions d'euros", "7200000"),
        ("-5% en 2023", "-0.05"),
        ("3472 contrôles", "3472"),
    ],
)
def test_a_number_is_read_as_a_report_prints_it(texte: str, valeur: str) -> None:
    assert Decimal(valeur) in readings(texte)
    assert Decimal(valeur) + Decimal("0.0001") not in readings(texte)


@pytest.mark.parametrize(
    ("texte", "valeur"),
    [
        ("556 154 pièces", "154"),
        ("48,55 %", "0.49"),
        ("48,55 %", "48.55"),
        ("11,7", "0.117"),
        ("Caf66", "66"),
        ("1 356 541€", "135654100"),
    ],
)
def test_a_part_of_a_number_a_rounding_or_another_unit_is_not_what_is_printed(texte: str, valeur: str) -> None:
    assert Decimal(valeur) not in readings(texte)


def test_an_amount_in_cents_is_read_from_euros() -> None:
    assert Decimal(398223100) in readings("3 982 231", en_centimes=True)
    assert Decimal(920000000) in readings("9,2 millions", en_centimes=True)


def test_a_citation_is_one_line_a_list_or_a_range() -> None:
    texte = "(001 L369, L385 ; 000 L385 \\\nà L388) et 001 L455, 001\nL457"
    nommees = [("001", 369), ("001", 385), ("000", 385), ("000", 388), ("001", 455), ("001", 457)]
    assert list(citations(texte)) == nommees
    assert list(lines_cited(texte)) == [*nommees[:3], ("000", 386), ("000", 387), *nommees[3:]]
    cellules = "| 000 L2166<br>aussi 11.6 (L416) | L7 |"
    assert list(citations(cellules)) == [("000", 2166), ("000", 416)]
    assert without_citations(cellules) == "|  | L7 |"


@pytest.mark.parametrize("fichier", CITANTS, ids=lambda fichier: fichier.name)
def test_every_citation_is_well_formed(fichier: Path) -> None:
    texte = fichier.read_text("utf-8")
    assert {ligne.document for ligne in citations(texte)} <= CAFS.keys()
    assert re.findall(r".{0,20}\bL[0-9]{2,}", without_citations(texte)) == []


@pytest.mark.parametrize("fichier", CITANTS, ids=lambda fichier: fichier.name)
def test_every_line_that_is_cited_says_something(fichier: Path) -> None:
    documents = require_documents()
    cites = set(citations(fichier.read_text("utf-8")))
    assert [ligne for ligne in sorted(cites) if not documents[ligne.document].get(ligne.numero, "").strip()] == []


@pytest.mark.parametrize(("caf", "parametre"), PUBLIES, ids=lambda p: p.nom if isinstance(p, Parametre) else p)
def test_a_published_parameter_stands_on_the_lines_of_the_document_of_its_caf(caf: str, parametre: Parametre) -> None:
    lignes = list(citations(parametre.justification))
    assert {CAFS[ligne.document] for ligne in lignes} == {caf}
    imprimes = {ligne: readings(text_of([ligne])) for ligne in lignes}
    centimes = {ligne: readings(text_of([ligne]), en_centimes=True) for ligne in lignes}
    utiles: set[Ligne] = set()
    for nom, valeur in numbers(parametre.valeur, parametre.nom):
        lus = centimes if nom.endswith("centimes") else imprimes
        porteuses = {ligne for ligne in lignes if valeur in lus[ligne]}
        assert porteuses, f"{nom} = {valeur} n'est imprimé sur aucune des lignes citées : {parametre.justification}"
        utiles |= porteuses
    assert [ligne for ligne in lignes if ligne not in utiles] == [], "lignes citées sans rien y prendre"


@pytest.mark.parametrize("cible", CIBLES, ids=lambda cible: f"{cible['caf']}-{cible['code']}-{cible['nature']}")
def test_a_published_target_stands_on_its_line(cible: dict[str, str]) -> None:
    texte = text_of(citations(cible["source"]))
    assert Decimal(cible["valeur"]) in readings(texte, en_centimes=cible["unite"] == "centimes"), texte


def test_what_the_readme_gives_as_printed_is_printed() -> None:
    cellules = [ligne[-1] for ligne in rows(RACINE / "README.md") if any(citations(ligne[-1]))]
    fautes = {c: not_printed(without_citations(c), list(lines_cited(c))) for c in cellules}
    assert len(fautes) > 20
    assert {cellule: fautifs for cellule, fautifs in fautes.items() if fautifs} == {}


def test_what_the_page_of_the_sources_gives_as_printed_is_printed() -> None:
    """Its tables of traps open with the lines and what they print."""
    lignes = [ligne for ligne in rows(RACINE / "docs" / "sources.md") if any(citations(ligne[0]))]
    fautes = {ligne[0]: not_printed(ligne[1], list(lines_cited(ligne[0]))) for ligne in lignes}
    assert len(lignes) > 40
    assert {lieu: fautifs for lieu, fautifs in fautes.items() if fautifs} == {}
