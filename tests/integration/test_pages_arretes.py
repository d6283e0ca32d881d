"""The pages of the arrêtés on a real house: taken by its form, given byte for byte, followed to the events."""

import re
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from threading import Barrier, Thread

import pytest

from ecluse.maison import Maison, open_house
from ecluse.serveur import create_app
from services.indicators.arretes.refus import ArreteEntreTemps, DejaArrete
from services.indicators.arretes.service import Demande
from shared.reglages import Reglages
from tests.ecrans import Page, Visiteur
from tests.integration.test_arretes import EN_FEVRIER, Horloge, give
from tests.maisons import arrivee, eventually, traitee
from tests.unit.test_page_expliquer import links
from tests.unit.test_pages import words

PIECES = 60


@pytest.fixture
def maison(tmp_path: Path) -> Iterator[Maison]:
    """A house that knows pieces of January, in the first days of February."""
    with open_house(Reglages(tmp_path, clock=Horloge(EN_FEVRIER))) as ouverte:
        give(ouverte, *(arrivee(f"P-{n}", "2023-01-03T10:00:00Z", nature="demande_rsa") for n in range(PIECES)))
        yield ouverte


@pytest.fixture
def visiteur(maison: Maison) -> Iterator[Visiteur]:
    """Somebody before the pages of this house."""
    app = create_app(maison, "jeton-de-test")
    v = Visiteur(app)
    v.enter("superviseur-1")
    yield v
    app.state.close_streams()


def take(maison: Maison, visiteur: Visiteur, **champs: str) -> str:
    """Send the form of the list; the address that it leads to."""
    eventually(lambda: maison.indicateurs.freshness().a_jour)
    formulaire = Page(visiteur.get("/arretes").text).fields("/arretes")
    reponse = visiteur.post("/arretes", formulaire | {"periode": "2023-01"} | champs)
    assert reponse.status_code == 303, words(reponse.text)
    return reponse.headers["location"]


def test_an_arrete_is_taken_and_what_moved_since_is_followed_down_to_the_events(
    maison: Maison, visiteur: Visiteur
) -> None:
    assert take(maison, visiteur) == "/arretes/091-1?pris=1"
    document = visiteur.get("/arretes/091-1/document").content
    assert sha256(document).hexdigest() in words(visiteur.get("/arretes/091-1").text)
    assert b'"auteur":"superviseur-1"' in document
    assert "Aucun chiffre changé" in words(visiteur.get("/arretes/091-1/ecarts").text)
    give(maison, *(traitee(f"P-{n}", "2023-01-20T10:00:00Z") for n in range(PIECES)))
    ecarts = visiteur.get("/arretes/091-1/ecarts").text
    assert re.search(rf"PIECES-TRAITEES 0 {PIECES} {PIECES} mouvements .*? en tout \+{PIECES} Expliqué", words(ecarts))
    assert "Non expliqué" not in ecarts
    adresse = next(a for a in links(ecarts) if a.endswith("/ecarts/PIECES-TRAITEES"))
    fiches: list[str] = []
    while adresse:
        texte = visiteur.get(adresse).text
        assert words(texte).count("fr.caf.piece.traitee.v1") == words(texte).count("comment elle a fini")
        fiches += [a for a in links(texte) if a.startswith("/fiches/")]
        adresse = next((a for a in links(texte) if "apres=" in a), "")
    assert sorted(fiches) == sorted(f"/fiches/pieces/091/P-{n}" for n in range(PIECES))
    assert visiteur.get(fiches[0]).status_code == 200
    assert document == visiteur.get("/arretes/091-1/document").content


def test_a_form_that_is_sent_twice_takes_one_arrete(maison: Maison, visiteur: Visiteur) -> None:
    take(maison, visiteur)
    formulaire = Page(visiteur.get("/arretes").text).fields("/arretes") | {"periode": "2023-01", "motif": "une reprise"}
    assert visiteur.post("/arretes", formulaire).status_code == 303
    seconde = visiteur.post("/arretes", formulaire)
    assert seconde.status_code == 409
    assert "a été pris entre-temps (091-2)" in words(seconde.text)
    assert [a.id for a in maison.indicateurs.arretes.list("091", None).arretes] == ["091-1", "091-2"]


def test_two_who_take_at_once_from_the_same_list_take_one(maison: Maison) -> None:
    eventually(lambda: maison.indicateurs.freshness().a_jour)
    depart, refus = Barrier(2), list[Exception]()

    def ask() -> None:
        depart.wait()
        try:
            maison.indicateurs.arretes.take(Demande("091", "2023-01", "poste-1", motif="au même instant"), 0)
        except (ArreteEntreTemps, DejaArrete) as erreur:
            refus.append(erreur)

    fils = [Thread(target=ask) for _ in range(2)]
    for fil in fils:
        fil.start()
    for fil in fils:
        fil.join()
    assert [type(r) for r in refus] == [ArreteEntreTemps]
    assert len(maison.indicateurs.arretes.list("091", None).arretes) == 1


def test_a_period_that_can_not_be_frozen_is_told_above_the_form(maison: Maison, visiteur: Visiteur) -> None:
    formulaire = Page(visiteur.get("/arretes").text).fields("/arretes")
    for periode, dit in (("2023-02", "attendre le lendemain"), ("2023-13", "n'est pas une période")):
        reponse = visiteur.post("/arretes", formulaire | {"periode": periode})
        assert reponse.status_code in (409, 422)
        assert dit in words(reponse.text)
    assert maison.indicateurs.arretes.list(None, None).arretes == []


def test_the_list_has_an_answer_before_any_event_has_come(tmp_path: Path) -> None:
    with open_house(Reglages(tmp_path)) as vide:
        app = create_app(vide, "jeton-de-test")
        v = Visiteur(app)
        v.enter()
        assert "Aucun arrêté de la Caf 000" in words(v.get("/arretes").text)
        app.state.close_streams()


def test_the_newest_come_first_and_the_older_ones_after_them_each_once(maison: Maison) -> None:
    eventually(lambda: maison.indicateurs.freshness().a_jour)
    arretes = maison.indicateurs.arretes
    for rang in range(1, 4):
        arretes.take(Demande("091", "2023-01", "poste-1", motif=f"reprise {rang}"))
    pages = [arretes.newest("091", avant, 2) for avant in (None, 2)]
    assert [[garde.numero for garde in page] for page in pages] == [[3, 2], [1]]
    assert arretes.newest("681", None, 2) == []
