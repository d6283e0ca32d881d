"""Traces: what is followed, what is passed on, what reaches the log; and nothing of it in one process."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from sqlalchemy import select

from ecluse.distribue.reglages import read
from ecluse.distribue.traces import TraceurOtel, create_tracer
from services.indicators.puits import SUIVIS, Suivi
from services.production.app import bootstrap as open_production
from shared.reglages import Reglages
from shared.runtime.journal import JOURNAL, Enregistrement
from shared.runtime.service import ServiceDeFaits
from shared.traces import ECRITURE, ENTREE, MUET, PLI, PUBLICATION, keep_trace, read_trace
from tests.donnees import RACINE
from tests.fabrique import receive
from tests.maisons import arrivee

ENVIRON = {
    "ECLUSE_TOKEN": "un-jeton-assez-long",
    "ECLUSE_URL_CONTACTS": "http://contacts",
    "ECLUSE_URL_PRODUCTION": "http://production",
    "ECLUSE_URL_RECOVERY": "http://recovery",
    "ECLUSE_URL_INDICATORS": "http://indicators",
    "ECLUSE_REDIS_URL": "redis://redis",
    "ECLUSE_OTLP_ENDPOINT": "http://collecteur:4318",
}
ENVOI = 1_700_000_000_000_000_000


def trace(numero: int, choisie: str = "01") -> str:
    """What a sender gives, who follows it or not."""
    return f"00-{numero:032x}-{7:016x}-{choisie}"


class Suivies:
    """A tracer, and what it has recorded."""

    def __init__(self, part: str) -> None:
        self._memoire = InMemorySpanExporter()
        reglages = read(ENVIRON | {"ECLUSE_TRACES_PART": part}, "porte", "api")
        self.traceur: TraceurOtel = create_tracer(reglages, SimpleSpanProcessor(self._memoire))

    @property
    def pas(self) -> list[tuple[str, int, int | None]]:
        """The steps: name, trace, step before it."""
        return [(s.name, s.context.trace_id, s.parent and s.parent.span_id) for s in self.recorded()]

    def recorded(self) -> list[Any]:
        """The spans."""
        return [s for s in self._memoire.get_finished_spans() if s.context]


@pytest.fixture
def toutes() -> Iterator[Suivies]:
    suivies = Suivies("1")
    yield suivies
    suivies.traceur.close()


@pytest.fixture
def aucune() -> Iterator[Suivies]:
    suivies = Suivies("0")
    yield suivies
    suivies.traceur.close()


@given(st.from_regex(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}", fullmatch=True))
def test_a_trace_is_read_when_its_ids_are_and_kept_when_it_is_recorded(texte: str) -> None:
    _, trace_id, span_id, drapeaux = texte.split("-")
    lisible = bool(int(trace_id, 16) and int(span_id, 16))
    assert read_trace(texte) == (texte if lisible else None)
    assert keep_trace(texte) == (texte if lisible and int(drapeaux, 16) % 2 else None)


@pytest.mark.parametrize("texte", ["", "00", trace(10).upper(), trace(1) + "\n", " " + trace(1), "ff" + trace(1)[2:]])
def test_what_is_no_trace_is_left_aside(texte: str) -> None:
    assert read_trace(texte) is None
    assert keep_trace(texte) is None
    assert MUET.enter(texte, 0, 0) is None


def test_a_request_that_its_sender_follows_is_followed_whatever_the_share(aucune: Suivies) -> None:
    passage = aucune.traceur.open(trace(5))
    passage.close(202, "/v1/evenements")
    (span,) = aucune.recorded()
    assert aucune.pas == [(ENTREE, 5, 7)]
    assert passage.trace == f"00-{5:032x}-{span.context.span_id:016x}-01"
    assert dict(span.attributes) == {"http.response.status_code": 202, "http.route": "/v1/evenements"}


def test_a_request_that_its_sender_does_not_follow_is_not_and_those_after_know_it(toutes: Suivies) -> None:
    passage = toutes.traceur.open(trace(5, "00"))
    passage.close(202, "/v1/evenements")
    assert passage.trace == trace(5, "00")
    assert toutes.traceur.enter(trace(5, "00"), 1, 2) is None
    assert toutes.pas == []


def test_the_draw_is_made_once_for_all_processes(aucune: Suivies, toutes: Suivies) -> None:
    laissee = aucune.traceur.open(None)
    assert read_trace(laissee.trace) == laissee.trace
    assert keep_trace(laissee.trace) is None
    suite = toutes.traceur.open(laissee.trace)
    suite.close(202, "/v1/evenements")
    assert (suite.trace, toutes.pas) == (laissee.trace, [])
    assert aucune.traceur.enter(None, 1, 2) is None
    choisie = toutes.traceur.open(None)
    choisie.close(202, "/v1/evenements")
    assert keep_trace(choisie.trace) == choisie.trace
    assert [nom for nom, *_ in toutes.pas] == [ENTREE]


def test_a_record_of_the_ingress_was_on_its_way_since_it_was_written(toutes: Suivies) -> None:
    suite = toutes.traceur.enter(None, ENVOI, ENVOI + 9)
    (span,) = toutes.recorded()
    assert (span.start_time, span.end_time) == (ENVOI, ENVOI + 9)
    assert keep_trace(suite) == suite
    assert suite is not None
    assert suite.split("-")[1:3] == [f"{span.context.trace_id:032x}", f"{span.context.span_id:016x}"]


def test_a_step_is_one_span_for_each_trace_however_many_records_carry_it(toutes: Suivies) -> None:
    toutes.traceur.follow(PUBLICATION, [trace(1), None, trace(2), trace(1), trace(3, "00")], ENVOI, ENVOI + 5)
    assert toutes.pas == [(PUBLICATION, 1, 7), (PUBLICATION, 2, 7)]
    assert [s.attributes["ecluse.enregistrements"] for s in toutes.recorded()] == [2, 1]


@pytest.fixture
def production(tmp_path: Path, toutes: Suivies) -> Iterator[ServiceDeFaits]:
    service = open_production(Reglages(tmp_path, traceur=toutes.traceur), lambda: None)
    yield service
    service.close()


def test_the_events_of_a_commit_keep_each_its_trace_and_what_they_move_has_it_too(
    production: ServiceDeFaits, toutes: Suivies
) -> None:
    un, deux, sans = (receive(arrivee(piece)) for piece in ("P1", "P2", "P3"))
    for futur in [production.submit([un], trace(1)), production.submit([deux], trace(2)), production.submit([sans])]:
        futur.result()
    production.ecrivain.stop()
    with production.lecture.connect() as connexion:
        lignes = connexion.execute(select(JOURNAL.c.cle, JOURNAL.c.type, JOURNAL.c.trace)).all()
    assert {type_ for _, type_, _ in lignes} == {un.type.type, "fr.caf.piece.mouvement.v1"}
    assert {(cle, t) for cle, _, t in lignes} == {("091|D-P1", trace(1)), ("091|D-P2", trace(2)), ("091|D-P3", None)}
    assert toutes.pas == [(ECRITURE, 1, 7), (ECRITURE, 2, 7)]


def test_two_requests_about_one_dossier_in_one_commit_stay_apart(production: ServiceDeFaits) -> None:
    recus = [receive(arrivee(piece, dossier="D")) for piece in ("P1", "P2")]
    # Both wait for the writer, which a command holds.
    production.ecrivain.order(lambda lot: [production.submit([r], trace(n)) for n, r in enumerate(recus, 1)]).result()
    production.ecrivain.stop()
    with production.lecture.connect() as connexion:
        requete = select(JOURNAL.c.octets, JOURNAL.c.trace).where(JOURNAL.c.type == recus[0].type.type)
        lignes = {octets: suivie for octets, suivie in connexion.execute(requete)}  # noqa: C416  # rows are not pairs
    assert lignes == {r.octets: trace(n) for n, r in enumerate(recus, 1)}


def test_the_fold_ends_the_trace_of_what_is_recent_and_leaves_old_ones_alone(toutes: Suivies) -> None:
    suivi = Suivi(toutes.traceur, lambda: ENVOI)

    def record(numero: int, enregistre_le: int) -> Enregistrement:
        return Enregistrement("production", 0, numero, numero - 1, "t", None, enregistre_le, 0, trace(numero))

    suivi.tell([record(1, ENVOI - SUIVIS), record(2, ENVOI - SUIVIS + 1)], suivi.begin())
    assert toutes.pas == [(PLI, 2, 7)]


def test_one_process_does_without_the_tracing_and_logging_libraries() -> None:
    code = (
        "import sys\n"
        "sys.modules |= dict.fromkeys(('opentelemetry.sdk', 'opentelemetry.exporter', 'structlog'))\n"
        "import ecluse.serveur, ecluse.cli, ecluse.commandes.up, services.indicators.app"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=RACINE, check=False).returncode == 0
