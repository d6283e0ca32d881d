"""Refusals and failures, told as RFC 9457 problems."""

from collections.abc import Iterator

import httpx
import pytest
from fastapi import APIRouter, FastAPI, Query

from shared.web.problemes import Indisponible, install_problems
from tests.serveurs import serve


def build_app() -> FastAPI:
    """An application that fails in each way."""
    app = FastAPI()
    install_problems(app)

    @app.get("/panne")
    async def fail() -> None:
        raise RuntimeError("secret interne")

    @app.get("/fermee")
    async def closed() -> None:
        raise Indisponible("le dossier est plein", apres=7)

    @app.post("/bornee")
    async def take() -> None: ...

    deux = APIRouter(prefix="/deux")
    for methode in ("GET", "PUT"):
        deux.add_api_route("/{nom}", closed, methods=[methode])
    app.include_router(deux)

    @app.get("/bornee")
    async def bounded(limite: int = Query(ge=1, le=50)) -> int:
        return limite

    return app


@pytest.fixture(scope="module")
def porte() -> Iterator[httpx.Client]:
    with serve(build_app()) as url, httpx.Client(base_url=url, timeout=60) as client:
        yield client


def test_an_unforeseen_failure_tells_nothing_of_the_inside(porte: httpx.Client) -> None:
    reponse = porte.get("/panne")
    assert reponse.status_code == 500
    assert reponse.json()["type"] == "urn:ecluse:probleme:erreur-interne"
    assert "secret" not in reponse.text
    assert "Traceback" not in reponse.text


def test_an_address_names_all_the_methods_that_it_takes(porte: httpx.Client) -> None:
    for chemin, methodes in (("/bornee", "GET, POST"), ("/deux/x", "GET, PUT"), ("/panne", "GET")):
        reponse = porte.delete(chemin)
        assert (reponse.status_code, reponse.headers["allow"]) == (405, methodes)
        assert reponse.json()["type"] == "urn:ecluse:probleme:methode-non-admise"


def test_a_caller_whose_request_failed_is_told_that_its_connection_ends(porte: httpx.Client) -> None:
    """The server closes it: a caller that kept it would see its next request cut, now and then."""
    assert porte.get("/panne").headers["connection"] == "close"
    assert "connection" not in porte.get("/fermee").headers


def test_a_problem_carries_its_headers_type_title_and_status(porte: httpx.Client) -> None:
    reponse = porte.get("/fermee")
    assert (reponse.status_code, reponse.headers["retry-after"]) == (503, "7")
    assert reponse.json() == {
        "type": "urn:ecluse:probleme:indisponible",
        "title": "Momentanément indisponible",
        "status": 503,
        "detail": "le dossier est plein",
    }


@pytest.mark.parametrize(
    ("limite", "phrase"), [("x", "un nombre entier est attendu"), ("0", "au moins 1"), ("99", "au plus 50")]
)
def test_a_parameter_out_of_its_schema_is_explained_in_french(porte: httpx.Client, limite: str, phrase: str) -> None:
    reponse = porte.get("/bornee", params={"limite": limite})
    assert reponse.status_code == 422
    assert reponse.json()["erreurs"] == [{"champ": "limite", "detail": phrase}]


@pytest.mark.parametrize(("methode", "chemin", "statut"), [("GET", "/rien", 404), ("DELETE", "/panne", 405)])
def test_what_the_framework_refuses_is_a_problem_too(
    porte: httpx.Client, methode: str, chemin: str, statut: int
) -> None:
    reponse = porte.request(methode, chemin)
    assert (reponse.status_code, reponse.json()["status"]) == (statut, statut)
    assert reponse.headers["content-type"] == "application/problem+json"
    assert ("allow" in reponse.headers) == (statut == 405)
