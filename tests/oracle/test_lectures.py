"""How the oracle reads the rules that the given month does not exercise."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

import pytest

from tests.oracle import Evenement, Piece, coupe, etat, indicateurs, juge_evenement, juge_lignes, replie_piece
from tests.oracle.calendar import debut_des_jours_ouvres, jours_feries, mois_apres, paques
from tests.oracle.door import AUTRE_CONTENU
from tests.oracle.state import MEMBRE_DE

NOW = datetime(2024, 1, 1, tzinfo=UTC)
_numeros = itertools.count()
_MEMBRES: dict[str, dict[str, Any]] = {
    "piece.arrivee": {"nature": "justificatif", "canal": "web", "minima_sociaux": False},
    "piece.traitee": {"issue": "liquidee"},
    "piece.annulee": {"motif": "doublon"},
    "contact.recu": {"canal": "telephone", "nature": "dossier"},
    "contact.clos": {"issue": "repondu"},
    "rendez_vous.demande": {"modalite": "site", "motif": "rsa"},
    "rendez_vous.propose": {"modalite": "visio", "debut": "2023-01-09T09:00:00Z"},
    "rendez_vous.manque": {"excuse": False},
    "indu.constate": {
        "prestation": "al",
        "montant_centimes": 1000,
        "cause": "erreur_declaration",
        "debiteur": "allocataire",
    },
    "fraude.qualifiee": {"prejudice_centimes": 500},
    "encaissement.constate": {"mode": "versement", "encaissement": "E-1"},
    "encaissement.annule": {"encaissement": "E-1"},
}
_DATES = {
    "piece.arrivee": "arrivee_le",
    "piece.traitee": "traitee_le",
    "piece.rouverte": "rouverte_le",
    "piece.annulee": "annulee_le",
    "piece.suspendue": "suspendue_le",
    "piece.reprise": "reprise_le",
    "contact.recu": "recu_le",
    "contact.clos": "clos_le",
    "rendez_vous.demande": "demande_le",
    "rendez_vous.propose": "propose_le",
    "rendez_vous.honore": "honore_le",
    "rendez_vous.manque": "constate_le",
    "indu.constate": "constate_le",
    "fraude.qualifiee": "qualifiee_le",
    "encaissement.constate": "encaisse_le",
    "encaissement.annule": "annule_le",
}


def brut(type_: str, quand: str, **data: object) -> dict[str, Any]:
    """A valid event of January 2023: `quand` is "day" or "dayThh:mm", in UTC."""
    jour, _, heure = quand.partition("T")
    objet = MEMBRE_DE[type_.partition(".")[0]]
    membres = {objet: "O-1", _DATES[type_]: f"2023-01-{jour}T{heure or '12:00'}:00Z", **_MEMBRES.get(type_, {})}
    return {
        "specversion": "1.0",
        "id": f"e{next(_numeros)}",
        "source": "/essai",
        "type": f"fr.caf.{type_}.v1",
        "subject": "D-1",
        "time": "2023-12-31T00:00:00Z",
        "caf": "091",
        "data": {**membres, **data},
    }


def fait(type_: str, quand: str, **data: object) -> Evenement:
    return juge_evenement(brut(type_, quand, **data), NOW)


def piece(*faits: tuple[str, str]) -> Piece:
    """The piece made by (type without `piece.`, when)."""
    repliee = replie_piece([fait(f"piece.{type_}", quand) for type_, quand in faits])
    assert repliee is not None
    return repliee


def valeur(faits: Sequence[Evenement], code: str) -> float | None:
    return indicateurs(etat(faits), "091", date(2023, 1, 1), date(2023, 1, 31))[code]["valeur"]


def test_a_treatment_earlier_on_the_arrival_day_closes_the_piece_with_no_delay() -> None:
    assert piece(("traitee", "02T08:00"), ("arrivee", "02T09:00")).delai == 0


def test_a_treatment_of_the_day_before_is_a_dead_letter_until_an_older_arrival_is_known() -> None:
    faits = [fait("piece.arrivee", "03"), fait("piece.traitee", "02")]
    assert etat(faits).lettres_mortes == [faits[1].id]
    assert valeur([*faits, fait("piece.arrivee", "01")], "COG-08-29") == 1


def test_a_cancelled_piece_stays_in_the_stock_until_its_first_cancellation_even_if_treated_before() -> None:
    annulee = piece(("arrivee", "02"), ("traitee", "03"), ("annulee", "07"), ("annulee", "05"))
    assert (annulee.traitee, annulee.annulee) == (None, date(2023, 1, 5))
    assert [annulee.en_stock(date(2023, 1, j)) for j in (1, 2, 4, 5)] == [False, True, True, False]


def test_a_treatment_ends_an_open_pause_and_a_reopening_does_not_open_it_again() -> None:
    rouverte = piece(("arrivee", "02"), ("suspendue", "04"), ("traitee", "06"), ("rouverte", "08"))
    assert [rouverte.en_attente(date(2023, 1, j)) for j in (3, 4, 5, 6, 9)] == [False, True, True, False, False]
    assert rouverte.en_stock(date(2023, 1, 7))


def test_a_piece_suspended_after_a_first_treatment_waits_until_the_next() -> None:
    traitee = piece(("arrivee", "02"), ("traitee", "04"), ("suspendue", "05"), ("traitee", "08"))
    assert (traitee.delai, traitee.jours_en_pause) == (6, 3)


def test_pauses_are_clipped_to_the_life_of_the_piece_and_overlaps_count_once() -> None:
    traitee = piece(
        ("suspendue", "02T08:00"), ("arrivee", "02T09:00"), ("suspendue", "03"), ("reprise", "04"), ("traitee", "09")
    )
    assert traitee.jours_en_pause == 2
    assert piece(("arrivee", "02"), ("traitee", "09"), ("suspendue", "10")).jours_en_pause == 0


def test_the_earliest_closing_of_a_contact_counts_whatever_its_issue() -> None:
    faits = [fait("contact.recu", "02"), fait("contact.clos", "03", issue="abandonne"), fait("contact.clos", "04")]
    assert valeur(faits, "APPELS-TRAITES-NOMBRE") == 0
    assert valeur([*faits, fait("contact.clos", "02", par="automate")], "APPELS-ABOUTIS") == 1


def test_a_contact_repeats_another_up_to_168_hours_later_and_never_one_of_the_same_instant() -> None:
    recus = [fait("contact.recu", quand, contact=f"C-{n}") for n, quand in enumerate(["02", "02", "09", "16T12:01"])]
    assert valeur(recus, "REITERATION-7J") == 1 / 4


def test_a_rendez_vous_without_demand_waits_and_is_in_no_figure() -> None:
    faits = [fait("rendez_vous.propose", "02"), fait("rendez_vous.honore", "09")]
    assert valeur(faits, "RDV-HONORES") == 0
    assert etat(faits).en_attente == sorted(fait.id for fait in faits)
    assert valeur([*faits, fait("rendez_vous.demande", "02")], "RDV-HONORES-visio") == 1


def test_the_last_outcome_of_a_rendez_vous_holds() -> None:
    issues = [fait("rendez_vous.manque", "10"), fait("rendez_vous.honore", "09"), fait("rendez_vous.demande", "02")]
    assert (valeur(issues, "RDV-HONORES"), valeur(issues, "TAUX-ABSENCE")) == (0, 1)


def test_what_refers_to_an_unknown_creance_is_in_no_figure() -> None:
    encaisse = fait("encaissement.constate", "05", montant_centimes=300)
    assert valeur([encaisse], "PART-DIRECT") is None
    assert valeur([encaisse, fait("indu.constate", "09")], "PART-DIRECT") == 1
    assert valeur([encaisse, fait("indu.constate", "09"), fait("encaissement.annule", "02")], "PART-DIRECT") is None


def test_the_last_qualification_of_a_creance_holds() -> None:
    faits = [fait("indu.constate", "02"), fait("fraude.qualifiee", "05"), fait("fraude.qualifiee", "04")]
    assert (valeur(faits, "FRAUDES-NOMBRE"), valeur(faits, "COG-10-41")) == (1, 500)


def test_a_cut_groups_what_carries_no_value_under_an_empty_name() -> None:
    arrivees = [fait("piece.arrivee", "02", piece=f"P-{n}", **({"pole": "nord"} if n else {})) for n in range(3)]
    par_pole = coupe(etat(arrivees), "091", date(2023, 1, 1), date(2023, 1, 31), "PIECES-ARRIVEES", "pole")
    assert {pole: chiffre["valeur"] for pole, chiffre in par_pole.items()} == {"": 1, "nord": 2}


@pytest.mark.parametrize(
    ("attribut", "refuse"),
    [
        ("subject", "1 84 12"),
        ("subject", "-".join(["1", "84", "12", "2A", "122333"])),
        ("time", "2024-01-01T00:05:01Z"),
        ("time", "2023-01-01T00:00:00+24:00"),
        ("time", "2023-01-01t00:00:00z"),
        ("id", ""),
        ("source", "x" * 201),
        ("data", None),
        ("caf", "٠٩١"),
    ],
)
def test_an_attribute_that_breaks_its_rule_is_named(attribut: str, refuse: object) -> None:
    ligne = json.dumps({**brut("piece.arrivee", "02"), attribut: refuse}).encode()
    assert [rejet.motif for rejet in juge_lignes([b"\n", ligne], NOW).rejets] == [attribut]


def test_a_line_that_is_no_strict_json_is_refused() -> None:
    lignes = [b'{"a": NaN}', b'{"a": "\\ud800"}', b"\xff", b"[" * 10_000, b"\xef\xbb\xbf{}"]
    assert [(r.ligne, r.motif) for r in juge_lignes(lignes, NOW).rejets] == [(n, "json") for n in range(1, 6)]


def test_a_duplicate_is_equal_as_json_within_the_service_that_owns_the_type() -> None:
    premier = {**brut("piece.arrivee", "02"), "traceparent": {"a": 1, "b": [True]}}
    meme = dict(reversed([*premier.items(), ("traceparent", {"b": [True], "a": 1.0})]))
    autre = {**premier, "traceparent": {"a": 1, "b": [1]}}
    ailleurs = {**brut("contact.recu", "02"), "id": premier["id"]}
    jugement = juge_lignes([json.dumps(e).encode() for e in (premier, meme, autre, ailleurs)], NOW)
    assert [evenement.ligne for evenement in jugement.acceptes] == [1, 4]
    assert jugement.doublons == [2]
    assert jugement.rejets == [(3, AUTRE_CONTENU)]


def test_the_calendar_knows_easter_months_and_alsace_moselle() -> None:
    assert [paques(annee) for annee in (2008, 2011, 2023)] == [date(2008, 3, 23), date(2011, 4, 24), date(2023, 4, 9)]
    assert jours_feries(2023, "681") - jours_feries(2023, "091") == {date(2023, 4, 7), date(2023, 12, 26)}
    assert len(jours_feries(2023, "091")) == 11
    assert mois_apres(date(2023, 1, 31), 13) == date(2024, 2, 29)
    assert mois_apres(date(2024, 2, 29), -12) == date(2023, 2, 28)
    assert debut_des_jours_ouvres(date(2023, 5, 9), 2, "091") == date(2023, 5, 5)
