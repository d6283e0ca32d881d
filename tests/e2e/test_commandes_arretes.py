"""Arrêtés and exports on the command line, whether the house runs or not."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from contextlib import nullcontext
from hashlib import sha256
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from shared.events.catalogue import ENCODER
from tests.commandes import Fin, assert_refuses, ecluse, serving, write_clean
from tests.maisons import arrivee

MOIS = ("--caf", "091", "--du", "2023-01-01", "--au", "2023-01-31")


@pytest.fixture(scope="module")
def lot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some dossiers of the small month."""
    fichier = tmp_path_factory.mktemp("lot") / "lot.ndjson"
    write_clean(fichier)
    return fichier


@pytest.fixture(scope="module", params=["en processus", "par HTTP"])
def dossier(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, lot: Path) -> Iterator[Path]:
    """A data folder with these dossiers, that no process holds, or that a running house holds."""
    dossier = tmp_path_factory.mktemp("maison") / "donnees"
    with serving(dossier) if request.param == "par HTTP" else nullcontext():
        assert ecluse("import", lot, "--data-dir", dossier).code == 0
        yield dossier


def run(dossier: Path, *arguments: str | Path) -> Fin:
    """A command on this folder, that does what it says."""
    fin = ecluse(*arguments, "--data-dir", dossier)
    assert (fin.code, fin.erreurs) == (0, ""), fin.erreurs
    return fin


def figures(dossier: Path) -> dict[str, Any]:
    """The figures of January, by code."""
    return {i["code"]: i for i in run(dossier, "indicators", *MOIS, "--json").document["indicateurs"]}


def test_a_month_is_frozen_verified_and_held_against_what_came_since(dossier: Path, tmp_path: Path) -> None:
    avant = figures(dossier)
    pris = run(dossier, "arrete", "2023-01", "--caf", "091", "--auteur", "poste-1", "--json").document
    assert_refuses(ecluse("arrete", "2023-01", "--caf", "091", "--data-dir", dossier), "déjà arrêtée", "motif")
    autre = run(dossier, "arrete", "--caf", "091", "--motif", "une reprise", "2023-01").sortie
    assert "091-2" in autre
    # Never the account that runs the command: what is sealed is sealed for good.
    assert run(dossier, "arrete", "document", "091-2").document["auteur"] == "ligne-de-commande"
    document = run(dossier, "arrete", "document", "091-1").sortie
    assert sha256(document.encode()).hexdigest() == pris["empreinte"]
    lu = json.loads(document)
    assert lu["auteur"] == "poste-1"
    assert {c["code"]: c["valeur"] for c in lu["chiffres"]} == {
        code: avant[code]["valeur"] for code in avant if code != "FILES-RECOUVREMENT"
    }
    assert "2 arrêtés ; 0 anomalie" in " ".join(run(dossier, "arrete", "verifier").sortie.split())
    assert [a["id"] for a in run(dossier, "arrete", "liste", "--json").document] == ["091-1", "091-2"]

    calme = run(dossier, "arrete", "diff", "2023-01", "--caf", "091", "--json").document
    assert (calme["arrete"]["id"], calme["ecarts"]) == ("091-2", [])
    tard = tmp_path / "tard.ndjson"
    tard.write_bytes(b"\n".join(ENCODER.encode(arrivee(f"TARD-{n}", source="/oublis")) for n in range(7)))
    run(dossier, "import", tard)
    diff = run(dossier, "arrete", "diff", "091-1", "--json").document
    ecarts = {e["code"]: e for e in diff["ecarts"]}
    recues = ecarts["PIECES-RECUES"]
    assert (recues["mouvements"], recues["numerateur"], recues["explique"]) == (7, 7, True)
    assert recues["maintenant"]["valeur"] - recues["arrete"]["valeur"] == 7
    assert len(diff["mouvements"]["PIECES-RECUES"]) == 5
    (un,) = run(dossier, "arrete", "diff", "091-1", "--code", "PIECES-RECUES", "--json").document["mouvements"].values()
    assert sorted(m["objet"] for m in un) == [f"TARD-{n}" for n in range(7)]
    assert {e["source"] for m in un for e in m["evenements"]} == {"/oublis"}
    seul = run(dossier, "arrete", "diff", "091-1", "--code", "PIECES-RECUES", "--json").document
    assert ([e["code"] for e in seul["ecarts"]], seul["identiques"]) == (["PIECES-RECUES"], 0)
    intact = run(dossier, "arrete", "diff", "091-1", "--code", "COG-01-11", "--json").document
    assert (intact["ecarts"], intact["identiques"], intact["cibles"], intact["formules"]) == ([], 1, [], [])
    assert len(diff["ecarts"]) + diff["identiques"] == len(lu["chiffres"])
    for code, mot in (("COG-99", "COG-99"), ("FILES-RECOUVREMENT", "n'a pas de chiffre FILES-RECOUVREMENT")):
        assert_refuses(ecluse("arrete", "diff", "091-1", "--code", code, "--data-dir", dossier), mot)
    dit = run(dossier, "arrete", "diff", "091-1").sortie
    assert all(mot in dit for mot in ("PIECES-RECUES", "TARD-0", "/oublis", "fr.caf.piece.arrivee.v1", "oui"))


