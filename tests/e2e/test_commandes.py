"""The command line, whether the house runs or not: events in, figures out, and one line for what can not be done."""

from __future__ import annotations

import gzip
import json
import re
import shutil
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
import zstandard

from ecluse.commandes.ecriture import show
from ecluse.panne import Serveur
from services.indicators.registre import REGISTRE
from tests.commandes import Fin, assert_refuses, ecluse, serving, spawn, write_clean, write_lot

PERIODE = ("--caf", "091", "--du", "2023-01-01", "--au", "2023-01-31")
AVEC_FEVRIER = {"caf": "091", "du": "2023-01-01", "au": "2023-01-31", "avec_du": "2023-02-01", "avec_au": "2023-02-28"}
QUESTION = {"caf": "091", "du": "2023-01-01", "au": "2023-01-31"}


@pytest.fixture(scope="module")
def lot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of a tool: duplicates, lines to refuse, an event that can have no effect."""
    fichier = tmp_path_factory.mktemp("lot") / "lot.ndjson"
    write_lot(fichier)
    return fichier


@pytest.fixture(scope="module")
def garni(tmp_path_factory: pytest.TempPathFactory, lot: Path) -> Path:
    """A data folder where the file was imported while nothing ran."""
    dossier = tmp_path_factory.mktemp("garni") / "donnees"
    fin = spawn("import", lot, "--data-dir", dossier)
    assert (fin.code, fin.erreurs) == (1, "")
    return dossier


@pytest.fixture(scope="module")
def serveur(tmp_path_factory: pytest.TempPathFactory, lot: Path) -> Iterator[Serveur]:
    """A running house where the file was imported meanwhile."""
    with serving(tmp_path_factory.mktemp("serveur") / "donnees") as serveur:
        fin = ecluse("import", lot, "--data-dir", serveur.dossier)
        assert fin.code == 1, fin.erreurs
        yield serveur


def figures(dossier: Path) -> list[dict[str, Any]]:
    """The figures of January, without their freshness."""
    fin = ecluse("indicators", *PERIODE, "--json", "--data-dir", dossier)
    assert fin.code == 0, fin.erreurs
    lu = fin.document
    assert lu["fraicheur"]["a_jour"]
    assert {nom: lu[nom] for nom in QUESTION} == QUESTION
    return list(lu["indicateurs"])


def value(chiffres: list[dict[str, Any]], code: str) -> float:
    """The value of one of the figures."""
    return float(next(c["valeur"] for c in chiffres if c["code"] == code))


def counts(fin: Fin) -> list[int]:
    """Accepted, duplicates, refused, as the import tells them."""
    trouve = re.search(r"(\d+) acceptés, (\d+) doublons, (\d+) refusés", fin.sortie)
    assert trouve, fin.sortie
    return [int(nombre) for nombre in trouve.groups()]


def test_the_figures_are_the_same_whether_the_house_ran_during_the_import_or_not(garni: Path, serveur: Serveur) -> None:
    chiffres = figures(garni)
    assert value(chiffres, "PIECES-RECUES") > 50
    assert figures(serveur.dossier) == chiffres


def test_the_command_and_the_api_give_the_same_document(serveur: Serveur) -> None:
    with serveur.client() as client:
        par_http = client.get("/v1/indicateurs", params=QUESTION).json()
        serie = client.get("/v1/indicateurs/STOCK/serie", params={**QUESTION, "pas": "semaine"}).json()
        coupe = client.get("/v1/indicateurs/STOCK/coupe", params={**QUESTION, "par": "canal"}).json()
        les_deux = {**QUESTION, "pas": "mois", "par": "nature", "role": "traitante"}
        coupee = client.get("/v1/indicateurs/STOCK/serie", params=les_deux).json()
        comparee = client.get("/v1/indicateurs/comparaison", params={**AVEC_FEVRIER, "code": "STOCK"}).json()
        projection = client.get("/v1/projection", params={"caf": "091", "au": "2023-01-31"}).json()
    assert figures(serveur.dossier) == par_http["indicateurs"]
    assert [t["cle"] for t in coupee["tranches"]]
    comparer = ("--avec-du", "2023-02-01", "--avec-au", "2023-02-28")
    for options, attendu in (
        (("--serie", "semaine"), serie),
        (("--par", "canal"), coupe),
        (("--serie", "mois", "--par", "nature", "--role", "traitante"), coupee),
        (comparer, comparee),
    ):
        fin = ecluse("indicators", *PERIODE, "--code", "STOCK", *options, "--json", "--data-dir", serveur.dossier)
        assert fin.document | {"fraicheur": None} == attendu | {"fraicheur": None}
    fin = ecluse("projection", "--caf", "091", "--au", "2023-01-31", "--json", "--data-dir", serveur.dossier)
    assert fin.document | {"fraicheur": None} == projection | {"fraicheur": None}


def test_two_periods_a_projection_and_who_works_are_shown_to_people(garni: Path) -> None:
    fin = ecluse("indicators", *PERIODE, "--code", "PART-WEB", "--compare", "annee_precedente", "--data-dir", garni)
    assert (fin.code, fin.erreurs) == (0, "")
    assert "rien de ce que compte PART-WEB n'est connu avant le" in fin.sortie
    entre_deux = ("--avec-du", "2023-01-01", "--avec-au", "2023-01-15", "--data-dir", garni)
    fin = ecluse("indicators", *PERIODE, "--code", "PART-WEB", "--code", "STOCK", *entre_deux)
    assert all(mot in fin.sortie for mot in ("points", "22 j ouvrés", "10 j ouvrés", "%)"))
    fin = ecluse("indicators", *PERIODE, "--code", "VISITES", "--role", "traitante", "--data-dir", garni)
    assert "ND" in fin.sortie
    assert "définitif" in ecluse("indicators", *PERIODE, "--code", "STOCK", "--data-dir", garni).sortie
    fin = ecluse("projection", "--caf", "091", "--au", "2023-01-31", "--data-dir", garni)
    assert (fin.code, fin.erreurs) == (0, "")
    dit = " ".join(fin.sortie.split())
    assert all(mot in dit for mot in ("Formules d'Écluse", "par la loi de Little", "2023-02-28", "à jour"))


def test_a_narrow_terminal_cuts_neither_code_nor_label_nor_value_nor_state(garni: Path) -> None:
    chiffres = ecluse("indicators", *PERIODE, "--json", "--data-dir", garni).document["indicateurs"]
    lignes = ecluse("indicators", *PERIODE, "--data-dir", garni, largeur=80).sortie.splitlines()
    assert max(map(len, lignes)) <= 80
    assert "…" not in "".join(lignes)
    dits = {mots[1]: mots for ligne in lignes if len(mots := ligne.replace("│", " │ ").split()) > 1}
    for chiffre in chiffres:
        assert show(chiffre["valeur"], chiffre["unite"]) in " ".join(dits[chiffre["code"]])
    ailleurs = ecluse("indicators", *PERIODE, "--role", "traitante", "--data-dir", garni, largeur=80).sortie
    assert max(map(len, ailleurs.splitlines())) <= 80
    entre_deux = ("--compare", "precedente", "--data-dir", garni)
    comparaison = ecluse("indicators", *PERIODE, *entre_deux, largeur=80).sortie
    assert max(map(len, comparaison.splitlines()[:-2])) <= 80
    assert "…" not in comparaison
    assert all(code in comparaison for code in REGISTRE)
    serie = ("--code", "COG-08-29", "--serie", "semaine", "--par", "canal", "--data-dir", garni)
    document = ecluse("indicators", *PERIODE, *serie, "--json").document
    dit = ecluse("indicators", *PERIODE, *serie, largeur=80).sortie
    assert "…" not in dit
    assert all(point["du"] in dit for point in document["points"])
    points = [p for tranche in document["tranches"] for p in tranche["points"]]
    assert all(show(p["valeur"], "jours") in dit for p in points)


def test_figures_are_shown_to_people_with_their_labels_and_states(garni: Path) -> None:
    tout = ecluse("indicators", *PERIODE, "--data-dir", garni).sortie
    assert all(code in tout for code in REGISTRE)
    assert all(mot in tout for mot in ("Délai moyen de démarche", " j ", "ND", "Sans cible", "à jour ; retard"))
    assert (
        "Travail interne"
        in ecluse("indicators", *PERIODE, "--code", "STOCK", "--par", "canal", "--data-dir", garni).sortie
    )


def test_importing_twice_changes_nothing(lot: Path, garni: Path, serveur: Serveur) -> None:
    rejets = lot.with_name("lot.ndjson.rejets.ndjson")
    for dossier in (garni, serveur.dossier):
        chiffres, refuses = figures(dossier), rejets.read_text()
        fin = ecluse("import", lot, "--data-dir", dossier)
        assert fin.code == 1
        acceptes, doublons, refus = counts(fin)
        assert (acceptes, refus) == (0, len(refuses.splitlines()))
        assert doublons > 1_400
        assert rejets.read_text() == refuses
        assert figures(dossier) == chiffres


def test_the_file_of_refusals_gives_line_reason_and_original(lot: Path, garni: Path) -> None:
    assert garni.is_dir()
    rejets = [json.loads(ligne) for ligne in lot.with_name("lot.ndjson.rejets.ndjson").read_text().splitlines()]
    lignes = lot.read_text().splitlines()
    assert all(rejet["original"] == lignes[rejet["ligne"] - 1] for rejet in rejets)
    assert all(rejet["detail"] for rejet in rejets)
    illisible = rejets[-1]
    assert (illisible["original"], illisible["id"]) == ("{", None)


def test_a_clean_file_is_imported_compressed_or_from_a_pipe_and_leaves_no_refusals(tmp_path: Path, garni: Path) -> None:
    fichier, dossier = tmp_path / "propre.ndjson", tmp_path / "donnees"
    write_clean(fichier)
    comprime = tmp_path / "propre.ndjson.zst"
    comprime.write_bytes(zstandard.compress(fichier.read_bytes()))
    fin = ecluse("import", comprime, "--data-dir", dossier)
    lignes = len(fichier.read_bytes().splitlines())
    assert (fin.code, counts(fin)) == (0, [lignes, 0, 0])
    fin = spawn("import", "-", "--data-dir", dossier, ici=tmp_path, entree=gzip.compress(fichier.read_bytes()))
    assert (fin.code, counts(fin)) == (0, [0, lignes, 0])
    assert not list(tmp_path.glob("*.rejets.ndjson"))
    # What is refused at the door leaves no trace: the piece that was added to the other file makes the difference.
    recues = "PIECES-RECUES"
    assert value(figures(dossier), recues) == value(figures(garni), recues) - 1


def test_a_file_that_is_absent_or_cut_short_is_told_in_one_line(tmp_path: Path, lot: Path) -> None:
    dossier, coupe = tmp_path / "donnees", tmp_path / "coupe.ndjson.gz"
    coupe.write_bytes(gzip.compress(lot.read_bytes())[:-20])
    assert_refuses(ecluse("import", tmp_path / "absent.ndjson", "--data-dir", dossier), "absent.ndjson")
    assert_refuses(spawn("import", coupe, "--data-dir", dossier), coupe.name, "incomplet")
    assert_refuses(ecluse("verify", coupe), coupe.name, "incomplet")


def test_verify_judges_a_file_without_any_house(tmp_path: Path, lot: Path, garni: Path) -> None:
    assert garni.is_dir()
    rejets = lot.with_name("lot.ndjson.rejets.ndjson").read_text().splitlines()
    propre = tmp_path / "propre.ndjson"
    write_clean(propre)
    fin = spawn("verify", lot, "--json", ici=tmp_path)
    assert (fin.code, fin.document["refuses"]) == (1, len(rejets))
    fin = ecluse("verify", propre)
    assert (fin.code, "/front-office/cristal" in fin.sortie) == (0, True)
    assert [chemin.name for chemin in tmp_path.iterdir()] == ["propre.ndjson"]


def test_a_rebuild_proves_the_figures_and_tells_a_cell_that_was_changed_by_hand(garni: Path, tmp_path: Path) -> None:
    copie = shutil.copytree(garni, tmp_path / "copie")
    fin = ecluse("rebuild", "--json", "--data-dir", copie)
    assert (fin.code, fin.document["egal"], fin.document["ecarts"]) == (0, True, [])
    with closing(sqlite3.connect(copie / "indicators.db")) as base, base:
        (cle,) = base.execute("SELECT min(cle) FROM pli_cellule WHERE famille = 'piece'").fetchone()
        base.execute("DELETE FROM pli_cellule WHERE famille = 'piece' AND cle = ?", (cle,))
    fin = ecluse("rebuild", "--data-dir", copie)
    assert fin.code == 1
    assert fin.sortie.startswith("DIFFÉRENT ; cellules inégales : 1\n")
    assert ecluse("rebuild", "--json", "--data-dir", garni).code == 0


def test_dead_letters_are_listed_shown_and_tried_again_without_changing_anything(garni: Path, serveur: Serveur) -> None:
    for dossier in (garni, serveur.dossier):
        listees = ecluse("dead-letters", "list", "--json", "--data-dir", dossier)
        assert listees.code == 0
        lettre = next(lettre for lettre in listees.document if lettre["objet"] == "P-1")
        reference = f"{lettre['service']}/{lettre['numero']}"
        montree = ecluse("dead-letters", "show", reference, "--data-dir", dossier).document
        assert montree == lettre
        assert json.loads(montree["evenement"])["id"] == "traitee"
        fin = ecluse("dead-letters", "replay", reference, "--dry-run", "--data-dir", dossier)
        assert (fin.code, fin.sortie.startswith(f"{reference} : ")) == (1, True)
        assert ecluse("dead-letters", "list", "--json", "--data-dir", dossier).document == listees.document
    assert_refuses(ecluse("dead-letters", "show", "production/99", "--data-dir", garni), "production", "99")
    assert_refuses(ecluse("dead-letters", "show", "production", "--data-dir", garni), "service/numéro")


def test_the_state_is_that_of_the_api(serveur: Serveur) -> None:
    fin = ecluse("etat", "--json", "--data-dir", serveur.dossier)
    lu = fin.document
    with serveur.client() as client:
        par_http = client.get("/v1/etat").json()
    assert (fin.code, lu["a_jour"], lu["services"]) == (0, True, par_http["services"])
    production = next(s for s in lu["services"] if s["nom"] == "production")
    lettres = ecluse("dead-letters", "list", "--json", "--data-dir", serveur.dossier).document
    assert (production["lettres_mortes"], production["tete"] > 500) == (len(lettres), True)


def test_the_state_of_a_house_at_rest_is_a_table(garni: Path) -> None:
    fin = ecluse("etat", "--data-dir", garni)
    assert (fin.code, fin.erreurs) == (0, "")
    assert all(mot in fin.sortie for mot in ("production", "recovery", "contacts", "Lettres mortes"))


def test_a_folder_that_can_not_be_written_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "fichier").touch()
    # Under a file: not even root, as in CI, can write there.
    dossier = tmp_path / "fichier" / "donnees"
    for commande in (("etat",), ("rebuild",), ("dead-letters", "list"), ("indicators", *PERIODE)):
        assert_refuses(ecluse(*commande, "--data-dir", dossier), str(dossier))


def test_a_question_without_an_answer_is_told_in_one_line(garni: Path, serveur: Serveur) -> None:
    for dossier in (garni, serveur.dossier):
        question = ("indicators", "--caf", "091", "--data-dir", dossier)
        assert_refuses(ecluse(*question, "--du", "2023-02-30", "--au", "2023-03-01"), "2023-02-30")
        assert_refuses(ecluse(*question, "--du", "2023-02-01", "--au", "2023-03-01", "--code", "COG"), "COG")
        assert_refuses(ecluse(*question, "--du", "1999-01-01", "--au", "1999-12-31"), "rien n'est compté")
        assert_refuses(ecluse(*question, *PERIODE[2:], "--avec-du", "2022-01-01"), "avec_au")
        serie = ("--serie", "jour", "--role", "traitante", "--code", "VISITES")
        assert_refuses(ecluse(*question, *PERIODE[2:], *serie), "VISITES")
        inconnue = ("indicators", "--caf", "975", *PERIODE[2:], "--data-dir", dossier)
        assert_refuses(ecluse(*inconnue), "975")
        assert_refuses(ecluse("projection", "--caf", "091", "--au", "2099-01-01", "--data-dir", dossier), "à venir")


def test_a_link_opens_the_pages_once_and_needs_a_running_house(garni: Path, serveur: Serveur) -> None:
    fin = ecluse("lien", "--data-dir", serveur.dossier)
    adresse = fin.sortie.strip()
    assert (fin.code, adresse.startswith(f"{serveur.url}/entrer?lien=")) == (0, True)
    assert httpx.get(adresse, timeout=60).headers["location"] == "/"
    assert httpx.get(adresse, timeout=60).status_code == 401
    assert_refuses(ecluse("lien", "--data-dir", garni), "ecluse up")


def test_the_token_and_the_databases_are_for_the_owner_of_the_folder_alone(serveur: Serveur) -> None:
    fichiers = [serveur.dossier / "local-token", *serveur.dossier.glob("*.db*")]
    assert len(fichiers) > 4
    assert {stat.S_IMODE(f.stat().st_mode) for f in fichiers} == {0o600}
