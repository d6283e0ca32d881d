"""The door: each rule of the event contract, at its limits, and what it says to the person who reads the refusal."""

import json
import re
from typing import Any

import pytest

from shared.events.catalogue import DECODERS, SERVICES, TYPES, types_of
from shared.events.nir import looks_like_nir
from shared.events.porte import Recu, Refus
from shared.temps import from_iso, parse_instant
from tests.unit.valeurs import ENCAISSEMENT, NIR, NIR_CORSE, PIECE, accepted, cases, event, given, refused

PROPOSE = "fr.caf.rendez_vous.propose.v1"


def test_an_accepted_event_says_what_the_services_need() -> None:
    recu = accepted(event(data={"caf_traitante": "661"}))
    assert (recu.caf, recu.dossier, recu.objet) == ("091", "D-7f3a91", "P-000001")
    assert (recu.source, recu.id) == ("/front-office/ged", "ex-piece-arrivee-0001")
    assert recu.instant == parse_instant("2024-03-05T09:10:00+01:00")
    assert recu.emis == parse_instant("2024-03-05T09:12:13+01:00")
    assert recu.jour == from_iso("2024-03-05")
    assert recu.type.service == "production"
    assert DECODERS[PIECE].decode(json.dumps(json.loads(recu.octets)["data"])) == DECODERS[PIECE].decode(
        json.dumps(event(data={"caf_traitante": "661"})["data"])
    )


def test_the_object_of_rights_is_the_dossier_and_each_campaign_event_is_its_own_object() -> None:
    assert accepted(event("fr.caf.droits.clos.v1")).objet == "D-7f3a91"
    un = accepted(event("fr.caf.campagne.envoyee.v1", id="1"))
    autre = accepted(event("fr.caf.campagne.envoyee.v1", id="2"))
    assert un.objet == un.cle != autre.objet


def test_every_type_of_the_contract_has_one_owner() -> None:
    assert {s: len(types_of(s)) for s in SERVICES} == {"production": 9, "contacts": 12, "recovery": 10}
    assert sum(len(types_of(s)) for s in SERVICES) == len(TYPES)


@pytest.mark.parametrize("type_", TYPES)
def test_each_member_is_held_to_its_rule_and_a_refusal_names_it(type_: str) -> None:
    for brut, membre, accepte in cases(type_):
        verdict = given(brut)
        assert isinstance(verdict, Recu) is accepte, (membre, brut, verdict)
        if isinstance(verdict, Refus):
            # Without a readable type the door does not know which members to expect.
            assert verdict.membre == membre, (brut, verdict)
            assert membre in verdict.detail
            assert verdict.id == (brut.get("id") if isinstance(brut.get("id"), str) else None) or membre == "id"


@pytest.mark.parametrize(
    ("brut", "detail"),
    [
        (event(data={"piece": None}), "piece : membre obligatoire absent"),
        (event(data={"piece": 12}), "piece : attendu un texte, reçu un nombre entier"),
        (event(data={"piece": "a b"}), "piece : identifiant de 1 à 64 caractères parmi A-Z a-z 0-9 - _ . attendu"),
        (event(data={"piece": NIR}), "piece ressemble à un NIR : donner un pseudonyme opaque, aucun NIR n'entre ici"),
        (event(subject="a b"), "subject : identifiant de 1 à 64 caractères parmi A-Z a-z 0-9 - _ . attendu"),
        (event(subject=NIR), "subject ressemble à un NIR : donner un pseudonyme opaque, aucun NIR n'entre ici"),
        (event(data={"site": "a\tb"}), "site : texte de 1 à 200 caractères sans caractère de contrôle attendu"),
        (event(data={"pole": NIR}), "pole ressemble à un NIR : donner un pseudonyme opaque, aucun NIR n'entre ici"),
        (event(caf="91"), "caf : trois chiffres attendus, par exemple 091"),
        (event(data={"caf_traitante": "91"}), "caf_traitante : trois chiffres attendus, par exemple 091"),
        (event(data={"canal": "fax"}), "canal : valeur hors de la liste (web, courrier, accueil, partenaire, interne)"),
        (event(data={"minima_sociaux": 1}), "minima_sociaux : attendu true ou false, reçu un nombre entier"),
        (event(data={"extra": 1}), "extra : membre inconnu de ce type. Retirer ce membre ou vérifier son nom"),
        (event(ENCAISSEMENT, data={"montant_centimes": 0}), "montant_centimes : nombre entier, au moins 1, attendu"),
        (
            event(ENCAISSEMENT, data={"montant_centimes": 10**12 + 1}),
            "montant_centimes : nombre entier, au plus 1000000000000, attendu",
        ),
        (event(id="x" * 201), "id : texte de 1 à 200 caractères attendu"),
        (event(specversion="0.3"), "specversion doit être « 1.0 »"),
        (event(type="fr.caf.perdue.v1"), "type inconnu : 'fr.caf.perdue.v1'. Voir la liste des types publiés"),
        (event(time="hier"), "time doit être un instant réel avec fuseau, par exemple 2024-03-05T09:12:13+01:00"),
        (
            event(data_base64="e30="),
            "data_base64 n'est pas admis : donner les données en JSON dans « data »",
        ),
        ([], "événement : attendu un objet JSON, reçu une liste"),
        ("null", "événement : attendu un objet JSON, reçu null"),
    ],
)  # fmt: skip
def test_a_refusal_says_in_french_what_is_wrong_with_what(brut: Any, detail: str) -> None:
    assert refused(brut).detail == detail


