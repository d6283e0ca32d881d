"""Scenarios: marked files, windows with ramps, and how several make one day."""

from __future__ import annotations

import re
from datetime import date
from importlib.resources import files
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecluse.simulateur.composition import compose, fade, settle
from ecluse.simulateur.conditions import ORDINAIRES, AutreCaf, Conditions, factor
from ecluse.simulateur.marques import ProfilRefuse
from ecluse.simulateur.profil import load_profil
from ecluse.simulateur.scenario import (
    ORDINAIRE,
    Scenario,
    ScenarioInconnu,
    conditions_of,
    list_scenarios,
    load_scenario,
    parse_demand,
    parse_scenario,
    read_scenario_parametres,
)
from tests.commandes import assert_refuses, ecluse
from tests.donnees import RACINE

DOSSIER = files("ecluse.simulateur") / "scenarios"
NOMS = [scenario.nom for scenario in list_scenarios()]
ATTENDUS = {
    ORDINAIRE,
    "vague-rentree",
    "vague-reforme",
    "site-ferme",
    "personnel-reduit",
    "panne-telephone",
    "production-pour-autre-caf",
    "declarations-preremplies",
}
DU = date(2023, 1, 1).toordinal()
GUIDE = RACINE / "docs" / "guide" / "scenarios.md"

facteurs = st.dictionaries(
    st.sampled_from(["demande_al", "justificatif", "demande_rsa", "autres"]), st.floats(0.1, 4), max_size=3
)
parts = st.dictionaries(st.sampled_from(["demande_al", "justificatif", "autres"]), st.floats(0, 1), max_size=2)
conditions = st.builds(
    Conditions,
    arrivees=facteurs,
    contacts=facteurs,
    presence=st.floats(0.1, 1.5),
    sites_fermes=st.frozensets(st.sampled_from(["pamiers", "siege"])),
    appels_aboutis=st.floats(0, 1),
    automatique=parts,
    indus=facteurs,
    autre_caf=st.none() | st.builds(AutreCaf, st.just("681"), st.floats(0, 1e5), st.floats(0, 1)),
)
scenarios = st.builds(
    Scenario,
    st.just("essai"),
    st.just("Essai"),
    st.just("Un essai."),
    conditions,
    duree_jours=st.none() | st.integers(1, 60),
    montee_jours=st.integers(0, 20),
    descente_jours=st.integers(0, 20),
)


def texte(nom: str) -> str:
    """The file of a scenario."""
    return (DOSSIER / f"{nom}.toml").read_text(encoding="utf-8")


def plain(c: Conditions) -> list[Any]:
    """Everything that conditions say, name by name, for comparisons."""
    noms = ["demande_al", "justificatif", "demande_rsa", "autres", "telephone", "inconnu"]
    lus: list[Any] = [factor(table, nom) for table in (c.arrivees, c.contacts, c.indus) for nom in noms]
    lus += [c.automatique.get(nom, c.automatique.get("autres", 0.0)) for nom in noms]
    return [*lus, c.presence, c.appels_aboutis, *(c.autre_caf[1:] if c.autre_caf else (0, 0))]


