"""The processes of the distributed mode, run as they are in production: one origin, and each of its parts."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from sqlalchemy import select, update

from shared.base import open_postgres
from shared.runtime.journal import PUBLIEUR
from shared.web.porte import UN_EVENEMENT
from tests.api import BONNES, FLUX, PORTE, PRENDRE, SUITES, feed
from tests.infra.kafka import Kafka
from tests.infra.postgres import Postgres
from tests.infra.redis import Redis
from tests.infra.repartie import FAITS, Processus, Repartie, open_repartie
from tests.maisons import eventually, fait


@pytest.fixture(scope="module")
def maison(kafka: Kafka, postgres: Postgres, redis: Redis) -> Iterator[Repartie]:
    """A house with one process for each service, two APIs of production beside, and the porte."""
    redis.flush()
    bases: list[str] = []

    def create(nom: str) -> str:
        bases.append(postgres.create_database(nom))
        return bases[-1]

    with open_repartie(kafka, create, redis.url, "serve", {"production": ("api", "worker")}) as ouverte:
        yield ouverte
    for base in bases:
        postgres.drop_database(base)
    kafka.delete_topics("serve.")


@pytest.fixture(scope="module")
def client(maison: Repartie) -> Iterator[httpx.Client]:
    """A client of the porte of a house that knows an object of each kind."""
    with maison.porte.client() as ouvert:
        feed(ouvert)
        eventually(lambda: state(ouvert)["a_jour"])
        yield ouvert


def state(client: httpx.Client) -> Any:
    """The state of the house, as it tells it."""
    return client.get("/v1/etat").raise_for_status().json()


def event(type_: str, id_: str, **data: Any) -> dict[str, Any]:
    """An event that the door takes."""
    return fait(type_, "2023-01-02T10:00:00Z", dossier="D-1", **data) | {"id": id_}


def post(client: httpx.Client, evenement: dict[str, Any]) -> httpx.Response:
    """The answer of the door to one event."""
    return client.post("/v1/evenements", json=evenement, headers={"Content-Type": UN_EVENEMENT})


def is_too_early(reponse: httpx.Response) -> bool:
    """Whether somebody was late to answer, or the figures are not up to date: what asks to come back in a moment."""
    return reponse.status_code == 503 or (reponse.status_code == 409 and "chiffres-pas-a-jour" in reponse.text)


def end(processus: Processus, bring_about: Callable[[], object] = lambda: None) -> str:
    """Stop a process: what it said of it. One that a busy machine held beyond its time is started and stopped again,
    once ``bring_about`` has made things as they were."""

    def stop() -> str | None:
        if not processus.running:
            processus.start()
            bring_about()
        avant = len(processus.written())
        processus.stop()
        dit = processus.written()[avant:]
        return None if "arrêt inachevé" in dit else dit

    return eventually(stop)


def piece(nom: str) -> dict[str, Any]:
    """A piece that arrives: production's."""
    data = {"nature": "justificatif", "canal": "web", "minima_sociaux": False}
    return event("piece.arrivee", f"a-{nom}", piece=nom, **data)


def test_what_comes_in_at_the_porte_is_in_the_figures(client: httpx.Client) -> None:
    etat = eventually(lambda: (e := state(client))["injoignables"] == [] and e)
    assert {s["nom"]: s["attente"] for s in etat["services"]} == dict.fromkeys(FAITS, 0)
    assert {c["source"]: c["retard"] for c in etat["consommateurs"]} == dict.fromkeys(FAITS, 0)
    mars = {"caf": "091", "du": "2024-03-01", "au": "2024-03-31"}
    # Nothing is known of the balance while production is late to answer.
    invariants = eventually(
        lambda: (i := client.get("/v1/indicateurs/invariants", params=mars).json())["balance"] is not None and i
    )
    assert (invariants["tenus"], invariants["balance"]) == (True, 0)


@pytest.mark.parametrize("operation", BONNES)
def test_every_address_of_the_house_answers_at_the_porte(client: httpx.Client, operation: str) -> None:
    methode, chemin = operation.split(" ")
    demande = BONNES[operation]
    corps = demande.corps if isinstance(demande.corps, str) or demande.corps is None else json.dumps(demande.corps)

    def answer() -> httpx.Response | None:
        reponse = client.request(
            methode,
            chemin.format(**demande.chemin),
            params=demande.question,
            content=corps,
            headers={"Content-Type": demande.media} if corps else {},
        )
        return None if is_too_early(reponse) else reponse

    reponse = eventually(answer)
    assert reponse.status_code in (200, 201, 202, 204), reponse.text


