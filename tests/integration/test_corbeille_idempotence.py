"""A command that comes back with its idempotency key."""

from shared.corbeille.lecture import EtatTravail
from tests.atelier import JOUR, Atelier, refusal, stay, talon

PRET = EtatTravail.pret
PRIS = EtatTravail.pris


def test_a_lost_answer_is_given_again_and_no_second_item_is_taken(atelier: Atelier) -> None:
    atelier.put_all([(nom, [stay()]) for nom in "AB"])
    premier = atelier.must_claim("poste-1", cle="k1")
    atelier.horloge.advance(60)
    assert atelier.claim("poste-1", cle="k1") == premier
    assert atelier.states() == {"A": PRIS, "B": PRET}
    assert atelier.must_claim("poste-2", cle="k1").item.objet == "B"


def test_a_key_that_got_nothing_may_ask_again(atelier: Atelier) -> None:
    assert atelier.claim("poste-1", cle="k1") is None
    atelier.put("C", stay())
    assert atelier.must_claim("poste-1", cle="k1").item.objet == "C"


def test_a_command_repeated_with_its_key_has_its_effect_once(atelier: Atelier) -> None:
    atelier.put("C", stay())
    pris = talon(atelier.must_claim(), cle="k1")
    suite = atelier.corbeilles.finish(pris, "promesse", JOUR + 3).result()
    assert atelier.corbeilles.finish(pris, "promesse", JOUR + 3).result() == suite
    assert refusal(atelier.corbeilles.finish(pris, "promesse", JOUR + 4)) == "cle-reutilisee"
    assert refusal(atelier.corbeilles.release(pris)) == "cle-reutilisee"
    assert atelier.gestures() == [("pris", "C"), ("termine", "C")]


def test_a_key_is_forgotten_after_a_week(atelier: Atelier) -> None:
    atelier.put_all([(nom, [stay()]) for nom in "ABC"])
    atelier.must_claim("poste-1", cle="k1")
    atelier.horloge.advance(7 * 86_400)
    assert atelier.must_claim("poste-1", cle="k2").jeton == 2
    assert atelier.must_claim("poste-1", cle="k1").jeton == 1
    atelier.horloge.advance(86_400)
    assert atelier.must_claim("poste-1", cle="k3").jeton == 3
    assert atelier.must_claim("poste-1", cle="k1").jeton == 4
