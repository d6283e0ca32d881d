"""The work queue of the teams: who gets what, what a lease protects, and what comes back by itself."""

from pathlib import Path

import pytest

from shared.corbeille.lecture import EtatTravail
from shared.corbeille.refus import TitulaireRefuse
from shared.corbeille.regles import MotifReport
from shared.temps import SECONDE
from tests.atelier import DEBUT, JOUR, Atelier, refusal, stay, talon

PRET = EtatTravail.pret
PRIS = EtatTravail.pris


def test_items_are_handed_out_by_priority_then_due_day_then_amount_then_age_then_key(atelier: Atelier) -> None:
    ordre = {
        "URGENT": stay(priorite=0, echeance=90),
        "PRESSE": stay(echeance=3, montant=1),
        "GROS": stay(echeance=9, montant=900),
        "VIEUX": stay(echeance=9, montant=100, depuis=-8),
        "A": stay(echeance=9, montant=100),
        "B": stay(echeance=9, montant=100),
    }
    atelier.put_all([(nom, [ordre[nom]]) for nom in ("B", "VIEUX", "PRESSE", "A", "URGENT", "GROS")])
    assert list(atelier.states()) == list(ordre)
    assert [atelier.must_claim(f"poste-{n}").item.objet for n in range(6)] == list(ordre)
    assert atelier.claim("poste-7") is None


def test_an_item_is_ready_from_its_first_day_to_the_day_before_its_last(atelier: Atelier) -> None:
    atelier.put("C", stay(du=1, au=2))
    assert atelier.claim() is None
    atelier.horloge.set("2024-03-06T00:00:00+01:00")
    assert atelier.must_claim().item.objet == "C"
    atelier.horloge.set("2024-03-07T00:00:00+01:00")
    assert atelier.claim() is None
    assert atelier.states() == {}


def test_a_team_takes_only_the_items_of_its_creditor_cafs(atelier: Atelier) -> None:
    atelier.put("ICI", stay(echeance=30), caf="091")
    atelier.put("AILLEURS", stay(echeance=1), caf="311")
    assert atelier.must_claim(cafs=["091", "092"]).item.objet == "ICI"
    assert atelier.claim(cafs=["091", "092"]) is None
    assert atelier.states(cafs=["311"]) == {"AILLEURS": PRET}
    assert atelier.must_claim().item.caf == "311"


def test_rank_and_reason_come_with_the_item(atelier: Atelier) -> None:
    atelier.put("C", stay(echeance=12, montant=4_200))
    pris = atelier.must_claim()
    assert (pris.rang, pris.raison, pris.item.montant) == (12, "12 jours avant l'échéance", 4_200)


def test_a_held_item_comes_back_when_its_lease_ends_and_not_before(atelier: Atelier) -> None:
    atelier.put("C", stay())
    premier = atelier.must_claim("poste-1", bail_secondes=60)
    assert premier.bail == DEBUT + 60 * SECONDE
    atelier.horloge.advance(59)
    assert atelier.claim("poste-2") is None
    assert atelier.states() == {"C": PRIS}
    atelier.horloge.advance(1)
    assert atelier.states() == {"C": PRET}
    second = atelier.must_claim("poste-2")
    assert second.jeton > premier.jeton
    assert atelier.gestures() == [("pris", "C"), ("bail_termine", "C"), ("pris", "C")]


@pytest.mark.parametrize("repris", [True, False])
def test_who_lost_the_lease_can_no_longer_write(atelier: Atelier, repris: bool) -> None:
    atelier.put("C", stay())
    perdu = talon(atelier.must_claim("poste-1", bail_secondes=60))
    atelier.horloge.advance(60)
    if repris:
        atelier.must_claim("poste-2")
    avant = atelier.gestures()
    c = atelier.corbeilles
    assert refusal(c.finish(perdu, "joint")) == "bail-perime"
    assert refusal(c.hold(perdu, JOUR + 3, MotifReport.autre)) == "bail-perime"
    assert refusal(c.release(perdu)) == "bail-perime"
    assert refusal(c.extend(perdu)) == "bail-perime"
    assert atelier.states() == {"C": PRIS if repris else PRET}
    assert atelier.gestures() == avant


def test_a_token_serves_once_and_the_refusal_says_what_to_do(atelier: Atelier) -> None:
    atelier.put("C", stay())
    pris = talon(atelier.must_claim())
    atelier.corbeilles.finish(pris, "sans_reponse").result()
    erreur = atelier.corbeilles.finish(pris, "joint").exception()
    assert str(erreur) == (
        "l'élément C de la Caf 091 n'est plus pris : il a été terminé, reporté ou rendu, ou le bail a pris fin. "
        "Rien n'a été enregistré : demander le prochain élément de la corbeille."
    )


def test_an_extended_lease_holds_longer_and_is_never_shortened(atelier: Atelier) -> None:
    atelier.put("C", stay())
    pris = talon(atelier.must_claim(bail_secondes=600))
    assert atelier.corbeilles.extend(pris, 60).result().bail == DEBUT + 600 * SECONDE
    atelier.horloge.advance(599)
    assert atelier.corbeilles.extend(pris, 600).result().bail == DEBUT + 1199 * SECONDE
    atelier.horloge.advance(599)
    assert atelier.states() == {"C": PRIS}
    atelier.corbeilles.finish(pris, "joint").result()


def test_an_unknown_item_is_told_apart_from_a_lost_lease(atelier: Atelier) -> None:
    atelier.put("C", stay())
    pris = atelier.must_claim()
    assert refusal(atelier.corbeilles.finish(talon(pris, objet="AUTRE"), "joint")) == "travail-inconnu"
    assert refusal(atelier.corbeilles.finish(talon(pris, jeton=pris.jeton + 1), "joint")) == "bail-perime"
    assert atelier.states() == {"C": PRIS}


@pytest.mark.parametrize("titulaire", ["", "Marie Dupont", "é", "x" * 65, "1850291" + "00100145", "a\n"])
def test_a_holder_is_an_opaque_identifier(atelier: Atelier, titulaire: str) -> None:
    with pytest.raises(TitulaireRefuse):
        atelier.claim(titulaire)


def test_tokens_go_on_growing_after_a_restart_and_leases_last(tmp_path: Path) -> None:
    atelier = Atelier(tmp_path)
    atelier.put_all([(nom, [stay()]) for nom in "AB"])
    premier = atelier.must_claim()
    atelier.close()
    atelier = Atelier(tmp_path)
    assert atelier.states() == {"A": PRIS, "B": PRET}
    assert atelier.must_claim().jeton > premier.jeton
    atelier.corbeilles.finish(talon(premier), "joint").result()
    atelier.close()
