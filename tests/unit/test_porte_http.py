"""The HTTP edge of the door: what a request may be, how it is cut into events, how it is answered."""

import asyncio
import gzip
import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.responses import Response

from shared.events.porte import Refus, judge
from shared.web.porte import EVENEMENTS_MAX, OCTETS_MAX, UN_EVENEMENT, UN_LOT, answer, read_events, split_batch
from shared.web.problemes import CorpsTropGrand, JsonIllisible, install_problems
from tests.serveurs import serve

PROFOND = 10_000


class Rendu(NamedTuple):
    """A verdict as a service gives it."""

    sort: str
    detail: str = ""
    id: str | None = None
    type: str | None = None


def event(identifiant: str = "e1", **attributs: Any) -> dict[str, Any]:
    """A valid event."""
    return {
        "specversion": "1.0",
        "id": identifiant,
        "source": "/essai",
        "type": "fr.caf.courrier.arrive.v1",
        "subject": "D-1",
        "time": "2024-03-05T09:12:13+01:00",
        "caf": "091",
        "data": {"courrier": "C-1", "arrive_le": "2024-03-05T09:10:00+01:00"},
    } | attributs


def build_app() -> FastAPI:
    """An application whose door judges and keeps nothing."""
    app = FastAPI()
    install_problems(app)

    @app.post("/v1/evenements")
    async def receive(request: Request) -> Response:
        juges = [judge(octets, 1_800_000_000_000_000_000) for octets in await read_events(request)]
        return answer(
            [Rendu("refuse", j.detail, j.id, j.type) if isinstance(j, Refus) else Rendu("accepte") for j in juges]
        )

    return app


@pytest.fixture(scope="module")
def porte() -> Iterator[httpx.Client]:
    with serve(build_app()) as url, httpx.Client(base_url=url, timeout=60) as client:
        yield client


def post(porte: httpx.Client, corps: bytes, media: str = UN_LOT, **entetes: str) -> tuple[int, dict[str, Any]]:
    reponse = porte.post("/v1/evenements", content=corps, headers={"Content-Type": media} | entetes)
    attendu = "application/json" if reponse.status_code in (202, 422) else "application/problem+json"
    assert reponse.headers["content-type"] == attendu
    return reponse.status_code, reponse.json()


def deep(ouvrant: bytes, fermant: bytes) -> bytes:
    return ouvrant * PROFOND + b"1" + fermant * PROFOND


def test_one_event_is_accepted(porte: httpx.Client) -> None:
    assert post(porte, json.dumps(event()).encode(), UN_EVENEMENT) == (
        202,
        {"acceptes": 1, "doublons": 0, "rejets": []},
    )


def test_a_valid_event_beside_an_invalid_one_is_kept_and_the_refusal_says_where_and_why(porte: httpx.Client) -> None:
    lot = [event("a"), event("b", caf="91"), event("c")]
    statut, reponse = post(porte, json.dumps(lot).encode())
    assert (statut, reponse["acceptes"]) == (202, 2)
    (rejet,) = reponse["rejets"]
    assert rejet.pop("detail").startswith("caf : trois chiffres attendus")
    assert rejet == {"index": 1, "id": "b", "type": "fr.caf.courrier.arrive.v1"}


def test_a_request_whose_every_event_is_refused_is_422(porte: httpx.Client) -> None:
    statut, reponse = post(porte, b"[{}, 3]")
    assert statut == 422
    assert [r["index"] for r in reponse["rejets"]] == [0, 1]
    assert (reponse["acceptes"], reponse["doublons"]) == (0, 0)


@pytest.mark.parametrize("corps", [b"[]", b" [ ] \n"])
def test_a_batch_of_no_event_is_accepted(porte: httpx.Client, corps: bytes) -> None:
    assert post(porte, corps) == (202, {"acceptes": 0, "doublons": 0, "rejets": []})


@pytest.mark.parametrize("element", [b"3", b'"texte"', b"null", b"[]", b"true", b"{}"])
def test_an_element_that_is_no_event_is_refused_alone(porte: httpx.Client, element: bytes) -> None:
    statut, reponse = post(porte, b"[" + json.dumps(event()).encode() + b"," + element + b"]")
    assert (statut, reponse["acceptes"], [r["index"] for r in reponse["rejets"]]) == (202, 1, [1])


