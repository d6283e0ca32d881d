"""The proxy gives one origin: each address of the house is sent to the service that has it, as it came."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path
from typing import Any, Final

import pytest
from fastapi import APIRouter

from ecluse.distribue.chemins import CORBEILLES, owner_of
from ecluse.distribue.porte import TRANSMIS
from ecluse.maison import open_house
from ecluse.serveur import create_app
from services.contacts.endpoints import create_router as create_contacts_router
from services.indicators.endpoints import create_router as create_indicators_router
from services.production.endpoints import create_router as create_production_router
from services.recovery.endpoints import create_router as create_recovery_router
from shared.reglages import Reglages
from shared.web import problemes
from shared.web.porte import OCTETS_MAX
from tests.mandataire import CONFIGURATION, SERVICES, Mandataire, configure, running

EXEMPLES: Final = {
    "caf": ["091"],
    "objet": ["P-000001"],
    "code": ["COG-08-29"],
    "numero": ["7"],
    "geste": ["terminer"],
    "service": ["contacts", "production", "recovery"],
    "corbeille": [*CORBEILLES, "inconnue"],
    "path": ["ecluse.css"],
    "id_": ["091-1"],
    "periode": ["2023-01"],
}
# They last: the stand-ins treat them apart.
FLUX: Final = ("/flux", "/v1/indicateurs/flux")
Chemins = Mapping[str, frozenset[str]]


@pytest.fixture(scope="module")
def mandataire(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mandataire]:
    """The proxy and its stand-ins."""
    with running(tmp_path_factory.mktemp("mandataire")) as mandataire:
        yield mandataire


@pytest.fixture(scope="module")
def maison(tmp_path_factory: pytest.TempPathFactory) -> tuple[Chemins, dict[str, str]]:
    """The paths of the embedded house with their methods, and the service that alone has a path."""
    with open_house(Reglages(tmp_path_factory.mktemp("maison"))) as maison:
        app = create_app(maison, "x" * 32)
        chemins = {chemin: methodes for route in app.routes for chemin, methodes in _paths(route)}
        assert set(app.openapi()["paths"]) < set(chemins)
        routeurs: dict[str, APIRouter] = {
            "contacts": create_contacts_router(maison.services["contacts"]),
            "production": create_production_router(maison.services["production"]),
            "recovery": create_recovery_router(maison.services["recovery"]),
            "indicators": create_indicators_router(maison.indicateurs),
        }
        app.state.close_streams()
    seuls = {chemin: nom for nom, routeur in routeurs.items() for r in routeur.routes for chemin, _ in _paths(r)}
    return chemins, seuls


def _paths(route: Any) -> Iterator[tuple[str, frozenset[str]]]:
    """The paths that a route of the application takes, those of included routers and folders with it."""
    if hasattr(route, "original_router"):
        for incluse in route.original_router.routes:
            yield from _paths(incluse)
    elif hasattr(route, "methods"):
        yield route.path, frozenset(route.methods)
    else:
        yield f"{route.path}/{{path}}", frozenset({"GET"})


def fill(chemin: str) -> Iterator[str]:
    """A path with each value that its parameters may have."""
    noms = [nom for nom in EXEMPLES if f"{{{nom}}}" in chemin]
    for valeurs in product(*(EXEMPLES[nom] for nom in noms)):
        yield chemin.format(**dict(zip(noms, valeurs, strict=True)))


def test_every_path_of_the_house_is_sent_to_the_one_service_that_has_it(
    mandataire: Mandataire, maison: tuple[Chemins, dict[str, str]]
) -> None:
    chemins, seuls = maison
    recus = set()
    for chemin, methodes in chemins.items():
        for adresse in fill(chemin):
            for methode in methodes & {"GET", "POST"}:
                if adresse in FLUX:
                    continue
                demande = mandataire.ask(methode, adresse)
                attendu = owner_of(adresse) or "porte"
                assert (demande["service"], demande["cible"]) == (attendu, adresse), f"{methode} {adresse}"
                assert seuls.get(chemin, attendu) == attendu
                recus.add(demande["service"])
    assert recus == set(SERVICES)


@pytest.mark.parametrize(
    "chemin", ["/docs", "/v1", "/v1/", "/v1/pieces", "/indicateursX", "/.env", "/v1/interne/stocks"]
)
def test_what_no_service_has_is_refused_by_the_proxy(mandataire: Mandataire, chemin: str) -> None:
    reponse = mandataire.client.get(chemin)
    assert (reponse.status_code, reponse.headers["content-type"]) == (404, problemes.MEDIA)
    assert reponse.json()["type"] == f"{problemes.PREFIXE}introuvable"
    assert reponse.headers["x-request-id"]


def test_a_request_passes_as_it_came(mandataire: Mandataire) -> None:
    cible = "/v1/pieces/091/P%2D1%20x?caf=091&caf=092&du=%C3%A9"
    entetes = {"Authorization": "Bearer abc", "Cookie": "ecluse_session=1.2", "Idempotency-Key": "k", "If-Match": '"3"'}
    recus = mandataire.ask("GET", cible, headers={**entetes, "traceparent": "00-1-2-01"})
    assert recus["cible"] == cible
    assert recus["entetes"].items() >= {nom.lower(): valeur for nom, valeur in entetes.items()}.items()
    assert recus["entetes"]["host"] == mandataire.client.base_url.netloc.decode()
    assert recus["entetes"]["traceparent"] == "00-1-2-01"


def test_nobody_lies_about_where_a_request_comes_from(mandataire: Mandataire) -> None:
    mensonges = {
        "X-Forwarded-For": "127.0.0.9",
        "Forwarded": "for=127.0.0.9",
        "X-Forwarded-Host": "ailleurs",
        TRANSMIS: "1",
    }
    recus = mandataire.ask("GET", "/v1/etat", headers=mensonges)["entetes"]
    assert (recus["x-forwarded-for"], recus["x-forwarded-proto"]) == ("127.0.0.1", "http")
    assert not {"forwarded", "x-forwarded-host", TRANSMIS} & set(recus)
    tls = mandataire.ask("GET", "/v1/etat", headers={"X-Forwarded-Proto": "https"})
    assert tls["entetes"]["x-forwarded-proto"] == "https"


def test_a_request_keeps_its_identifier_or_gets_one(mandataire: Mandataire) -> None:
    donne = mandataire.client.get("/v1/etat", headers={"X-Request-Id": "outil-42"})
    assert donne.json()["entetes"]["x-request-id"] == donne.headers["x-request-id"] == "outil-42"
    for mauvais in ('a"b', "x" * 65, ""):
        tire = mandataire.client.get("/v1/etat", headers={"X-Request-Id": mauvais}).headers["x-request-id"]
        assert len(tire) == 32
        assert tire != mauvais


def test_the_largest_batch_passes_and_the_door_itself_refuses_the_next(mandataire: Mandataire) -> None:
    for octets in (OCTETS_MAX, OCTETS_MAX + 1):
        assert mandataire.ask("POST", "/v1/evenements", content=b"x" * octets)["octets"] == octets
    reponse = mandataire.client.post("/v1/evenements", content=b"x" * 6_500_000)
    assert (reponse.status_code, reponse.json()["type"]) == (413, f"{problemes.PREFIXE}corps-trop-grand")


@pytest.mark.parametrize("adresse", FLUX)
def test_a_live_stream_arrives_line_by_line(mandataire: Mandataire, adresse: str) -> None:
    suite = mandataire.doublures["indicators"].suite
    suite.clear()
    with mandataire.client.stream("GET", f"{adresse}?caf=091") as reponse:
        lignes = reponse.iter_lines()
        # The stand-in sends the second line only once the first has been read here.
        assert next(lignes) == "data: un"
        suite.set()
        assert "data: deux" in list(lignes)


def test_a_service_that_is_down_is_a_503_and_others_go_on(tmp_path: Path) -> None:
    with running(tmp_path) as mandataire:
        mandataire.doublures["contacts"].shutdown()
        mandataire.doublures["contacts"].server_close()
        reponse = mandataire.client.get("/v1/contacts/091/Q-1")
        assert (reponse.status_code, reponse.headers["retry-after"]) == (503, "5")
        assert reponse.json()["type"] == f"{problemes.PREFIXE}indisponible"
        assert mandataire.ask("GET", "/v1/pieces/091/P-1")["service"] == "production"


def test_the_log_names_paths_and_never_the_secret_of_a_link(tmp_path: Path) -> None:
    with running(tmp_path) as mandataire:
        mandataire.ask("GET", "/entrer?lien=tres-secret")
        mandataire.doublures["porte"].shutdown()
        mandataire.doublures["porte"].server_close()
        assert mandataire.client.get("/entrer?lien=tres-secret").status_code == 503
    journal = mandataire.journal.read_text()
    lignes = [json.loads(ligne) for ligne in journal.splitlines() if ligne.startswith("{")]
    assert [(ligne["chemin"], ligne["statut"], ligne["service"]) for ligne in lignes] == [
        ("/entrer", 200, "porte"),
        ("/entrer", 503, "porte"),
    ]
    assert "tres-secret" not in journal


def test_nginx_takes_the_published_files_as_they_are(tmp_path: Path) -> None:
    commande = configure(tmp_path, {"porte": "127.0.0.1:1"}, 8080, 8081)
    # The published upstream names, and not those of the tests.
    (tmp_path / "proxy" / "amonts.conf").write_bytes((CONFIGURATION / "amonts.conf").read_bytes())
    fin = subprocess.run([*commande, "-t"], capture_output=True, text=True, check=False)
    assert fin.returncode == 0, fin.stderr
    assert "[warn]" not in fin.stderr
