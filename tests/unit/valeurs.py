"""What each kind of member may hold, at its limits, and every event that differs from a valid one by such a value."""

import copy
import json
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from shared.events.base import members_of
from shared.events.catalogue import TYPES
from shared.events.docs.exemples import front_office_example
from shared.events.porte import Recu, Refus, judge
from shared.temps import parse_instant

Brut = dict[str, Any]
# Written in parts: no file of ours holds anything that looks like one.
NIR = "1" + "85" + "05" + "78" + "006" + "084"
NIR_CORSE = "2" + "85" + "05" + "2a" + "006" + "084"

MAINTENANT = parse_instant("2024-03-05T12:00:00Z")
PIECE = "fr.caf.piece.arrivee.v1"
ENCAISSEMENT = "fr.caf.encaissement.constate.v1"

_TEXTES: Sequence[tuple[object, bool]] = [
    ("x", True),
    ("é" * 200, True),
    ("😀" * 200, True),
    ("x" * 201, False),
    ("", False),
    (" ", True),
    ("a\nb", False),
    ("a\n", False),
    ("a\x00", False),
    ("a\x1f", False),
    ("a\x7f", False),
    ("a\x9f", False),
    ("a\u00a0\u2028", True),
    (NIR, False),
    (NIR + "36", False),
    (" ".join(NIR), False),
    (f" {NIR[:1]}.{NIR[1:5]}-{NIR[5:7]}/{NIR[7:]}_36 ", False),
    ("\u2003".join(NIR_CORSE), False),
    (NIR + "3", True),
    (f"dossier {NIR}", True),
    ("5" + NIR[1:], True),
]
_INSTANTS: Sequence[tuple[object, bool]] = [
    ("1970-01-01T00:00:00Z", True),
    ("1969-12-31T23:59:59Z", False),
    ("2024-02-29T23:59:59.123456789012-23:59", True),
    ("2000-02-29T00:00:00-00:00", True),
    ("2023-02-29T10:00:00Z", False),
    ("2024-02-30T10:00:00Z", False),
    ("2024-04-31T10:00:00Z", False),
    ("2024-13-01T10:00:00Z", False),
    ("2024-00-01T10:00:00Z", False),
    ("2024-01-00T10:00:00Z", False),
    ("2024-01-01T24:00:00Z", False),
    ("2024-01-01T23:59:60Z", False),
    ("2024-01-01T10:60:00Z", False),
    ("2024-01-01T10:00:00+24:00", False),
    ("2024-01-01T10:00:00+01:60", False),
    ("2024-01-01T10:00:00+0100", False),
    ("2024-01-01T10:00:00", False),
    ("2024-01-01T10:00Z", False),
    ("2024-01-01T10:00:00.Z", False),
    ("2024-01-01T10:00:00,5Z", False),
    ("2024-01-01t10:00:00Z", False),
    ("2024-01-01T10:00:00z", False),
    ("2024-01-01 10:00:00Z", False),
    ("2024-01-01T10:00:00Z\n", False),
    ("2024-01-01", False),
    ("٢٠٢٤-01-01T10:00:00Z", False),
    (1_704_103_200, False),
]
VALEURS: dict[str, Sequence[tuple[object, bool]]] = {
    "identifiant": [
        ("a", True),
        ("aZ09-_." * 9 + "b", True),
        ("a" * 64, True),
        ("a" * 65, False),
        ("", False),
        ("a b", False),
        ("à", False),
        ("a/b", False),
        ("a\n", False),
        ("a\x00", False),
        (NIR, False),
        (NIR + "36", False),
        ("-".join(NIR_CORSE), False),
        ("D-" + NIR, True),
        ("6" + NIR[1:], True),
        (12, False),
    ],
    "texte": _TEXTES,
    "instant": _INSTANTS,
    "caf": [("000", True), ("999", True), ("91", False), ("0911", False), ("09a", False), ("091\n", False)],
    "montant": [(1, True), (10**12, True), (0, False), (-1, False), (10**12 + 1, False), (10**30, False), (1.5, False)],
    "montant ou zéro": [(0, True), (10**12, True), (-1, False), (10**12 + 1, False), (True, False), ("1", False)],
    "niveau": [(1, True), (2, True), (0, False), (3, False), (True, False), ("1", False)],
    "booléen": [(True, True), (False, True), (1, False), (0, False), ("true", False)],
    "liste": [("", False), ("inconnue", False), (0, False), (["autre"], False)],
    "court": [("x", True), ("😀" * 200, True), ("a\x00\n", True), (NIR, True), ("x" * 201, False), ("", False)],
}  # fmt: skip
_DE_TOUT_GENRE: Sequence[tuple[object, bool]] = [(None, False), ({}, False), ([], False), (1.5, False)]
_ATTRIBUTS = {"id": "court", "source": "court", "subject": "identifiant", "time": "instant", "caf": "caf"}