def test_a_refusal_never_repeats_a_value_that_could_be_personal() -> None:
    for membre in ("piece", "canal", "site", "arrivee_le"):
        assert NIR not in refused(event(data={membre: NIR})).detail


@pytest.mark.parametrize(
    ("time", "accepte"),
    [
        ("2024-03-05T12:05:00Z", True),
        ("2024-03-05T13:05:00.0000009+01:00", True),
        ("2024-03-05T12:05:00.000001Z", False),
        ("2024-03-05T12:05:01Z", False),
        ("2024-03-05T12:05:00-00:01", False),
        ("2100-12-31T23:59:59Z", False),
    ],
)
def test_an_event_is_emitted_at_most_five_minutes_after_its_reception(time: str, accepte: bool) -> None:
    verdict = given(event(time=time))
    assert isinstance(verdict, Recu) is accepte, verdict
    if isinstance(verdict, Refus):
        assert verdict.detail == "time est dans le futur (plus de 5 minutes après la réception)"


@pytest.mark.parametrize(
    ("quand", "accepte"),
    [
        ("2024-03-05T09:17:13+01:00", True),
        ("2024-03-05T08:17:13.000000999Z", True),
        ("2024-03-05T08:17:13.000001Z", False),
        ("2024-03-05T09:17:14+01:00", False),
    ],
)
def test_an_event_happens_at_most_five_minutes_after_its_emission(quand: str, accepte: bool) -> None:
    verdict = given(event(data={"arrivee_le": quand}))
    assert isinstance(verdict, Recu) is accepte, verdict
    if isinstance(verdict, Refus):
        assert verdict.detail == "arrivee_le est postérieur à time (plus de 5 minutes)"


def test_the_slot_of_a_rendez_vous_may_lie_in_the_future_but_must_be_an_instant() -> None:
    accepted(event(PROPOSE, data={"debut": "2100-12-31T23:59:59.9+23:59"}))
    assert refused(event(PROPOSE, data={"debut": "2101-01-01T00:00:00Z"})).membre == "debut"
    assert refused(event(PROPOSE, data={"debut": "2100-02-29T00:00:00Z"})).membre == "debut"


def test_the_last_year_of_the_contract_is_2100_as_written() -> None:
    fin = parse_instant("2100-12-31T23:59:59Z")
    accepted(event(time="2100-12-31T23:59:59Z", data={"arrivee_le": "2100-12-31T23:59:59Z"}), fin)
    assert refused(event(time="2101-01-01T00:59:59+01:00"), fin).membre == "time"
    accepted(event(data={"arrivee_le": "1970-01-01T00:30:00+01:00"}))


@pytest.mark.parametrize(
    ("instant", "jour"),
    [
        ("2023-12-31T23:00:00Z", "2024-01-01"),
        ("2023-12-31T22:59:59.999999Z", "2023-12-31"),
        ("2023-07-01T00:30:00+02:00", "2023-07-01"),
        ("2023-06-30T22:30:00Z", "2023-07-01"),
        ("2023-07-01T00:30:00-11:00", "2023-07-01"),
        ("2023-07-01T13:30:00-11:00", "2023-07-02"),
    ],
)
def test_the_day_of_an_event_is_that_of_paris(instant: str, jour: str) -> None:
    assert accepted(event(data={"arrivee_le": instant})).jour == from_iso(jour)


@pytest.mark.parametrize("texte", ["1.0", "1e3", "1E0", "-0.0", "true", "null", '"1"', "[1]", "1e400", "9" * 5000])
def test_an_amount_is_written_as_an_integer(texte: str) -> None:
    octets = json.dumps(event(ENCAISSEMENT)).replace("64979", texte)
    assert refused(octets).membre == "montant_centimes"


def test_zero_may_be_written_with_a_sign_where_zero_is_allowed() -> None:
    octets = json.dumps(event("fr.caf.controle.realise.v1")).replace("64979", "-0")
    assert b'"indu_centimes":0' in accepted(octets).octets


def test_any_separator_and_letter_case_hide_no_nir_and_a_wrong_key_neither() -> None:
    for corps in (NIR, NIR_CORSE, NIR_CORSE.upper()):
        for cle in ("", "00", "36", "99"):
            for separateur in ("", " ", "\t", "\u00a0", "\u2009", ".", "-", "/", "_", "\r\n"):
                assert looks_like_nir(separateur.join(["", *(corps + cle), ""])), (corps, cle, separateur)
    for texte in (
        "",
        NIR[:-1],
        NIR + "3",
        NIR + "361",
        "D" + NIR,
        NIR.replace("1", "5", 1),
        NIR_CORSE.replace("a", "c"),
    ):
        assert not looks_like_nir(texte), texte
    assert looks_like_nir(re.sub(r"\d", lambda m: chr(0x660 + int(m[0])), NIR[1:]).join([NIR[0], ""]))
