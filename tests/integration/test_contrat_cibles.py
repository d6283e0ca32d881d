"""Targets, through the doors of a house: whole lists or none, with their history."""

import httpx
import pytest

from ecluse.demo import AUTEUR, Demo
from ecluse.maison import Maison, open_house
from shared.reglages import Reglages
from tests.maisons import arrivee, deposit, eventually, value
from tests.pilotage import AN, CSV, ENTETE, LIGNE, SAISIE, another, figure, give, problem, rows, served


def test_an_empty_house_begins_with_the_published_targets(pilotee: Maison, pilote: httpx.Client) -> None:
    (publiees,) = pilote.get("/v1/cibles/imports").json()
    assert (publiees["numero"], publiees["auteur"], publiees["lignes"], publiees["changees"]) == (1, "ecluse", 88, 88)
    cibles = pilote.get("/v1/cibles", params={"caf": "361", "annee": 2023}).json()["cibles"]
    etats = {c["code"]: c["etat"] for c in cibles}
    assert (etats["COG-08-29"], etats["COG-10-43"], etats["COG-02-13"]) == ("cible_non_transmise", "transmise", "suivi")
    assert rows(pilotee)[1:] == [1, 88]


def test_a_target_that_comes_late_judges_from_then_on_and_its_history_is_kept(
    pilotee: Maison, pilote: httpx.Client
) -> None:
    attendue = LIGNE.replace("16,", ",")
    assert give(pilote, ENTETE + attendue).json()["changees"] == 1
    question: dict[str, str | int] = {"caf": "521", "annee": 2024}
    assert [
        c["etat"] for c in pilote.get("/v1/cibles", params=question).json()["cibles"] if c["code"] == "COG-08-29"
    ] == ["cible_non_transmise"]
    reponse = give(pilote, ENTETE + LIGNE, "direction")
    assert (reponse.status_code, reponse.json()["importation"]["auteur"]) == (201, "direction")
    histoire = pilote.get("/v1/cibles", params={**question, "historique": "true"}).json()["cibles"]
    siennes = [c for c in histoire if c["code"] == "COG-08-29"]
    assert [(c["valeur"], c["en_vigueur"], c["importation"]["numero"]) for c in siennes] == [
        (None, False, 2),
        (16, True, 3),
    ]
    assert siennes[1]["importation"]["fichier"] == "cibles.csv"
    lue = figure(pilote, "COG-08-29", du="2024-01-01", au="2024-01-31")
    assert lue["cibles"] == [{"valeur": 16, "operateur": "<=", "nature": "individualisee"}]
    assert rows(pilotee)[1:] == [3, 90]


def test_importing_the_same_list_again_changes_nothing(pilotee: Maison, pilote: httpx.Client) -> None:
    assert give(pilote, ENTETE + LIGNE).status_code == 201
    avant = rows(pilotee)
    encore = give(pilote, ENTETE + LIGNE)
    assert (encore.status_code, encore.json()) == (
        200,
        {"nouvelle": False, "lignes": 1, "changees": 0, "importation": None},
    )
    # A list that says one more thing keeps that one.
    plus = give(pilote, ENTETE + LIGNE + LIGNE.replace("2024", "2025"))
    assert (plus.json()["lignes"], plus.json()["changees"]) == (2, 1)
    assert rows(pilotee) == [avant[0], avant[1] + 1, avant[2] + 1]


def test_a_list_that_comes_back_late_under_its_key_does_not_undo_another(pilotee: Maison, pilote: httpx.Client) -> None:
    cle = {"Idempotency-Key": "envoi-7"}
    premier = give(pilote, ENTETE + LIGNE, **cle).json()
    give(pilote, ENTETE + LIGNE.replace("16,", "15,"))
    avant = rows(pilotee)
    encore = give(pilote, ENTETE + LIGNE, **cle)
    assert (encore.status_code, encore.json()["importation"]) == (200, premier["importation"])
    assert problem(give(pilote, ENTETE + LIGNE.replace("16,", "14,"), **cle), 422) == "cle-reutilisee"
    assert rows(pilotee) == avant


def test_a_list_with_lines_that_can_not_be_taken_is_refused_whole(pilotee: Maison, pilote: httpx.Client) -> None:
    avant = rows(pilotee)
    reponse = give(pilote, ENTETE + LIGNE + LIGNE.replace("jours", "taux") + LIGNE + LIGNE.replace("COG-08-29", "X"))
    assert problem(reponse, 422) == "cibles-invalides"
    assert [e["ligne"] for e in reponse.json()["erreurs"]] == [3, 4, 5]
    assert "COG-08-29 se mesure en jours, pas en taux" in reponse.json()["erreurs"][0]["detail"]
    assert "est déjà donnée à la ligne 2" in reponse.json()["detail"]
    assert rows(pilotee) == avant


