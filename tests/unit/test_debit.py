"""Rate limits: the rule of the bucket, who is counted together, what a refused caller reads."""

import asyncio
import subprocess
import sys

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import HTTPConnection, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from shared.web.acces import Acces
from shared.web.debit import LIBRES, Debit, Limite, SeauLocal, identify_by, limit, pour
from shared.web.session import COOKIE
from tests.donnees import RACINE

JETON = "jeton"


class Montre:
    """A clock that moves when told."""

    def __init__(self) -> None:
        self.instant = 1_000_000_000

    def __call__(self) -> int:
        return self.instant


@given(
    pas=st.integers(1, 10**9),
    rafale=st.integers(1, 1_000),
    ecarts=st.lists(st.integers(0, 10**10), max_size=60),
)
def test_over_any_time_no_more_passes_than_the_burst_and_what_has_come_since(
    pas: int, rafale: int, ecarts: list[int]
) -> None:
    limite, plein, instant = Limite(pas, rafale), 0, 0
    prises: list[int] = []
    for ecart in ecarts:
        instant += ecart
        plein, attente = pour(plein, instant, limite)
        if not attente:
            prises.append(instant)
    for rang, debut in enumerate(prises):
        for suite, fin in enumerate(prises[rang:], 1):
            assert suite <= rafale + (fin - debut) / pas


@given(
    pas=st.integers(1, 10**9),
    rafale=st.integers(1, 1_000),
    manque=st.integers(0, 10**12),
    instant=st.integers(0, 10**15),
)
def test_a_refused_caller_that_waits_as_told_passes_and_not_a_microsecond_before(
    pas: int, rafale: int, manque: int, instant: int
) -> None:
    limite = Limite(pas, rafale)
    plein, attente = pour(instant + manque, instant, limite)
    if attente:
        assert pour(plein, instant + attente, limite)[1] == 0
        assert pour(plein, instant + attente - 1, limite)[1] == 1


def test_a_full_bucket_gives_its_burst_at_once_and_then_one_at_each_step() -> None:
    montre = Montre()
    seau = SeauLocal(limit(10, 3), montre)

    async def drain() -> int:
        prises = 0
        while not await seau.take("jeton"):
            prises += 1
        return prises

    assert asyncio.run(drain()) == 3
    montre.instant += 100_000
    assert asyncio.run(drain()) == 1
    montre.instant += 10**9
    assert asyncio.run(drain()) == 3


@pytest.mark.parametrize(("par_seconde", "rafale"), [(0, 1), (-1, 1), (10, 0), (float("nan"), 1), (float("inf"), 1)])
def test_a_limit_that_would_refuse_everything_or_nothing_is_no_limit(par_seconde: float, rafale: int) -> None:
    with pytest.raises(ValueError, match="attendu"):
        limit(par_seconde, rafale)


def ask(rafale: int, chemins: list[str], **entetes: str) -> list[httpx.Response]:
    """The answers to requests that come at once."""

    async def answer(_: Request) -> Response:
        return PlainTextResponse("fait")

    app = Starlette(routes=[Route("/{chemin:path}", answer)])
    gardee = Debit(app, SeauLocal(limit(0.5, rafale), Montre()), identify_by(Acces(JETON)))

    async def play() -> list[httpx.Response]:
        transport = httpx.ASGITransport(gardee)
        async with httpx.AsyncClient(transport=transport, base_url="http://ecluse.test") as client:
            return [await client.get(chemin, headers=entetes) for chemin in chemins]

    return asyncio.run(play())


def test_beyond_the_burst_the_answer_is_a_problem_that_says_when_to_come_back() -> None:
    *prises, refusee = ask(2, ["/v1/etat"] * 3)
    assert [reponse.status_code for reponse in prises] == [200, 200]
    assert refusee.status_code == 429
    assert refusee.headers["retry-after"] == "2"
    assert refusee.headers["content-type"] == "application/problem+json"
    assert refusee.json() == {
        "type": "urn:ecluse:probleme:trop-de-requetes",
        "title": "Trop de requêtes",
        "status": 429,
        "detail": "trop de requêtes en peu de temps : attendre 2 s, puis recommencer ; celle-ci n'a rien changé",
    }


def test_health_and_metrics_are_never_refused() -> None:
    chemins = ["/v1/etat", *sorted(LIBRES), *sorted(LIBRES)]
    assert {reponse.status_code for reponse in ask(1, chemins)} == {200}


def identify(acces: Acces, client: str = "192.0.2.1", **entetes: str) -> str:
    """Who a request counts for."""
    en_tetes = [(nom.encode(), valeur.encode()) for nom, valeur in entetes.items()]
    return identify_by(acces)(HTTPConnection({"type": "http", "headers": en_tetes, "client": (client, 1)}))


def test_the_token_counts_for_itself_wherever_it_comes_from() -> None:
    acces = Acces(JETON)
    entetes = {"authorization": f"Bearer {JETON}"}
    assert identify(acces, **entetes) == identify(acces, "198.51.100.7", **entetes) != identify(acces)


def test_each_session_counts_for_itself_behind_one_address() -> None:
    acces = Acces(JETON)
    cookies = []
    for _ in range(2):
        session = acces.consume_link(acces.create_link())
        assert session is not None
        cookies.append(f"{COOKIE}={acces.sign_session(session)}")
    assert len({identify(acces, cookie=cookie) for cookie in cookies} | {identify(acces)}) == 3


@pytest.mark.parametrize("entetes", [{"authorization": "Bearer autre"}, {"cookie": f"{COOKIE}=a.b"}])
def test_a_token_or_a_cookie_made_up_gives_no_bucket_of_its_own(entetes: dict[str, str]) -> None:
    acces = Acces(JETON)
    assert identify(acces, **entetes) == identify(acces)


def test_addresses_count_apart_and_those_of_one_ipv6_network_together() -> None:
    acces = Acces(JETON)
    assert identify(acces, "192.0.2.1") != identify(acces, "192.0.2.2")
    assert identify(acces, "2001:db8::1") == identify(acces, "2001:db8::ffff") != identify(acces, "2001:db8:0:1::1")


def test_who_runs_on_one_machine_imports_no_redis() -> None:
    code = "import sys, ecluse.serveur, ecluse.cli; sys.exit(any(nom.startswith('redis') for nom in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], cwd=RACINE, check=False).returncode == 0
