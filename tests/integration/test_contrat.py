"""What people give to follow a contract, through the doors of a house: values typed in, targets, their history."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from sqlalchemy import func, select

from ecluse.demo import AUTEUR, Demo
from ecluse.files import FilesDeRecouvrement
from ecluse.maison import Maison, open_house
from ecluse.serveur import create_app
from services.indicators.app import Indicateurs
from services.indicators.app import bootstrap as open_indicators
from services.indicators.depot import CIBLE, IMPORT, VALEUR
from services.production.app import StockDeProduction
from shared.migrations import upgrade
from shared.reglages import Reglages
from shared.runtime.service import Cloche
from shared.web.problemes import MEDIA, PREFIXE
from tests.atelier import Horloge
from tests.maisons import arrivee, deposit, eventually, value
from tests.serveurs import serve

JETON: Final = "jeton-d-essai-de-la-maison-0123456789"
AN: Final = {"du": "2023-01-01", "au": "2023-12-31"}
SAISIE: Final = {"caf": "521", "code": "COG-01-11", "annee": 2023, "valeur": 0.91, "auteur": "pilotage"}
ENTETE: Final = "caf,annee,code,nature,valeur,operateur,unite,etat_source,source\n"
LIGNE: Final = "521,2024,COG-08-29,individualisee,16,<=,jours,transmise,courrier du 12 mars\n"
CSV: Final = {"Content-Type": "text/csv; charset=utf-8"}


@pytest.fixture(params=["sqlite", "postgresql"])
def reglages(request: pytest.FixtureRequest, tmp_path: Path) -> Reglages:
    """Settings of a house whose indicators are kept on each kind of database."""
    if request.param == "sqlite":
        return Reglages(tmp_path, Horloge())
    nouvelle_base: Callable[[str], str] = request.getfixturevalue("nouvelle_base")
    url = nouvelle_base("indicators")
    upgrade("indicators", url)
    return Reglages(tmp_path, Horloge(), bases={"indicators": url})


@pytest.fixture
def maison(reglages: Reglages) -> Iterator[Maison]:
    """An open house."""
    with open_house(reglages) as ouverte:
        yield ouverte


@pytest.fixture
def client(maison: Maison) -> Iterator[httpx.Client]:
    """A client of the house, over HTTP."""
    with served(maison) as ouvert:
        yield ouvert


@pytest.fixture(scope="module")
def gardee(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Maison]:
    """A house that refuses: nothing of it changes."""
    with open_house(Reglages(tmp_path_factory.mktemp("gardee"), Horloge())) as ouverte:
        yield ouverte


@pytest.fixture(scope="module")
def demandeur(gardee: Maison) -> Iterator[httpx.Client]:
    """Somebody who asks what is refused, once a value is known."""
    with served(gardee) as ouvert:
        ouvert.post("/v1/valeurs", json=SAISIE)
        yield ouvert


@contextmanager
def served(maison: Maison) -> Iterator[httpx.Client]:
    """A client of a house."""
    entetes = {"Authorization": f"Bearer {JETON}"}
    with serve(create_app(maison, JETON)) as url, httpx.Client(base_url=url, headers=entetes, timeout=60) as client:
        yield client


def rows(maison: Maison) -> list[int]:
    """How many values, imports and targets are kept."""
    with maison.indicateurs.moteur.connect() as connexion:
        return [connexion.execute(select(func.count()).select_from(t)).scalar_one() for t in (VALEUR, IMPORT, CIBLE)]


def figure(client: httpx.Client, code: str = "COG-01-11", **periode: str) -> dict[str, Any]:
    """A figure of the Caf of the Haute-Marne in 2023, unless another period is said."""
    document = client.get("/v1/indicateurs", params={"caf": "521", "code": code, **(periode or AN)}).json()
    (indicateur,) = document["indicateurs"]
    return dict(indicateur)


def problem(reponse: httpx.Response, statut: int) -> str:
    """The stable name of a problem."""
    assert (reponse.status_code, reponse.headers["content-type"]) == (statut, MEDIA), reponse.text
    return str(reponse.json()["type"]).removeprefix(PREFIXE)


def give(client: httpx.Client, table: str, auteur: str = "pilotage", **entetes: str) -> httpx.Response:
    """Import a list of targets."""
    question = {"auteur": auteur, "fichier": "cibles.csv"}
    return client.post("/v1/cibles", params=question, content=table.encode(), headers=CSV | entetes)


def test_a_value_answers_with_its_author_and_date_and_is_judged(maison: Maison, client: httpx.Client) -> None:
    avant = figure(client)
    assert (avant["valeur"], avant["etat"], "saisie" in avant) == (None, "nd", False)
    reponse = client.post("/v1/valeurs", json=SAISIE | {"commentaire": "enquête annuelle"})
    assert (reponse.status_code, reponse.json()["nouvelle"]) == (201, True), reponse.text
    lue = figure(client)
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
    assert figure(client, du="2023-12-01", au="2023-12-31")["saisie"]["du"] == "2023-01-01"
    assert figure(client, du="2023-01-01", au="2023-01-31")["etat"] == "nd"
    assert deposit(maison, arrivee("P-1")) == ["accepte"]
    assert value(maison, "STOCK") == 1


def test_a_correction_is_a_new_line_and_the_old_one_stays(maison: Maison, client: httpx.Client) -> None:
    for valeur in (0.91, 0.89, 0.91):
        assert client.post("/v1/valeurs", json=SAISIE | {"valeur": valeur}).status_code == 201
    lues = client.get("/v1/valeurs", params={"caf": "521", "code": "COG-01-11"}).json()
    assert [(v["numero"], v["valeur"], v["en_vigueur"]) for v in lues["valeurs"]] == [
        (1, 0.91, False),
        (2, 0.89, False),
        (3, 0.91, True),
    ]
    assert lues["suivant"] is None
    assert figure(client)["saisie"]["numero"] == 3
    assert rows(maison)[0] == 3


def test_sending_a_value_again_changes_nothing(maison: Maison, client: httpx.Client) -> None:
    premiere = client.post("/v1/valeurs", json=SAISIE)
    encore = client.post("/v1/valeurs", json=SAISIE)
    assert (premiere.status_code, encore.status_code) == (201, 200)
    assert encore.json() == premiere.json() | {"nouvelle": False}
    # The same days, written otherwise.
    autre = {cle: membre for cle, membre in SAISIE.items() if cle != "annee"} | AN
    assert client.post("/v1/valeurs", json=autre).status_code == 200
    assert rows(maison)[0] == 1


def test_a_command_that_comes_back_late_does_not_undo_a_correction(maison: Maison, client: httpx.Client) -> None:
    cle = {"Idempotency-Key": "essai-1"}
    premiere = client.post("/v1/valeurs", json=SAISIE, headers=cle)
    client.post("/v1/valeurs", json=SAISIE | {"valeur": 0.89, "auteur": "direction"})
    encore = client.post("/v1/valeurs", json=SAISIE, headers=cle)
    assert (encore.status_code, encore.json()["valeur"]["numero"]) == (200, premiere.json()["valeur"]["numero"])
    assert not encore.json()["valeur"]["en_vigueur"]
    assert figure(client)["valeur"] == 0.89
    assert problem(client.post("/v1/valeurs", json=SAISIE | {"valeur": 0.5}, headers=cle), 422) == "cle-reutilisee"
    # The key is its author's.
    assert client.post("/v1/valeurs", json=SAISIE | {"auteur": "autre"}, headers=cle).status_code == 201
    assert rows(maison)[0] == 3


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


def test_values_are_read_page_by_page_and_only_of_what_is_typed_in(client: httpx.Client) -> None:
    for annee in range(2015, 2020):
        client.post("/v1/valeurs", json=SAISIE | {"annee": annee})
        client.post("/v1/valeurs", json=SAISIE | {"annee": annee, "caf": "361"})
    lues, apres = [], 0
    while apres is not None:
        page = client.get("/v1/valeurs", params={"caf": "521", "apres": apres, "limite": 2}).json()
        lues += [v["du"][:4] for v in page["valeurs"]]
        apres = page["suivant"]
    assert lues == ["2015", "2016", "2017", "2018", "2019"]
    assert client.get("/v1/valeurs", params={"caf": "521", "code": "COG-01-02"}).json()["valeurs"] == []
    assert problem(client.get("/v1/valeurs", params={"caf": "521", "code": "STOCK"}), 422) == "valeur-refusee"
    assert problem(client.get("/v1/valeurs", params={"caf": "521", "code": "COG"}), 404) == "code-inconnu"
    assert problem(client.get("/v1/valeurs", params={"caf": "52"}), 422) == "caf-invalide"


def test_an_empty_house_begins_with_the_published_targets(maison: Maison, client: httpx.Client) -> None:
    (publiees,) = client.get("/v1/cibles/imports").json()
    assert (publiees["numero"], publiees["auteur"], publiees["lignes"], publiees["changees"]) == (1, "ecluse", 88, 88)
    cibles = client.get("/v1/cibles", params={"caf": "361", "annee": 2023}).json()["cibles"]
    etats = {c["code"]: c["etat"] for c in cibles}
    assert (etats["COG-08-29"], etats["COG-10-43"], etats["COG-02-13"]) == ("cible_non_transmise", "transmise", "suivi")
    assert rows(maison)[1:] == [1, 88]


def test_a_target_that_comes_late_judges_from_then_on_and_its_history_is_kept(
    maison: Maison, client: httpx.Client
) -> None:
    attendue = LIGNE.replace("16,", ",")
    assert give(client, ENTETE + attendue).json()["changees"] == 1
    question = {"caf": "521", "annee": 2024}
    assert [
        c["etat"] for c in client.get("/v1/cibles", params=question).json()["cibles"] if c["code"] == "COG-08-29"
    ] == ["cible_non_transmise"]
    reponse = give(client, ENTETE + LIGNE, "direction")
    assert (reponse.status_code, reponse.json()["importation"]["auteur"]) == (201, "direction")
    histoire = client.get("/v1/cibles", params={**question, "historique": "true"}).json()["cibles"]
    siennes = [c for c in histoire if c["code"] == "COG-08-29"]
    assert [(c["valeur"], c["en_vigueur"], c["importation"]["numero"]) for c in siennes] == [
        (None, False, 2),
        (16, True, 3),
    ]
    assert siennes[1]["importation"]["fichier"] == "cibles.csv"
    lue = figure(client, "COG-08-29", du="2024-01-01", au="2024-01-31")
    assert lue["cibles"] == [{"valeur": 16, "operateur": "<=", "nature": "individualisee"}]
    assert rows(maison)[1:] == [3, 90]


def test_importing_the_same_list_again_changes_nothing(maison: Maison, client: httpx.Client) -> None:
    assert give(client, ENTETE + LIGNE).status_code == 201
    avant = rows(maison)
    encore = give(client, ENTETE + LIGNE)
    assert (encore.status_code, encore.json()) == (
        200,
        {"nouvelle": False, "lignes": 1, "changees": 0, "importation": None},
    )
    # A list that says one more thing keeps that one.
    plus = give(client, ENTETE + LIGNE + LIGNE.replace("2024", "2025"))
    assert (plus.json()["lignes"], plus.json()["changees"]) == (2, 1)
    assert rows(maison) == [avant[0], avant[1] + 1, avant[2] + 1]


def test_a_list_that_comes_back_late_under_its_key_does_not_undo_another(maison: Maison, client: httpx.Client) -> None:
    cle = {"Idempotency-Key": "envoi-7"}
    premier = give(client, ENTETE + LIGNE, **cle).json()
    give(client, ENTETE + LIGNE.replace("16,", "15,"))
    avant = rows(maison)
    encore = give(client, ENTETE + LIGNE, **cle)
    assert (encore.status_code, encore.json()["importation"]) == (200, premier["importation"])
    assert problem(give(client, ENTETE + LIGNE.replace("16,", "14,"), **cle), 422) == "cle-reutilisee"
    assert rows(maison) == avant


def test_a_list_with_lines_that_can_not_be_taken_is_refused_whole(maison: Maison, client: httpx.Client) -> None:
    avant = rows(maison)
    reponse = give(client, ENTETE + LIGNE + LIGNE.replace("jours", "taux") + LIGNE + LIGNE.replace("COG-08-29", "X"))
    assert problem(reponse, 422) == "cibles-invalides"
    assert [e["ligne"] for e in reponse.json()["erreurs"]] == [3, 4, 5]
    assert "COG-08-29 se mesure en jours, pas en taux" in reponse.json()["erreurs"][0]["detail"]
    assert "est déjà donnée à la ligne 2" in reponse.json()["detail"]
    assert rows(maison) == avant


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


def test_what_people_gave_is_there_after_a_restart_and_a_rebuild(reglages: Reglages) -> None:
    with open_house(reglages) as maison, served(maison) as client:
        client.post("/v1/valeurs", json=SAISIE)
        give(client, ENTETE + LIGNE)
        deposit(maison, arrivee("P-1"))
        assert value(maison, "STOCK") == 1
        assert maison.indicateurs.rebuild(accepter_restauration=True).egal
        avant = rows(maison)
    with open_house(reglages) as maison, served(maison) as client:
        assert rows(maison) == avant == [1, 2, 89]
        assert figure(client)["valeur"] == 0.91
        assert figure(client, "COG-08-29", du="2024-01-01", au="2024-01-31")["cibles"][0]["valeur"] == 16


def test_many_who_give_the_same_at_once_give_it_once(maison: Maison, client: httpx.Client) -> None:
    depart = threading.Barrier(8)

    def send(_: int) -> int:
        depart.wait()
        return client.post("/v1/valeurs", json=SAISIE).status_code

    with ThreadPoolExecutor(8) as fils:
        assert sorted(fils.map(send, range(8))) == [200] * 7 + [201]
    assert rows(maison)[0] == 1


def test_the_page_of_a_typed_in_indicator_shows_its_history(maison: Maison, client: httpx.Client) -> None:
    client.post("/v1/valeurs", json=SAISIE)
    client.post("/v1/valeurs", json=SAISIE | {"valeur": 0.89})
    (derniere, premiere) = maison.indicateurs.values("521", "COG-01-11")
    assert (derniere.valeur, derniere.en_vigueur, premiere.valeur, premiere.en_vigueur) == (0.89, True, 0.91, False)


def test_a_demonstration_brings_its_targets_to_its_own_years_once(maison: Maison) -> None:
    for _ in range(2):
        Demo(maison, maison.reglages.dossier, "091").carry_targets()
    publiees, reportees = maison.indicateurs.contrat.list_imports()
    assert (reportees.auteur, reportees.lignes, reportees.changees) == (AUTEUR, reportees.lignes, reportees.lignes)
    assert publiees.numero == 1
    assert set(maison.indicateurs.contrat.cibles.years("091")) > {2023}


@contextmanager
def another(maison: Maison) -> Iterator[Indicateurs]:
    """Another process that serves the same figures."""
    autre = open_indicators(
        maison.reglages,
        list(maison.services.values()),
        Cloche(),
        StockDeProduction(maison.services["production"]),
        FilesDeRecouvrement(maison.corbeilles["recovery"]),
    )
    try:
        yield autre
    finally:
        autre.close()


@pytest.mark.parametrize("reglages", ["postgresql"], indirect=True)
def test_what_one_process_takes_another_knows(maison: Maison, client: httpx.Client) -> None:
    with another(maison) as second:
        assert rows(maison)[1] == 1, "the published list is imported once"
        client.post("/v1/valeurs", json=SAISIE)
        give(client, ENTETE + LIGNE)

        def known() -> bool:
            lue = second.figures("521", *AN.values(), ["COG-01-11"]).indicateurs[0]
            return lue.valeur == 0.91 and second.contrat.cibles.years("521") == [2023, 2024, 2027]

        assert eventually(known)