@pytest.mark.parametrize(
    ("question", "entetes", "corps", "statut", "genre"),
    [
        ({}, CSV, ENTETE + LIGNE, 422, "requete-invalide"),
        ({"auteur": "Marie Dupont"}, CSV, ENTETE + LIGNE, 422, "requete-invalide"),
        ({"auteur": "2840564123456"}, CSV, ENTETE + LIGNE, 422, "auteur-refuse"),
        ({"auteur": "p"}, {"Content-Type": "application/json"}, "{}", 415, "type-de-contenu"),
        ({"auteur": "p"}, {"Content-Type": "text/csv; charset=latin-1"}, "{}", 415, "type-de-contenu"),
        ({"auteur": "p"}, CSV, "", 422, "cibles-invalides"),
        ({"auteur": "p"}, CSV, "x" * 1_000_001, 413, "corps-trop-grand"),
    ],
)
def test_a_request_that_is_no_list_is_a_problem(
    gardee: Maison,
    demandeur: httpx.Client,
    question: dict[str, str],
    entetes: dict[str, str],
    corps: str,
    statut: int,
    genre: str,
) -> None:
    reponse = demandeur.post("/v1/cibles", params=question, headers=entetes, content=corps.encode())
    assert problem(reponse, statut) == genre
    assert rows(gardee) == [1, 1, 88]


def test_a_year_or_a_caf_without_targets_is_a_problem_that_tells_the_years_known(demandeur: httpx.Client) -> None:
    client = demandeur
    reponse = client.get("/v1/cibles", params={"caf": "521", "annee": 2031})
    assert problem(reponse, 404) == "cibles-inconnues"
    assert "2023, 2024, 2027" in reponse.json()["detail"]
    assert problem(client.get("/v1/cibles", params={"caf": "975", "annee": 2023}), 404) == "cibles-inconnues"
    assert problem(client.get("/v1/cibles", params={"caf": "52", "annee": 2023}), 422) == "caf-invalide"
    # The figure itself is answered, without a judge.
    assert figure(client, "STOCK", du="2023-01-01", au="2023-01-31")["etat"] == "sans_cible"


def test_what_people_gave_is_there_after_a_restart_and_a_rebuild(reglages_pilotes: Reglages) -> None:
    with open_house(reglages_pilotes) as maison, served(maison) as client:
        client.post("/v1/valeurs", json=SAISIE)
        give(client, ENTETE + LIGNE)
        deposit(maison, arrivee("P-1"))
        assert value(maison, "STOCK") == 1
        assert maison.indicateurs.rebuild(accepter_restauration=True).egal
        avant = rows(maison)
    with open_house(reglages_pilotes) as maison, served(maison) as client:
        assert rows(maison) == avant == [1, 2, 89]
        assert figure(client)["valeur"] == 0.91
        assert figure(client, "COG-08-29", du="2024-01-01", au="2024-01-31")["cibles"][0]["valeur"] == 16


def test_a_demonstration_brings_its_targets_to_its_own_years_once(pilotee: Maison) -> None:
    for _ in range(2):
        Demo(pilotee, pilotee.reglages.dossier, "091").carry_targets()
    publiees, reportees = pilotee.indicateurs.contrat.list_imports()
    assert (reportees.auteur, reportees.lignes, reportees.changees) == (AUTEUR, reportees.lignes, reportees.lignes)
    assert publiees.numero == 1
    assert set(pilotee.indicateurs.contrat.cibles.years("091")) > {2023}


@pytest.mark.parametrize("reglages_pilotes", ["postgresql"], indirect=True)
def test_what_one_process_takes_another_knows(pilotee: Maison, pilote: httpx.Client) -> None:
    with another(pilotee) as second:
        assert rows(pilotee)[1] == 1, "the published list is imported once"
        pilote.post("/v1/valeurs", json=SAISIE)
        give(pilote, ENTETE + LIGNE)

        def known() -> bool:
            lue = second.figures("521", AN["du"], AN["au"], ["COG-01-11"]).indicateurs[0]
            return lue.valeur == 0.91 and second.contrat.cibles.years("521") == [2023, 2024, 2027]

        assert eventually(known)
