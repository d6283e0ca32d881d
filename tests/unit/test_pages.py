"""The screens, as what they answer to who asks."""

import re
from html import unescape

import msgspec
import pytest
from fastapi import FastAPI

from services.indicators.affiche import word_figure
from services.indicators.answer import Fraicheur, Indication
from services.indicators.cibles import CibleAffichee, judge
from services.indicators.direct import Image, Question, compose
from services.indicators.fenetre import Fenetre, choose
from services.indicators.registre import REGISTRE
from services.indicators.rules import Periode
from shared.temps import from_iso
from shared.web.acces import Acces
from shared.web.pages import STATIQUES
from tests.ecrans import AUJOURDHUI, FauxChiffres, Page, Visiteur, build_app

EXPLIQUER = "/indicateurs/COG-08-29/expliquer"
ARRETES = ("/arretes", "/arretes/091-2", "/arretes/091-2/ecarts", "/arretes/091-2/ecarts/COG-08-29")
PAGES = ("/", "/indicateurs", "/indicateurs/COG-08-29?par=canal", EXPLIQUER, *ARRETES, "/corbeilles", "/etat")
FERMEES = (
    *PAGES,
    "/flux",
    "/indicateurs/COG-08-29/serie.csv",
    "/arretes/091-2/document",
    "/corbeilles/a_notifier",
)


@pytest.fixture
def chiffres() -> FauxChiffres:
    """The figures that the pages show."""
    return FauxChiffres()


@pytest.fixture
def app(chiffres: FauxChiffres) -> FastAPI:
    """The application."""
    return build_app(Acces("jeton"), chiffres)


@pytest.fixture
def visiteur(app: FastAPI) -> Visiteur:
    """Somebody who has come in."""
    v = Visiteur(app)
    v.enter("poste-1")
    return v


