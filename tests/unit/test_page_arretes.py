"""The pages of the arrêtés, as they answer to who asks."""

from hashlib import sha256

import pytest
from msgspec.structs import replace

from shared.web.acces import Acces
from tests.arretes import FauxArretes, freeze
from tests.ecrans import ORIGINE, Page, Visiteur, build_app
from tests.unit.test_page_expliquer import links
from tests.unit.test_pages import words

RESTAURE = "le journal de production n'est plus celui de l'arrêté"


@pytest.fixture
def arretes() -> FauxArretes:
    """What the pages show."""
    return FauxArretes()


@pytest.fixture
def visiteur(arretes: FauxArretes) -> Visiteur:
    """Somebody who has come in."""
    v = Visiteur(build_app(Acces("jeton"), arretes=arretes))
    v.enter("superviseur-1")
    return v


def fill(visiteur: Visiteur, **champs: str) -> dict[str, str]:
    """The form of the list, filled in."""
    return Page(visiteur.get("/arretes").text).fields("/arretes") | {"periode": "2023-01"} | champs


def test_the_list_says_what_when_by_whom_and_gives_each_document(visiteur: Visiteur, arretes: FauxArretes) -> None:
    texte = visiteur.get("/arretes?caf=091").text
    second, premier = (arretes.gardes[rang].empreinte for rang in (1, 0))
    assert f"091-2 2023-01 03/02/2023 à 10:00:00 superviseur-1 {second[:12]}…" in words(texte)
    assert f"091-1 2023-01 provisoire 31/01/2023 à 21:00:00 poste-1 {premier[:12]}…" in words(texte)
    assert {"/arretes/091-2", "/arretes/091-2/document"} <= set(links(texte))
    assert Page(texte).all("code")[0] == {"title": second}
    assert "Aucun arrêté de la Caf 681" in words(visiteur.get("/arretes?caf=681").text)


def test_a_long_list_is_read_page_after_page_each_arrete_once(visiteur: Visiteur, arretes: FauxArretes) -> None:
    while len(arretes.gardes) < 60:
        arretes.gardes.append(freeze(len(arretes.gardes) + 1, arretes.gardes[-1]))
    lus: list[str] = []
    adresse = "/arretes?caf=091"
    while adresse:
        page = links(visiteur.get(adresse).text)
        lus += [a.removeprefix("/arretes/").removesuffix("/document") for a in page if a.endswith("/document")]
        adresse = next((a for a in page if "avant=" in a), "")
    assert lus == [f"091-{numero}" for numero in range(60, 0, -1)]


def test_the_document_is_given_byte_for_byte(visiteur: Visiteur, arretes: FauxArretes) -> None:
    reponse = visiteur.get("/arretes/091-2/document")
    assert sha256(reponse.content).hexdigest() == arretes.gardes[1].empreinte
    assert reponse.headers["content-disposition"] == 'attachment; filename="arrete-091-2.json"'


def test_an_arrete_shows_every_figure_as_it_was_told(visiteur: Visiteur, arretes: FauxArretes) -> None:
    texte = visiteur.get("/arretes/091-2").text
    dits = words(texte)
    assert "Caf 091, du 1er au 31 janvier 2023" in dits
    assert "À jour quand ils ont été arrêtés, le 03/02/2023 à 10:00:00" in dits
    assert "COG-08-29 13,6 jours 60 687 ÷ 4 466 Cible atteinte ≤ 16 jours (nationale)" in dits
    assert "DELAI-MEDIAN 10 jours" in dits
    assert "stock d'ouverture 2 022, stock de clôture 1 863" in dits
    assert "COG-01-11 80,0 % Saisie le 3 février 2024 par pilotage" in dits
    assert "Qui ne sont plus au registre" in dits
    assert "DISPARU" in dits
    assert arretes.gardes[1].empreinte in dits
    assert arretes.gardes[0].empreinte in dits
    assert "/arretes/091-1" in links(texte)


def test_a_document_that_was_altered_is_told_and_still_listed(visiteur: Visiteur, arretes: FauxArretes) -> None:
    arretes.gardes[1] = replace(arretes.gardes[1], document=arretes.gardes[1].document.replace(b"4466", b"4467"))
    assert "Ce document ne donne plus son empreinte" in words(visiteur.get("/arretes/091-2").text)
    arretes.gardes[1] = replace(arretes.gardes[1], document=b"\xff")
    assert "document illisible" in words(visiteur.get("/arretes").text)
    reponse = visiteur.get("/arretes/091-2")
    assert (reponse.status_code, "ecluse arrete verifier" in reponse.text) == (409, True)


