"""What makes two events the same, and the door against the oracle's on events that Hypothesis writes and damages."""

import copy
import json
import random
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given as for_all
from hypothesis import note, settings
from hypothesis import strategies as st

from shared.events.base import Membre, members_of
from shared.events.catalogue import TYPES
from shared.events.porte import Recu, inbox_key, judge
from shared.temps import from_datetime
from tests.oracle.door import juge_lignes
from tests.unit.valeurs import ENCAISSEMENT, NIR, PIECE, VALEURS, accepted, event

MAINTENANT = datetime(2024, 3, 5, 12, tzinfo=UTC)
CONTACT = "fr.caf.contact.recu.v1"


def ours(lignes: list[bytes]) -> list[str]:
    """The verdicts of our door, with the inbox of each service as a plain table."""
    boite: dict[tuple[str, str], bytes] = {}
    verdicts = []
    for ligne in lignes:
        recu = judge(ligne, from_datetime(MAINTENANT))
        if not isinstance(recu, Recu):
            verdicts.append("refusé")
            continue
        premier = boite.setdefault((recu.type.service, recu.cle), recu.empreinte)
        seul = len(boite) > verdicts.count("accepté")
        verdicts.append("accepté" if seul else "doublon" if premier == recu.empreinte else "refusé")
    return verdicts


def theirs(lignes: list[bytes]) -> list[str]:
    """The verdicts of the oracle's door on the same lines."""
    jugement = juge_lignes(lignes, MAINTENANT)
    acceptes = {e.ligne for e in jugement.acceptes}
    rejets = {r.ligne for r in jugement.rejets}
    assert len(acceptes) + len(rejets) + len(jugement.doublons) == len(lignes)
    return ["accepté" if n in acceptes else "refusé" if n in rejets else "doublon" for n in range(1, len(lignes) + 1)]


def text(brut: Any, ici: str = "") -> bytes:
    """The event as JSON, ``"ICI"`` replaced by a text of JSON."""
    return json.dumps(brut).replace('"ICI"', ici).encode()


def backwards(valeur: Any) -> Any:
    """The same value, members written in the other order."""
    return {n: backwards(v) for n, v in reversed(valeur.items())} if isinstance(valeur, dict) else valeur


CLOS = "fr.caf.contact.clos.v1"
EXTRA = event(extra="ICI")
ACCENTS = event(data={"pole": "é/"})
CONTROLE = event("fr.caf.controle.realise.v1", data={"indu_centimes": "ICI"})
PAUSES = [event(f"fr.caf.piece.{nom}.v1", id="1", data={"motif": None}) for nom in ("suspendue", "reprise")]
EGAUX = {
    "members in another order": (text(event()), text(backwards(event()))),
    "members of a contact in another order": (text(event(CONTACT)), text(backwards(event(CONTACT)))),
    "spaces": (text(event()), json.dumps(event(), indent=3).replace("\n", "\r\n").encode() + b" \t"),
    "escapes": (text(ACCENTS), json.dumps(ACCENTS, ensure_ascii=False).replace("/", "\\/").encode()),
    "1 and 1.0": (text(EXTRA, "1"), text(EXTRA, "1.0")),
    "100 and 1e2": (text(EXTRA, "[100]"), text(EXTRA, "[1e2]")),
    "0 and -0.0": (text(EXTRA, "0"), text(EXTRA, "-0.0")),
    "1.5 and 15e-1": (text(EXTRA, "1.5"), text(EXTRA, "15e-1")),
    "2**70 and its float": (text(EXTRA, str(2**70)), text(EXTRA, f"{float(2**70)}")),
    "members of an ignored object": (text(EXTRA, '{"a":1,"b":{"c":2}}'), text(EXTRA, '{"b":{"c":2},"a":1}')),
    "a repeated member: the last holds": (text(EXTRA, '2,"extra":1'), text(EXTRA, "1")),
    "0 and -0 of an amount": (text(CONTROLE, "0"), text(CONTROLE, "-0")),
}  # fmt: skip
DIFFERENTS = {
    "true and 1": (text(EXTRA, "true"), text(EXTRA, "1")),
    "false and 0": (text(EXTRA, "[false]"), text(EXTRA, "[0]")),
    "text and number": (text(EXTRA, '"1"'), text(EXTRA, "1")),
    "an ignored attribute that is null or absent": (text(EXTRA, "null"), text(event())),
    "an ignored attribute that differs": (text(EXTRA, '"a"'), text(EXTRA, '"b"')),
    "the order of a list": (text(EXTRA, "[1,2]"), text(EXTRA, "[2,1]")),
    "numbers beyond 64 bits": (text(EXTRA, str(10**30)), text(EXTRA, str(10**30 + 1))),
    "numbers beyond floats": (text(EXTRA, "9" * 400), text(EXTRA, "9" * 399 + "8")),
    "a number and what it could be coded as": (text(EXTRA, str(10**30)), text(EXTRA, f'{{"nombre": "{10**30}"}}')),
    "Z and +00:00": (text(event(time="2024-03-05T08:12:13Z")), text(event(time="2024-03-05T08:12:13+00:00"))),
    "subject": (text(event()), text(event(subject="D-2"))),
    "caf": (text(event()), text(event(caf="661"))),
    "type": (text(PAUSES[0]), text(PAUSES[1])),
    "a default written out": (text(event(CONTACT)), text(event(CONTACT, data={"niveau": None}))),
    "a default written out, of a list": (text(event(CLOS)), text(event(CLOS, data={"par": None}))),
    "datacontenttype": (text(event()), text(event(datacontenttype="application/json"))),
    "an optional member": (text(event()), text(event(data={"pole": None}))),
    "an amount": (text(event(ENCAISSEMENT)), text(event(ENCAISSEMENT, data={"montant_centimes": 64_980}))),
}  # fmt: skip