def words(texte: str) -> str:
    """What a page says: no tags, ordinary spaces."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", texte)))


@pytest.mark.parametrize("adresse", FERMEES)
def test_without_a_session_a_page_says_how_to_get_one_and_nothing_else(app: FastAPI, adresse: str) -> None:
    reponse = Visiteur(app).get(adresse)
    assert reponse.status_code == 401
    assert "ecluse lien" in reponse.text
    assert "091" not in reponse.text


@pytest.mark.parametrize("adresse", [*PAGES, "/static/ecluse.css", "/nulle-part", "/entrer?lien=x"])
def test_every_answer_forbids_what_is_not_ours(visiteur: Visiteur, adresse: str) -> None:
    entetes = visiteur.get(adresse).headers
    politique = entetes["content-security-policy"]
    assert politique.startswith("default-src 'none'")
    assert "unsafe" not in politique
    assert "frame-ancestors 'none'" in politique
    assert entetes["x-content-type-options"] == "nosniff"
    # Under «no-referrer» a browser sends «Origin: null» with our own forms.
    assert entetes["referrer-policy"] == "same-origin"


@pytest.mark.parametrize("adresse", PAGES)
def test_a_page_runs_under_its_own_policy(visiteur: Visiteur, adresse: str) -> None:
    page = Page(visiteur.get(adresse).text)
    for balise, attributs in page.balises:
        assert balise != "style"
        assert not [nom for nom in attributs if nom == "style" or nom.startswith("on")]
        for nom in ("src", "href", "action"):
            assert re.match(r"$|/(?!/)|#|\?", attributs.get(nom, "")), f"{balise} {nom}={attributs.get(nom)}"
    assert all(script["src"].startswith("/static/") for script in page.all("script"))


@pytest.mark.parametrize("adresse", PAGES)
def test_a_page_has_a_title_one_heading_landmarks_and_tables_that_name_their_cells(
    visiteur: Visiteur, adresse: str
) -> None:
    reponse = visiteur.get(adresse)
    page = Page(reponse.text)
    assert reponse.status_code == 200
    assert reponse.headers["cache-control"] == "no-store"
    assert page.all("html") == [{"lang": "fr"}]
    assert re.search(r"<title>\S.* · Écluse</title>", reponse.text)
    assert [len(page.all(b)) for b in ("h1", "main", "header", "nav", "footer")] == [1, 1, 1, 1, 1]
    assert len(page.all("table")) == len(page.all("caption")) >= (0 if adresse == "/corbeilles" else 1)
    assert all(th.get("scope") in ("col", "row") for th in page.all("th"))
    identifiants = [a["id"] for _, a in page.balises if "id" in a]
    assert len(identifiants) == len(set(identifiants))
    nommes = {label["for"] for label in page.all("label") if "for" in label}
    saisies = [a for b, a in page.balises if b in ("input", "select") and a.get("type") != "hidden"]
    assert all(a["id"] in nommes for a in saisies)
    assert all(a.get("aria-hidden") == "true" or a.get("aria-label") for a in page.all("svg"))


def test_the_live_page_tells_value_target_and_state_in_words(visiteur: Visiteur) -> None:
    texte = words(visiteur.get("/").text)
    assert "13,6 jours Cible atteinte : ≤ 16 jours (nationale)" in texte
    assert "Cible non atteinte ≤ 13 jours (individualisée) ≤ 14 jours (nationale)" in texte
    assert "Cible non transmise" in texte
    assert "73,1 % 73 125 € ÷ 100 006 €" in texte
    assert "Du 1er au 31 janvier 2023" in texte
    assert "Aujourd'hui" in texte
    assert "À jour dernier événement le 31/01/2023 à 14:02:31 retard de moins de 2 secondes" in texte
    assert "Balance des pièces tenue" in texte


def test_what_is_not_available_is_said_so_and_is_never_zero(visiteur: Visiteur) -> None:
    chiffres = Page(visiteur.get("/").text).chiffres
    assert chiffres["p.PART-DIRECT.valeur"] == "ND"
    assert chiffres["p.REMISES-NOMBRE.valeur"] == "ND"


def test_the_page_and_its_stream_say_the_same_texts_in_the_same_places(
    visiteur: Visiteur, chiffres: FauxChiffres
) -> None:
    page = Page(visiteur.get("/").text)
    question = Question("091", Periode(from_iso("2023-01-01"), AUJOURDHUI))
    image = msgspec.to_builtins(compose(chiffres, question, AUJOURDHUI).image)
    assert page.chiffres.items() <= image["textes"].items()
    assert {a["data-cle-etat"] for _, a in page.balises if "data-cle-etat" in a} <= image["etats"].keys()
    assert {a["data-jauge"] for a in page.all("svg") if "data-jauge" in a} == image["jauges"].keys()
    assert page.all("section", **{"data-jour": image["jour"]})


def test_a_late_house_says_that_its_figures_are_late(visiteur: Visiteur, chiffres: FauxChiffres) -> None:
    chiffres.fraicheur = Fraicheur(None, None, False)
    texte = visiteur.get("/").text
    assert "En rattrapage" in texte
    assert "aucun événement reçu" in texte
    assert "retard ND" in texte


def test_each_chart_has_its_values_in_a_table(visiteur: Visiteur) -> None:
    page = Page(visiteur.get("/").text)
    courbes = {a["data-fragment"] for a in page.all("svg") if "data-fragment" in a}
    tableaux = {a["data-fragment"] for a in page.all("tbody") if "data-fragment" in a}
    assert {c.removeprefix("courbe-") for c in courbes} == {t.removeprefix("tableau-") for t in tableaux}
    assert len(courbes) == 2


def test_a_live_image_is_the_same_until_there_is_something_to_read(chiffres: FauxChiffres) -> None:
    def image(retard: float | None) -> Image:
        chiffres.fraicheur = Fraicheur("2023-01-31T13:02:31Z", retard, True)
        return compose(chiffres, Question("091", Periode(AUJOURDHUI, AUJOURDHUI)), AUJOURDHUI).image

    assert image(0.2) == image(1.9)
    assert len({image(retard).textes["fraicheur.retard"] for retard in (1.9, 2.5, 3.5, None)}) == 4


def test_the_period_is_kept_from_page_to_page(visiteur: Visiteur) -> None:
    page = Page(visiteur.get("/?caf=681&fenetre=libre&du=2022-12-01&au=2022-12-24").text)
    liens = [a["href"] for a in page.all("a") if a.get("href", "").startswith("/indicateurs/")]
    suite = "?caf=681&fenetre=libre&du=2022-12-01&au=2022-12-24"
    assert liens
    # What was counted on the last day is explained for that day.
    dernier_jour = "?caf=681&fenetre=libre&du=2022-12-24&au=2022-12-24"
    assert all(lien.endswith((suite, f"/expliquer{dernier_jour}")) for lien in liens)
    assert page.all("section", **{"data-flux": f"/flux{suite}"})


@pytest.mark.parametrize(
    ("question", "statut", "phrase"),
    [
        ("?fenetre=libre&du=2023-02-30&au=2023-03-01", 400, "Voici ce mois-ci"),
        ("?du=2023-03-02&au=2023-03-01", 400, "inverser du et au"),
        ("?fenetre=siecle", 400, "Voici ce mois-ci"),
        ("?caf=9x1", 400, "trois chiffres"),
        ("?caf=" + "9" * 3_000, 400, "trois chiffres"),
        ("?caf=%3Cscript%3E", 400, "&lt;script&gt;"),
    ],
)
def test_a_wrong_question_is_told_on_a_page(visiteur: Visiteur, question: str, statut: int, phrase: str) -> None:
    for adresse in ("/", "/indicateurs"):
        reponse = visiteur.get(adresse + question)
        assert reponse.status_code == statut
        assert reponse.headers["content-type"].startswith("text/html")
        assert phrase in reponse.text
        assert "<script>" not in reponse.text


@pytest.mark.parametrize(
    ("adresse", "statut"),
    [
        ("/indicateurs/COG-99-99", 404),
        ("/indicateurs/COG-08-29?pas=siecle", 400),
        ("/indicateurs/COG-08-29?par=humeur", 400),
        ("/indicateurs/COG-08-29?pas=jour&fenetre=libre&du=1971-01-01&au=2099-01-01", 400),
        ("/indicateurs/COG-99-99/serie.csv", 404),
        ("/indicateurs/COG-08-29?avec=jamais", 400),
        ("/indicateurs?role=patronne", 400),
        ("/?caf=975", 404),
        ("/indicateurs?caf=975", 404),
        ("/flux?caf=975", 404),
    ],
)
def test_an_unknown_indicator_or_cut_is_told_on_a_page(visiteur: Visiteur, adresse: str, statut: int) -> None:
    reponse = visiteur.get(adresse)
    assert reponse.status_code == statut
    assert "Question sans réponse" in reponse.text


def test_an_indicator_shows_its_formula_its_series_and_its_cut(visiteur: Visiteur) -> None:
    texte = words(visiteur.get("/indicateurs/SOLDE-JOURS?par=canal&pas=semaine").text)
    assert REGISTRE["SOLDE-JOURS"].formule in texte
    assert "la formule est celle d'Écluse" in texte
    assert "du 23 au 29 janvier 2023" in texte
    assert "Courrier 16,4 jours 24 403 ÷ 1 488" in texte


def test_an_indicator_says_until_when_it_may_move_and_how_it_was_a_year_before(visiteur: Visiteur) -> None:
    texte = words(visiteur.get("/indicateurs/COG-08-29").text)
    assert "Provisoire, définitif le 03/03/2023 au plus tôt : 30 jours après la période, pour les réouvertures" in texte
    assert "Du 1er au 31 janvier 2022 27,2 jours 60 687 ÷ 4 466 21" in texte
    assert "Différence : −13,6 jours, soit −50,0 % (mieux)." in texte
    texte = words(visiteur.get("/indicateurs/APPELS-ABOUTIS?avec=precedente").text)
    assert "Du 1er au 31 décembre 2022" in texte
    assert "une des deux valeurs manque" in texte
    texte = words(visiteur.get("/indicateurs/APPELS-TRAITES").text)
    assert "Différence : −89,4 points (moins bien)." in texte


def test_the_role_of_the_caf_is_kept_from_page_to_page_and_an_indicator_that_has_none_says_why(
    visiteur: Visiteur,
) -> None:
    page = Page(visiteur.get("/indicateurs?role=traitante").text)
    liens = [a["href"] for a in page.all("a") if a.get("href", "").startswith("/indicateurs/")]
    assert all(lien.endswith("&role=traitante") for lien in liens)
    texte = words(visiteur.get("/indicateurs/VISITES?role=traitante").text)
    assert "par propriétaire" in texte
    assert "ni série ni coupe" not in texte


def test_the_live_page_says_where_the_stock_goes_by_which_formula_and_that_it_is_ours(visiteur: Visiteur) -> None:
    page = visiteur.get("/").text
    chiffres, texte = Page(page).chiffres, words(page)
    assert chiffres["maturite"] == "chiffres provisoires"
    assert words(chiffres["x.JOURS-POUR-ECOULER.valeur"]) == "12,3 jours"
    assert chiffres["x.STOCK-FIN-DE-MOIS.calcul"] == "1 ÷ 2 ; le 28/02/2023"
    assert chiffres["x.TRAITEMENTS-POUR-DELAI.valeur"] == "ND"
    assert chiffres["x.TRAITEMENTS-POUR-DELAI.calcul"] == "sans cible cette année"
    assert "198,20 arrivées nettes et 205,20 traitées par jour ouvré" in texte
    assert "par la loi de Little" in texte
    assert "Formules d'Écluse" in texte


def test_an_indicator_read_at_present_has_no_chart(visiteur: Visiteur) -> None:
    reponse = visiteur.get("/indicateurs/FILES-RECOUVREMENT")
    assert reponse.status_code == 200
    assert "ni série ni coupe" in reponse.text


def test_every_indicator_of_the_registry_has_a_line_and_a_page(visiteur: Visiteur) -> None:
    page = Page(visiteur.get("/indicateurs").text)
    liens = [a["href"].partition("?")[0] for a in page.all("a") if a.get("href", "").startswith("/indicateurs/")]
    assert liens == [lien for code in REGISTRE for lien in (f"/indicateurs/{code}", f"/indicateurs/{code}/expliquer")]
    assert {visiteur.get(lien).status_code for lien in liens} == {200}


def test_a_table_is_downloaded_as_a_french_spreadsheet_reads_it(visiteur: Visiteur) -> None:
    reponse = visiteur.get("/indicateurs/COG-08-29/serie.csv?pas=mois")
    assert reponse.content.startswith(b"\xef\xbb\xbfcaf;code;du;au;valeur;")
    ligne = reponse.content.decode("utf-8-sig").split("\r\n")[1].split(";")
    assert ligne[:4] == ["091", "COG-08-29", "01/01/2023", "31/01/2023"]
    assert re.fullmatch(r"\d+,\d+", ligne[4])
    assert 'filename="COG-08-29_091_2023-01-01_2023-01-31_mois.csv"' in reponse.headers["content-disposition"]


def figure(valeur: float | None, cible: float, unite: str = "jours") -> str:
    """How a value reads beside its target."""
    cibles = [CibleAffichee(cible, "<=", "nationale")]
    indication = Indication("COG-08-29", "", valeur, None, None, unite, 1, cibles, judge(valeur, ()).value)
    return words(word_figure(indication).valeur)


@pytest.mark.parametrize(
    ("valeur", "cible", "unite", "texte"),
    [
        (16.04, 16, "jours", "16,04"),
        (16.0004, 16, "jours", "16,0004"),
        (16.06, 16, "jours", "16,1"),
        (16.0, 16, "jours", "16,0"),
        (0.80004, 0.8, "taux", "80,004 %"),
        (0.8123, 0.8, "taux", "81,2 %"),
        (None, 16, "jours", "ND"),
    ],
)
def test_rounding_never_hides_on_which_side_of_its_target_a_value_stands(
    valeur: float | None, cible: float, unite: str, texte: str
) -> None:
    assert figure(valeur, cible, unite) == texte


@pytest.mark.parametrize(
    ("fenetre", "du", "au"),
    [
        ("", "2024-03-01", "2024-03-31"),
        ("mois", "2024-03-01", "2024-03-31"),
        ("mois_dernier", "2024-02-01", "2024-02-29"),
        ("annee", "2024-01-01", "2024-03-31"),
    ],
)
def test_named_windows_move_with_the_day(fenetre: str, du: str, au: str) -> None:
    choix = choose(fenetre, "", "", from_iso("2024-03-31"))
    assert choix.periode == Periode(from_iso(du), from_iso(au))
    assert choix.erreur == ""


def test_dates_without_a_window_are_taken_as_chosen_dates() -> None:
    choix = choose("", "2023-01-05", "2023-01-06", AUJOURDHUI)
    assert (choix.fenetre, choix.periode) == (Fenetre.libre, Periode(from_iso("2023-01-05"), from_iso("2023-01-06")))


def test_the_state_page_tells_what_stopped_where_a_hole_is_and_what_waits(visiteur: Visiteur) -> None:
    texte = words(visiteur.get("/etat").text)
    assert "Recouvrement Arrêté la base a été ouverte ailleurs" in texte
    assert "Trou dans le journal 4001 manque" in texte
    assert "ecluse dead-letters list" in texte
    assert "En rattrapage : tout ce qui est accepté n'est pas encore compté" in texte


def test_static_files_are_named_by_their_content_and_packed_with_the_code(visiteur: Visiteur) -> None:
    page = Page(visiteur.get("/").text)
    adresses = [a["href"] for a in page.all("link")] + [a["src"] for a in page.all("script")]
    assert {a.partition("?")[0].removeprefix("/static/") for a in adresses} == {p.name for p in STATIQUES.iterdir()}
    for adresse in adresses:
        assert re.search(r"\?v=[0-9a-f]{12}$", adresse)
        assert visiteur.get(adresse).status_code == 200