class TestFichiers:
    def test_they_are_those_that_were_asked_for_and_the_ordinary_one_comes_first(self) -> None:
        assert set(NOMS) == ATTENDUS
        assert NOMS[0] == ORDINAIRE

    @pytest.mark.parametrize("nom", NOMS)
    def test_each_has_a_title_a_short_description_and_marks(self, nom: str) -> None:
        scenario, parametres = load_scenario(nom), read_scenario_parametres(nom)
        assert scenario.titre
        assert 40 < len(scenario.description) <= 240, "two lines for people"
        assert all(p.justification for p in parametres)
        assert (scenario.plateau == ORDINAIRES) == (nom == ORDINAIRE)

    @pytest.mark.parametrize("nom", NOMS)
    def test_no_parameter_can_lose_its_mark(self, nom: str) -> None:
        for parametre in read_scenario_parametres(nom):
            avant, entete, apres = texte(nom).partition(f"[{parametre.nom}]")
            sans = avant + entete + re.sub(r"origine = .+\n", "", apres, count=1)
            with pytest.raises(ProfilRefuse, match=re.escape(parametre.nom)):
                parse_scenario(nom, sans)

    @pytest.mark.parametrize(
        ("caf", "site"),
        [("091", "pamiers"), ("361", "siege"), ("441", "saint-nazaire"), ("521", "autres"), ("661", "autres")],
    )
    def test_the_closed_site_is_one_of_each_profile(self, caf: str, site: str) -> None:
        visites = load_profil(caf).contacts.visites
        assert load_scenario("site-ferme").in_sites(visites).plateau.sites_fermes == {site}

    def test_a_site_told_by_its_name_is_that_one(self) -> None:
        lieux = {"ici": 3.0, "ailleurs": 2.0}
        assert settle(Conditions(sites_fermes=frozenset({"ici", "2"})), lieux).sites_fermes == {"ici", "ailleurs"}

    def test_the_other_caf_is_that_of_the_report(self) -> None:
        (caf,) = [p for p in read_scenario_parametres("production-pour-autre-caf") if p.nom == "autre_caf.caf"]
        assert (caf.valeur, caf.origine, caf.justification) == ("681", "publie", "001 L1426")

    @pytest.mark.parametrize(
        ("effet", "message"),
        [
            ("[effets.arrivees]\nvaleur = { demande_alf = 2.0 }", "demande_alf"),
            ("[effets.contacts]\nvaleur = { telephone = -1.0 }", "négatif"),
            ("[effets.appels_aboutis]\nvaleur = 1.5", "entre 0 et 1"),
            ("[effets.sites_fermes]\nvaleur = ['0']", "commencent à 1"),
            ("[effets.presense]\nvaleur = 0.5", "presense"),
            ("[fenetre.debut]\nvaleur = '02-30'", "illisible"),
            ("[fenetre.duree_jours]\nvaleur = 0", "durées"),
            ("[fenetre.duree_jours]\nvaleur = 'un mois'", "illisible"),
        ],
    )
    def test_a_faulty_file_is_refused_and_says_where(self, effet: str, message: str) -> None:
        entete = '[scenario]\ntitre = "Essai"\ndescription = "Un essai."\n\n'
        with pytest.raises(ProfilRefuse, match=message) as refus:
            parse_scenario("essai", f'{entete}{effet}\norigine = "hypothese"\nraison = "un essai"\n')
        assert "scénario essai" in str(refus.value)

    def test_an_unknown_name_is_refused_with_those_that_exist(self) -> None:
        with pytest.raises(ScenarioInconnu) as refus:
            load_scenario("../profils/091")
        assert all(nom in str(refus.value) for nom in NOMS)

    def test_the_guide_tells_of_each(self) -> None:
        table = GUIDE.read_text(encoding="utf-8").split("| effet |")[0]
        assert set(re.findall(r"^\| `([a-z-]+)` \|", table, re.MULTILINE)) == set(NOMS)

    def test_the_one_that_the_guide_writes_can_be_played(self) -> None:
        (exemple,) = re.findall(r"```toml\n(.+?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
        assert parse_scenario("exemple", exemple).plateau.contacts == {"accueil": 0.5, "telephone": 1.2}


class TestFenetre:
    @given(scenarios)
    def test_nothing_holds_outside_of_the_window_and_something_on_each_of_its_days(self, s: Scenario) -> None:
        duree = s.duree_jours or 400
        assert s.intensity(DU - 1, DU) == 0
        assert all(0 < s.intensity(DU + jour, DU) <= 1 for jour in range(duree))
        assert s.duree_jours is None or s.intensity(DU + duree, DU) == 0

    @given(scenarios)
    def test_it_rises_then_falls_by_even_steps(self, s: Scenario) -> None:
        cours = [s.intensity(DU + jour, DU) for jour in range(s.duree_jours or 60)]
        sommet = cours.index(max(cours))
        assert all(a <= b for a, b in pairwise(cours[: sommet + 1]))
        assert all(a >= b for a, b in pairwise(cours[sommet:]))
        assert cours[0] <= 1 / (s.montee_jours + 1)
        if s.duree_jours is not None:
            assert cours[-1] <= 1 / (s.descente_jours + 1)
        if s.duree_jours is None or s.duree_jours > s.montee_jours + s.descente_jours:
            assert max(cours) == 1

    def test_a_ramp_of_a_week_is_half_way_after_four_days(self) -> None:
        s = Scenario("essai", "", "", Conditions(presence=0.5), duree_jours=20, montee_jours=7, descente_jours=1)
        jours = conditions_of([(s, DU)])
        assert [jours(DU + jour).presence for jour in (-1, 3, 7, 18, 19, 20)] == [1, 0.75, 0.5, 0.5, 0.75, 1]

    def test_a_day_of_the_year_is_that_of_the_simulated_year_or_the_next_when_it_is_over(self) -> None:
        rentree, preremplies = load_scenario("vague-rentree"), load_scenario("declarations-preremplies")
        for du, debut in (("2023-01-01", "2023-08-28"), ("2023-09-20", "2023-08-28"), ("2023-11-01", "2024-08-28")):
            assert rentree.starts(date.fromisoformat(du).toordinal()) == date.fromisoformat(debut).toordinal()
        assert preremplies.starts(date(2025, 6, 1).toordinal()) == date(2025, 3, 1).toordinal()
        assert load_scenario("site-ferme").starts(DU) == DU

    def test_a_demand_names_a_scenario_and_maybe_its_first_day(self) -> None:
        assert parse_demand("panne-telephone", DU)[1] == DU
        scenario, debut = parse_demand("panne-telephone@2023-05-02", DU)
        assert (scenario.nom, debut) == ("panne-telephone", date(2023, 5, 2).toordinal())
        for faux in ("panne-telephone@2023-02-30", "panne-telephone@", "panne"):
            with pytest.raises(ScenarioInconnu):
                parse_demand(faux, DU)


class TestComposition:
    @given(conditions)
    def test_an_ordinary_day_changes_nothing(self, a: Conditions) -> None:
        assert compose(a, ORDINAIRES) == compose(ORDINAIRES, a) == a

    @given(conditions, conditions)
    def test_the_order_does_not_matter(self, a: Conditions, b: Conditions) -> None:
        assert plain(compose(a, b)) == pytest.approx(plain(compose(b, a)))
        assert compose(a, b).sites_fermes == compose(b, a).sites_fermes == a.sites_fermes | b.sites_fermes

    @given(conditions, conditions, conditions)
    def test_nor_do_groups(self, a: Conditions, b: Conditions, c: Conditions) -> None:
        assert plain(compose(compose(a, b), c)) == pytest.approx(plain(compose(a, compose(b, c))))

    @given(conditions, conditions)
    def test_factors_multiply_whatever_the_name(self, a: Conditions, b: Conditions) -> None:
        ensemble = compose(a, b)
        for nom in ("demande_al", "justificatif", "jamais nommée"):
            assert factor(ensemble.arrivees, nom) == pytest.approx(factor(a.arrivees, nom) * factor(b.arrivees, nom))
        assert ensemble.presence == a.presence * b.presence

    @given(conditions, st.floats(0.01, 1))
    def test_a_part_lies_between_the_ordinary_and_the_whole(self, a: Conditions, part: float) -> None:
        for ordinaire, moins, tout in zip(plain(ORDINAIRES), plain(fade(a, part)), plain(a), strict=True):
            assert min(ordinaire, tout) - 1e-9 <= moins <= max(ordinaire, tout) + 1e-9
        assert plain(fade(a, 1.0)) == pytest.approx(plain(a))

    def test_scenarios_that_hold_on_different_days_do_not_meet(self) -> None:
        panne, personnel = load_scenario("panne-telephone"), load_scenario("personnel-reduit")
        jours = conditions_of([(panne, DU), (personnel, DU + 2), (load_scenario(ORDINAIRE), DU)])
        assert [(jours(DU + j).appels_aboutis, jours(DU + j).presence) for j in (0, 2, 3)] == [
            (0, 1),
            (0, 0.667),
            (1, 0.667),
        ]
        assert jours(DU + 32) == ORDINAIRES

    def test_a_caf_produces_for_one_other_at_a_time(self) -> None:
        deux = [
            (Scenario(caf, "", "", Conditions(autre_caf=AutreCaf(caf, 1.0, 0.1)), duree_jours=1), DU + rang)
            for rang, caf in enumerate(("681", "661"))
        ]
        with pytest.raises(ValueError, match="681 ou 661"):
            conditions_of(deux)


class TestCommandes:
    def test_scenarios_are_listed_and_their_names_are_never_cut(self) -> None:
        fin = ecluse("scenarios", largeur=60)
        assert fin.code == 0
        assert all(nom in fin.sortie for nom in NOMS)

    def test_the_document_gives_every_parameter_with_its_mark(self) -> None:
        lus = {scenario["nom"]: scenario for scenario in ecluse("scenarios", "--json").document}
        assert lus.keys() == set(NOMS)
        marques = {p["nom"]: (p["valeur"], p["origine"]) for p in lus["panne-telephone"]["parametres"]}
        assert marques["effets.appels_aboutis"] == (0.0, "hypothese")

    def test_a_scenario_without_a_demonstration_is_refused(self) -> None:
        assert_refuses(ecluse("up", "--scenario", "site-ferme"), "--demo 091")
