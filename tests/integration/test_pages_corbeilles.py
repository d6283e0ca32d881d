"""The work queues as a person uses them: plain forms on a real queue."""

import re
from datetime import date
from html import unescape

import pytest

from shared.corbeille.lecture import EtatTravail
from shared.temps import to_iso
from shared.web.acces import Acces
from tests.atelier import JOUR, Atelier, stay
from tests.ecrans import Page, Visiteur, build_app

PRISE = "/corbeilles/retard_1_mois/prochain"


@pytest.fixture
def visiteur(atelier: Atelier) -> Visiteur:
    """Somebody at work."""
    return worker(atelier, "poste-1")


def worker(atelier: Atelier, nom: str) -> Visiteur:
    """Somebody else at work on the same queue."""
    acces = Acces("jeton", atelier.horloge)
    v = Visiteur(build_app(acces, corbeilles={"recovery": atelier.corbeilles}, today=JOUR))
    v.enter(nom)
    return v


def words(texte: str) -> str:
    """What a page says: no tags, ordinary spaces."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", texte)))


def take(visiteur: Visiteur, **autres: str) -> str:
    """Press « Prendre le prochain » on the page of the corbeilles; where it leads."""
    champs = Page(visiteur.get("/corbeilles").text).fields(PRISE)
    reponse = visiteur.post(PRISE, champs | autres)
    assert reponse.status_code == 303, words(reponse.text)
    return str(reponse.headers["location"])


def send(visiteur: Visiteur, adresse: str, geste: str, **champs: str) -> tuple[int, str]:
    """Fill in a form of the page of an item: status, and where it leads or what the answer says."""
    caches = Page(visiteur.get(adresse).text).fields(f"{adresse}/{geste}")
    reponse = visiteur.post(f"{adresse}/{geste}", caches | champs)
    return reponse.status_code, reponse.headers.get("location") or words(reponse.text)


def test_the_page_counts_what_each_corbeille_holds(atelier: Atelier, visiteur: Visiteur) -> None:
    atelier.put("C-1", stay())
    atelier.put("C-2", stay(), caf="031")
    assert "Retard d'un mois 2 0 0" in words(visiteur.get("/corbeilles").text)
    assert "Retard d'un mois 1 0 0" in words(visiteur.get("/corbeilles?caf=031").text)
    assert "Retard de deux mois 0 0 0 aucun" in words(visiteur.get("/corbeilles").text)


def test_taking_the_next_leads_to_the_best_item_with_the_reason_of_its_rank_and_the_end_of_its_lease(
    atelier: Atelier, visiteur: Visiteur
) -> None:
    atelier.put("C-1", stay(echeance=20))
    atelier.put("C-2", stay(echeance=10, montant=28_686))
    adresse = take(visiteur)
    assert adresse == "/corbeilles/retard_1_mois/091/C-2"
    texte = words(visiteur.get(adresse).text)
    assert "10 jours avant l'échéance" in texte
    assert "286,86 €" in texte
    assert "À vous jusqu'à 09:15:00" in texte
    assert "encore 15 min 00 s" in texte
    assert atelier.states()["C-2"] is EtatTravail.pris


def test_only_the_creditor_caf_asked_for_is_taken(atelier: Atelier, visiteur: Visiteur) -> None:
    atelier.put("C-1", stay(echeance=1))
    atelier.put("C-2", stay(echeance=9), caf="031")
    assert take(visiteur, caf="031") == "/corbeilles/retard_1_mois/031/C-2"


def test_an_empty_corbeille_says_so(visiteur: Visiteur) -> None:
    adresse = take(visiteur)
    assert adresse == "/corbeilles/retard_1_mois?rien=1"
    assert "Rien à prendre dans cette corbeille pour l'instant" in words(visiteur.get(adresse).text)


def test_a_form_sent_twice_takes_one_item(atelier: Atelier, visiteur: Visiteur) -> None:
    atelier.put("C-1", stay())
    atelier.put("C-2", stay())
    champs = Page(visiteur.get("/corbeilles").text).fields(PRISE)
    lieux = {visiteur.post(PRISE, champs).headers["location"] for _ in range(2)}
    assert len(lieux) == 1
    assert list(atelier.states().values()).count(EtatTravail.pris) == 1


def test_what_is_held_is_found_again_by_its_holder_alone(atelier: Atelier, visiteur: Visiteur) -> None:
    atelier.put("C-1", stay())
    adresse = take(visiteur)
    voisin = worker(atelier, "poste-2")
    assert "Ce que vous tenez C-1, Caf 091" in words(visiteur.get("/corbeilles").text)
    assert "Ce que vous tenez" not in voisin.get("/corbeilles").text
    assert voisin.get(adresse).status_code == 404
    assert "Élément non tenu" in voisin.get(adresse).text


def test_a_promise_puts_the_item_to_sleep_until_the_day_after_it(atelier: Atelier, visiteur: Visiteur) -> None:
    atelier.put("C-1", stay())
    adresse = take(visiteur)
    promis = to_iso(JOUR + 3)
    statut, suite = send(visiteur, adresse, "terminer", issue="promesse", date=promis, suite="")
    assert (statut, suite) == (303, f"/corbeilles/retard_1_mois?reprise={to_iso(JOUR + 4)}")
    assert "l'élément revient dans la corbeille le 9 mars 2024" in words(visiteur.get(suite).text)
    assert atelier.states() == {"C-1": EtatTravail.dormant}


def test_ending_and_going_on_takes_the_next_at_once(atelier: Atelier, visiteur: Visiteur) -> None:
    atelier.put("C-1", stay(echeance=1))
    atelier.put("C-2", stay(echeance=2))
    statut, suite = send(visiteur, take(visiteur), "terminer", issue="sans_reponse", date="", suite="prochain")
    assert (statut, suite) == (303, "/corbeilles/retard_1_mois/091/C-2")
    assert atelier.states() == {"C-1": EtatTravail.dormant, "C-2": EtatTravail.pris}


def test_an_item_put_aside_comes_back_on_its_day(atelier: Atelier, visiteur: Visiteur) -> None:
    atelier.put("C-1", stay())
    statut, suite = send(visiteur, take(visiteur), "reporter", motif="attente_piece", jusqu_a=to_iso(JOUR + 5))
    assert (statut, suite) == (303, f"/corbeilles/retard_1_mois?reprise={to_iso(JOUR + 5)}")
    jour = date.fromordinal(JOUR + 5).strftime("%d/%m/%Y")
    assert f"En attente d'un jour : {jour}" in words(visiteur.get("/corbeilles/retard_1_mois").text)


def test_an_item_given_back_is_ready_at_once(atelier: Atelier, visiteur: Visiteur) -> None:
    atelier.put("C-1", stay())
    assert send(visiteur, take(visiteur), "rendre")[0] == 303
    assert atelier.states() == {"C-1": EtatTravail.pret}


def test_a_lease_is_prolonged_from_now(atelier: Atelier, visiteur: Visiteur) -> None:
    atelier.put("C-1", stay())
    adresse = take(visiteur)
    atelier.horloge.advance(600)
    assert send(visiteur, adresse, "prolonger") == (303, adresse)
    assert "À vous jusqu'à 09:25:00" in words(visiteur.get(adresse).text)


@pytest.mark.parametrize(
    ("geste", "champs", "statut", "phrase"),
    [
        ("terminer", {"issue": "promesse", "date": ""}, 422, "donner le jour promis"),
        ("terminer", {"issue": "promesse", "date": "2024-02-30"}, 422, "La date n'en est pas une"),
        ("terminer", {"issue": "inconnue", "date": ""}, 422, "n'a pas cette issue"),
        ("reporter", {"motif": "autre", "jusqu_a": ""}, 422, "Dire jusqu'à quel jour"),
        ("reporter", {"motif": "autre", "jusqu_a": "2020-01-01"}, 422, "passée"),
        ("prolonger", {"jeton": "9" * 5_000}, 409, "tenu par une autre prise"),
    ],
)
def test_a_refusal_is_told_on_the_page_of_the_item_which_is_still_held(
    atelier: Atelier, visiteur: Visiteur, geste: str, champs: dict[str, str], statut: int, phrase: str
) -> None:
    atelier.put("C-1", stay())
    adresse = take(visiteur)
    reponse, texte = send(visiteur, adresse, geste, **champs)
    assert reponse == statut
    assert phrase in texte
    assert "À vous jusqu'à" in texte
    assert atelier.states() == {"C-1": EtatTravail.pris}


def test_a_form_sent_after_the_lease_does_nothing_and_says_so(atelier: Atelier, visiteur: Visiteur) -> None:
    atelier.put("C-1", stay())
    adresse = take(visiteur)
    caches = Page(visiteur.get(adresse).text).fields(f"{adresse}/terminer")
    atelier.horloge.advance(901)
    assert worker(atelier, "poste-2").get("/corbeilles").status_code == 200
    reponse = visiteur.post(f"{adresse}/terminer", caches | {"issue": "joint", "date": ""})
    assert reponse.status_code == 404
    assert "a pris fin" in words(reponse.text)
    assert atelier.states() == {"C-1": EtatTravail.pret}


def test_a_queue_longer_than_a_page_is_read_to_its_end(atelier: Atelier, visiteur: Visiteur) -> None:
    atelier.put_all([(f"C-{rang:03}", [stay(echeance=rang)]) for rang in range(120)])
    adresse, lus = "/corbeilles/retard_1_mois", list[str]()
    while adresse:
        page = visiteur.get(adresse).text
        lus += re.findall(r'<th scope="row" class="code">(C-\d+)</th>', page)
        suite = re.search(r'href="([^"]+)">Les suivants', page)
        adresse = unescape(suite[1]) if suite else ""
    assert lus == [f"C-{rang:03}" for rang in range(120)]


@pytest.mark.parametrize(
    ("adresse", "statut"),
    [
        ("/corbeilles/inconnue", 404),
        ("/corbeilles?caf=9", 400),
        ("/corbeilles/retard_1_mois?apres=x", 422),
        ("/corbeilles/retard_1_mois/091/C-9", 404),
        ("/corbeilles/retard_1_mois?reprise=demain", 200),
    ],
)
def test_a_wrong_address_is_told_on_a_page(visiteur: Visiteur, adresse: str, statut: int) -> None:
    reponse = visiteur.get(adresse)
    assert reponse.status_code == statut
    assert reponse.headers["content-type"].startswith("text/html")


def test_an_unknown_gesture_and_a_form_of_somebody_else_do_nothing(atelier: Atelier, visiteur: Visiteur) -> None:
    atelier.put("C-1", stay())
    adresse = take(visiteur)
    caches = Page(visiteur.get(adresse).text).fields(f"{adresse}/rendre")
    assert visiteur.post(f"{adresse}/avaler", caches).status_code == 404
    assert worker(atelier, "poste-2").post(f"{adresse}/rendre", caches).status_code == 403
    assert visiteur.post(PRISE, {}).status_code == 403
    assert atelier.states() == {"C-1": EtatTravail.pris}


def test_a_queue_that_cannot_write_now_says_to_try_again(atelier: Atelier, visiteur: Visiteur) -> None:
    atelier.put("C-1", stay())
    champs = Page(visiteur.get("/corbeilles").text).fields(PRISE)
    atelier.service.ecrivain.stop()
    reponse = visiteur.post(PRISE, champs)
    assert reponse.status_code == 503
    assert "Recommencer" in words(reponse.text)