class Cas(NamedTuple):
    """An event that differs by ``membre`` from a valid one, and whether the contract accepts it."""

    brut: Brut
    membre: str
    accepte: bool


def cases(type_: str) -> Iterator[Cas]:
    """Every event of the type that differs from the valid example in one place, without clock or state."""
    yield from _attributes(type_)
    for membre in members_of(TYPES[type_].donnees):
        nom = membre.nom
        yield Cas(_without(type_, "data", nom), nom, not membre.requis)
        for valeur in membre.valeurs:
            yield Cas(_with(type_, "data", nom, valeur.value), nom, True)
            yield Cas(_with(type_, "data", nom, valeur.value.upper()), nom, False)
        for donnee, accepte in [*VALEURS[membre.genre], *_DE_TOUT_GENRE]:
            yield Cas(_with(type_, "data", nom, donnee), nom, accepte)
    for nom in ("inconnu", "Piece", "nature ", ""):
        yield Cas(_with(type_, "data", nom, "x"), nom, False)


def _attributes(type_: str) -> Iterator[Cas]:
    for nom in ("specversion", "id", "source", "type", "subject", "time", "caf", "data"):
        yield Cas(_without(type_, nom), nom, False)
        yield Cas(_with(type_, nom, None), nom, False)
    for nom, genre in _ATTRIBUTS.items():
        # An emission before the business instant is another rule: `time` is only tried with what can not be read.
        for donnee, accepte in VALEURS[genre]:
            if nom != "time" or not accepte:
                yield Cas(_with(type_, nom, donnee), nom, accepte)
    refuses: dict[str, Sequence[object]] = {
        "specversion": ("1.1", "0.3", "1", 1.0, 1),
        "type": (type_.upper(), type_.replace(".v1", ".v2"), type_ + " ", "", 3),
        "data_base64": ("e30=", None, ""),
        "data": ([], "x", 3, True),
    }
    for nom, donnees in refuses.items():
        yield from (Cas(_with(type_, nom, donnee), nom, False) for donnee in donnees)
    for nom in ("datacontenttype", "dataschema", "traceparent", "inconnu"):
        for donnee in ("application/json", None, 3, {"a": [1]}):
            yield Cas(_with(type_, nom, donnee), nom, True)


def _with(type_: str, *chemin: object) -> Brut:
    *noms, dernier, valeur = chemin
    brut = copy.deepcopy(front_office_example(TYPES[type_]))
    cible = brut
    for nom in noms:
        cible = cible[str(nom)]
    cible[str(dernier)] = valeur
    return brut


def _without(type_: str, *chemin: str) -> Brut:
    brut = _with(type_, *chemin, None)
    cible = brut
    for nom in chemin[:-1]:
        cible = cible[nom]
    del cible[chemin[-1]]
    return brut


def event(type_: str = PIECE, /, **attributs: Any) -> dict[str, Any]:
    """The valid example of a type, with other attributes; ``data`` adds members, None takes one away."""
    brut = copy.deepcopy(front_office_example(TYPES[type_]))
    data = brut["data"] | attributs.pop("data", {})
    brut |= attributs
    brut["data"] = {nom: valeur for nom, valeur in data.items() if valeur is not None}
    return brut


def given(brut: Any, maintenant: int = MAINTENANT) -> Recu | Refus:
    """The verdict on an event, given as JSON text, bytes or value."""
    texte = brut if isinstance(brut, str | bytes) else json.dumps(brut)
    return judge(texte.encode() if isinstance(texte, str) else texte, maintenant)


def accepted(brut: Any, maintenant: int = MAINTENANT) -> Recu:
    recu = given(brut, maintenant)
    assert isinstance(recu, Recu), recu
    return recu


def refused(brut: Any, maintenant: int = MAINTENANT) -> Refus:
    refus = given(brut, maintenant)
    assert isinstance(refus, Refus), refus
    return refus