def test_what_moved_since_is_told_then_and_now_with_what_explains_it(visiteur: Visiteur) -> None:
    texte = visiteur.get("/arretes/091-2/ecarts").text
    dits = words(texte)
    assert "2 chiffres changés, 100 identiques" in dits
    # Two decimals would not tell these two apart.
    assert "13,5887 jours 60 687 ÷ 4 466 13,5885 jours 60 700 ÷ 4 467" in dits
    assert "52 mouvements de COG-08-29 en tout +13 ÷ +1 Expliqué" in dits
    assert "80,00 % 90,00 % Saisie le 3 février 2024 par pilotage" in dits
    assert "une autre valeur a été saisie" in dits
    assert "DELAI-MEDIAN 1 puis 2 10 jours 10 jours 11 jours" in dits
    assert "≤ 16 jours (nationale) Cible atteinte aucune Sans cible" in dits
    assert "Un ancien chiffre (DISPARU)" in dits
    assert "À jour dernier événement le 03/02/2023 à 09:59:59 retard 0,2 s" in dits
    assert "/arretes/091-2/ecarts/COG-08-29" in links(texte)


def test_a_restored_log_still_shows_the_gaps_and_says_why_nothing_explains_them(
    visiteur: Visiteur, arretes: FauxArretes
) -> None:
    arretes.inexplique = RESTAURE
    dits = words(visiteur.get("/arretes/091-2/ecarts").text)
    assert "Le journal de production n'est plus celui de l'arrêté." in dits
    assert "aucun à montrer Non expliqué" in dits
    assert "13,5887 jours" in dits


def test_movements_are_read_page_after_page_each_once_with_their_events(visiteur: Visiteur) -> None:
    premiere = visiteur.get("/arretes/091-2/ecarts/COG-08-29").text
    dits = words(premiere)
    assert "P-2 Pièce, dossier D-2 04/02/2023 à 09:00:00 fin : rien → 10/01/2023" in dits
    assert "jours d'attente d'un tiers : 0 → 2 +8 ÷ +1 fr.caf.piece.traitee.v1 de /ged" in dits
    assert "aucun : une personne l'a décidé, ou un rejeu" in dits
    suites = [a for a in links(premiere) if "apres=" in a]
    assert suites == ["/arretes/091-2/ecarts/COG-08-29?apres=production:50"]
    seconde = links(visiteur.get(suites[0]).text)
    fiches = [a for a in (*links(premiere), *seconde) if a.startswith("/fiches/")]
    assert fiches == [f"/fiches/pieces/091/P-{rang}" for rang in range(1, 53)]
    assert not [a for a in seconde if "apres=" in a]


@pytest.mark.parametrize(
    ("adresse", "statut", "dit"),
    [
        ("/arretes/091-9", 404, "Arrêté inconnu"),
        ("/arretes/n-importe/document", 404, "Arrêté inconnu"),
        ("/arretes/091-9/ecarts", 404, "Arrêté inconnu"),
        ("/arretes/091-2/ecarts/COG-99", 404, "Aucun indicateur"),
        ("/arretes/091-2/ecarts/COG-01-11", 409, "Sans mouvements à montrer"),
        ("/arretes/091-2/ecarts/COG-08-29?apres=ailleurs:1", 400, "place d'un journal"),
        ("/arretes?caf=91", 400, "Question sans réponse"),
        ("/arretes?avant=x", 400, "numéro d'arrêté"),
    ],
)
def test_what_has_no_answer_is_told_as_a_page(visiteur: Visiteur, adresse: str, statut: int, dit: str) -> None:
    reponse = visiteur.get(adresse)
    assert (reponse.status_code, reponse.headers["content-type"]) == (statut, "text/html; charset=utf-8")
    assert dit in words(reponse.text)


def test_the_form_takes_an_arrete_in_the_name_of_the_session(visiteur: Visiteur, arretes: FauxArretes) -> None:
    reponse = visiteur.post("/arretes", fill(visiteur, motif=" une reprise "))
    assert (reponse.status_code, reponse.headers["location"]) == (303, "/arretes/091-3?pris=1")
    [demande] = arretes.demandes
    assert demande == (("091", "2023-01", "superviseur-1", False, "une reprise"), 2)
    assert "L'arrêté est pris" in words(visiteur.get(reponse.headers["location"]).text)


@pytest.mark.parametrize("champs", [{}, {"motif": "x" * 501}, {"motif": "m", "caf": "xx"}])
def test_a_refusal_is_told_above_the_form_which_keeps_what_was_written(
    visiteur: Visiteur, arretes: FauxArretes, champs: dict[str, str]
) -> None:
    reponse = visiteur.post("/arretes", fill(visiteur, provisoire="1", **champs))
    assert reponse.status_code in (400, 409, 422)
    assert arretes.demandes == []
    if "caf" not in champs:
        page = Page(reponse.text)
        assert "Rien n'a été arrêté." in words(reponse.text)
        assert "checked" in page.all("input", id="provisoire")[0]
        assert page.all("input", id="motif")[0]["value"] == champs.get("motif", "")


def test_a_form_that_is_not_of_this_session_takes_nothing(visiteur: Visiteur, arretes: FauxArretes) -> None:
    champs = fill(visiteur, motif="m")
    assert visiteur.post("/arretes", champs | {"jeton_formulaire": "autre"}).status_code == 403
    assert visiteur.post("/arretes", champs, origin="http://ailleurs.test").status_code == 403
    assert arretes.demandes == []
    assert visiteur.post("/arretes", champs, origin=ORIGINE).status_code == 303
