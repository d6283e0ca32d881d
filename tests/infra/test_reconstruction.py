"""The proof by rebuild of a distributed house: under load, alone, and told in words when it can not be."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Event

import httpx
import pytest

from shared.base import open_postgres
from shared.runtime.garde import GardePostgres
from shared.web.porte import UN_LOT
from tests.infra.kafka import Kafka
from tests.infra.repartie import Processus, Repartie, open_repartie
from tests.maisons import arrivee, eventually

LOT = 200
FOIS = 4


@pytest.fixture
def maison(kafka: Kafka, nouvelle_base: Callable[[str], str], redis_url: str, prefixe: str) -> Iterator[Repartie]:
    """A distributed house with two processes that give figures."""
    with open_repartie(kafka, nouvelle_base, redis_url, prefixe, {"indicators": ("all", "all")}) as ouverte:
        yield ouverte


def pour(maison: Repartie, fini: Event) -> int:
    """Send events until the end; how many."""
    envoyes = 0
    with maison.porte.client() as client:
        while not fini.is_set():
            lot = [arrivee(f"P-{envoyes + n}") for n in range(LOT)]
            client.post("/v1/evenements", json=lot, headers={"Content-Type": UN_LOT}).raise_for_status()
            envoyes += LOT
    return envoyes


def rebuild(client: httpx.Client, **question: str) -> httpx.Response:
    """The answer to a demand, once the lock of the rebuild before is free: PostgreSQL sees late that it was left."""

    def answer() -> httpx.Response | None:
        reponse = client.post("/v1/reconstruction", params=question)
        return None if reponse.status_code == 409 else reponse

    return eventually(answer)


def test_a_rebuild_is_equal_while_events_pour_in_and_one_is_made_at_a_time(maison: Repartie) -> None:
    fini = Event()
    with maison.porte.client() as client, ThreadPoolExecutor() as fils:
        entrees = fils.submit(pour, maison, fini)
        try:
            comptes = [0]
            for _ in range(FOIS):
                eventually(lambda: client.get("/v1/etat").json()["consommateurs"][1]["repere"] > comptes[-1])
                reponse = rebuild(client)
                assert (reponse.status_code, reponse.json().get("ecarts")) == (200, [])
                comptes.append(reponse.json()["evenements"])
        finally:
            fini.set()
        assert comptes == sorted(set(comptes))
        assert entrees.result() > 0
    moteur = open_postgres(maison.bases["indicators"], ecriture=True)
    garde = GardePostgres(moteur, "reconstruction-indicators")
    try:
        assert eventually(garde.hold)
        with maison.porte.client() as client:
            reponse = client.post("/v1/reconstruction")
        assert (reponse.status_code, reponse.json()["type"]) == (409, "urn:ecluse:probleme:reconstruction-en-cours")
        assert "déjà en cours" in reponse.json()["detail"]
    finally:
        garde.release()
        moteur.dispose()


def test_a_rebuild_of_a_log_that_is_not_there_any_more_says_so(maison: Repartie, kafka: Kafka) -> None:
    with maison.porte.client() as client:
        client.post("/v1/evenements", json=[arrivee("P-1")], headers={"Content-Type": UN_LOT}).raise_for_status()
        eventually(lambda: client.get("/v1/etat").json()["a_jour"])
        kafka.delete_topics(f"{maison.courtier.prefixe}.production.")
        reponse = client.post("/v1/reconstruction")
    assert reponse.status_code in (409, 503)
    assert "production" in reponse.json()["detail"]


def followed(processus: Processus) -> int:
    """How often it began again because another process was told to."""
    return processus.written().count("journaux relus depuis leur début")


def has_followed(processus: Processus, avant: int) -> bool:
    """Whether it did once more."""
    return followed(processus) > avant


def test_the_figures_come_back_from_the_logs_in_every_process(maison: Repartie) -> None:
    deux = [maison.processus["indicators"], maison.processus["indicators-1"]]
    with maison.porte.client() as client:
        client.post("/v1/evenements", json=[arrivee("P-1")], headers={"Content-Type": UN_LOT}).raise_for_status()
        eventually(lambda: client.get("/v1/etat").json()["a_jour"])
    for demande, autre in (deux, deux[::-1]):
        avant = followed(autre)
        with demande.client() as client:
            reponse = rebuild(client, accepter_restauration="true")
            assert (reponse.status_code, reponse.json().get("egal")) == (200, True)
            assert reponse.json()["evenements"] > 0
        eventually(partial(has_followed, autre, avant))
        with autre.client() as client:
            eventually(lambda: client.get("/v1/etat").json()["a_jour"])
            assert rebuild(client).json()["egal"]
