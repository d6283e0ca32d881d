"""The published API on the real ``ecluse up``: whatever is asked, the answer is one that the document announces."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
import schemathesis
from schemathesis.schemas import BaseSchema

from ecluse.panne import Serveur
from shared.web.porte import UN_LOT
from shared.web.problemes import MEDIA, PREFIXE
from tests.api import ARRETE, BONNES, CONNUS, FLUX, MOIS, PERIODE, PORTE, PRENDRE, SUITES, Demande, feed
from tests.maisons import draw_seed, eventually

EXEMPLES: Final = 20
METHODES: Final = frozenset(("get", "post", "put", "patch", "delete"))
OUVERTES: Final = frozenset(("/healthz", "/readyz", "/metrics"))
EN_TEXTE: Final = frozenset(("/metrics", "/v1/indicateurs/export"))
Question = Callable[[str, Demande], Any]


@contextmanager
def running(dossier: Path) -> Iterator[Serveur]:
    """The real server, with something to answer."""
    serveur = Serveur(dossier)
    serveur.start()
    try:
        with serveur.client() as client:
            feed(client)
        yield serveur
    finally:
        serveur.stop()


@pytest.fixture(scope="module")
def serveur(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serveur]:
    """A server for all good questions and refusals."""
    with running(tmp_path_factory.mktemp("api") / "donnees") as serveur:
        yield serveur


@pytest.fixture(scope="module")
def client(serveur: Serveur) -> Iterator[httpx.Client]:
    """Somebody with the token."""
    with serveur.client() as client:
        yield client


def write_settings(serveur: Serveur, dossier: Path) -> Path:
    """The settings of schemathesis. Its check of the acceptance of valid data is off: a schema can say neither that
    1.0 is no integer here, nor that an outcome belongs to a corbeille, a cut to an indicator, an end after a start. It
    waits for the end of an answer: the stream of the figures, which has none, is asked on its own below."""
    jeton = (serveur.dossier / "local-token").read_text().strip()
    fichier = dossier / "schemathesis.toml"
    liaisons = "\n".join(f'"path.{nom}" = {{ dictionary = "{nom}", probability = 0.5 }}' for nom in CONNUS)
    dictionnaires = "\n".join(f"{nom} = {{ values = {json.dumps(valeurs)} }}" for nom, valeurs in CONNUS.items())
    fichier.write_text(
        f"""
