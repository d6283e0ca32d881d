"""The work queue over HTTP: what a client sends, what it gets, and what its contract says."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from shared.base import open_postgres
from tests.atelier import Atelier, create_app, stay
from tests.serveurs import serve

PROCHAIN = "/v1/corbeilles/retard_1_mois/prochain"


@pytest.fixture
def client(atelier: Atelier) -> Iterator[httpx.Client]:
    """A client of the work queue."""
    with serve(create_app(atelier)) as adresse, httpx.Client(base_url=adresse, timeout=60) as ouvert:
        yield ouvert


def take(client: httpx.Client, titulaire: str = "poste-1", **corps: Any) -> dict[str, Any]:
    """The next item: there is one."""
    reponse = client.post(PROCHAIN, json={"titulaire": titulaire, **corps})
    assert reponse.status_code == 200, reponse.text
    pris: dict[str, Any] = reponse.json()
    return pris


def held(pris: dict[str, Any], **autres: Any) -> dict[str, Any]:
    """What the holder gives back with each command."""
    return {"corbeille": pris["corbeille"], "jeton": pris["jeton"], **autres}


def problem(reponse: httpx.Response, statut: int) -> str:
    """The stable name of the problem."""
    assert reponse.status_code == statut, reponse.text
    assert reponse.headers["content-type"] == "application/problem+json"
    document = reponse.json()
    assert document["status"] == statut
    return str(document["type"]).removeprefix("urn:ecluse:probleme:")


def test_a_team_takes_an_item_answers_and_the_corbeille_shows_it(atelier: Atelier, client: httpx.Client) -> None:
    atelier.put("C-1", stay(echeance=3, montant=4_200, depuis=-9))
    pris = take(client, bail_secondes=600)
    assert pris == {
        "caf": "091",
        "objet": "C-1",
        "dossier": "D-C-1",
        "corbeille": "retard_1_mois",
        "rang": 3,
        "raison": "3 jours avant l'échéance",
        "echeance": "2024-03-08",
        "depuis": "2024-02-25",
        "montant_centimes": 4200,
        "titulaire": "poste-1",
        "jeton": 1,
        "prise_le": "2024-03-05T08:00:00Z",
        "bail_jusqu_a": "2024-03-05T08:10:00Z",
    }
    (ligne,) = client.get("/v1/corbeilles/retard_1_mois").json()["elements"]
    assert (ligne["etat"], ligne["titulaire"], ligne["bail_jusqu_a"]) == ("pris", "poste-1", "2024-03-05T08:10:00Z")
    assert "jeton" not in ligne
    fini = client.post("/v1/travaux/091/C-1/termine", json=held(pris, issue="promesse", date="2024-03-20"))
    assert fini.json() == {"caf": "091", "objet": "C-1", "reprise_le": "2024-03-21"}
    (ligne,) = client.get("/v1/corbeilles/retard_1_mois?etat=dormant").json()["elements"]
    assert (ligne["reprise_le"], ligne["motif"], ligne["titulaire"]) == ("2024-03-21", "promesse", None)


def test_no_work_is_204_and_the_list_of_corbeilles_says_what_they_hold(atelier: Atelier, client: httpx.Client) -> None:
    assert client.post(PROCHAIN, json={"titulaire": "poste-1"}).status_code == 204
    atelier.put("C", stay(), caf="311")
    liste = client.get("/v1/corbeilles?caf=311&caf=091").json()["corbeilles"]
    assert [c["corbeille"] for c in liste] == ["a_notifier", "retard_1_mois", "retard_2_mois"]
    assert liste[1] == {
        "corbeille": "retard_1_mois",
        "libelle": "Retard d'un mois",
        "service": "recovery",
        "prets": 1,
        "pris": 0,
        "dormants": 0,
        "plus_ancien_jour": "2024-03-05",
        "issues": [
            {"code": "joint", "libelle": "Personne jointe", "date": "facultative"},
            {"code": "promesse", "libelle": "Promesse de paiement", "date": "obligatoire"},
            {"code": "sans_reponse", "libelle": "Sans réponse", "date": "facultative"},
        ],
    }
    assert client.get("/v1/corbeilles?caf=091").json()["corbeilles"][1]["prets"] == 0
    assert client.post(PROCHAIN, json={"titulaire": "poste-1", "caf": ["091"]}).status_code == 204


def test_an_item_is_put_aside_given_back_and_kept_longer(atelier: Atelier, client: httpx.Client) -> None:
    atelier.put("C", stay())
    pris = take(client, bail_secondes=60)
    plus = client.post("/v1/travaux/091/C/prolonge", json=held(pris, bail_secondes=120))
    assert plus.json() == {"caf": "091", "objet": "C", "bail_jusqu_a": "2024-03-05T08:02:00Z"}
    assert client.post("/v1/travaux/091/C/rendu", json=held(pris)).json()["reprise_le"] == "2024-03-05"
    pris = take(client)
    report = client.post("/v1/travaux/091/C/report", json=held(pris, jusqu_a="2024-03-08", motif="rappel_convenu"))
    assert report.json()["reprise_le"] == "2024-03-08"


@pytest.mark.parametrize(
    ("geste", "corps"),
    [
        ("termine", {"issue": "joint"}),
        ("report", {"jusqu_a": "2024-03-08"}),
        ("rendu", {}),
        ("prolonge", {}),
    ],
)
def test_a_lease_that_ended_is_409_and_an_unknown_item_404(
    atelier: Atelier, client: httpx.Client, geste: str, corps: dict[str, Any]
) -> None:
    atelier.put("C", stay())
    pris = take(client, bail_secondes=5)
    atelier.horloge.advance(5)
    assert problem(client.post(f"/v1/travaux/091/C/{geste}", json=held(pris, **corps)), 409) == "bail-perime"
    assert problem(client.post(f"/v1/travaux/091/X/{geste}", json=held(pris, **corps)), 404) == "travail-inconnu"
    ailleurs = held(pris, **corps) | {"corbeille": "ailleurs"}
    assert problem(client.post(f"/v1/travaux/091/C/{geste}", json=ailleurs), 404) == "corbeille-inconnue"


def test_a_client_that_lost_its_answer_takes_no_second_item(atelier: Atelier, client: httpx.Client) -> None:
    atelier.put_all([(nom, [stay()]) for nom in "AB"])

    def send(chemin: str, corps: object, cle: str) -> httpx.Response:
        return client.post(chemin, json=corps, headers={"Idempotency-Key": cle})

    premier = send(PROCHAIN, {"titulaire": "poste-1"}, "demande-1").json()
    assert send(PROCHAIN, {"titulaire": "poste-1"}, "demande-1").json() == premier
    fin = held(premier, issue="joint")
    suite = send("/v1/travaux/091/A/termine", fin, "fin-1")
    assert suite.status_code == 200
    assert send("/v1/travaux/091/A/termine", fin, "fin-1").json() == suite.json()
    assert problem(send(PROCHAIN, {"titulaire": "poste-1", "caf": ["091"]}, "demande-1"), 422) == "cle-reutilisee"


@pytest.mark.parametrize(
    ("corps", "genre"),
    [
        ({}, "requete-invalide"),
        ({"titulaire": "Marie Dupont"}, "requete-invalide"),
        ({"titulaire": "1850291" + "00100145"}, "titulaire-refuse"),
        ({"titulaire": "p", "caf": ["91"]}, "requete-invalide"),
        ({"titulaire": "p", "bail_secondes": 4}, "requete-invalide"),
        ({"titulaire": "p", "bail_secondes": True}, "requete-invalide"),
        ({"titulaire": "p", "bail_secondes": 8 * 3600 + 1}, "requete-invalide"),
        ({"titulaire": "p", "inconnu": 1}, "requete-invalide"),
    ],
)
def test_a_demand_that_breaks_the_contract_takes_nothing(
    atelier: Atelier, client: httpx.Client, corps: dict[str, Any], genre: str
) -> None:
    atelier.put("C", stay())
    assert problem(client.post(PROCHAIN, json=corps), 422) == genre
    assert atelier.gestures() == []


@pytest.mark.parametrize(
    "date", [1_710_028_800, "hier", "2024-02-30", "2024-03-20T00:00:00Z", "2023-03-20", "2203-03-20"]
)
def test_a_date_that_is_none_is_refused_and_the_item_stays_held(
    atelier: Atelier, client: httpx.Client, date: object
) -> None:
    atelier.put("C", stay())
    pris = take(client)
    reponse = client.post("/v1/travaux/091/C/termine", json=held(pris, issue="joint", date=date))
    assert problem(reponse, 422) in ("requete-invalide", "date-refusee")
    assert client.post("/v1/travaux/091/C/rendu", json=held(pris)).status_code == 200


def test_pages_are_chained_by_their_cursor(atelier: Atelier, client: httpx.Client) -> None:
    atelier.put_all([(f"C{n}", [stay()]) for n in range(5)])
    lus: list[str] = []
    adresse: str | None = "/v1/corbeilles/retard_1_mois?limite=2"
    while adresse:
        page = client.get(adresse).json()
        lus += [e["objet"] for e in page["elements"]]
        adresse = page["suivant"] and f"/v1/corbeilles/retard_1_mois?limite=2&apres={page['suivant']}"
    assert lus == [f"C{n}" for n in range(5)]
    assert problem(client.get("/v1/corbeilles/retard_1_mois?apres=x"), 422) == "curseur-illisible"
    assert problem(client.get("/v1/corbeilles/ailleurs"), 404) == "corbeille-inconnue"


def test_waiting_gives_the_counts_or_204(atelier: Atelier, client: httpx.Client) -> None:
    assert client.get("/v1/corbeilles/retard_1_mois/attente?secondes=0").status_code == 204
    atelier.put("C", stay())
    assert client.get("/v1/corbeilles/retard_1_mois/attente").json()["prets"] == 1
    assert problem(client.get("/v1/corbeilles/ailleurs/attente?secondes=0"), 404) == "corbeille-inconnue"
    assert problem(client.get("/v1/corbeilles/retard_1_mois/attente?secondes=61"), 422) == "requete-invalide"


def test_a_question_that_the_database_can_not_answer_now_may_be_asked_again(
    atelier: Atelier, client: httpx.Client
) -> None:
    atelier.put("C-1", stay())
    lecture = atelier.service.lecture
    atelier.service.lecture = open_postgres("postgresql://secret@127.0.0.1:9/absente")
    reponse = client.get("/v1/corbeilles/retard_1_mois")
    assert problem(reponse, 503) == "indisponible"
    assert int(reponse.headers["Retry-After"]) > 0
    assert "secret" not in reponse.text
    atelier.service.lecture = lecture
    assert client.get("/v1/corbeilles/retard_1_mois").status_code == 200