def test_work_is_taken_and_given_back_through_the_porte(client: httpx.Client) -> None:
    pris = client.post("/v1/corbeilles/a_notifier/prochain", json={"titulaire": "T-1", "caf": ["091"]}).json()
    talon = {"corbeille": "a_notifier", "jeton": pris["jeton"]}
    adresse = f"/v1/travaux/{pris['caf']}/{pris['objet']}/rendu"
    assert client.post(adresse, json=talon).status_code == 200
    assert client.post(adresse, json=talon | {"corbeille": "nulle"}).status_code == 404
    assert client.post(adresse, content=b"{").status_code in (400, 422)


def test_the_same_batch_twice_is_a_batch_and_its_duplicates(client: httpx.Client) -> None:
    evenement = piece("P-double")
    assert post(client, evenement).json() == {"acceptes": 1, "doublons": 0, "rejets": []}
    assert post(client, evenement).json() == {"acceptes": 0, "doublons": 1, "rejets": []}


def test_any_service_takes_any_type_and_hands_it_to_its_owner(maison: Repartie, client: httpx.Client) -> None:
    with maison.processus["contacts"].client() as contacts:
        assert post(contacts, piece("P-par-contacts")).json()["acceptes"] == 1
    assert client.get("/v1/pieces/091/P-par-contacts").status_code == 200


def test_an_event_handed_over_to_a_service_that_does_not_own_it_goes_no_further(maison: Repartie) -> None:
    for nom in ("contacts", "porte"):
        with maison.processus[nom].client() as hote:
            hote.headers["ecluse-transmis"] = "1"
            reponse = post(hote, piece("P-en-boucle"))
            assert reponse.status_code == 503
            assert "ECLUSE_URL_" in reponse.json()["detail"]


def test_while_a_service_is_away_the_door_asks_to_come_back_and_the_state_names_it(
    maison: Repartie, client: httpx.Client
) -> None:
    production = maison.processus["production"]
    production.kill()
    try:
        reponse = post(client, piece("P-absente"))
        assert reponse.status_code == 503
        assert int(reponse.headers["Retry-After"]) > 0
        eventually(lambda: state(client)["injoignables"] == ["production"])
        assert state(client)["a_jour"] is False
        assert client.get("/v1/pieces/091/P-000001").status_code == 503
        assert client.get("/v1/contacts/091/Q-000001").status_code == 200
    finally:
        production.start()
    eventually(lambda: post(client, piece("P-absente")).status_code == 202)
    eventually(lambda: state(client)["a_jour"])


def test_the_pages_of_the_house_are_at_the_porte_and_a_session_holds_in_all_of_them(
    maison: Repartie, client: httpx.Client
) -> None:
    lien = client.post("/v1/liens").json()["lien"]
    assert lien.startswith(maison.porte.url)
    with httpx.Client(base_url=maison.porte.url, follow_redirects=True, timeout=60) as personne:
        assert personne.get(lien).status_code == 200
        for page, texte in (
            ("/", "En direct"), ("/indicateurs", "COG-08-29"), ("/corbeilles", "Prendre le prochain"),
            ("/corbeilles/pieces", "Pièces"), ("/corbeilles/a_notifier", "notifier"), ("/etat", "Consommateurs"),
        ):  # fmt: skip
            reponse = personne.get(page)
            assert (reponse.status_code, texte in reponse.text) == (200, True), page
        with personne.stream("GET", "/flux", params={"caf": "091"}) as flux:
            assert next(ligne for ligne in flux.iter_lines() if ligne.startswith("data:"))
        assert personne.get(lien).status_code == 401


def test_a_program_follows_the_figures_through_the_porte(client: httpx.Client) -> None:
    chemin, question = FLUX.split()[1], {"caf": "091", "du": "2024-03-01", "au": "2024-03-31"}
    with client.stream("GET", chemin, params=question) as flux:
        assert flux.headers["content-type"].startswith("text/event-stream")
        assert next(flux.iter_lines()).startswith("id: ")
    refus = client.get(chemin, params={**question, "au": "2022-01-01"})
    assert (refus.status_code, refus.json()["type"]) == (422, "urn:ecluse:probleme:periode-invalide")


def test_without_the_token_nothing_is_answered(maison: Repartie) -> None:
    with httpx.Client(base_url=maison.porte.url, timeout=60) as inconnu:
        for chemin in ("/v1/etat", "/v1/pieces/091/P-000001", "/v1/corbeilles", "/v1/indicateurs"):
            assert inconnu.get(chemin).status_code == 401, chemin
        assert post(inconnu, piece("P-inconnu")).status_code == 401
    question = {"caf": "091", "jours": [1], "position": 0}
    with httpx.Client(base_url=maison.processus["production"].url, timeout=60) as inconnu:
        assert inconnu.post("/v1/interne/stocks", json=question).status_code == 401


