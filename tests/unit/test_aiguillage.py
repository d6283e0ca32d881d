"""What the porte relays, for how long, and what of it is counted against whoever asks."""

import asyncio
import re
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp

from ecluse.client import ATTENTE, ATTENTE_RECONSTRUCTION
from ecluse.distribue.aiguillage import Aiguillage, create_relay
from ecluse.distribue.applications import DebitDEntree
from ecluse.distribue.porte import TRANSMIS
from shared.reglages import read_clock
from shared.web.acces import Acces
from shared.web.debit import SeauLocal, limit
from tests.donnees import RACINE

JETON = "jeton-de-la-maison-d-essai"
PROXY = (RACINE / "deploy/proxy/nginx.conf").read_text()
UNITES = {"s": 1, "m": 60, "h": 3_600}


class Rien(httpx.AsyncByteStream):
    """An empty answer, as it comes from the network."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b""


@pytest.fixture
def relayees(monkeypatch: pytest.MonkeyPatch) -> list[httpx.Request]:
    """The requests that the porte hands to a service, which answers each with nothing."""
    demandes: list[httpx.Request] = []

    async def handle(_: httpx.AsyncHTTPTransport, demande: httpx.Request) -> httpx.Response:
        demandes.append(demande)
        return httpx.Response(200, stream=Rien())

    monkeypatch.setattr(httpx.AsyncHTTPTransport, "handle_async_request", handle)
    return demandes


def ask(app: ASGIApp, *demandes: tuple[str, str], **entetes: str) -> list[int]:
    """The statuses of the answers."""

    async def run() -> list[int]:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://porte", headers=entetes) as client:
            return [(await client.request(methode, chemin)).status_code for methode, chemin in demandes]

    return asyncio.run(run())


def relay(*demandes: tuple[str, str], **entetes: str) -> list[int]:
    """What the relay of a porte answers."""
    app = FastAPI()
    app.include_router(create_relay(Aiguillage({"indicators": "http://indicators", "production": "http://production"})))
    return ask(app, *demandes, **entetes)


def proxy_limit(endroit: str) -> int:
    """Seconds that the proxy waits for the answer at a location."""
    lieu = re.search(rf"location {re.escape(endroit)} \{{(.+?)\}}", PROXY, re.DOTALL)
    assert lieu is not None
    delai = re.search(r"proxy_read_timeout (\d+)([smh]);", lieu[1])
    assert delai is not None
    return int(delai[1]) * UNITES[delai[2]]


@pytest.mark.parametrize(
    ("methode", "chemin", "lieu"),
    [
        ("POST", "/v1/reconstruction", "= /v1/reconstruction"),
        ("GET", "/v1/arretes/091-1/ecarts", "~ ^/v1/arretes/[^/]+/ecarts(/|$)"),
        ("GET", "/v1/arretes/091-1/ecarts/STOCK", "~ ^/v1/arretes/[^/]+/ecarts(/|$)"),
    ],
)
def test_what_reads_logs_again_is_given_up_by_its_caller_before_anybody_between(
    relayees: list[httpx.Request], methode: str, chemin: str, lieu: str
) -> None:
    relay((methode, chemin), ("GET", "/v1/indicateurs"), ("GET", "/v1/arretes/091-1"))
    longue, *courtes = (demande.extensions["timeout"]["read"] for demande in relayees)
    assert max(courtes) < ATTENTE < ATTENTE_RECONSTRUCTION < longue < proxy_limit(lieu)


def test_nothing_that_is_relayed_says_that_it_comes_from_the_house(relayees: list[httpx.Request]) -> None:
    entetes = {TRANSMIS: "1", "authorization": f"Bearer {JETON}", "x-autre": "tel quel"}
    assert relay(("GET", "/v1/pieces/091/P-1"), **entetes) == [200]
    (recue,) = relayees
    assert TRANSMIS not in recue.headers
    assert recue.headers["authorization"] == f"Bearer {JETON}"
    assert recue.headers["x-autre"] == "tel quel"


@pytest.mark.parametrize(
    ("entree", "jeton", "statuts"),
    [(False, JETON, [200, 200]), (False, "un-autre", [200, 429]), (True, JETON, [200, 429])],
    ids=["d'un processus à un autre", "sans le jeton", "à la porte"],
)
def test_what_a_process_hands_over_is_counted_where_it_entered(entree: bool, jeton: str, statuts: list[int]) -> None:
    debit = DebitDEntree(PlainTextResponse("lu"), SeauLocal(limit(0.001, 1)), Acces(JETON, read_clock), entree=entree)
    entetes = {TRANSMIS: "1", "authorization": f"Bearer {jeton}"}
    assert ask(debit, ("GET", "/"), ("GET", "/"), **entetes) == statuts
