"""Values typed in, through the doors of a house: recorded once, never overwritten, refused whole."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from ecluse.maison import Maison
from tests.maisons import PATIENCE, arrivee, deposit, value
from tests.pilotage import AN, SAISIE, figure, problem, rows


def test_a_value_answers_with_its_author_and_date_and_is_judged(pilotee: Maison, pilote: httpx.Client) -> None:
    avant = figure(pilote)
    assert (avant["valeur"], avant["etat"], "saisie" in avant) == (None, "nd", False)
    reponse = pilote.post("/v1/valeurs", json=SAISIE | {"commentaire": "enquête annuelle"})
    assert (reponse.status_code, reponse.json()["nouvelle"]) == (201, True), reponse.text
    lue = figure(pilote)
    assert (lue["valeur"], lue["numerateur"], lue["denominateur"], lue["etat"]) == (0.91, None, None, "atteint")
    assert lue["saisie"] == {
        "numero": 1,
        "du": "2023-01-01",
        "au": "2023-12-31",
        "auteur": "pilotage",
        "saisie_le": reponse.json()["valeur"]["saisie_le"],
        "commentaire": "enquête annuelle",
    }
    # It is the last that is known at the end of December, and says so; January knows none.
    assert figure(pilote, du="2023-12-01", au="2023-12-31")["saisie"]["du"] == "2023-01-01"
    assert figure(pilote, du="2023-01-01", au="2023-01-31")["etat"] == "nd"
    assert deposit(pilotee, arrivee("P-1")) == ["accepte"]
    assert value(pilotee, "STOCK") == 1


def test_a_correction_is_a_new_line_and_the_old_one_stays(pilotee: Maison, pilote: httpx.Client) -> None:
    for valeur in (0.91, 0.89, 0.91):
        assert pilote.post("/v1/valeurs", json=SAISIE | {"valeur": valeur}).status_code == 201
    lues = pilote.get("/v1/valeurs", params={"caf": "521", "code": "COG-01-11"}).json()
    assert [(v["numero"], v["valeur"], v["en_vigueur"]) for v in lues["valeurs"]] == [
        (1, 0.91, False),
        (2, 0.89, False),
        (3, 0.91, True),
    ]
    assert lues["suivant"] is None
    assert figure(pilote)["saisie"]["numero"] == 3
    assert rows(pilotee)[0] == 3


def test_sending_a_value_again_changes_nothing(pilotee: Maison, pilote: httpx.Client) -> None:
    premiere = pilote.post("/v1/valeurs", json=SAISIE)
    encore = pilote.post("/v1/valeurs", json=SAISIE)
    assert (premiere.status_code, encore.status_code) == (201, 200)
    assert encore.json() == premiere.json() | {"nouvelle": False}
    # The same days, written otherwise.
    autre = {cle: membre for cle, membre in SAISIE.items() if cle != "annee"} | AN
    assert pilote.post("/v1/valeurs", json=autre).status_code == 200
    assert rows(pilotee)[0] == 1


def test_a_command_that_comes_back_late_does_not_undo_a_correction(pilotee: Maison, pilote: httpx.Client) -> None:
    cle = {"Idempotency-Key": "essai-1"}
    premiere = pilote.post("/v1/valeurs", json=SAISIE, headers=cle)
    pilote.post("/v1/valeurs", json=SAISIE | {"valeur": 0.89, "auteur": "direction"})
    encore = pilote.post("/v1/valeurs", json=SAISIE, headers=cle)
    assert (encore.status_code, encore.json()["valeur"]["numero"]) == (200, premiere.json()["valeur"]["numero"])
    assert not encore.json()["valeur"]["en_vigueur"]
    assert figure(pilote)["valeur"] == 0.89
    assert problem(pilote.post("/v1/valeurs", json=SAISIE | {"valeur": 0.5}, headers=cle), 422) == "cle-reutilisee"
    # The key is its author's.
    assert pilote.post("/v1/valeurs", json=SAISIE | {"auteur": "autre"}, headers=cle).status_code == 201
    assert rows(pilotee)[0] == 3


@pytest.mark.parametrize(
    ("change", "statut", "genre"),
    [
        ({"valeur": 1.2}, 422, "valeur-refusee"),
        ({"valeur": 1e300}, 422, "requete-invalide"),
        ({"valeur": "0.9"}, 422, "requete-invalide"),
        ({"valeur": True}, 422, "requete-invalide"),
        ({"code": "COG-99"}, 404, "code-inconnu"),
        ({"code": "STOCK"}, 422, "valeur-refusee"),
        ({"code": "FILES-RECOUVREMENT"}, 422, "valeur-refusee"),
        ({"caf": "52"}, 422, "requete-invalide"),
        ({"annee": None}, 422, "periode-invalide"),
        ({"annee": None, "du": "2023-12-31", "au": "2023-01-01"}, 422, "periode-invalide"),
        ({"annee": None, "du": "2023-02-30", "au": "2023-12-31"}, 422, "periode-invalide"),
        ({"annee": None, "du": "2023-01-01"}, 422, "periode-invalide"),
        ({"du": "2023-01-01", "au": "2023-12-31"}, 422, "periode-invalide"),
        ({"annee": 1900}, 422, "periode-invalide"),
        ({"annee": 2099}, 422, "valeur-refusee"),
        ({"auteur": "Marie Dupont"}, 422, "requete-invalide"),
        ({"auteur": "2840564123456"}, 422, "auteur-refuse"),
        ({"commentaire": "2 84 05 64 123 456 78"}, 422, "valeur-refusee"),
        ({"commentaire": "a\x00b"}, 422, "valeur-refusee"),
        ({"commentaire": "x" * 501}, 422, "requete-invalide"),
        ({"autre": 1}, 422, "requete-invalide"),
    ],
)
def test_a_value_that_can_not_be_is_a_problem_and_changes_nothing(
    gardee: Maison, demandeur: httpx.Client, change: dict[str, Any], statut: int, genre: str
) -> None:
    assert problem(demandeur.post("/v1/valeurs", json=SAISIE | change), statut) == genre
    assert rows(gardee) == [1, 1, 88]
    assert figure(demandeur)["valeur"] == 0.91


@pytest.mark.parametrize("valeur", ["0,5", "abc", None, True, [0.5], {"valeur": 0.5}])
def test_what_is_no_number_is_told_in_french_under_the_name_of_its_member(demandeur: httpx.Client, valeur: Any) -> None:
    refus = demandeur.post("/v1/valeurs", json=SAISIE | {"valeur": valeur}).json()
    assert refus["erreurs"] == [{"champ": "valeur", "detail": "un nombre est attendu"}]
    assert refus["detail"] == "valeur : un nombre est attendu"


def test_values_are_read_page_by_page_and_only_of_what_is_typed_in(pilote: httpx.Client) -> None:
    for annee in range(2015, 2020):
        pilote.post("/v1/valeurs", json=SAISIE | {"annee": annee})
        pilote.post("/v1/valeurs", json=SAISIE | {"annee": annee, "caf": "361"})
    lues: list[str] = []
    apres: int | None = 0
    while apres is not None:
        page = pilote.get("/v1/valeurs", params={"caf": "521", "apres": apres, "limite": 2}).json()
        lues += [v["du"][:4] for v in page["valeurs"]]
        apres = page["suivant"]
    assert lues == ["2015", "2016", "2017", "2018", "2019"]
    assert pilote.get("/v1/valeurs", params={"caf": "521", "code": "COG-01-02"}).json()["valeurs"] == []
    assert problem(pilote.get("/v1/valeurs", params={"caf": "521", "code": "STOCK"}), 422) == "valeur-refusee"
    assert problem(pilote.get("/v1/valeurs", params={"caf": "521", "code": "COG"}), 404) == "code-inconnu"
    assert problem(pilote.get("/v1/valeurs", params={"caf": "52"}), 422) == "caf-invalide"


def test_many_who_give_the_same_at_once_give_it_once(pilotee: Maison, pilote: httpx.Client) -> None:
    depart = threading.Barrier(8)

    def send(_: int) -> int:
        depart.wait()
        return pilote.post("/v1/valeurs", json=SAISIE).status_code

    with ThreadPoolExecutor(8) as fils:
        assert sorted(fils.map(send, range(8))) == [200] * 7 + [201]
    assert rows(pilotee)[0] == 1


def test_the_page_of_a_typed_in_indicator_shows_its_history(pilotee: Maison, pilote: httpx.Client) -> None:
    pilote.post("/v1/valeurs", json=SAISIE)
    pilote.post("/v1/valeurs", json=SAISIE | {"valeur": 0.89})
    (derniere, premiere) = pilotee.indicateurs.values("521", "COG-01-11")
    assert (derniere.valeur, derniere.en_vigueur, premiere.valeur, premiere.en_vigueur) == (0.89, True, 0.91, False)


def test_a_method_that_an_address_does_not_take_is_told_those_that_it_takes(demandeur: httpx.Client) -> None:
    reponse = demandeur.delete("/v1/valeurs")
    assert (problem(reponse, 405), reponse.headers["allow"]) == ("methode-non-admise", "GET, POST")


def test_a_slip_of_the_finger_makes_no_caf(pilotee: Maison, pilote: httpx.Client) -> None:
    assert pilote.post("/v1/valeurs", json=SAISIE | {"caf": "999"}).status_code == 201, "nothing is known yet"
    deposit(pilotee, arrivee("P-1"))
    assert pilotee.wait_until_current(PATIENCE)
    assert problem(pilote.post("/v1/valeurs", json=SAISIE | {"caf": "998"}), 404) == "caf-inconnue"
    assert pilote.get("/v1/valeurs", params={"caf": "998"}).json()["valeurs"] == []
    # Of a Caf that has targets, or events.
    assert [pilote.post("/v1/valeurs", json=SAISIE | {"caf": caf}).status_code for caf in ("521", "091")] == [201, 201]


def test_an_explanation_says_who_typed_a_value_and_how_to_type_one(pilotee: Maison, pilote: httpx.Client) -> None:
    deposit(pilotee, arrivee("P-1", caf="521"))
    assert pilotee.wait_until_current(PATIENCE)
    adresse = "/v1/indicateurs/COG-01-11/explication"
    annee = {"caf": "521", "du": "2023-01-01", "au": "2023-12-31"}
    assert pilote.get(adresse, params=annee).json()["saisie"] is None
    pilote.post("/v1/valeurs", json=SAISIE)
    saisie = pilote.get(adresse, params=annee).json()["saisie"]
    assert (saisie["auteur"], saisie["du"], saisie["au"]) == (SAISIE["auteur"], "2023-01-01", "2023-12-31")
    assert "saisie" not in pilote.get("/v1/indicateurs/STOCK/explication", params=annee).json()