def test_the_document_of_the_api_is_that_of_the_house_in_one_process(client: httpx.Client) -> None:
    # A neighbour writes its document at the first demand, and may be asked for it longer than the porte waits.
    document = eventually(lambda: (r := client.get("/openapi.json")).status_code == 200 and r.json())
    chemins = document["paths"]
    operations = {f"{methode.upper()} {chemin}" for chemin, gestes in chemins.items() for methode in gestes}
    assert operations == {*BONNES, *SUITES, PRENDRE, PORTE, FLUX}


def test_internal_questions_are_not_relayed(client: httpx.Client) -> None:
    assert client.get("/v1/interne/files", params={"caf": "091"}).status_code == 404


def test_every_process_tells_its_health_and_measures(maison: Repartie) -> None:
    for nom, processus in maison.processus.items():
        with processus.client() as hote:
            assert hote.get("/healthz").status_code == 200
            pret = hote.get("/readyz").json()
            assert pret["pret"] is True, nom
            assert "ecluse_up_to_date" in hote.get("/metrics").raise_for_status().text
            assert nom == "porte" or pret["ailleurs"]["kafka"] == "joint"


def test_a_process_keeps_nothing_where_it_was_started(maison: Repartie) -> None:
    for nom, processus in maison.processus.items():
        assert list(processus.dossier.iterdir()) == [processus.journal], nom


@pytest.mark.parametrize("nom", ["production", "production-1", "indicators", "porte"])
def test_a_process_that_is_told_to_stop_ends_cleanly_before_it_is_killed(maison: Repartie, nom: str) -> None:
    processus = maison.processus[nom]
    avant, fin = processus.written(), end(processus)
    assert "Arrêté proprement" in fin
    dit = avant + fin
    assert not re.search(r'Traceback|"niveau": "(error|critical)", "logger": "ecluse', dit), dit
    processus.start()


def test_without_its_broker_a_house_takes_events_and_its_processes_still_end_cleanly(
    maison: Repartie, client: httpx.Client, kafka: Kafka
) -> None:
    def lose() -> None:
        kafka.start()
        for processus in maison.processus.values():
            processus.start()
        eventually(lambda: state(client)["a_jour"])
        kafka.kill()

    kafka.kill()
    try:
        assert post(client, piece("P-sans-courtier")).json()["acceptes"] == 1
        assert client.get("/readyz").status_code == 200
        with maison.processus["indicators"].client() as indicators:
            assert indicators.get("/readyz").json()["ailleurs"]["kafka"] == "injoignable"
        for nom in ("production-1", "indicators"):
            assert "Arrêté proprement" in end(maison.processus[nom], lose)
    finally:
        kafka.start()
        for processus in maison.processus.values():
            processus.start()
    eventually(lambda: state(client)["a_jour"])


def test_without_its_database_a_service_asks_to_come_back(
    maison: Repartie, client: httpx.Client, postgres: Postgres
) -> None:
    postgres.kill()
    try:
        reponse = post(client, piece("P-sans-base"))
        assert (reponse.status_code, "Retry-After" in reponse.headers) == (503, True)
        with maison.processus["production"].client() as production:
            assert production.get("/readyz").status_code == 503
            assert production.get("/healthz").status_code == 200
    finally:
        postgres.start()
    eventually(lambda: post(client, piece("P-sans-base")).status_code == 202)
    eventually(lambda: state(client)["a_jour"])


def test_a_publisher_that_stops_is_in_the_state_although_another_process_answers(
    maison: Repartie, client: httpx.Client
) -> None:
    ouvrier = maison.processus["production-1"]
    base = open_postgres(maison.bases["production"], ecriture=True)

    def tamper(sujet: str) -> str:
        with base.begin() as connexion:
            avant: str = connexion.execute(select(PUBLIEUR.c.sujet)).scalar_one()
            connexion.execute(update(PUBLIEUR).values(sujet=sujet))
            return avant

    def why() -> str:
        (production,) = (s for s in state(client)["services"] if s["nom"] == "production")
        return str(production["arret"] or "")

    ouvrier.stop()
    bon = tamper("un-autre-sujet")
    try:
        ouvrier.start()
        eventually(lambda: "a été recréé" in why())
        assert not state(client)["a_jour"]
    finally:
        tamper(bon)
        base.dispose()
    eventually(lambda: state(client)["a_jour"])
    assert why() == ""


def test_a_base_that_is_not_migrated_is_refused_with_the_command(maison: Repartie, postgres: Postgres) -> None:
    base = postgres.create_database("vide")
    processus = maison.processus["recovery"]
    processus.stop()
    bonne = processus.environ["ECLUSE_DATABASE_URL"]
    try:
        processus.environ["ECLUSE_DATABASE_URL"] = base
        with pytest.raises(Exception, match="ecluse migrations upgrade recovery"):
            processus.start()
    finally:
        processus.environ["ECLUSE_DATABASE_URL"] = bonne
        processus.start()
        postgres.drop_database(base)
