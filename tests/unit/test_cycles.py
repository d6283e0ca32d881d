"""The steps of a life cycle that a file supposes and does not tell."""

import random
from collections import Counter
from datetime import UTC, datetime

import pytest

from ecluse.verification import verify
from shared.ndjson import read_lines
from shared.temps import from_datetime
from tests.donnees import petit_mois
from tests.fabrique import evenement
from tests.oracle import etat, juge_lignes
from tests.unit.verifiees import MATIN, piece, report, steps

MAINTENANT = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("graine", range(2))
def test_the_missing_steps_of_a_month_with_holes_are_those_of_the_oracle(graine: int) -> None:
    hasard = random.Random(graine)
    lignes = [ligne for _, ligne in read_lines(petit_mois()) if hasard.random() < 0.8]
    hasard.shuffle(lignes)
    oracle = etat(juge_lignes(lignes, MAINTENANT).acceptes)
    assert oracle.en_attente
    comptes: Counter[bool] = Counter()
    rapport = verify(enumerate(lignes, 1), from_datetime(MAINTENANT))
    for etape in (e for source in rapport.sources for e in source.etapes_absentes):
        if etape.manque not in ("pause ouverte", "piece.traitee"):
            comptes["avant" in etape.manque] += etape.evenements
    assert comptes == {True: len(oracle.lettres_mortes), False: len(oracle.en_attente)}


def test_each_kind_of_object_that_nothing_creates_is_told_with_its_events_and_objects() -> None:
    rapport = report(
        [
            piece("traitee", MATIN, "P-1"),
            piece("traitee", "2023-01-06T08:00:00Z", "P-1"),
            piece("suspendue", MATIN, "P-2"),
            evenement("contact.clos", MATIN, contact="Q", issue="repondu"),
            evenement("rendez_vous.honore", MATIN, rdv="R"),
            evenement(
                "encaissement.constate", MATIN, creance="K", encaissement="E", montant_centimes=1, mode="retenue"
            ),
            evenement("creance.notifiee", MATIN, creance="K"),
        ]
    )
    assert steps(rapport) == {
        ("piece.traitee", "piece.arrivee", 2, 1),
        ("piece.suspendue", "piece.arrivee", 1, 1),
        ("contact.clos", "contact.recu", 1, 1),
        ("rendez_vous.honore", "rendez_vous.demande", 1, 1),
        ("encaissement.constate", "indu.constate", 1, 1),
        ("creance.notifiee", "indu.constate", 1, 1),
    }
    assert {o.genre: (o.connus, o.attendus) for o in rapport.objets} == {
        "piece": (0, 2), "contact": (0, 1), "rdv": (0, 1), "creance": (0, 1),
    }  # fmt: skip


def test_a_creating_fact_that_comes_last_or_from_another_source_leaves_nothing_missing() -> None:
    rapport = report([piece("traitee", "2023-01-06T08:00:00Z"), piece("arrivee", MATIN, source="/autre")])
    assert steps(rapport) == set()
    assert {o.genre: (o.connus, o.attendus) for o in rapport.objets}["piece"] == (1, 0)


def test_the_same_piece_of_another_caf_is_another_piece() -> None:
    rapport = report([piece("arrivee", MATIN), piece("traitee", "2023-01-06T08:00:00Z", caf="661")])
    assert steps(rapport) == {("piece.traitee", "piece.arrivee", 1, 1)}


def test_resuming_without_an_open_pause_and_reopening_what_is_not_treated_are_told() -> None:
    rapport = report(
        [
            piece("arrivee", MATIN),
            piece("reprise", "2023-01-06T08:00:00Z"),
            piece("suspendue", "2023-01-07T08:00:00Z"),
            piece("suspendue", "2023-01-08T08:00:00Z"),
            piece("reprise", "2023-01-09T08:00:00Z"),
            piece("reprise", "2023-01-10T08:00:00Z"),
            piece("suspendue", "2023-01-11T08:00:00Z"),
            piece("traitee", "2023-01-12T08:00:00Z"),
            piece("reprise", "2023-01-13T08:00:00Z"),
            piece("rouverte", "2023-01-14T08:00:00Z"),
            piece("rouverte", "2023-01-15T08:00:00Z"),
        ]
    )
    assert steps(rapport) == {
        ("piece.reprise", "pause ouverte", 3, 1),
        ("piece.rouverte", "piece.traitee", 1, 1),
    }


def test_steps_follow_the_business_instants_not_the_order_of_the_file() -> None:
    bruts = [
        piece("arrivee", MATIN),
        piece("suspendue", "2023-01-06T08:00:00Z"),
        piece("reprise", "2023-01-06T08:00:00Z"),
        piece("traitee", "2023-01-07T08:00:00Z"),
        piece("rouverte", "2023-01-07T08:00:00Z"),
    ]
    for graine in range(10):
        random.Random(graine).shuffle(bruts)
        assert steps(report(bruts)) == set()


def test_a_fact_dated_before_the_arrival_day_is_told_and_a_fact_of_that_day_is_not() -> None:
    rapport = report(
        [
            piece("arrivee", "2023-01-05T10:00:00Z"),
            piece("suspendue", "2023-01-04T22:59:59Z"),
            piece("traitee", "2023-01-04T23:00:00Z"),
        ]
    )
    assert steps(rapport) == {("piece.suspendue", "piece.arrivee ce jour-là ou avant", 1, 1)}


def test_the_cancellation_of_an_encaissement_never_seen_is_told() -> None:
    indu = evenement(
        "indu.constate",
        MATIN,
        creance="K",
        prestation="al",
        montant_centimes=10,
        cause="fraude",
        debiteur="allocataire",
    )
    annule = evenement("encaissement.annule", MATIN, creance="K", encaissement="E")
    constate = evenement(
        "encaissement.constate", MATIN, creance="K", encaissement="E", montant_centimes=1, mode="huissier"
    )
    assert steps(report([annule, indu])) == {("encaissement.annule", "encaissement.constate", 1, 1)}
    assert steps(report([annule, indu, constate])) == set()
