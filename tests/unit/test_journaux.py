"""What a process logs: documents that a machine reads, without secrets and without what events hold."""

import io
import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecluse.distribue import journaux
from ecluse.distribue.reglages import read
from shared.base import BaseInutilisable
from shared.traces import TRACE_EN_COURS

A_TAIRE = 'mot"de\\passe'
PLACE = {"service": "production", "role": "worker"}


@contextmanager
def logger(*, lisible: bool = False, secrets: tuple[str, ...] = ()) -> Iterator[tuple[logging.Logger, io.StringIO]]:
    """A logger of ours, and what it writes."""
    sortie = io.StringIO()
    sortant = logging.StreamHandler(sortie)
    sortant.setFormatter(journaux.build_formatter(PLACE, secrets, lisible=lisible))
    notre = logging.getLogger("essai")
    notre.handlers, notre.propagate = [sortant], False
    notre.setLevel(logging.INFO)
    yield notre, sortie


def documents(sortie: io.StringIO) -> list[dict[str, Any]]:
    """What was written, each line read by itself."""
    return [json.loads(ligne) for ligne in sortie.getvalue().splitlines()]


@given(message=st.text(), extra=st.text())
def test_every_record_is_one_document_on_one_line(message: str, extra: str) -> None:
    with logger() as (notre, sortie):
        notre.warning("%s", message, extra={"partition": 3, "cause": extra, "octets": b"\xff", "lot": {1, 2}})
        # Only the line feed ends a line: what else Unicode calls so stays within.
        (ligne,) = sortie.getvalue().removesuffix("\n").split("\n")
    document = json.loads(ligne)
    assert document["message"] == message
    assert (document["partition"], document["cause"]) == (3, extra)
    assert (document["service"], document["role"]) == ("production", "worker")
    assert list(document)[:4] == ["instant", "niveau", "logger", "message"]
    assert (document["niveau"], document["logger"]) == ("warning", "essai")
    assert document["instant"].endswith("Z")
    assert "trace_id" not in document


def test_a_record_does_not_change_which_process_speaks() -> None:
    with logger() as (notre, sortie):
        notre.info("x", extra={"service": "contacts", "role": "api"})
    assert documents(sortie)[0]["service"] == "production"


def test_what_is_logged_for_a_request_names_its_trace() -> None:
    jeton = TRACE_EN_COURS.set(f"00-{'ab' * 16}-{'cd' * 8}-01")
    try:
        with logger() as (notre, sortie):
            notre.info("x")
    finally:
        TRACE_EN_COURS.reset(jeton)
    assert documents(sortie)[0]["trace_id"] == "ab" * 16


@pytest.mark.parametrize("lisible", [True, False])
def test_a_secret_is_written_nowhere(*, lisible: bool) -> None:
    with logger(lisible=lisible, secrets=(A_TAIRE,)) as (notre, sortie):
        notre.error("refus de postgresql://ecluse:%s@base", A_TAIRE, extra={"url": A_TAIRE})
        try:
            raise BaseInutilisable(f"base injoignable : {A_TAIRE}")
        except BaseInutilisable:
            notre.exception("raté")
    assert A_TAIRE not in sortie.getvalue()
    assert json.dumps(A_TAIRE)[1:-1] not in sortie.getvalue()
    assert sortie.getvalue().count("***") >= 3


def test_an_error_tells_where_it_was_raised_and_nothing_of_what_was_being_read() -> None:
    with logger() as (notre, sortie):
        try:
            try:
                int("091|contenu-d-un-dossier")
            except ValueError as erreur:
                raise BaseInutilisable("base illisible : la restaurer") from erreur
        except BaseInutilisable:
            notre.exception("raté")
    (document,) = documents(sortie)
    assert "contenu-d-un-dossier" not in sortie.getvalue()
    assert document["erreur"] == "BaseInutilisable: base illisible : la restaurer"
    assert "ValueError" in document["pile"]
    assert any(__name__.rpartition(".")[2] in lieu for lieu in document["pile"])


def test_errors_that_cause_one_another_in_a_circle_are_told_once() -> None:
    un, deux = OSError("coupé"), RuntimeError("x")
    un.__cause__, deux.__cause__ = deux, un
    with logger() as (notre, sortie):
        notre.error("raté", exc_info=un)
    assert documents(sortie)[0]["pile"] == ["OSError: coupé", "RuntimeError"]


def test_a_terminal_gets_lines_for_a_person() -> None:
    with logger(lisible=True) as (notre, sortie):
        notre.warning("le lot attend", extra={"partition": 3})
    assert "le lot attend" in sortie.getvalue()
    with pytest.raises(json.JSONDecodeError):
        documents(sortie)


@pytest.fixture
def sortie() -> Iterator[io.StringIO]:
    racine, notre = logging.getLogger(), logging.getLogger("ecluse")
    avant = racine.handlers, racine.level, notre.level, sys.excepthook
    environ = {"ECLUSE_TOKEN": "un-jeton-assez-long", "ECLUSE_LOG_LEVEL": "error"}
    environ |= {f"ECLUSE_URL_{nom}": "http://x" for nom in ("CONTACTS", "PRODUCTION", "RECOVERY", "INDICATORS")}
    ecrit = io.StringIO()
    journaux.install(read(environ | {"ECLUSE_REDIS_URL": "redis://:mot-de-redis@r"}, "porte", "api"), ecrit)
    yield ecrit
    racine.handlers, sys.excepthook = avant[0], avant[3]
    racine.setLevel(avant[1])
    notre.setLevel(avant[2])
    logging.captureWarnings(False)


def test_a_process_says_what_its_level_asks_and_libraries_what_is_wrong(sortie: io.StringIO) -> None:
    logging.getLogger("ecluse.bus").warning("tu")
    logging.getLogger("aiokafka").info("tu")
    logging.getLogger("ecluse.bus").error("dit")
    logging.getLogger("aiokafka").warning("dit avec %s et %s", "un-jeton-assez-long", "mot-de-redis")
    logging.getLogger("ecluse").setLevel("INFO")
    logging.getLogger("ecluse.bus").info("dit aussi")
    assert [d["message"] for d in documents(sortie)] == ["dit", "dit avec *** et ***", "dit aussi"]


def test_an_error_that_nobody_caught_is_a_document_too(sortie: io.StringIO) -> None:
    sys.excepthook(OSError, OSError("plus de place"), None)
    (document,) = documents(sortie)
    assert (document["niveau"], document["erreur"]) == ("critical", "OSError: plus de place")
