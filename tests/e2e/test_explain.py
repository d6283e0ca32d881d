"""``ecluse explain``: a figure down to its events, whether the house runs or not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ecluse.panne import Serveur
from services.indicators.registre import REGISTRE
from shared.reglages import read_clock
from shared.temps import to_iso, to_jour
from tests.commandes import assert_refuses, ecluse, serving, spawn, write_clean

JANVIER = ("--caf", "091", "--du", "2023-01-01", "--au", "2023-01-31")
QUESTION = {"caf": "091", "du": "2023-01-01", "au": "2023-01-31"}


@pytest.fixture(scope="module")
def garni(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with some dossiers of the small month."""
    dossier = tmp_path_factory.mktemp("garni")
    write_clean(dossier / "lot.ndjson")
    assert spawn("import", dossier / "lot.ndjson", "--data-dir", dossier / "donnees").code == 0
    return dossier / "donnees"


@pytest.fixture(scope="module")
def serveur(garni: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serveur]:
    """A running house with the same dossiers."""
    dossier = tmp_path_factory.mktemp("serveur") / "donnees"
    with serving(dossier) as serveur:
        assert ecluse("import", garni.parent / "lot.ndjson", "--data-dir", dossier).code == 0
        yield serveur


def explain(dossier: Path, code: str, *options: str) -> dict[str, Any]:
    """What the command writes with ``--json``."""
    fin = ecluse("explain", code, *JANVIER, "--json", *options, "--data-dir", dossier)
    assert (fin.code, fin.erreurs) == (0, "")
    document: dict[str, Any] = fin.document
    return document


def test_the_command_gives_the_documents_of_the_api(garni: Path, serveur: Serveur) -> None:
    lu = explain(serveur.dossier, "COG-08-29", "--par", "canal", "--elements", "3")
    with serveur.client() as client:
        adresse = "/v1/indicateurs/COG-08-29"
        explication = client.get(f"{adresse}/explication", params={**QUESTION, "par": "canal"}).json()
        pages = [
            client.get(f"{adresse}/elements", params={**QUESTION, "terme": nom, "limite": 3}).json()
            for nom in ("numerateur", "denominateur")
        ]
    frais = {"fraicheur": None}
    assert lu["explication"] | frais == explication | frais
    assert [page | frais for page in lu["elements"]] == [page | frais for page in pages]
    ailleurs = explain(garni, "COG-08-29", "--par", "canal", "--elements", "3")
    assert [p["elements"] for p in ailleurs["elements"]] == [p["elements"] for p in pages]


def test_the_acting_caf_is_asked_for_as_over_http(serveur: Serveur) -> None:
    lu = explain(serveur.dossier, "PIECES-ARRIVEES", "--role", "traitante", "--elements", "3")
    with serveur.client() as client:
        question: dict[str, str | int] = {**QUESTION, "terme": "numerateur", "limite": 3, "role": "traitante"}
        page = client.get("/v1/indicateurs/PIECES-ARRIVEES/elements", params=question).json()
    assert (lu["explication"]["role"], page["egal"], len(page["elements"])) == ("traitante", True, 3)
    assert lu["elements"] == [page | {"fraicheur": lu["elements"][0]["fraicheur"]}]
    fin = ecluse("explain", "PIECES-ARRIVEES", *JANVIER, "--role", "traitante", "--data-dir", serveur.dossier)
    assert (fin.code, fin.erreurs) == (0, "")
    assert "Caf 091, ce qu'elle traite, du 2023-01-01" in fin.sortie
    assert "Caf propriétaire" in fin.sortie


def test_a_person_reads_formula_terms_cells_objects_and_events(garni: Path) -> None:
    fin = ecluse("explain", "COG-08-29", *JANVIER, "--elements", "1", "--faits", "--data-dir", garni)
    assert (fin.code, fin.erreurs) == (0, "")
    for mot in (
        REGISTRE["COG-08-29"].formule[:40], "version 1", "numerateur", "denominateur", "Justificatif",
        "somme égale au chiffre", "Journal de production", "à jour ; retard", "par /front-office/", "émis 20",
    ):  # fmt: skip
        assert mot in fin.sortie, mot


@pytest.mark.parametrize(
    ("code", "mot"),
    [
        ("DELAI-P90", "Rang lu : "),
        ("SOLDE-JOURS-MOYEN", "2023-01-31"),
        ("BALANCE", "ouverture"),
        ("FILES-RECOUVREMENT", "ne contient pas aujourd'hui"),
        ("INDUS-MONTANT", "788,86\u00a0€"),
    ],
)
def test_every_kind_of_figure_is_explained(garni: Path, code: str, mot: str) -> None:
    fin = ecluse("explain", code, *JANVIER, "--data-dir", garni)
    assert (fin.code, fin.erreurs, mot in fin.sortie) == (0, "", True), fin.sortie


def test_what_is_read_now_is_explained_by_its_corbeilles(garni: Path) -> None:
    maintenant = to_jour(read_clock())
    # A day on each side: midnight may pass meanwhile.
    periode = ("--caf", "091", "--du", to_iso(maintenant - 1), "--au", to_iso(maintenant + 1))
    fin = ecluse("explain", "FILES-RECOUVREMENT", *periode, "--data-dir", garni)
    assert "Corbeille a_notifier" in fin.sortie


def test_a_question_without_an_answer_is_told_in_one_line(garni: Path, serveur: Serveur) -> None:
    for dossier in (garni, serveur.dossier):
        ou = ("--data-dir", dossier)
        assert_refuses(ecluse("explain", "NULLE-PART", *JANVIER, *ou), "NULLE-PART")
        assert_refuses(ecluse("explain", "STOCK", *JANVIER, "--terme", "cloture", *ou), "numerateur")
        assert_refuses(ecluse("explain", "VISITES", *JANVIER, "--role", "traitante", *ou), "par Caf propriétaire")
        assert_refuses(ecluse("explain", "STOCK", *JANVIER, "--par", "modalite", *ou), "caf_traitante")
        assert_refuses(ecluse("explain", "SOLDE-JOURS-MOYEN", *JANVIER, "--terme", "numerateur", *ou), "un seul jour")