def test_who_gave_another_value_or_target_since_is_told_with_what_it_changed(dossier: Path, tmp_path: Path) -> None:
    saisir = ("valeurs", "saisir", "--caf", "091", "--code", "COG-01-11", "--annee", "2023", "--auteur")
    run(dossier, *saisir, "poste-1", "--valeur", "0.91")
    chiffre = run(
        dossier, "indicators", "--caf", "091", "--du", "2023-12-01", "--au", "2023-12-31", *saisir[4:6]
    ).sortie
    assert "par poste-1" in chiffre, chiffre
    id_ = run(dossier, "arrete", "2023", "--caf", "091", "--json").document["id"]
    # Two decimals of a percentage would not tell these two apart.
    run(dossier, *saisir, "pilotage-7", "--valeur", "0.910001", "--commentaire", "recompté")
    liste = tmp_path / "cibles.csv"
    liste.write_text(
        "caf,annee,code,nature,valeur,operateur,unite,etat_source,source\n"
        "091,2023,COG-01-11,individualisee,0.95,>=,taux,transmise,courrier\n"
        "091,2023,COG-08-29,individualisee,1,<=,jours,transmise,courrier\n"
    )
    run(dossier, "cibles", "importer", liste, "--auteur", "pilotage-7")
    un = run(dossier, "arrete", "diff", id_, "--code", "COG-01-11").sortie
    dit = " ".join(un.split())
    assert "91,0000 % │ 91,0001 %" in dit
    assert re.search(r"Saisie le \S+ \S+ \S+ par pilotage-7, .* : recompté", dit)
    assert "1 chiffre changé, 0 identique ;" in dit
    assert "COG-08-29" not in dit
    cible = " ".join(run(dossier, "arrete", "diff", id_, "--code", "COG-08-29").sortie.split())
    assert re.search(r"COG-08-29 : cible .* → ≤ 1 jours? \(individualisée\)", cible)
    assert "Cible atteinte → Cible non atteinte" in cible
    assert "COG-01-11" not in cible


@pytest.mark.parametrize(
    ("arguments", "mots"),
    [
        (["arrete", "2023-13", "--caf", "091"], ["2023-T1"]),
        (["arrete", "2090", "--caf", "091"], ["ne finit que", "provisoire"]),
        (["arrete", "1999-01", "--caf", "091"], ["rien n'est compté"]),
        (["arrete", "2023-02", "--caf", "91"], ["trois chiffres"]),
        (["arrete", "2023-02", "--caf", "091", "--auteur", "Jean Dupont"], ["« auteur »", "opaque"]),
        (["arrete", "2023-02", "--caf", "091", "--auteur", "j.dupont@caf.fr"], ["« auteur »", "opaque"]),
        (["arrete", "2023-02", "--caf", "091", "--auteur", ""], ["« auteur »", "opaque"]),
        (["arrete", "2023-02", "--caf", "091", "--motif", ""], ["--motif"]),
        (["arrete", "diff", "2022-05", "--caf", "091"], ["aucun arrêté"]),
        (["arrete", "document", "091-900"], ["aucun arrêté"]),
        (["indicators", *MOIS, "--format", "ods"], ["ods", "csv-excel"]),
        (["indicators", *MOIS, "--sortie", "x.ods"], ["--format"]),
        (["indicators", "--caf", "091", "--du", "2023-02-01", "--au", "2023-01-31", "--format", "csv"], ["inverser"]),
        (["indicators", *MOIS, "--format", "csv", "--sortie", "/nulle/part/x.csv"], ["/nulle/part"]),
    ],
)
def test_what_can_not_be_done_is_one_line_and_exit_2(dossier: Path, arguments: list[str], mots: list[str]) -> None:
    assert_refuses(ecluse(*arguments, "--data-dir", dossier), *mots)


def test_exports_hold_what_the_command_shows(dossier: Path, tmp_path: Path) -> None:
    attendus = figures(dossier)
    sortie = tmp_path / "janvier.csv"
    run(dossier, "indicators", *MOIS, "--format", "csv", "--sortie", sortie)
    with sortie.open(newline="") as fichier:
        lignes = {ligne["code"]: ligne for ligne in csv.DictReader(fichier)}
    assert list(lignes) == list(attendus)
    for code, ligne in lignes.items():
        valeur = attendus[code]["valeur"]
        assert (float(ligne["valeur"]) if ligne["valeur"] else None) == (None if valeur is None else float(valeur))
        assert ligne["a_jour"] == "true"
    run(dossier, "indicators", *MOIS, "--sortie", tmp_path / "janvier.xlsx")
    assert openpyxl.load_workbook(tmp_path / "janvier.xlsx").sheetnames == ["Indicateurs", "Définitions"]
    run(dossier, "indicators", *MOIS, "--serie", "jour", "--sortie", tmp_path / "janvier.parquet")
    assert (tmp_path / "janvier.parquet").read_bytes()[:4] == b"PAR1"
    assert sorted(f.name for f in tmp_path.iterdir()) == ["janvier.csv", "janvier.parquet", "janvier.xlsx"]
    texte = run(dossier, "indicators", *MOIS, "--serie", "semaine", "--code", "STOCK", "--format", "csv-excel").sortie
    assert texte.startswith("\ufeffcaf;code;")
    assert len(texte.splitlines()) == 7