@pytest.mark.parametrize("nom", EGAUX)
def test_an_event_equal_as_parsed_json_is_a_duplicate(nom: str) -> None:
    un, autre = EGAUX[nom]
    assert un != autre
    assert ours([un, autre, un]) == theirs([un, autre, un]) == ["accepté", "doublon", "doublon"]


@pytest.mark.parametrize("nom", DIFFERENTS)
def test_any_other_difference_is_refused_and_the_first_accepted_stands(nom: str) -> None:
    for un, autre in (DIFFERENTS[nom], DIFFERENTS[nom][::-1]):
        assert ours([un, autre, un]) == theirs([un, autre, un]) == ["accepté", "refusé", "doublon"]


def test_the_same_pair_in_another_service_is_another_event_and_a_refused_event_leaves_no_trace() -> None:
    piece, contact = event(id="1", source="/a"), event(CONTACT, id="1", source="/a")
    lignes = [text(event(id="1", source="/a", caf="x")), text(piece), text(contact), text(piece), text(contact)]
    assert ours(lignes) == theirs(lignes) == ["refusé", "accepté", "accepté", "doublon", "doublon"]


def test_no_two_pairs_of_source_and_id_share_a_key() -> None:
    paires = [
        ("a", "bc"),
        ("ab", "c"),
        ("a\x00b", "c"),
        ("a", "\x00bc"),
        ("1 a", "b"),
        ("1", " ab"),
        ("é", "b"),
        ("e", "éb"),
    ]
    assert len({inbox_key(*paire) for paire in paires}) == len(paires)
    assert accepted(event(source="a", id="bc")).cle == inbox_key("a", "bc")


CHAINES = st.sampled_from(
    ["", "a", "D-1", "091", "é", "a b", "a\n", "\x00", "\x85", NIR, NIR + " 36", " ".join(NIR), "x" * 64, "x" * 65,
     "x" * 200, "x" * 201, "2024-03-05T09:12:13+01:00", "2024-03-05T12:05:00Z", "2024-03-05T12:05:00.0000001Z",
     "1970-01-01T00:00:00+01:00", "2024-02-30T00:00:00Z", "2100-12-31T23:59:59Z", "1.0", "autre", "web", PIECE, CONTACT]
)  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.sampled_from([0, 1, 10**12, 10**12 + 1])
    | st.floats(allow_nan=False, allow_infinity=False) | CHAINES | st.text(max_size=8),
    lambda x: st.lists(x, max_size=3) | st.dictionaries(st.text(max_size=4), x, max_size=3),
    max_leaves=6,
)  # fmt: skip
MORCEAUX = st.sampled_from(
    [b"", b" ", b"1.0", b"1e3", b"-0", b"01", b"NaN", b"Infinity", b"null", b"true", b'"', b"{", b"}", b"[", b"]", b",",
     b":", b"\\", b"\\u0000", b"\\ud800", b"\\ud83d\\ude00", b"\xff", b"\xc3\xa9", b"\xed\xa0\x80", b"\xef\xbb\xbf",
     b"\x00", b"\x7f"]
)  # fmt: skip


def allowed(membre: Membre) -> st.SearchStrategy[Any]:
    """Values at and around the limits of a member."""
    if membre.valeurs:
        return st.sampled_from([v.value for v in membre.valeurs])
    return st.sampled_from([valeur for valeur, _ in VALEURS[membre.genre]])


@st.composite
def brut_events(draw: st.DrawFn) -> dict[str, Any]:
    """An event of any type, some optional members left out, a few places written over."""
    nom = draw(st.sampled_from(sorted(TYPES)))
    brut = event(nom, id=draw(st.sampled_from(["1", "2"])), source="/essai")
    for membre in members_of(TYPES[nom].donnees):
        if not membre.requis and draw(st.booleans()):
            del brut["data"][membre.nom]
    for _ in range(draw(st.integers(0, 2))):
        cible = draw(st.sampled_from([brut, brut["data"]])) if isinstance(brut.get("data"), dict) else brut
        connus = {m.nom: m for m in members_of(TYPES[nom].donnees)}
        lieu = draw(st.sampled_from([*cible, "data_base64", "extra", "datacontenttype"]))
        if draw(st.integers(0, 4)) == 0:
            cible.pop(lieu, None)
        else:
            cible[lieu] = draw(allowed(connus[lieu]) | JSON if lieu in connus else JSON)
    return brut


@st.composite
def lines(draw: st.DrawFn) -> list[bytes]:
    """One event, then the same again, rewritten, changed or damaged."""
    brut = draw(brut_events())
    lignes = [json.dumps(brut).encode()]
    for _ in range(draw(st.integers(1, 3))):
        suivant = draw(st.just(copy.deepcopy(brut)) | brut_events())
        paires = list(suivant.items())
        random.Random(draw(st.integers(0, 9))).shuffle(paires)
        ligne = json.dumps(dict(paires), indent=draw(st.sampled_from([None, 1]))).encode()
        if draw(st.integers(0, 2)) == 0:
            place = draw(st.integers(0, len(ligne)))
            ligne = ligne[:place] + draw(MORCEAUX) + ligne[place + draw(st.integers(0, 3)) :]
        lignes.append(ligne)
    return [ligne for ligne in lignes if ligne.strip()]


@settings(max_examples=400, deadline=None)
@for_all(lines())
def test_the_door_judges_as_the_oracle_does(lignes: list[bytes]) -> None:
    notre, oracle = ours(lignes), theirs(lignes)
    for ligne, a, b in zip(lignes, notre, oracle, strict=True):
        note(f"{a} / oracle {b} : {ligne!r}")
    assert notre == oracle
