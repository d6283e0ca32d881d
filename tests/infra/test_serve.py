"""The processes of the distributed mode, run as they are in production: one origin, and each of its parts."""

import json
from collections.abc import Callable, Iterator

import httpx
import pytest

from tests.api import feed
from tests.infra.kafka import Kafka
from tests.infra.repartie import Repartie, open_repartie
from tests.maisons import eventually


@pytest.fixture(scope="module")
def maison(request: pytest.FixtureRequest) -> Iterator[Repartie]:
    """A house with one process for each service, and the porte."""
    kafka: Kafka = request.getfixturevalue("kafka")
    postgres = request.getfixturevalue("postgres")
    redis = request.getfixturevalue("redis")
    redis.flush()
    bases: list[str] = []

    def create(nom: str) -> str:
        bases.append(postgres.create_database(nom))
        return bases[-1]

    with open_repartie(kafka, create, redis.url, "serve") as ouverte:
        yield ouverte
    for base in bases:
        postgres.drop_database(base)
    kafka.delete_topics("serve.")


@pytest.fixture(scope="module")
def client(maison: Repartie) -> Iterator[httpx.Client]:
    with maison.porte.client() as ouvert:
        feed(ouvert)
        eventually(lambda: ouvert.get("/v1/etat").json()["a_jour"])
        yield ouvert


def test_what_comes_in_at_the_porte_is_in_the_figures(client: httpx.Client) -> None:
    etat = client.get("/v1/etat").json()
    assert etat["injoignables"] == []
    assert {s["nom"]: s["attente"] for s in etat["services"]} == {"contacts": 0, "production": 0, "recovery": 0}
    assert {c["source"]: c["retard"] for c in etat["consommateurs"]} == {"contacts": 0, "production": 0, "recovery": 0}