@pytest.mark.parametrize(
    "mauvais",
    [
        pytest.param(b'{"id":"\\ud800"}', id="lone high surrogate"),
        pytest.param(b'{"id":"\\udc00 x"}', id="lone low surrogate"),
        pytest.param(b'{"\\ud800\\ud800":1}', id="lone surrogates in a key"),
        pytest.param(b'{"id":"\xff\xfe"}', id="bytes that are no UTF-8"),
        pytest.param(deep(b"[", b"]"), id="deep lists"),
        pytest.param(deep(b'{"a":', b"}"), id="deep objects"),
        pytest.param(b'{"a":' + deep(b"[", b"]") + b"}", id="deep member"),
        pytest.param(b'{"id":"\\u0000"}', id="nul character"),
        pytest.param(b'{"n":' + b"9" * 10_000 + b"}", id="huge number"),
        pytest.param(b'{"id":"],[{\\"", "x":"\\ud800"}', id="brackets and quotes in a string"),
    ],
)
def test_what_no_reader_can_take_is_refused_without_its_neighbours(porte: httpx.Client, mauvais: bytes) -> None:
    bons = [json.dumps(event(f"é,[{i}", note='"],{')).encode() for i in range(2)]
    statut, reponse = post(porte, b"[" + bons[0] + b" ,\n" + mauvais + b"\t, " + bons[1] + b"]\n")
    assert (statut, reponse["acceptes"], [r["index"] for r in reponse["rejets"]]) == (202, 2, [1])
    assert post(porte, mauvais, UN_EVENEMENT)[0] == 422


@pytest.mark.parametrize(
    "corps",
    [
        b"",
        b"   ",
        b"[",
        b"]",
        b"[1",
        b"[1}",
        b"[1,]",
        b"[,1]",
        b"[1,,2]",
        b"[1 2]",
        b"[1] [2]",
        b'["a]',
        b'["\\ud800", tru]',
        b'["\\ud800"}',
        b'["\\ud800"]]',
        b'["\\ud800", NaN]',
        b'["\\ud800", "\x01"]',
        b'["\\ud800", Infinity]',
        b"[NaN]",
        b"[01]",
        b"{'a': 1}",
        b"\xef\xbb\xbf[]",
        b"<html>",
    ],
)
@pytest.mark.parametrize("media", [UN_EVENEMENT, UN_LOT])
def test_a_body_that_is_no_json_is_400(porte: httpx.Client, corps: bytes, media: str) -> None:
    statut, probleme = post(porte, corps, media)
    assert statut == 400
    assert probleme["type"] == "urn:ecluse:probleme:json-illisible"
    assert probleme["detail"]


def test_a_body_that_opens_for_ever_is_refused_as_an_event_or_as_a_batch(porte: httpx.Client) -> None:
    assert post(porte, b"[" * 100_000, UN_EVENEMENT)[0] == 422
    assert post(porte, b"[" * 100_000, UN_LOT)[0] == 400


@pytest.mark.parametrize("corps", [b"{}", b'"x"', b"3"])
def test_a_batch_that_is_no_list_is_400_and_says_how_to_send_one_event(porte: httpx.Client, corps: bytes) -> None:
    statut, probleme = post(porte, corps)
    assert statut == 400
    assert UN_EVENEMENT in probleme["detail"]


@pytest.mark.parametrize(
    ("media", "entetes"),
    [
        ("application/json", {}),
        ("text/plain", {}),
        ("", {}),
        (UN_LOT + "; charset=latin-1", {}),
        (UN_LOT, {"Content-Encoding": "gzip"}),
    ],
)
def test_another_content_type_charset_or_encoding_is_415(
    porte: httpx.Client, media: str, entetes: dict[str, str]
) -> None:
    statut, probleme = post(porte, gzip.compress(b"[]") if entetes else b"[]", media, **entetes)
    assert statut == 415
    assert probleme["type"] == "urn:ecluse:probleme:type-de-contenu"


@pytest.mark.parametrize("media", [UN_LOT.upper(), UN_LOT + " ; charset=UTF-8", UN_LOT + '; charset="utf-8"; v=1'])
def test_the_content_type_is_read_as_http_writes_it(porte: httpx.Client, media: str) -> None:
    assert post(porte, b"[]", media)[0] == 202


