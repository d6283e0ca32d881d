"""In a real browser, the scenario of a demonstration: chosen on the live page with the keyboard, said, kept."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from ecluse.maison import open_house
from ecluse.marque import Marque
from ecluse.scene import Scene
from ecluse.serveur import create_app
from ecluse.simulateur.profil import load_profil
from shared.reglages import Reglages, read_clock
from tests.navigateur import find_defects, open_browser, require_axe
from tests.serveurs import serve

pytestmark = pytest.mark.navigateur


@pytest.fixture(scope="module")
def navigateur() -> Iterator[Browser]:
    """One Chromium for all tests of this file."""
    with open_browser() as ouvert:
        yield ouvert


@pytest.mark.parametrize(("theme", "largeur"), [("light", 1280), ("dark", 390)])
def test_a_scenario_is_chosen_on_the_live_page(navigateur: Browser, tmp_path: Path, theme: str, largeur: int) -> None:
    axe = require_axe()
    with open_house(Reglages(tmp_path)) as maison:
        scene = Scene(Marque(tmp_path / "demo-091.json"), read_clock, load_profil("091"))
        app = create_app(maison, "jeton-de-test", scene)
        with serve(app) as url:
            contexte = navigateur.new_context(
                locale="fr-FR",
                color_scheme="dark" if theme == "dark" else "light",
                viewport={"width": largeur, "height": 900},
            )
            page = contexte.new_page()
            plaintes: list[str] = []
            page.on("console", lambda message: plaintes.append(message.text) if message.type == "error" else None)
            page.goto(f"{url}/entrer?lien={app.state.acces.create_link('formatrice')}")
            page.goto(f"{url}/?caf=091&fenetre=libre&du=2023-01-02&au=2023-01-06")
            cadre = page.get_by_role("region", name="Démonstration")
            choix = cadre.get_by_label("Scénario")
            expect(choix).to_have_value("ordinaire")
            expect(choix).to_have_accessible_description(re.compile("Rien de particulier"))
            choix.focus()
            choix.press("P")
            expect(choix).to_have_value("panne-telephone")
            page.keyboard.press("Tab")
            expect(cadre.get_by_role("button", name="Jouer ce scénario")).to_be_focused()
            page.keyboard.press("Enter")
            expect(cadre.get_by_text("La plate-forme ne décroche plus").first).to_be_visible()
            expect(choix).to_have_value("panne-telephone")
            expect(page.get_by_label("Du", exact=True)).to_have_value("2023-01-02")
            assert scene.jeu.scenario.nom == "panne-telephone"
            cadre.get_by_text("Ce que fait chaque scénario").press("Enter")
            expect(cadre.get_by_role("definition").filter(has_text="un agent sur trois manque")).to_be_visible()
            assert find_defects(page, axe) == []
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            # Somebody else changes it: the page that is open says so by itself when it redraws what has moved.
            page.evaluate("window.temoin = 'la même page'")
            scene.switch("site-ferme")
            page.evaluate("redessiner()")
            expect(page.locator("#scene-jouee")).to_contain_text("Un site fermé")
            assert page.evaluate("window.temoin") == "la même page"
            assert plaintes == []
            contexte.close()


def test_a_form_from_elsewhere_changes_nothing_and_without_a_demonstration_there_is_none(
    navigateur: Browser, tmp_path: Path
) -> None:
    with open_house(Reglages(tmp_path)) as maison:
        scene = Scene(Marque(tmp_path / "demo-091.json"), read_clock, load_profil("091"))
        app = create_app(maison, "jeton-de-test", scene)
        with serve(app) as url:
            contexte = navigateur.new_context(locale="fr-FR")
            page = contexte.new_page()
            page.goto(f"{url}/entrer?lien={app.state.acces.create_link('formatrice')}")
            champs: dict[str, str | float | bool] = {"jeton_formulaire": "inventé", "scenario": "site-ferme"}
            assert contexte.request.post(f"{url}/demo/scenario", form=champs).status == 403
            champs["jeton_formulaire"] = page.locator("#scene [name=jeton_formulaire]").input_value()
            champs["scenario"] = "grève"
            assert contexte.request.post(f"{url}/demo/scenario", form=champs).status == 400
            assert scene.jeu.scenario.nom == "ordinaire"
            contexte.close()
        app = create_app(maison, "jeton-de-test")
        with serve(app) as url:
            contexte = navigateur.new_context(locale="fr-FR")
            page = contexte.new_page()
            page.goto(f"{url}/entrer?lien={app.state.acces.create_link('formatrice')}")
            expect(page.get_by_role("heading", level=1)).to_be_visible()
            expect(page.locator("#scene")).to_have_count(0)
            contexte.close()
