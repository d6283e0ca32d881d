"""What is published, beside what was simulated: the rules of the comparison, and the page that tells it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecluse.importation import Bilan
from ecluse.reproduction.annee import Annee, ReproductionImpossible
from ecluse.reproduction.document import Reproduction, reproduce
from ecluse.reproduction.mots import word_gap, word_mean, word_verdict
from ecluse.reproduction.page import DEBUT, FIN, render_page, write_page
from ecluse.reproduction.pieges import check_little
from ecluse.reproduction.rapprochement import compare, rescale, spread, tolerate
from ecluse.reproduction.tuyau import Emis
from ecluse.simulateur.mesures import Genre, Mesure, Terme, load_mesures
from ecluse.simulateur.profil import Profil
from ecluse.simulateur.publies import Publie, published_of, read_publies
from services.indicators.registre import REGISTRE

PARAMETRES = {
    f"{section.name}.{parametre.name}"
    for section in msgspec.structs.fields(Profil)
    if isinstance(section.type, type) and issubclass(section.type, msgspec.Struct)
    for parametre in msgspec.structs.fields(section.type)
}
VISITES = Publie("091", 2023, "VISITES", 24088.0, "nombre", "001 L329", "")
TAUX = Publie("091", 2023, "PART-WEB-RECUES", 0.4855, "taux", "001 L369", "")
DELAI = Publie("091", 2023, "COG-08-29", 13.47, "jours", "001 L387", "")
ENTREE, RESULTAT = Mesure(Genre.entree, "VISITES"), Mesure(Genre.resultat, "COG-08-29")


def figure(valeur: float | None, numerateur: int | None = None, denominateur: int | None = None) -> dict[str, Any]:
    """A figure as the API writes it."""
    return {"valeur": valeur, "numerateur": numerateur, "denominateur": denominateur}


def simulee(graine: int = 1, **changees: dict[str, Any]) -> Annee:
    """A year of Caf 091 whose inputs are the published ones at full size."""
    figures = {code: figure(1.0, 1, 1) for code in REGISTRE}
    figures |= {"PIECES-TRAITEES": figure(365, 365), "COG-08-29": figure(10.0, 3650, 365)}
    for publie in published_of("091", 2023):
        mesure = load_mesures()[publie.mesure]
        if mesure.genre == Genre.entree:
            figures[mesure.code][mesure.terme] = publie.valeur
    figures |= {code.replace("_", "-"): lue for code, lue in changees.items()}
    bilan = Bilan(acceptes=990, doublons=10, secondes=graine * 1.5)
    return Annee(graine, figures, [10] * 365, Emis(1000, 0, graine / 3), bilan, [], graine * 2.5, graine * 2.0)


def reproduite(*annees: Annee) -> Reproduction:
    """What these years make of the report of Caf 091."""
    par_graine = {annee.graine: annee for annee in annees}
    return reproduce("091", 2023, 1.0, list(par_graine), par_graine.__getitem__)


class TestMesures:
    def test_every_published_measure_is_read_from_an_indicator_of_its_unit(self) -> None:
        mesures = load_mesures()
        assert mesures.keys() == {publie.mesure for publie in read_publies()}
        for publie in read_publies():
            mesure = mesures[publie.mesure]
            unite = REGISTRE[mesure.code].unite if mesure.terme == Terme.valeur else "nombre"
            assert publie.unite == unite, publie.mesure

    @pytest.mark.parametrize("nom", load_mesures())
    def test_a_result_says_what_moves_it_and_an_input_is_moved_by_nothing(self, nom: str) -> None:
        mesure = load_mesures()[nom]
        assert bool(mesure.hypotheses) == (mesure.genre != Genre.entree)
        for hypothese in mesure.hypotheses:
            assert hypothese.parametres
            assert set(hypothese.parametres) <= PARAMETRES
            assert hypothese.effet.endswith(".")
            assert "\n" not in hypothese.effet

    def test_what_the_report_says_it_has_not_is_no_value(self) -> None:
        absents = [(p.caf, p.mesure) for p in read_publies() if p.valeur is None]
        assert absents == [("661", "APPELS-ABOUTIS")]
        assert published_of("091", 2022) == []


class TestTolerance:
    def test_at_full_size_it_is_half_a_percent_whatever_the_volume(self) -> None:
        assert [tolerate(volume, 1.0) for volume in (3, 500_000)] == [0.005, 0.005]

    @given(st.floats(0.001, 0.999), st.floats(10, 1e7))
    def test_it_widens_as_the_root_of_what_is_counted(self, echelle: float, volume: float) -> None:
        attendus = max(echelle * volume, 1)
        assert (tolerate(volume, echelle) - 0.005) ** 2 * attendus == pytest.approx(9)

    @pytest.mark.parametrize(
        ("obtenus", "respectee"),
        [((24088, 24200), True), ((24088, 24209), False), ((23968, 24088), True), ((23967, 24088), False)],
    )
    def test_an_input_is_judged_on_every_seed(self, obtenus: tuple[int, ...], respectee: bool) -> None:
        ligne = compare(VISITES, ENTREE, [{"VISITES": figure(n, n)} for n in obtenus], 1.0)
        assert ligne.respectee is respectee

    def test_an_input_that_no_seed_gives_is_not_kept(self) -> None:
        web = Mesure(Genre.entree, "PART-WEB-RECUES")
        assert compare(TAUX, web, [{"PART-WEB-RECUES": figure(None, 0, 0)}], 1.0).respectee is False

    def test_a_scale_too_small_to_judge_an_input_says_so(self) -> None:
        fraudes = VISITES._replace(mesure="FRAUDES", valeur=193.0)
        ligne = compare(fraudes, Mesure(Genre.entree, "FRAUDES-NOMBRE"), [{"FRAUDES-NOMBRE": figure(0, 0)}], 0.01)
        assert ligne.respectee is None
        assert "trop petit" in word_gap(ligne)

    def test_a_share_is_judged_on_what_its_numerator_counts(self) -> None:
        web = Mesure(Genre.entree, "PART-WEB-RECUES")
        ligne = compare(TAUX, web, [{"PART-WEB-RECUES": figure(0.5, 100, 200)}], 0.01)
        assert ligne.tolerance == pytest.approx(0.005 + 3 / 10)

    def test_a_result_has_no_tolerance_however_far_it_is(self) -> None:
        ligne = compare(DELAI, RESULTAT, [{"COG-08-29": figure(40.0, 40, 1)}], 1.0)
        assert (ligne.tolerance, ligne.respectee) == (None, None)
        assert ligne.ecart == pytest.approx(40 / 13.47 - 1)


class TestEtendue:
    @given(st.lists(st.floats(-1e6, 1e6), min_size=2))
    def test_the_mean_lies_between_the_extremes(self, valeurs: list[float]) -> None:
        etendue = spread(valeurs)
        assert etendue.moyenne is not None
        assert etendue.ecart_type is not None
        assert (etendue.mini, etendue.maxi) == (min(valeurs), max(valeurs))
        assert min(valeurs) - 1e-6 <= etendue.moyenne <= max(valeurs) + 1e-6

    def test_one_seed_has_no_spread_and_none_has_nothing(self) -> None:
        assert spread([3.0, None]).ecart_type is None
        assert word_mean(spread([3.0]), "jours") == "3,00\u00a0jours"
        assert word_mean(spread([None]), "jours") == "ND"

    def test_what_grows_with_the_scale_is_brought_to_full_size(self) -> None:
        assert [rescale(3, unite, 0.02) for unite in ("nombre", "centimes", "jours", "taux")] == [150, 150, 3, 3]
        assert rescale(None, "nombre", 0.02) is None


def test_a_gap_of_a_share_is_told_in_points_and_the_others_in_percents() -> None:
    proche = compare(TAUX, Mesure(Genre.resultat, "PART-WEB-RECUES"), [{"PART-WEB-RECUES": figure(0.4567, 1, 2)}], 1.0)
    assert word_gap(proche) == "−2,88\u00a0points"
    assert word_gap(compare(DELAI, RESULTAT, [{"COG-08-29": figure(13.6, 1, 1)}], 1.0)) == "+0,97\u202f%"
    assert word_gap(compare(DELAI, RESULTAT, [{"COG-08-29": figure(13.47, 1, 1)}], 1.0)) == "0,00\u202f%"


def test_littles_law_holds_of_pieces_that_all_wait_as_long() -> None:
    little = check_little([(simulee().figures, [10] * 365)], 0.5)
    assert (little.stock, little.debit, little.delai, little.produit) == (20, 2, 10, 20)


class TestDocument:
    def test_it_succeeds_when_every_input_matches_whatever_the_results(self) -> None:
        document = reproduite(simulee(1), simulee(2))
        assert document.reussie
        assert len(document.entrees) == 12
        assert word_verdict(document).endswith(" : 12 sur 12.")

    def test_it_fails_on_an_input_that_strays_for_one_seed(self) -> None:
        document = reproduite(simulee(1), simulee(2, VISITES=figure(25_000, 25_000)))
        assert not document.reussie
        assert [ligne.mesure for ligne in document.entrees if not ligne.respectee] == ["VISITES"]
        assert "HORS DE" in render_page(document)

    def test_it_fails_on_a_year_that_went_wrong(self) -> None:
        document = reproduite(replace(simulee(), manques=["2 lettres mortes"]))
        assert not document.reussie
        assert "2 lettres mortes" in render_page(document)

    def test_an_input_too_small_to_judge_fails_nothing_and_is_counted(self) -> None:
        petite = simulee(1)
        for code in ("FRAUDES-NOMBRE", "CONTROLES-NOMBRE-place", "RDV-HONORES-site", "RDV-HONORES-telephone"):
            petite.figures[code] = figure(0, 0)
        document = reproduce("091", 2023, 0.001, [1], lambda _: petite)
        assert document.trop_petites == 5
        assert "être jugées : 5." in word_verdict(document)

    def test_the_page_says_nothing_of_the_run_but_what_makes_its_figures(self) -> None:
        lente = [replace(simulee(g), secondes=99.0, calcul=66.0, emis=Emis(1000, 0, 77.0)) for g in (1, 2)]
        assert render_page(reproduite(*lente)) == render_page(reproduite(simulee(1), simulee(2)))

    def test_every_line_of_every_table_has_the_cells_of_its_heading(self) -> None:
        lignes = [x for x in render_page(reproduite(simulee(1), simulee(2))).splitlines() if x.startswith("|")]
        assert {x.count(" |") for x in lignes} == {8, 5}
        assert sum(x.count(" |") == 8 for x in lignes) == len(published_of("091", 2023)) + 2

    @pytest.mark.parametrize(("caf", "annee"), [("091", 2022), ("091", 2024)])
    def test_a_year_that_no_report_tells_is_refused(self, caf: str, annee: int) -> None:
        with pytest.raises(ReproductionImpossible, match=r"rien à comparer.*chiffres publiés sont de 2023"):
            reproduce(caf, annee, 1.0, [1], lambda _: simulee())


def test_the_index_lists_the_pages_of_its_folder_and_keeps_its_own_words(tmp_path: Path) -> None:
    accueil = tmp_path / "README.md"
    accueil.write_text(f"Avant.\n\n{DEBUT}\n- ancienne\n{FIN}\n\nAprès.\n")
    page = write_page(reproduite(simulee()), tmp_path)
    ecrit = accueil.read_text()
    assert f"- [Caf de l'Ariège, 2023]({page.name}) : {word_verdict(reproduite(simulee()))}" in ecrit
    assert "ancienne" not in ecrit
    assert ecrit.startswith("Avant.\n\n")
    assert ecrit.endswith("\n\nAprès.\n")
    write_page(reproduite(simulee()), tmp_path)
    assert accueil.read_text() == ecrit