def test_a_thousand_events_pass_and_one_more_is_413(porte: httpx.Client) -> None:
    lot = [json.dumps(event(f"e{i}")).encode() for i in range(EVENEMENTS_MAX + 1)]
    statut, reponse = post(porte, b"[" + b",".join(lot[:-1]) + b"]")
    assert (statut, reponse["acceptes"]) == (202, EVENEMENTS_MAX)
    statut, probleme = post(porte, b"[" + b",".join(lot) + b"]")
    assert (statut, probleme["type"]) == (413, "urn:ecluse:probleme:corps-trop-grand")
    assert "1000 événements" in probleme["detail"]


@pytest.mark.parametrize("mauvais", [b"", b'"\\ud800",', b"1," * 400_000])
def test_one_event_too_many_is_413_however_the_body_is_read(porte: httpx.Client, mauvais: bytes) -> None:
    assert post(porte, b"[" + mauvais + b"1," * EVENEMENTS_MAX + b"1]")[0] == 413


def test_five_megabytes_pass_and_one_byte_more_is_413(porte: httpx.Client) -> None:
    corps = json.dumps(event()).encode()
    assert post(porte, corps.ljust(OCTETS_MAX), UN_EVENEMENT)[0] == 202
    assert post(porte, corps.ljust(OCTETS_MAX + 1), UN_EVENEMENT)[0] == 413


def build_request(morceaux: Iterator[bytes], *entetes: tuple[bytes, bytes]) -> Request:
    async def receive() -> dict[str, Any]:
        morceau = next(morceaux, None)
        return {"type": "http.request", "body": morceau or b"", "more_body": morceau is not None}

    types = (b"content-type", UN_LOT.encode())
    return Request({"type": "http", "method": "POST", "headers": [types, *entetes]}, receive)


def test_an_endless_body_is_left_after_a_bounded_count_of_bytes() -> None:
    lus = 0

    def endless() -> Iterator[bytes]:
        nonlocal lus
        while True:
            lus += 1
            yield bytes(1_000_000)

    with pytest.raises(CorpsTropGrand, match="5 Mo"):
        asyncio.run(read_events(build_request(endless())))
    assert lus < 50


def test_a_caller_that_waits_to_be_asked_is_refused_before_it_sends() -> None:
    corps = iter([bytes(1_000_000)])
    entetes = ((b"content-length", b"10000000"), (b"expect", b"100-continue"))
    with pytest.raises(CorpsTropGrand, match="5 Mo"):
        asyncio.run(read_events(build_request(corps, *entetes)))
    assert next(corps, None) is not None


def test_a_body_of_ten_megabytes_gets_its_answer_with_or_without_a_length(porte: httpx.Client) -> None:
    assert post(porte, b" " * 10_000_000)[0] == 413

    def chunks() -> Iterator[bytes]:
        for _ in range(10):
            yield b" " * 1_000_000

    reponse = porte.post("/v1/evenements", content=chunks(), headers={"Content-Type": UN_LOT})
    assert reponse.status_code == 413


VALEURS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda v: st.lists(v, max_size=4) | st.dictionaries(st.text(), v, max_size=4),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None)
@given(elements=st.lists(VALEURS, max_size=8), indente=st.booleans(), ascii_=st.booleans(), isole=st.integers(0, 8))
def test_a_batch_is_cut_into_the_values_that_it_holds(
    elements: list[Any], indente: bool, ascii_: bool, isole: int
) -> None:
    textes = [json.dumps(e, indent=2 if indente else None, ensure_ascii=ascii_) for e in elements]
    assert [json.loads(o) for o in split_batch(("[" + " , ".join(textes) + "]").encode())] == elements
    # The same with one element that makes the decoder give up.
    textes.insert(isole, '"\\ud800"')
    coupes = split_batch(("[" + ",".join(textes) + "]").encode())
    assert len(coupes) == len(textes)
    coupes.remove(b'"\\ud800"')
    assert [json.loads(o) for o in coupes] == elements


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60) | st.text(alphabet='[]{}",:\\u d80012ntrue', max_size=60).map(str.encode))
def test_any_bytes_are_cut_or_refused_and_nothing_else(corps: bytes) -> None:
    try:
        elements = split_batch(corps)
    except JsonIllisible:
        return
    assert split_batch(b"[" + b",".join(elements) + b"]") == elements
