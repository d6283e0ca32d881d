"""Every query of every dashboard and of every rule, put to a real Prometheus that reads the real service."""

from __future__ import annotations

import itertools
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import httpx
import pytest

from ecluse.acces import Acces, reach
from services.indicators.mesures import AU_PRESENT, CONTROLE
from shared.calendar import is_open
from shared.ndjson import read_lines
from shared.temps import parse_instant
from shared.web.porte import UN_EVENEMENT
from tests.donnees import RACINE, petit_mois
from tests.infra.fixtures import launch
from tests.infra.kafka import Kafka
from tests.infra.postgres import Postgres
from tests.infra.processus import Serveur
from tests.infra.prometheus import Prometheus
from tests.infra.redis import Redis
from tests.infra.repartie import Repartie, open_repartie
from tests.maisons import arrivee, eventually, send_all
from tests.regles import read_rules, unthreshold
from tests.tableaux import queries

# A Tuesday, half an hour before the office closes: what the month holds after that is refused, as of the future.
INSTANT: Final = "2023-01-31T16:30:00Z"
CAF: Final = "091"
# Asked of production over the month alone.
AILLEURS: Final = {(CONTROLE, "jour"), (CONTROLE, "annee")}
ROLES: Final = {"production": ("api", "worker"), "indicators": ("all",)}


class MaisonDuPasse(Serveur):
    """An ``ecluse up`` whose clock is in January 2023, on a folder of its own."""

    nom = "passe"

    def prepare(self) -> None:
        """See ``Serveur``."""

    def command(self) -> list[str | Path]:
        """See ``Serveur``."""
        programme = [sys.executable, "-m", "tests.infra.programme_passe", INSTANT]
        return ["env", f"PYTHONPATH={RACINE}", *programme, "--data-dir", str(self.donnees), "--port", str(self.port)]

    def ask(self) -> None:
        """See ``Serveur``."""
        httpx.get(f"http://127.0.0.1:{self.port}/readyz", timeout=5).raise_for_status()

    @property
    def donnees(self) -> Path:
        """The data folder."""
        return self.dossier / "donnees"


@pytest.fixture(scope="module")
def acces(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Acces, str]]:
    """The house after the small month, and its address."""
    for maison in launch(MaisonDuPasse):
        with reach(maison.donnees) as ouvert:
            lignes = read_lines(str(petit_mois()))
            importe = send_all(ouvert, lignes, tmp_path_factory.mktemp("rejets") / "rejets.ndjson")
            assert importe.bilan.acceptes > 37_000
            yield ouvert, f"127.0.0.1:{maison.port}"


@pytest.fixture(scope="module")
def prometheus(acces: tuple[Acces, str]) -> Iterator[Prometheus]:
    """A Prometheus that reads the house."""
    yield from launch(lambda: Prometheus({acces[1]: {}}))


def empty(prometheus: Prometheus, expressions: dict[str, str]) -> dict[str, str]:
    """The expressions that give nothing, by name."""
    return {nom: expr for nom, expr in expressions.items() if not prometheus.query(expr)}


def assert_full(
    prometheus: Prometheus, expressions: dict[str, str], meanwhile: Callable[[], None] = lambda: None
) -> None:
    """All of them give something, once what they need has been read; none is in error."""

    def none_left() -> bool:
        meanwhile()
        return not empty(prometheus, expressions)

    try:
        eventually(none_left)
    except AssertionError:
        assert empty(prometheus, expressions) == {}


def panel_queries(*, reparti: bool) -> dict[str, str]:
    """The queries of the dashboards, by where they stand."""
    return {
        f"{q.tableau} / {q.panneau} / {rang}": q.expr.replace("$caf", CAF)
        for rang, q in enumerate(queries())
        if q.reparti is reparti
    }


def rule_queries(*, reparti: bool) -> dict[str, str]:
    """The expressions of the rules, by name; alerts without what keeps them silent."""
    regles = [regle for regle in read_rules() if ("reparti" in regle["groupe"]) is reparti]
    assert regles
    expressions = {r["record"]: r["expr"] for r in regles if "record" in r}
    return expressions | {r["alert"]: unthreshold(r["expr"]) for r in regles if "alert" in r}


