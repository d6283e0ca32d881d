"""Values and targets on the command line, whether the house runs or not: one line for what can not be taken."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commandes import assert_refuses, ecluse, serving

ENTETE = "caf,annee,code,nature,valeur,operateur,unite,etat_source,source\n"
LIGNE = "521,2024,COG-08-29,individualisee,16,<=,jours,transmise,courrier\n"
SAISIR = ("valeurs", "saisir", "--caf", "521", "--code", "COG-01-11", "--auteur", "pilotage")


@pytest.fixture(scope="module", params=["dossier", "serveur"])
def dossier(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A data folder, which nobody has or which a running house has."""
    chemin = tmp_path_factory.mktemp("contrat") / "donnees"
    if request.param == "dossier":
        yield chemin
        return
    with serving(chemin):
        yield chemin


@pytest.fixture
def liste(tmp_path: Path) -> Path:
    """A list of targets."""
    fichier = tmp_path / "cibles.csv"
    fichier.write_text(ENTETE + LIGNE)
    return fichier


def test_a_value_is_typed_corrected_and_listed(dossier: Path) -> None:
    ici = ("--data-dir", dossier)
    premiere = ecluse(*SAISIR, "--annee", "2023", "--valeur", "0.9", *ici)
    assert (premiere.code, premiere.erreurs) == (0, "")
    assert "enregistrée (n° 1, par pilotage)" in premiere.sortie
    encore = ecluse(*SAISIR, "--du", "2023-01-01", "--au", "2023-12-31", "--valeur", "0,9", *ici)
    assert "déjà saisie, rien n'a changé (n° 1, par pilotage)" in encore.sortie
    correction = ecluse(*SAISIR, "--annee", "2023", "--valeur", "0.88", "--commentaire", "recompté", "--json", *ici)
    assert (correction.document["nouvelle"], correction.document["valeur"]["numero"]) == (True, 2)
    lues = ecluse("valeurs", "lister", "--caf", "521", "--json", *ici).document
    assert [(v["valeur"], v["en_vigueur"]) for v in lues] == [(0.9, False), (0.88, True)]
    assert "recompté" in ecluse("valeurs", "lister", "--caf", "521", *ici).sortie
    question = ("--caf", "521", "--du", "2023-01-01", "--au", "2023-12-31", "--code", "COG-01-11")
    (chiffre,) = ecluse("indicators", *question, "--json", *ici).document["indicateurs"]
    assert (chiffre["valeur"], chiffre["etat"], chiffre["saisie"]["numero"]) == (0.88, "non_atteint", 2)


def test_a_list_of_targets_is_imported_once_and_listed_with_its_history(dossier: Path, liste: Path) -> None:
    ici = ("--data-dir", dossier)
    importer = ("cibles", "importer", liste, "--auteur", "pilotage", *ici)
    assert "cibles lues : 1, changées : 1" in ecluse(*importer).sortie
    assert "toutes déjà en vigueur : rien n'a changé" in ecluse(*importer).sortie
    liste.write_text(ENTETE + LIGNE.replace("16,", "15,"))
    assert ecluse(*importer, "--json").document["changees"] == 1
    lister = ("cibles", "lister", "--caf", "521", "--annee", "2024", "--json", *ici)
    valeurs = [[c["valeur"] for c in ecluse(*lister, *plus).document["cibles"] if c["code"] == "COG-08-29"]
               for plus in ((), ("--historique",))]  # fmt: skip
    assert valeurs == [[15], [16, 15]]
    imports = ecluse("cibles", "imports", "--json", *ici).document
    assert [i["fichier"] for i in imports] == ["cibles publiées", "cibles.csv", "cibles.csv"]
    texte = ecluse("cibles", "lister", "--caf", "361", "--annee", "2023", *ici).sortie
    assert all(mots in texte for mots in ("cible non transmise", "suivi sans cible", "≥ 65,4"))
    assert "ecluse" in ecluse("cibles", "imports", *ici).sortie


def test_what_can_not_be_taken_is_one_line_and_changes_nothing(dossier: Path, liste: Path) -> None:
    ici = ("--data-dir", dossier)
    avant = ecluse("cibles", "imports", "--json", *ici).document
    importer = ("cibles", "importer", liste, "--auteur", "pilotage", *ici)
    for table, mots in (
        (LIGNE.replace("jours", "taux"), ("ligne 2", "se mesure en jours, pas en taux")),
        (LIGNE + LIGNE, ("ligne 3", "déjà donnée à la ligne 2")),
        (LIGNE.replace("COG-08-29", "COG-99"), ("ligne 2", "code « COG-99 » inconnu")),
    ):
        liste.write_text(ENTETE + table)
        assert_refuses(ecluse(*importer), "rien n'a changé", *mots)
    liste.write_bytes(ENTETE.encode() + b"521,\xe9\n")
    assert_refuses(ecluse(*importer), "ligne 2", "UTF-8")
    assert_refuses(ecluse("cibles", "importer", liste.with_name("absent.csv"), "--auteur", "p", *ici), "absent.csv")
    assert_refuses(ecluse("cibles", "lister", "--caf", "521", "--annee", "2031", *ici), "2031", "années connues")
    assert_refuses(ecluse(*SAISIR, "--annee", "2023", "--valeur", "1.2", *ici), "hors de ce qui se mesure")
    for faux in ("abc", "91 %", "1 234", "1.234,5", "nan", "inf", ""):
        assert_refuses(ecluse(*SAISIR, "--annee", "2023", "--valeur", faux, *ici), "--valeur", "n'est pas un nombre")
    assert_refuses(ecluse(*SAISIR, "--valeur", "1", *ici), "donner l'année, ou du et au")
    assert_refuses(ecluse(*SAISIR, "--du", "2023-12-31", "--au", "2023-01-01", "--valeur", "1", *ici), "inverser")
    assert_refuses(
        ecluse("valeurs", "saisir", "--caf", "521", "--code", "STOCK", "--auteur", "p", "--annee", "2023", "--valeur",
               "1", *ici), "se calcule des événements")  # fmt: skip
    assert ecluse("cibles", "imports", "--json", *ici).document == avant
