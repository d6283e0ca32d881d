"""In a real browser, from a figure of the live page to the events behind it."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, expect

from ecluse.maison import open_house
from ecluse.serveur import create_app
from shared.reglages import Reglages
from tests.e2e.test_navigateur import arrival
from tests.navigateur import find_defects, open_browser, require_axe
from tests.serveurs import serve

pytestmark = pytest.mark.navigateur


@pytest.fixture(scope="module")
def navigateur() -> Iterator[Browser]:
    """One Chromium for all tests of this file."""
    with open_browser() as ouvert:
        yield ouvert


@pytest.mark.parametrize(("theme", "largeur"), [("light", 1280), ("dark", 400)])
def test_from_a_figure_to_its_events_with_the_keyboard(
    navigateur: Browser, tmp_path: Path, theme: str, largeur: int
) -> None:
    axe = require_axe()
    with open_house(Reglages(tmp_path)) as maison:
        app = create_app(maison, "jeton-de-test")
        jeton = {"Authorization": "Bearer jeton-de-test"}
        with serve(app) as url, httpx.Client(base_url=url, headers=jeton, timeout=60) as client:
            entetes = {"Content-Type": "application/cloudevents+json"}
            assert client.post("/v1/evenements", json=arrival(1), headers=entetes).status_code == 202
            assert maison.wait_until_current(30)
            contexte = navigateur.new_context(
                locale="fr-FR",
                color_scheme="dark" if theme == "dark" else "light",
                viewport={"width": largeur, "height": 900},
            )
            page = contexte.new_page()
            page.goto(f"{url}/entrer?lien={app.state.acces.create_link()}")
            page.locator('a[title="Expliquer STOCK"]').focus()
            page.keyboard.press("Enter")
            expect(page.get_by_role("heading", level=1)).to_have_text("Expliquer : Pièces à traiter")
            expect(page.get_by_text("1\u00a0objet, en tout 1 : c'est le chiffre, 1.")).to_be_visible()
            assert find_defects(page, axe) == []
            page.get_by_role("link", name="P-1", exact=True).focus()
            page.keyboard.press("Enter")
            expect(page.get_by_role("heading", level=1)).to_have_text("P-1")
            expect(page.get_by_role("cell", name="/ged")).to_be_visible()
            assert find_defects(page, axe) == []
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            contexte.close()