def assert_rules_run(prometheus: Prometheus) -> None:
    """It runs every rule of the files, without an error."""

    def statuses() -> dict[str, str]:
        return {r["name"]: f"{r['health']} {r.get('lastError', '')}".strip() for r in prometheus.rules()}

    attendues = {r.get("record", r.get("alert")) for r in read_rules()}
    eventually(lambda: "unknown" not in statuses().values())
    assert statuses() == dict.fromkeys(attendues, "ok")


def assert_held(prometheus: Prometheus, serie: str, fenetre: str, attendus: dict[str, float]) -> None:
    """The values of a series by indicator, outside the gap that a reading which took too long leaves."""
    attendues = pytest.approx(attendus, abs=1e-9)

    def held() -> dict[str, float]:
        lus = prometheus.query(f'ecluse:indicator:{serie}{{caf="{CAF}", fenetre="{fenetre}"}}')
        return {dict(e)["code"]: valeur for e, valeur in lus.items()}

    try:
        eventually(lambda: bool(held() == attendues))
    except AssertionError:
        assert held() == attendues


def test_every_query_of_every_panel_has_an_answer(prometheus: Prometheus) -> None:
    assert_full(prometheus, panel_queries(reparti=False))


def test_every_rule_has_something_to_judge_and_none_is_in_error(prometheus: Prometheus) -> None:
    assert_full(prometheus, rule_queries(reparti=False))
    assert_rules_run(prometheus)


def test_prometheus_holds_the_figures_that_the_service_answers(
    prometheus: Prometheus, acces: tuple[Acces, str]
) -> None:
    for fenetre, du in (("jour", "2023-01-31"), ("mois", "2023-01-01"), ("annee", "2023-01-01")):
        document = acces[0].figures(CAF, du, "2023-01-31", [])
        attendus = {
            i["code"]: i["valeur"] / (100 if i["unite"] == "centimes" else 1)
            for i in document["indicateurs"]
            if i["valeur"] is not None and i["code"] not in AU_PRESENT and (i["code"], fenetre) not in AILLEURS
        }
        assert_held(prometheus, "figure", fenetre, attendus)
        etats = {i["code"]: i["etat"] for i in document["indicateurs"] if i["etat"] in ("atteint", "non_atteint")}
        assert_held(prometheus, "on_target", fenetre, {code: float(e == "atteint") for code, e in etats.items()})


def test_what_is_measured_is_small_and_closed(prometheus: Prometheus) -> None:
    noms = prometheus.query('count by (__name__) ({__name__=~"ecluse_.*"})')
    assert sum(noms.values()) < 2_000
    etiquettes = {nom for serie in prometheus.query('{__name__=~"ecluse_.*"}') for nom, _ in serie}
    assert not etiquettes & {"dossier", "piece", "objet", "titulaire", "personne"}


@pytest.fixture(scope="module")
def repartie(kafka: Kafka, postgres: Postgres, redis: Redis) -> Iterator[Repartie]:
    """A distributed house that has taken an event."""
    redis.flush()
    bases: list[str] = []

    def create(nom: str) -> str:
        bases.append(postgres.create_database(nom))
        return bases[-1]

    with open_repartie(kafka, create, redis.url, "tableaux", ROLES) as maison:
        _post(maison, "P-1")
        yield maison
    for base in bases:
        postgres.drop_database(base)
    kafka.delete_topics("tableaux.")


@pytest.fixture(scope="module")
def prometheus_reparti(repartie: Repartie) -> Iterator[Prometheus]:
    """A Prometheus that reads every process of the distributed house."""
    cibles = {f"127.0.0.1:{p.port}": {"service": p.service, "role": p.role} for p in repartie.processus.values()}
    yield from launch(lambda: Prometheus(cibles))


def test_what_only_the_distributed_mode_measures_has_an_answer_there(
    repartie: Repartie, prometheus_reparti: Prometheus
) -> None:
    attendues = panel_queries(reparti=True) | rule_queries(reparti=True)
    rangs = itertools.count()
    # Events keep coming: what is counted by the minute never stands still.
    assert_full(prometheus_reparti, attendues, lambda: _post(repartie, f"Q-{next(rangs)}"))
    assert_rules_run(prometheus_reparti)


def _post(maison: Repartie, piece: str) -> None:
    with maison.porte.client() as client:
        corps = json.dumps(arrivee(piece))
        reponse = client.post("/v1/evenements", content=corps, headers={"Content-Type": UN_EVENEMENT})
        assert reponse.status_code == 202, reponse.text


def test_the_instant_of_the_house_is_one_of_opening() -> None:
    assert is_open(parse_instant(INSTANT), CAF)
