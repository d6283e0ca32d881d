"""The page that explains a figure, as it answers to who asks."""

import re

import pytest

from services.indicators.direct import JOURNEE, RECOUVREMENT
from services.indicators.registre import REGISTRE
from shared.web.acces import Acces
from tests.ecrans import FauxChiffres, Page, Visiteur, build_app
from tests.unit.test_pages import words

EXPLIQUER = "/indicateurs/COG-08-29/expliquer?caf=091&fenetre=libre&du=2023-01-01&au=2023-01-31"


@pytest.fixture
def chiffres() -> FauxChiffres:
    """The figures that the page explains."""
    return FauxChiffres()


@pytest.fixture
def visiteur(chiffres: FauxChiffres) -> Visiteur:
    """Somebody who has come in."""
    v = Visiteur(build_app(Acces("jeton"), chiffres))
    v.enter("poste-1")
    return v


def links(texte: str) -> list[str]:
    """Where a page leads."""
    return [a["href"] for a in Page(texte).all("a")]


def test_formula_terms_cells_and_elements_are_shown_with_their_freshness(visiteur: Visiteur) -> None:
    texte = words(visiteur.get(EXPLIQUER).text)
    indicateur = REGISTRE["COG-08-29"]
    assert f"{indicateur.formule}." in texte
    assert "Valeur 13,59 jours" in texte
    assert "Numérateur du 1er au 31 janvier 2023 60 687" in texte
    assert "60 687 (12 cellules) 4 466 (12 cellules)" in texte
    assert "Égal : 52 objets, en tout 52 : c'est le chiffre, 52." in texte
    assert "objets à la position 59 902, chiffre à la position 59 900" in texte
    assert "P-0 D-0 02/01/2023 … Demande de RSA, Web 1" in texte
    assert "À jour dernier événement le 31/01/2023 à 14:02:31 retard 0,2 s" in texte


def test_each_element_leads_to_its_fiche_and_the_page_to_the_next_one(visiteur: Visiteur) -> None:
    premiere = links(visiteur.get(EXPLIQUER).text)
    assert "/fiches/pieces/091/P-0" in premiere
    [suite] = [a for a in premiere if "apres=suite" in a]
    reponse = visiteur.get(suite)
    assert "La somme se compare sur la première page" in words(reponse.text)
    assert not [a for a in links(reponse.text) if "apres=" in a]
    assert suite.replace("&apres=suite", "") in links(reponse.text)


def test_the_acting_caf_sees_whose_each_object_is_and_stays_the_acting_one(visiteur: Visiteur) -> None:
    reponse = visiteur.get(EXPLIQUER + "&role=traitante")
    texte, liens = words(reponse.text), links(reponse.text)
    assert "Caf 091, ce qu'elle traite, du 1er au 31 janvier 2023" in texte
    assert "Objet Caf propriétaire Dossier" in texte
    assert "P-0 681 D-0 02/01/2023" in texte
    assert "/fiches/pieces/681/P-0" in liens
    suite = [a for a in liens if "terme=" in a or a.startswith("/indicateurs/COG-08-29?")]
    assert len(suite) == 4
    assert all("role=traitante" in a for a in suite)
    assert "Fait le travail" in texte
    # Nobody is offered a question that is refused.
    assert "Fait le travail" not in words(visiteur.get(EXPLIQUER.replace("COG-08-29", "VISITES")).text)


def test_what_has_no_figure_for_the_acting_caf_leads_to_no_explanation(visiteur: Visiteur) -> None:
    for page in ("/indicateurs", "/indicateurs/VISITES"):
        assert [a for a in links(visiteur.get(page).text) if "VISITES/expliquer" in a]
        assert not [a for a in links(visiteur.get(f"{page}?role=traitante").text) if "VISITES/expliquer" in a]


def test_another_term_has_its_own_elements(visiteur: Visiteur) -> None:
    [denominateur] = [a for a in links(visiteur.get(EXPLIQUER).text) if "terme=denominateur" in a]
    assert "Les objets comptés : dénominateur" in words(visiteur.get(denominateur).text)


@pytest.mark.parametrize("suite", ["&terme=cloture", "&apres=faux"])
def test_a_wrong_question_is_told_as_a_page(visiteur: Visiteur, suite: str) -> None:
    reponse = visiteur.get(EXPLIQUER + suite)
    assert reponse.status_code == 400
    assert "Question sans réponse" in reponse.text


def test_an_unknown_code_is_told_as_a_page(visiteur: Visiteur) -> None:
    assert visiteur.get("/indicateurs/NULLE-PART/expliquer").status_code == 404


def test_the_rest_is_shown_when_the_owner_of_the_objects_is_away(visiteur: Visiteur, chiffres: FauxChiffres) -> None:
    chiffres.absent = True
    reponse = visiteur.get(EXPLIQUER)
    assert reponse.status_code == 200
    assert "Les objets comptés ne peuvent pas être montrés : le service production ne répond pas" in reponse.text
    assert "60 687 (12 cellules)" in words(reponse.text)


def test_a_mean_leads_to_each_of_its_days(visiteur: Visiteur) -> None:
    texte = visiteur.get(EXPLIQUER.replace("COG-08-29", "SOLDE-JOURS-MOYEN")).text
    assert "Mardi 31 janvier 2023 9,50 jours 37 260 ÷ 3 908" in words(texte)
    assert [a for a in links(texte) if "du=2023-01-31" in a and "au=2023-01-31" in a]


def test_every_figure_of_the_live_page_leads_to_its_explanation(visiteur: Visiteur) -> None:
    texte = visiteur.get("/").text
    chiffres = re.findall(
        r'<a class="explique" title="Expliquer ([^"]+)"[^>]*><span[^>]* data-cle="([pj])\.([^"]+)\.valeur"', texte
    )
    montres = re.findall(r'data-cle="([pj])\.([^"]+)\.valeur"', texte)
    assert [(p, code) for _, p, code in chiffres] == montres
    assert all(code == titre for titre, _, code in chiffres)
    assert {(p, code) for p in "pj" for code in JOURNEE} | {("p", code) for code in RECOUVREMENT} <= set(montres)


@pytest.mark.parametrize("page", ["/indicateurs", "/indicateurs/COG-08-29"])
def test_the_other_pages_of_figures_lead_there_too(visiteur: Visiteur, page: str) -> None:
    assert [a for a in links(visiteur.get(page).text) if a.startswith("/indicateurs/COG-08-29/expliquer?")]