headers = {{ Authorization = "Bearer {jeton}" }}
request-timeout = 60
continue-on-failure = true
warnings = false
generation = {{ max-examples = {EXEMPLES}, database = "none" }}
checks = {{ positive_data_acceptance = {{ enabled = false }} }}
[dictionaries]
{dictionnaires}
[parameters]
{liaisons}
[[operations]]
include-path = "/v1/corbeilles/{{corbeille}}/attente"
parameters = {{ secondes = 0.01 }}
[[operations]]
include-path = "{FLUX.split()[1]}"
enabled = false
"""
    )
    return fichier


@pytest.fixture(scope="module")
def contrat(serveur: Serveur) -> BaseSchema:
    """The document that the server publishes."""
    return schemathesis.openapi.from_url(f"{serveur.url}/openapi.json")


@pytest.fixture(scope="module")
def ask(contrat: BaseSchema, client: httpx.Client) -> Question:
    """Puts a good question to an operation: the answer must be a success, of the announced form."""

    def put(operation: str, demande: Demande) -> Any:
        methode, chemin = operation.split()
        cas = contrat[chemin][methode].Case(
            path_parameters=demande.chemin,
            query=demande.question,
            **({} if demande.corps is None else {"body": demande.corps, "media_type": demande.media}),
        )
        reponse = cas.call_and_validate(headers={"Authorization": client.headers["Authorization"]})
        assert reponse.status_code in (200, 201, 202, 204), reponse.text
        return json.loads(reponse.content or b"null") if chemin not in EN_TEXTE else None

    return put


def test_whatever_is_asked_the_answer_is_one_that_the_document_announces(tmp_path: Path) -> None:
    with running(tmp_path / "donnees") as serveur:
        reglages = write_settings(serveur, tmp_path)
        commande = [sys.executable, "-c", "from schemathesis.cli import schemathesis; schemathesis()", "--no-color"]
        commande += ["--config-file", str(reglages), "run", f"{serveur.url}/openapi.json", "--seed", str(draw_seed())]
        fin = subprocess.run(commande, capture_output=True, text=True, check=False, cwd=tmp_path, timeout=840)
    assert fin.returncode == 0, fin.stdout + fin.stderr


@pytest.mark.parametrize("operation", BONNES)
def test_a_good_question_gets_the_announced_answer(ask: Question, operation: str) -> None:
    ask(operation, BONNES[operation])


def test_work_is_taken_and_ended_in_each_way_with_the_announced_answers(ask: Question) -> None:
    demain = (datetime.now(UTC) + timedelta(days=2)).date().isoformat()
    for operation, suite in SUITES.items():
        pris = ask(PRENDRE, Demande({"corbeille": "a_notifier"}, corps={"titulaire": "poste-1"}))
        tenu = {"corbeille": pris["corbeille"], "jeton": pris["jeton"], **suite}
        if operation.endswith("/report"):
            tenu["jusqu_a"] = demain
        if operation.endswith("/termine"):
            corbeilles = ask("GET /v1/corbeilles", Demande())["corbeilles"]
            issues = next(c["issues"] for c in corbeilles if c["corbeille"] == pris["corbeille"])
            tenu["issue"] = next(i["code"] for i in issues if i["date"] == "facultative")
        ask(operation, Demande({"caf": pris["caf"], "objet": pris["objet"]}, corps=tenu))


def read_event(lignes: Iterator[str]) -> dict[str, str]:
    """The next event of a stream."""
    return dict(ligne.split(": ", 1) for ligne in iter(lambda: next(lignes), ""))


def test_a_program_follows_the_figures_and_comes_back_without_being_sent_what_it_has(
    contrat: BaseSchema, client: httpx.Client
) -> None:
    chemin = FLUX.split()[1]
    annonce = contrat.raw_schema["paths"][chemin]["get"]["responses"]["200"]["content"]

    def come_back(id_: str) -> dict[str, str]:
        with client.stream("GET", chemin, params=PERIODE, headers={"Last-Event-ID": id_}) as reponse:
            assert (reponse.status_code, reponse.headers["cache-control"]) == (200, "no-store")
            assert reponse.headers["content-type"].partition(";")[0] in annonce
            return read_event(reponse.iter_lines())

    premier = come_back("41")
    assert set(premier) == {"id", "data"}
    assert json.loads(premier["data"])["textes"]["p.STOCK.valeur"]
    # What was done before may still be on its way to the figures.
    assert eventually(lambda: come_back(come_back("41")["id"]) == {"event": "inchangee", "data": "{}"})


@pytest.mark.parametrize(
    "question",
    [
        {"caf": "091", "du": "2024-02-30", "au": "2024-03-01"},
        {"caf": "091", "du": "2024-03-02", "au": "2024-03-01"},
        {"caf": "091", "du": "1999-01-01", "au": "1999-12-31"},
        {"caf": "975", "du": "2024-03-01", "au": "2024-03-31"},
        {"caf": "9x1", "du": "2024-03-01", "au": "2024-03-31"},
        {"caf": "091", "du": "2024-03-01"},
    ],
)
def test_a_stream_is_refused_as_the_figures_are_before_it_begins(
    client: httpx.Client, question: dict[str, str]
) -> None:
    flux, chiffres = (client.get(chemin, params=question) for chemin in (FLUX.split()[1], "/v1/indicateurs"))
    assert flux.status_code >= 400
    assert (flux.status_code, flux.headers["content-type"]) == (chiffres.status_code, MEDIA)
    assert flux.json() == chiffres.json()


def test_every_operation_of_the_document_is_asked_well_above(contrat: BaseSchema) -> None:
    asked = {*BONNES, *SUITES, PRENDRE, PORTE, FLUX}
    assert {f"{m.upper()} {chemin}" for chemin, m, _ in operations(contrat)} == asked


def operations(contrat: BaseSchema) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Path, method and description of each operation."""
    for chemin, methodes in contrat.raw_schema["paths"].items():
        for methode, description in methodes.items():
            if methode in METHODES:
                yield chemin, methode, description


def test_every_refusal_that_the_document_announces_is_a_problem(contrat: BaseSchema) -> None:
    for chemin, methode, description in operations(contrat):
        for statut, reponse in description["responses"].items():
            # The door answers event by event when all are refused; /readyz tells what is not ready.
            if statut < "400" or chemin == "/readyz" or (PORTE.endswith(chemin) and statut == "422"):
                continue
            assert list(reponse["content"]) == [MEDIA], f"{methode} {chemin} {statut}"


def test_everything_but_health_asks_for_the_token(contrat: BaseSchema, serveur: Serveur) -> None:
    gardees = [(c, m) for c, m, d in operations(contrat) if d.get("security")]
    assert {c for c, _, d in operations(contrat) if not d.get("security")} == OUVERTES
    with httpx.Client(base_url=serveur.url, timeout=60) as inconnu:
        for chemin, methode in gardees:
            reponse = inconnu.request(
                methode,
                chemin.format(
                    **dict.fromkeys(("caf", "objet"), "091"),
                    code="STOCK",
                    periode=MOIS,
                    id_=ARRETE,
                    service="production",
                    numero=1,
                    corbeille="a_notifier",
                ),
            )
            assert (reponse.status_code, reponse.headers["content-type"]) == (401, MEDIA), chemin
            assert reponse.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("page", ["/", "/indicateurs", "/indicateurs/STOCK", "/corbeilles", "/etat", "/entrer"])
