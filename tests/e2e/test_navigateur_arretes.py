"""In a real browser, an arrêté: taken by its form, downloaded, then followed to what has moved since."""

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from ecluse.maison import open_house
from ecluse.serveur import create_app
from shared.reglages import Reglages
from tests.integration.test_arretes import EN_FEVRIER, Horloge, give
from tests.maisons import arrivee, eventually, traitee
from tests.navigateur import find_defects, open_browser, require_axe
from tests.serveurs import serve

pytestmark = pytest.mark.navigateur


@pytest.fixture(scope="module")
def navigateur() -> Iterator[Browser]:
    """One Chromium for all tests of this file."""
    with open_browser() as ouvert:
        yield ouvert


@pytest.mark.parametrize(("theme", "largeur"), [("light", 1280), ("dark", 390)])
def test_an_arrete_is_taken_downloaded_and_compared_with_the_keyboard(
    navigateur: Browser, tmp_path: Path, theme: str, largeur: int
) -> None:
    axe = require_axe()
    with open_house(Reglages(tmp_path, clock=Horloge(EN_FEVRIER))) as maison:
        give(maison, *(arrivee(f"P-{n}", "2023-01-03T10:00:00Z", nature="demande_rsa") for n in range(3)))
        eventually(lambda: maison.indicateurs.freshness().a_jour)
        app = create_app(maison, "jeton-de-test")
        with serve(app) as url:
            contexte = navigateur.new_context(
                locale="fr-FR",
                color_scheme="dark" if theme == "dark" else "light",
                viewport={"width": largeur, "height": 900},
            )
            page = contexte.new_page()
            page.goto(f"{url}/entrer?lien={app.state.acces.create_link('superviseur-1')}")
            page.get_by_role("link", name="Arrêtés", exact=True).click()
            periode = page.get_by_role("textbox", name="Période : un mois")
            expect(periode).to_have_value("2023-01")
            periode.fill("janvier")
            periode.press("Enter")
            # The browser itself holds back what is not a period.
            expect(page.get_by_text("Aucun arrêté de la Caf 091")).to_be_visible()
            assert find_defects(page, axe) == []
            periode.fill("2023-01")
            periode.press("Enter")
            expect(page.get_by_role("heading", level=1)).to_have_text("Arrêté 091-1")
            expect(page.get_by_role("status")).to_contain_text("L'arrêté est pris")
            page.locator("summary").first.press("Enter")
            assert find_defects(page, axe) == []
            with page.expect_download() as telechargement:
                page.get_by_role("link", name="Télécharger le document").click()
            empreinte = sha256(telechargement.value.path().read_bytes()).hexdigest()
            expect(page.get_by_text(empreinte)).to_be_visible()
            give(maison, traitee("P-1", "2023-01-20T10:00:00Z"))
            page.get_by_role("link", name="Ce qui a changé depuis").press("Enter")
            page.get_by_role("link", name="1\u00a0mouvement de PIECES-TRAITEES").press("Enter")
            expect(page.get_by_role("cell", name="fr.caf.piece.traitee.v1")).to_be_visible()
            assert find_defects(page, axe) == []
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            contexte.close()
            app.state.close_streams()
