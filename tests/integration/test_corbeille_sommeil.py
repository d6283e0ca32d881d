"""What sleeps in a corbeille, what comes back by itself, and what facts move while it is held."""

import pytest

from shared.corbeille.lecture import EtatTravail
from shared.corbeille.regles import MotifReport
from shared.temps import from_iso
from tests.atelier import JOUR, Atelier, refusal, stay, talon

PRET = EtatTravail.pret
PRIS = EtatTravail.pris
DORMANT = EtatTravail.dormant


@pytest.mark.parametrize(
    ("issue", "date", "reprise"),
    [
        ("joint", None, "2024-03-12"),
        ("sans_reponse", None, "2024-03-06"),
        ("sans_reponse", "2024-03-09", "2024-03-09"),
        ("promesse", "2024-03-20", "2024-03-21"),
        ("promesse", "2024-03-05", "2024-03-06"),
    ],
)
def test_a_finished_item_sleeps_until_its_day_then_comes_back(
    atelier: Atelier, issue: str, date: str | None, reprise: str
) -> None:
    atelier.put("C", stay())
    pris = talon(atelier.must_claim())
    suite = atelier.corbeilles.finish(pris, issue, from_iso(date) if date else None).result()
    assert suite.reprise == from_iso(reprise)
    assert (atelier.claim(), atelier.states()) == (None, {"C": DORMANT})
    atelier.horloge.advance((from_iso(reprise) - JOUR - 1) * 86_400)
    assert atelier.claim() is None
    atelier.horloge.advance(86_400)
    assert atelier.must_claim().item.objet == "C"


def test_calling_again_skips_the_days_when_nobody_works(atelier: Atelier) -> None:
    atelier.horloge.set("2024-03-29T09:00:00+01:00")
    atelier.put("C", stay())
    suite = atelier.corbeilles.finish(talon(atelier.must_claim()), "sans_reponse").result()
    assert suite.reprise == from_iso("2024-04-02")


@pytest.mark.parametrize(
    ("issue", "date", "probleme"),
    [
        ("promesse", None, "date-refusee"),
        ("promesse", JOUR - 1, "date-refusee"),
        ("joint", JOUR, "date-refusee"),
        ("joint", JOUR + 367, "date-refusee"),
        ("notifiee", None, "issue-inconnue"),
    ],
)
def test_an_outcome_that_makes_no_sense_is_refused_and_the_item_stays_held(
    atelier: Atelier, issue: str, date: int | None, probleme: str
) -> None:
    atelier.put("C", stay())
    pris = talon(atelier.must_claim())
    assert refusal(atelier.corbeilles.finish(pris, issue, date)) == probleme
    assert atelier.states() == {"C": PRIS}
    atelier.corbeilles.finish(pris, "joint").result()


def test_the_outcomes_are_those_of_the_corbeille_where_the_item_was_taken(atelier: Atelier) -> None:
    atelier.put("C", stay())
    pris = talon(atelier.must_claim(), corbeille="a_notifier")
    assert refusal(atelier.corbeilles.finish(pris, "notifiee")) == "issue-inconnue"


def test_an_item_put_aside_sleeps_until_its_day(atelier: Atelier) -> None:
    atelier.put("C", stay())
    pris = talon(atelier.must_claim())
    assert refusal(atelier.corbeilles.hold(pris, JOUR, MotifReport.autre)) == "date-refusee"
    assert atelier.corbeilles.hold(pris, JOUR + 2, MotifReport.attente_piece).result().reprise == JOUR + 2
    rangees, _ = atelier.corbeilles.page("retard_1_mois")
    assert (rangees[0].ligne.reprise, rangees[0].ligne.motif) == (JOUR + 2, "attente_piece")
    atelier.horloge.advance(2 * 86_400)
    assert atelier.must_claim().item.objet == "C"


def test_a_released_item_is_ready_at_once(atelier: Atelier) -> None:
    atelier.put("C", stay())
    atelier.corbeilles.release(talon(atelier.must_claim())).result()
    assert atelier.must_claim("poste-2").item.objet == "C"


def test_a_sleep_does_not_hide_the_item_from_a_reason_that_comes_later(atelier: Atelier) -> None:
    atelier.put("C", stay("retard_1_mois", au=3), stay("retard_2_mois", du=3))
    pris = talon(atelier.must_claim())
    atelier.corbeilles.finish(pris, "promesse", JOUR + 20).result()
    atelier.horloge.advance(3 * 86_400)
    assert atelier.states("retard_2_mois") == {"C": PRET}
    assert atelier.must_claim(corbeille="retard_2_mois").item.objet == "C"


def test_a_promise_answers_every_reason_known_today(atelier: Atelier) -> None:
    atelier.put("C", stay("retard_1_mois"), stay("retard_2_mois"))
    pris = talon(atelier.must_claim())
    atelier.corbeilles.finish(pris, "promesse", JOUR + 20).result()
    assert atelier.states("retard_1_mois") == atelier.states("retard_2_mois") == {"C": DORMANT}


def test_an_item_that_moves_while_held_is_not_handed_out_in_its_new_corbeille(atelier: Atelier) -> None:
    atelier.put("C", stay("a_notifier"))
    pris = talon(atelier.must_claim(corbeille="a_notifier", bail_secondes=60))
    atelier.put("C", stay("retard_1_mois"))
    assert atelier.states("retard_1_mois") == {"C": PRIS}
    assert atelier.claim("poste-2") is None
    atelier.corbeilles.finish(pris, "notifiee").result()
    assert atelier.states("retard_1_mois") == {"C": DORMANT}


def test_an_item_in_two_corbeilles_is_held_in_both(atelier: Atelier) -> None:
    atelier.put("C", stay("retard_1_mois"), stay("retard_2_mois"))
    atelier.must_claim(bail_secondes=60)
    assert atelier.claim("poste-2", "retard_2_mois") is None
    atelier.horloge.advance(60)
    assert atelier.must_claim("poste-2", "retard_2_mois").item.objet == "C"
    assert atelier.claim() is None


def test_facts_that_take_a_held_item_out_and_back_do_not_give_it_to_another(atelier: Atelier) -> None:
    atelier.put("C", stay())
    pris = talon(atelier.must_claim())
    atelier.put("C")
    atelier.put("C", stay())
    assert atelier.claim("poste-2") is None
    atelier.corbeilles.finish(pris, "joint").result()


def test_the_outcome_of_an_item_that_has_left_meanwhile_is_kept_in_the_log(atelier: Atelier) -> None:
    atelier.put("C", stay())
    pris = talon(atelier.must_claim())
    atelier.put("C")
    assert atelier.corbeilles.finish(pris, "joint").result().reprise is None
    assert atelier.gestures() == [("pris", "C"), ("termine", "C")]
    assert refusal(atelier.corbeilles.finish(pris, "joint")) == "travail-inconnu"


def test_an_item_that_left_and_comes_back_for_a_new_fact_is_awake(atelier: Atelier) -> None:
    atelier.put("C", stay())
    atelier.corbeilles.finish(talon(atelier.must_claim()), "promesse", JOUR + 20).result()
    atelier.put("C")
    atelier.put("C", stay())
    assert atelier.states() == {"C": PRET}
