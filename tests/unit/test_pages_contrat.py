"""The pages of what is typed in, and of thresholds."""

import re
from html import unescape

import pytest

from services.indicators.affiche import word_figure
from services.indicators.answer import Indication, SaisieAffichee
from shared.web.acces import Acces
from tests.ecrans import Visiteur, build_app


@pytest.fixture
def visiteur() -> Visiteur:
    """Somebody who has come in."""
    v = Visiteur(build_app(Acces("jeton")))
    v.enter("poste-1")
    return v


def words(texte: str) -> str:
    """What a page says: no tags, ordinary spaces."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", texte)))


def test_an_indicator_that_is_typed_in_shows_its_values_and_who_gave_them(visiteur: Visiteur) -> None:
    texte = words(visiteur.get("/indicateurs/COG-01-11").text)
    assert "2023-01-01 au 2023-12-31 90,0 % pilotage 2024-02-03 Oui recompté" in texte
    assert "80,0 % pilotage 2024-02-03 Non, corrigée depuis" in texte
    assert "se lit au présent" not in texte


def test_a_typed_in_value_says_who_gave_it_when_and_for_which_period() -> None:
    saisie = SaisieAffichee(1, "2023-01-01", "2023-12-31", "pilotage", "2024-02-03T09:00:00Z", None)
    indication = Indication("COG-12-51", "", 14.25, None, None, "m2", 1, [], "sans_cible", saisie=saisie)
    lue = word_figure(indication)
    assert (lue.valeur, lue.unite) == ("14,3", "m²")
    assert words(lue.detail) == "Saisie le 3 février 2024 par pilotage, du 1er janvier au 31 décembre 2023"


def test_a_page_gives_the_thresholds_of_the_formula(visiteur: Visiteur) -> None:
    assert "Seuil moins de 15 jours" in words(visiteur.get("/indicateurs/PART-15J").text)
