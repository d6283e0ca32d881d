"""The screens in a real browser: they live, say when they no longer do, obey the keyboard, satisfy axe-core."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from playwright.sync_api import Browser, Page, expect

from ecluse.maison import open_house
from ecluse.serveur import create_app
from services.indicators.answer import Fraicheur
from shared.corbeille.lecture import EtatTravail
from shared.reglages import Reglages
from shared.web.acces import Acces
from shared.web.partage import INTERROMPUE
from tests.atelier import JOUR, Atelier, stay
from tests.ecrans import FauxChiffres, build_app
from tests.navigateur import find_defects, open_browser, require_axe
from tests.partages import Relais
from tests.serveurs import serve

pytestmark = pytest.mark.navigateur
PAGES = (
    "/",
    "/indicateurs",
    "/indicateurs/COG-08-29?par=canal",
    "/indicateurs/COG-08-29/expliquer",
    "/indicateurs/COG-08-29/expliquer?terme=denominateur&apres=suite",
    "/indicateurs/DELAI-MEDIAN/expliquer",
    "/indicateurs/SOLDE-JOURS-MOYEN/expliquer",
    "/arretes",
    "/arretes/091-2?pris=1",
    "/arretes/091-2/ecarts",
    "/arretes/091-2/ecarts/COG-08-29?apres=production:50",
    "/corbeilles",
    "/corbeilles/retard_1_mois",
    "/etat",
    "/entrer?lien=perdu",
)


@pytest.fixture(scope="module")
def navigateur() -> Iterator[Browser]:
    """One Chromium for all tests of this file."""
    with open_browser() as ouvert:
        yield ouvert


@dataclass
class Poste:
    """Somebody before a screen: the page, what is behind it, and what the browser complained of."""

    page: Page
    url: str
    app: FastAPI
    chiffres: FauxChiffres
    relais: Relais
    atelier: Atelier
    plaintes: list[str]

    def enter(self, nom: str = "poste-1") -> None:
        """Come in by a link."""
        self.page.goto(f"{self.url}/entrer?lien={self.app.state.acces.create_link(nom)}")

    def show(self, adresse: str) -> None:
        """Open a page."""
        self.page.goto(self.url + adresse)

    def figure(self, cle: str) -> str:
        """Where a figure is."""
        return f'[data-cle="{cle}"]'


@pytest.fixture
def atelier(tmp_path: Path) -> Iterator[Atelier]:
    """A work queue with three items."""
    ouvert = Atelier(tmp_path)
    ouvert.put_all([(f"C-{rang}", [stay(echeance=10 * rang, montant=28_686)]) for rang in (1, 2, 3)])
    yield ouvert
    ouvert.close()


@pytest.fixture
def poste(navigateur: Browser, atelier: Atelier) -> Iterator[Poste]:
    """A browser that has come in."""
    chiffres = FauxChiffres()
    relais = Relais(tour=1)
    app = build_app(Acces("jeton"), chiffres, {"recovery": atelier.corbeilles}, JOUR, relais)
    with serve(app) as url:
        contexte = navigateur.new_context(locale="fr-FR")
        page = contexte.new_page()
        plaintes: list[str] = []
        page.on("console", lambda message: plaintes.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda erreur: plaintes.append(str(erreur)))
        poste = Poste(page, url, app, chiffres, relais, atelier, plaintes)
        poste.enter()
        yield poste
        contexte.close()
        app.state.diffuseur.close()


def test_figures_change_on_the_page_without_a_reload(poste: Poste) -> None:
    page = poste.page
    page.evaluate("window.temoin = 'la même page'")
    expect(page.locator(poste.figure("p.STOCK.valeur"))).to_have_text("1\u202f863")
    poste.chiffres.set("STOCK", 2_001, 2_001)
    poste.chiffres.set("COG-08-29", 17.04, 76_100, 4_466)
    expect(page.locator(poste.figure("p.STOCK.valeur"))).to_have_text("2\u202f001")
    expect(page.locator(poste.figure("p.COG-08-29.valeur"))).to_have_text("17,0")
    etat = page.locator('[data-cle-etat="p.COG-08-29"]')
    expect(etat).to_have_text("Cible non atteinte")
    expect(etat).to_have_attribute("data-etat", "non_atteint")
    expect(page.locator('[data-jauge="COG-08-29"] .niveau')).to_have_attribute("height", re.compile(r"^170\.4"))
    expect(page.locator("#annonce")).to_contain_text(re.compile(r"chiffres? (a|ont) changé"))
    assert page.evaluate("window.temoin") == "la même page"
    assert poste.plaintes == []


def test_a_house_that_falls_behind_says_so_at_once(poste: Poste) -> None:
    poste.chiffres.fraicheur = Fraicheur("2023-01-31T13:02:31Z", 95.0, False)
    poste.chiffres.set("STOCK", 1, 1)
    expect(poste.page.locator('[data-cle-etat="fraicheur"]')).to_contain_text("En rattrapage")
    expect(poste.page.locator(poste.figure("fraicheur.retard"))).to_have_text("retard 1\u00a0min 35\u00a0s")


def test_a_paused_page_keeps_its_figures_says_since_when_and_catches_up(poste: Poste) -> None:
    page = poste.page
    page.get_by_role("button", name="Figer l'affichage").click()
    expect(page.locator("#fige")).to_contain_text("Affichage figé depuis")
    poste.chiffres.set("STOCK", 2_001, 2_001)
    page.evaluate(
        """() => new Promise(vu => {
            const autre = new EventSource(document.querySelector("[data-flux]").dataset.flux);
            autre.onmessage = e => {
                if (JSON.parse(e.data).textes["p.STOCK.valeur"] === "2\u202f001") { autre.close(); vu(); }
            };
        })"""
    )
    expect(page.locator(poste.figure("p.STOCK.valeur"))).to_have_text("1\u202f863")
    page.get_by_role("button", name="Reprendre le direct").click()
    expect(page.locator(poste.figure("p.STOCK.valeur"))).to_have_text("2\u202f001")
    expect(page.locator("#fige")).to_be_hidden()
    expect(page.get_by_role("button", name="Figer l'affichage")).to_be_focused()


def test_figures_that_are_told_to_be_the_same_are_not_frozen(poste: Poste) -> None:
    page = poste.page
    page.clock.install()
    poste.show("/")
    expect(page.locator("#pause")).to_be_visible()
    # The server falls silent, or its word would come before the page is looked at.
    poste.relais.tour = None
    page.clock.fast_forward(60_000)
    page.clock.run_for(2_000)
    # A word that was on its way is followed by a silence that the page counts by itself.
    expect(page.locator("#fige")).to_contain_text("Chiffres figés depuis")
    # Nothing has changed, so no image comes: the server says that the one shown is the present.
    poste.relais.tour = 2
    expect(page.locator("#fige")).to_be_hidden()


def test_figures_that_come_no_more_are_said_to_be_frozen(poste: Poste) -> None:
    page = poste.page
    page.clock.install()
    poste.show("/")
    expect(page.locator("#pause")).to_be_visible()
    poste.app.state.acces.close_session(poste.app.state.acces.read_session(page.context.cookies()[0]["value"]))
    page.clock.fast_forward(60_000)
    page.clock.run_for(2_000)
    expect(page.locator("#fige")).to_contain_text("Chiffres figés depuis")


def test_an_interrupted_sharing_is_said_and_the_word_goes_when_it_is_over(poste: Poste) -> None:
    """The figures stay right meanwhile: the page does not call them frozen."""
    mot = poste.page.locator("#diffusion")
    expect(mot).to_be_hidden()
    poste.chiffres.set("STOCK", 2_001, 2_001)
    expect(poste.page.locator(poste.figure("p.STOCK.valeur"))).to_have_text("2\u202f001")
    poste.relais.interrupt(True)
    expect(mot).to_have_text(INTERROMPUE)
    expect(poste.page.locator("#fige")).to_be_hidden()
    poste.relais.interrupt(False)
    expect(mot).to_be_hidden()
    assert poste.plaintes == []


def test_charts_follow_the_figures_and_leave_the_focus_where_it_is(poste: Poste) -> None:
    page = poste.page
    page.clock.install()
    poste.show("/")
    tableau = page.get_by_role("region", name="Stock jour par jour : le tableau")
    tableau.focus()
    avant = page.locator('[data-fragment="tableau-STOCK"] td').first.inner_text()
    poste.chiffres.set("STOCK", 5_000, 5_000)
    expect(page.locator(poste.figure("p.STOCK.valeur"))).to_have_text("5\u202f000")
    page.clock.run_for(31_000)
    expect(page.locator('[data-fragment="tableau-STOCK"] td').first).not_to_have_text(avant)
    expect(tableau).to_be_focused()
    assert poste.plaintes == []


def test_a_work_queue_is_worked_with_the_keyboard_alone(poste: Poste) -> None:
    page = poste.page
    poste.show("/corbeilles/retard_1_mois")
    expect(page.get_by_role("button", name="Prendre le prochain")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("C-1")
    expect(page.get_by_role("radio", name="Personne jointe")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("radio", name="Sans réponse")).to_be_checked()
    # Day, month, year and calendar of the date, then the button.
    for _ in range(6):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.tagName") == "BUTTON":
            break
    expect(page.get_by_role("button", name="Terminer et prendre le suivant")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("C-2")
    assert poste.atelier.states() == {
        "C-1": EtatTravail.dormant,
        "C-2": EtatTravail.pris,
        "C-3": EtatTravail.pret,
    }
    assert poste.plaintes == []


def test_the_first_key_leads_past_the_navigation(poste: Poste) -> None:
    page = poste.page
    poste.show("/indicateurs")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Aller au contenu")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


def test_the_time_left_of_a_lease_is_counted_down(poste: Poste) -> None:
    page = poste.page
    page.clock.install()
    poste.show("/corbeilles/retard_1_mois")
    page.get_by_role("button", name="Prendre le prochain").click()
    expect(page.locator("[data-bail]")).to_have_text(re.compile("encore 1[45] min"))
    page.clock.run_for(901_000)
    expect(page.locator("[data-bail]")).to_contain_text("bail terminé")


def test_choosing_a_date_chooses_the_window_of_chosen_dates(poste: Poste) -> None:
    page = poste.page
    page.get_by_label("Du", exact=True).fill("2022-12-05")
    page.get_by_role("button", name="Afficher").click()
    expect(page.get_by_text("Du 5\u00a0décembre 2022 au 31\u00a0janvier 2023").first).to_be_visible()


@pytest.mark.parametrize(("theme", "largeur"), [("light", 1280), ("dark", 400)])
def test_axe_finds_nothing_wrong_on_any_page(navigateur: Browser, poste: Poste, theme: str, largeur: int) -> None:
    axe = require_axe()
    contexte = navigateur.new_context(
        locale="fr-FR",
        color_scheme="dark" if theme == "dark" else "light",
        viewport={"width": largeur, "height": 900},
        storage_state=poste.page.context.storage_state(),
    )
    page = contexte.new_page()
    for adresse in PAGES:
        page.goto(poste.url + adresse)
        assert find_defects(page, axe) == [], adresse
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{adresse} déborde"
    poste.show("/corbeilles/retard_1_mois")
    poste.page.get_by_role("button", name="Prendre le prochain").click()
    page.goto(poste.page.url)
    assert find_defects(page, axe) == []
    contexte.close()


def test_without_scripts_the_pages_say_as_much(navigateur: Browser, poste: Poste) -> None:
    etat = poste.page.context.storage_state()
    contexte = navigateur.new_context(java_script_enabled=False, storage_state=etat)
    page = contexte.new_page()
    page.goto(poste.url)
    expect(page.locator(poste.figure("p.STOCK.valeur"))).to_have_text("1\u202f863")
    expect(page.get_by_role("button", name="Figer l'affichage")).to_be_hidden()
    page.goto(f"{poste.url}/corbeilles/retard_1_mois")
    page.get_by_role("button", name="Prendre le prochain").click()
    page.get_by_role("button", name="Rendre l'élément").click()
    expect(page.get_by_role("status")).to_contain_text("C'est enregistré")
    contexte.close()


def arrival(rang: int) -> dict[str, object]:
    """A piece that arrives now."""
    instant = (datetime.now(UTC) - timedelta(seconds=1)).isoformat()
    return {
        "specversion": "1.0",
        "id": f"arrivee-{rang}",
        "source": "/ged",
        "type": "fr.caf.piece.arrivee.v1",
        "subject": "D-1",
        "time": instant,
        "caf": "091",
        "data": {
            "piece": f"P-{rang}",
            "nature": "demande_rsa",
            "canal": "web",
            "arrivee_le": instant,
            "minima_sociaux": True,
        },
    }


def test_an_event_sent_to_the_house_shows_on_the_page(navigateur: Browser, tmp_path: Path) -> None:
    with open_house(Reglages(tmp_path)) as maison:
        app = create_app(maison, "jeton-de-test")
        jeton = {"Authorization": "Bearer jeton-de-test"}
        with serve(app) as url, httpx.Client(base_url=url, headers=jeton, timeout=60) as client:

            def emit(rang: int) -> None:
                entetes = {"Content-Type": "application/cloudevents+json"}
                assert client.post("/v1/evenements", json=arrival(rang), headers=entetes).status_code == 202

            emit(1)
            assert maison.wait_until_current(30)
            contexte = navigateur.new_context(locale="fr-FR")
            page = contexte.new_page()
            page.goto(f"{url}/entrer?lien={app.state.acces.create_link()}")
            expect(page.locator('[data-cle="p.STOCK.valeur"]')).to_have_text("1")
            emit(2)
            expect(page.locator('[data-cle="p.STOCK.valeur"]')).to_have_text("2")
            expect(page.locator('[data-cle="j.PIECES-ARRIVEES.valeur"]')).to_have_text("2")
            contexte.close()
