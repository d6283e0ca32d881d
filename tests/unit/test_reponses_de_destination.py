"""What the answers of a destination mean for the events that were sent to it."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecluse.emission.destination import (
    AdresseInvalide,
    Diviser,
    PlusTard,
    Repondu,
    Suite,
    check_address,
    read_answer,
)
from tests.spool import MAINTENANT


def read(statut: int, contenu: object, entetes: dict[str, str] | None = None) -> Suite:
    octets = contenu if isinstance(contenu, bytes) else json.dumps(contenu).encode()
    return read_answer(statut, entetes or {}, octets, 2, MAINTENANT)


def reponse(acceptes: int, doublons: int, *rejets: int) -> dict[str, Any]:
    liste = [{"index": i, "id": "x", "type": "t", "detail": f"motif {i}"} for i in rejets]
    return {"acceptes": acceptes, "doublons": doublons, "rejets": liste}


@pytest.mark.parametrize("statut", [202, 422])
def test_an_answer_that_accounts_for_every_event_settles_them(statut: int) -> None:
    assert read(statut, reponse(1, 1)) == Repondu({}, doublons=1)
    assert read(statut, reponse(0, 1, 0)) == Repondu({0: "motif 0"}, doublons=1)
    assert read(statut, reponse(0, 0, 0, 1)) == Repondu({0: "motif 0", 1: "motif 1"})


@pytest.mark.parametrize(
    "contenu",
    [
        b"",
        b"<html>connexion requise</html>",
        b"\xff",
        b"[" * 5000,
        b"{}",
        reponse(1, 0),
        reponse(2, 1),
        reponse(1, 0, 2),
        reponse(1, 0, -1),
        reponse(0, 0, 1, 1),
        reponse(3, -1),
        reponse(2, 0) | {"acceptes": "2"},
    ],
)
@pytest.mark.parametrize("statut", [202, 422])
def test_an_answer_that_does_not_account_for_every_event_settles_none(contenu: object, statut: int) -> None:
    suite = read(statut, contenu)
    assert isinstance(suite, PlusTard)
    assert "vérifier l'adresse" in suite.detail


@pytest.mark.parametrize(("statut", "taille"), [(400, False), (413, True), (415, False)])
def test_a_request_refused_as_a_whole_is_to_be_divided(statut: int, taille: bool) -> None:
    assert read(statut, {"detail": "trop"}) == Diviser(f"requête refusée ({statut}) : trop", taille)
    assert read(statut, b"<html>") == Diviser(f"requête refusée ({statut}) : sans motif", taille)


@settings(max_examples=100, deadline=None)
@given(statut=st.integers(100, 599).filter(lambda s: s not in (202, 400, 413, 415, 422)), contenu=st.binary())
def test_whatever_else_it_answers_everything_is_kept(statut: int, contenu: bytes) -> None:
    suite = read_answer(statut, {}, contenu, 2, MAINTENANT)
    assert isinstance(suite, PlusTard)
    assert suite.apres is None


@pytest.mark.parametrize(
    ("statut", "conseil"), [(401, "jeton"), (403, "rôle émetteur"), (404, "adresse"), (301, "adresse")]
)
def test_what_a_person_must_repair_is_told(statut: int, conseil: str) -> None:
    suite = read(statut, b"")
    assert isinstance(suite, PlusTard)
    assert conseil in suite.detail


@pytest.mark.parametrize(
    ("texte", "apres"),
    [
        ("7", 7.0),
        (" 0 ", 0.0),
        ("99999999", 3600.0),
        ("Tue, 05 Mar 2024 12:00:30 GMT", 30.0),
        ("Tue, 05 Mar 2024 11:00:00 GMT", 0.0),
        ("Tue, 05 Mar 2030 11:00:00 GMT", 3600.0),
        ("Tue, 05 Mar 2024 12:00:30 -0000", None),
        ("bientôt", None),
        ("-3", None),
        ("", None),
    ],
)
@pytest.mark.parametrize("statut", [429, 503])
def test_retry_after_is_obeyed_within_an_hour(statut: int, texte: str, apres: float | None) -> None:
    suite = read(statut, b"", {"Retry-After": texte})
    assert isinstance(suite, PlusTard)
    assert suite.apres == apres


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080", "https://ecluse.example/", "http://[::1]:8080/racine/"])
def test_an_address_is_kept_without_its_last_slash(url: str) -> None:
    assert check_address(url) == url.rstrip("/")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ecluse.example",
        "ftp://x",
        "http://",
        "http://x:99999",
        "http://x?a=1",
        "http://x/#a",
        "http://u:p@x",
        "http://[x",
    ],
)
def test_an_address_that_can_not_be_used_is_refused_in_one_line(url: str) -> None:
    with pytest.raises(AdresseInvalide) as refus:
        check_address(url)
    assert "\n" not in str(refus.value)
