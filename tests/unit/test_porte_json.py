"""The door reads strict JSON and strict UTF-8, of any size and depth, and ignores what no rule names."""

import json

import pytest

from tests.unit.valeurs import PIECE, accepted, event, refused


@pytest.mark.parametrize(
    ("octets", "detail"),
    [
        (b"", "JSON vide"),
        (b"  \t", "JSON vide"),
        (b"{", "JSON incomplet : le texte s'arrête avant la fin"),
        (b"pas du JSON", "JSON illisible (octet 0)"),
        (b"\xef\xbb\xbf{}", "JSON illisible : le texte commence par une marque d'ordre des octets (BOM), à retirer"),
        (b"{}{}", "JSON illisible (octet 3)"),
        (b"{'a': 1}", "JSON illisible (octet 1)"),
        (b"\x00", "JSON illisible (octet 0)"),
        (b'{"a": "\xff"}', "JSON illisible : le texte n'est pas de l'UTF-8"),
        (b'{"a": "\xed\xa0\x80"}', "JSON illisible : le texte n'est pas de l'UTF-8"),
        (b'{"a": "\\ud800"}', "JSON illisible : demi-caractère Unicode isolé, ou texte coupé"),
    ],
)
def test_what_is_not_json_is_refused_with_its_place(octets: bytes, detail: str) -> None:
    refus = refused(octets)
    assert (refus.detail, refus.membre, refus.id, refus.type) == (detail, None, None, None)


@pytest.mark.parametrize(
    "valeur", ["NaN", "Infinity", "-Infinity", "01", "1.", ".5", "+1", "'a'", '"\t"', "{a:1}", "[1,]"]
)
@pytest.mark.parametrize("place", ["ignore", "data"])
def test_only_strict_json_is_read_even_where_the_value_would_be_ignored(valeur: str, place: str) -> None:
    octets = json.dumps(event(ignore="ICI") if place == "ignore" else event(data={"site": "ICI"}))
    assert "JSON" in refused(octets.replace('"ICI"', valeur)).detail


@pytest.mark.parametrize(
    "valeur", [b'"\\ud800"', b'"\\udc00\\ud800"', b'"\xff"', b'"\xed\xa0\x80"', b'{"\\udfff": 1}', b'["\xc0\x80"]']
)
@pytest.mark.parametrize("place", ["ignore", "data", "id", "source"])
def test_a_text_that_is_none_is_refused_wherever_it_stands(valeur: bytes, place: str) -> None:
    brut = event(data={"site": "ICI"}) if place == "data" else event(**{place: "ICI"})
    refused(json.dumps(brut).encode().replace(b'"ICI"', valeur))


def test_the_null_character_is_refused_in_texts_and_kept_where_no_rule_speaks_of_it() -> None:
    assert refused(event(data={"site": "a\x00b"})).membre == "site"
    assert refused(event(subject="D\x00")).membre == "subject"
    recu = accepted(event(id="a\x00b", source="\x00", ignore="\x00"))
    assert (recu.id, recu.source) == ("a\x00b", "\x00")


@pytest.mark.parametrize("place", ["ignore", "data", "id"])
def test_json_of_depth_10_000_is_refused_and_of_depth_100_is_read(place: str) -> None:
    def nested(profondeur: int) -> str:
        brut = event(data={"site": "ICI"}) if place == "data" else event(**{place: "ICI"})
        return json.dumps(brut).replace('"ICI"', "[" * profondeur + "]" * profondeur)

    assert refused(nested(10_000)).detail == "JSON trop profond : un événement tient en deux niveaux"
    assert refused("[" * 10_000).detail == "JSON trop profond : un événement tient en deux niveaux"
    if place == "ignore":
        accepted(nested(100))
    else:
        assert "reçu une liste" in refused(nested(100)).detail


def test_ten_megabytes_are_judged_like_any_other_text() -> None:
    long = "x" * 10_000_000
    assert refused(event(data={"site": long})).membre == "site"
    assert refused(event(id=long)).detail == "id : texte de 1 à 200 caractères attendu"
    refus = refused(event(type=long))
    assert len(refus.detail) < 300
    assert len(refus.type or "") == 200
    assert len(refused(event(data={long: 1})).detail) < 300
    accepted(event(ignore=long))


def test_a_refusal_carries_the_id_and_type_that_can_be_read() -> None:
    refus = refused(event(id="i-1", data={"canal": "fax"}))
    assert (refus.id, refus.type) == ("i-1", PIECE)
    assert refused(event(id=3)).id is None
    assert refused(event(id="é" * 500)).id == "é" * 200


@pytest.mark.parametrize("membre", ["source", "subject", "time", "caf", "data"])
def test_attributes_that_no_rule_names_are_ignored_and_do_not_enter_the_journal(membre: str) -> None:
    brut = event(extra={"a": [None, 1.5, 1e300, 10**40]}, dataschema=None, datacontenttype=7, traceparent="00-ab")
    publie = json.loads(accepted(brut).octets)
    assert publie[membre] == brut[membre]
    assert set(publie) == {*event(), "datacontenttype"}