def test_pages_are_for_people_and_not_in_the_document(contrat: BaseSchema, client: httpx.Client, page: str) -> None:
    reponse = client.get(page)
    assert (reponse.status_code, reponse.headers["content-type"]) == (401, "text/html; charset=utf-8")
    assert page not in contrat.raw_schema["paths"]


REFUS: Final[dict[str, tuple[str, str, dict[str, Any]]]] = {
    "introuvable": ("GET", "/v1/nulle-part", {}),
    "methode-non-admise": ("DELETE", "/v1/etat", {}),
    "type-de-contenu": ("POST", "/v1/evenements", {"content": b"{}", "headers": {"Content-Type": "text/plain"}}),
    "corps-trop-grand": ("POST", "/v1/evenements", {"content": b" " * 5_000_001, "headers": {"Content-Type": UN_LOT}}),
    "json-illisible": ("POST", "/v1/evenements", {"content": b"[", "headers": {"Content-Type": UN_LOT}}),
    "requete-invalide": (
        "POST",
        "/v1/travaux/091/K-9/report",
        {"json": {"corbeille": "a_notifier", "jeton": 1, "jusqu_a": "2024-03-05", "motif": "flemme"}},
    ),
    "periode-invalide": ("GET", "/v1/indicateurs?caf=091&du=2024-02-30&au=2024-03-01", {}),
    "caf-inconnue": ("GET", "/v1/indicateurs?caf=975&du=2024-03-01&au=2024-03-31", {}),
    "periode-sans-donnees": ("GET", "/v1/indicateurs?caf=091&du=1999-01-01&au=1999-12-31", {}),
    "role-invalide": ("GET", "/v1/indicateurs?caf=091&du=2024-03-01&au=2024-03-31&role=patronne", {}),
    "role-impossible": (
        "GET",
        "/v1/indicateurs/VISITES/serie?caf=091&du=2024-03-01&au=2024-03-31&pas=mois&role=traitante",
        {},
    ),
    "comparaison-invalide": (
        "GET",
        "/v1/indicateurs/comparaison?caf=091&du=2024-03-01&au=2024-03-31&avec_du=2024-01-01",
        {},
    ),
    "coupe-impossible": (
        "GET",
        "/v1/indicateurs/STOCK/serie?caf=091&du=2024-03-01&au=2024-03-31&pas=mois&par=modalite",
        {},
    ),
    "format-inconnu": ("GET", "/v1/indicateurs/export?caf=091&du=2024-02-01&au=2024-03-01&format=ods", {}),
    "arrete-inconnu": ("GET", "/v1/arretes/091-9000/ecarts", {}),
    "deja-arrete": ("POST", "/v1/arretes", {"json": {"caf": "091", "periode": "2024-03", "auteur": "poste-1"}}),
    "periode-non-terminee": ("POST", "/v1/arretes", {"json": {"caf": "091", "periode": "2100", "auteur": "poste-1"}}),
    "rien-a-arreter": ("POST", "/v1/arretes", {"json": {"caf": "521", "periode": "1971", "auteur": "poste-1"}}),
    "code-inconnu": ("GET", "/v1/indicateurs/COG/serie?caf=091&du=2024-02-01&au=2024-03-01&pas=jour", {}),
    "corbeille-inconnue": ("GET", "/v1/corbeilles/nulle", {}),
    "travail-inconnu": ("POST", "/v1/travaux/091/K-9/rendu", {"json": {"corbeille": "a_notifier", "jeton": 1}}),
    "valeur-refusee": (
        "POST",
        "/v1/valeurs",
        {"json": {"caf": "521", "code": "STOCK", "annee": 2023, "valeur": 1, "auteur": "pilotage"}},
    ),
    "cibles-invalides": (
        "POST",
        "/v1/cibles?auteur=pilotage",
        {"content": b"caf\n", "headers": {"Content-Type": "text/csv"}},
    ),
    "cibles-inconnues": ("GET", "/v1/cibles?caf=521&annee=2031", {}),
    "lettre-inconnue": ("GET", "/v1/lettres-mortes/production/9000", {}),
}


@pytest.mark.parametrize("genre", REFUS)
def test_a_refusal_is_a_problem_with_its_stable_name_and_a_french_sentence(client: httpx.Client, genre: str) -> None:
    methode, adresse, reste = REFUS[genre]
    reponse = client.request(methode, adresse, **reste)
    assert reponse.headers["content-type"] == MEDIA
    probleme = reponse.json()
    assert (probleme["type"], probleme["status"]) == (PREFIXE + genre, reponse.status_code)
    assert 400 <= reponse.status_code < 500
    mots = f"{probleme['title']} {probleme['detail']}".lower()
    assert not {"or", "not", "found", "error", "invalid", "field", "unsupported"} & set(mots.split())
    assert len(probleme["detail"]) > 15
