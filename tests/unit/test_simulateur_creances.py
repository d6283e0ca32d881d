"""Recovery of the simulated Caf: exact years, lives that conserve every cent, and rates that only result from them."""

from __future__ import annotations

import gc
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecluse.simulateur.actes import Acte, Envoi, encode
from ecluse.simulateur.caisse import Caisse
from ecluse.simulateur.causes import Origines, gather
from ecluse.simulateur.conditions import ORDINAIRES, Conditions
from ecluse.simulateur.creances import Creances
from ecluse.simulateur.marques import ProfilRefuse
from ecluse.simulateur.montants import montants, quantiles
from ecluse.simulateur.profil import Indus, Profil, load_profil
from ecluse.simulateur.qualite import Qualite
from ecluse.simulateur.remboursements import Suivi
from shared.events.porte import Recu, judge
from shared.temps import HEURE, add_months, to_jour
from tests.oracle import indicateurs
from tests.simulee import PROFIL, etat_de, minuit_apres

REPLACE = msgspec.structs.replace
# Courriers have nothing to do with recovery, and are most of a year.
LEGER = REPLACE(PROFIL, qualite=REPLACE(PROFIL.qualite, courriers=500.0))
DU, AU = date(2023, 1, 1).toordinal(), date(2023, 12, 31).toordinal()
UN_POUR_DEUX_CENTS = 0.005
# Every act is known within so many days of its own.
QUELQUES_SEMAINES = 50


@dataclass
class Annee:
    """A run up to the end of 2023: what was emitted, with the day on which it was."""

    actes: list[tuple[int, Acte]] = field(default_factory=list)
    controles: list[Acte] = field(default_factory=list)
    declarations: list[Acte] = field(default_factory=list)
    verifications: list[Acte] = field(default_factory=list)

    def of_year(self, type_: str) -> list[Acte]:
        return [a for _, a in self.actes if a.type == type_ and DU <= to_jour(a.instant) <= AU]


def declarations(caisse: Caisse, jour: int) -> list[Acte]:
    """Some quarterly declarations that were treated on a day, as the workshop of pieces shows them."""
    tirage = caisse.draw_for(jour, "déclarations d'essai")
    instant = minuit_apres(date.fromordinal(jour)) - 3 * HEURE
    return [Acte("piece.traitee", caisse.dossier(tirage)[0], instant, {}) for _ in range(5)]


def run(
    echelle: float,
    graine: int = 0,
    mois: int = 61,
    conditions: Callable[[int], Conditions] = lambda _: ORDINAIRES,
    profil: Profil = LEGER,
) -> Annee:
    """The year 2023 with the créances of so many months before."""
    caisse = Caisse(profil, echelle, graine, "essai")
    creances, qualite, annee = Creances(caisse), Qualite(caisse), Annee()
    for jour in range(add_months(DU, -mois), AU + 1):
        if jour < DU:
            annee.actes += [(jour, a) for actes in creances.old_day(jour) for a in actes]
            continue
        journee = list(qualite.of_day(jour))
        origines = gather(journee, declarations(caisse, jour))
        annee.actes += [(jour, a) for (a,) in journee if a.type == "verification.realisee"]
        annee.controles += origines.controles
        annee.declarations += origines.declarations
        annee.verifications += origines.verifications
        annee.actes += [(jour, a) for actes in creances.of_day(jour, conditions(jour), origines) for a in actes]
    return annee


@lru_cache(maxsize=4)
def pleine(graine: int = 0) -> Annee:
    """A year at full scale, old créances of some months included."""
    return run(1.0, graine, mois=4)


def lignes(actes: Iterable[Acte]) -> list[bytes]:
    """The events of acts, sent when they happen."""
    return [encode(Envoi(a.instant, r, a.instant, f"e-{r}", a), "091") for r, a in enumerate(actes)]


class TestExactitude:
    @pytest.mark.parametrize("graine", [0, 1])
    def test_numbers_of_a_year_are_those_of_the_profile(self, graine: int) -> None:
        annee, profil = pleine(graine), LEGER
        assert len(annee.of_year("fraude.qualifiee")) == profil.fraudes.qualifiees.nombre
        assert len(annee.of_year("droits.clos")) == profil.creances.droits_clos
        assert len(annee.of_year("indu.constate")) == pytest.approx(
            profil.creances.indus.nombre, rel=UN_POUR_DEUX_CENTS
        )
        for moment, voulues in (("iql0", profil.qualite.iql0), ("iql6", profil.qualite.iql6)):
            faites = [v.data["conforme"] for v in annee.verifications if v.data["moment"] == moment]
            assert len(faites) == voulues.nombre
            assert sum(faites) / len(faites) == pytest.approx(voulues.conformes, rel=UN_POUR_DEUX_CENTS)

    @pytest.mark.parametrize("graine", [0, 1])
    def test_euros_of_a_year_are_those_of_the_profile(self, graine: int) -> None:
        annee, profil = pleine(graine), LEGER
        prejudices = sum(a.data["prejudice_centimes"] for a in annee.of_year("fraude.qualifiee"))
        assert prejudices == pytest.approx(100 * profil.fraudes.qualifiees.euros, rel=UN_POUR_DEUX_CENTS)
        indus, voulus = sum(a.data["montant_centimes"] for a in annee.of_year("indu.constate")), profil.creances.indus
        assert indus == pytest.approx(100 * voulus.nombre * voulus.euros_en_moyenne, rel=UN_POUR_DEUX_CENTS)

    def test_controls_come_out_in_number_and_in_both_effects(self) -> None:
        qualite, sommes = LEGER.qualite, defaultdict[str, Counter[str]](Counter)
        for controle in pleine().controles:
            faits = sommes[controle.data["type_controle"]]
            faits["nombre"] += 1
            faits["indus"] += controle.data["indu_centimes"]
            faits["rappels"] += controle.data["rappel_centimes"]
            faits["sans effet"] += not (controle.data["indu_centimes"] or controle.data["rappel_centimes"])
        for type_, voulus in (
            ("place", qualite.controles_place),
            ("echange", qualite.controles_echange),
            ("metier", qualite.controles_metier),
        ):
            assert sommes[type_]["nombre"] == voulus.nombre
            assert sommes[type_]["indus"] == pytest.approx(100 * voulus.indus_euros, rel=UN_POUR_DEUX_CENTS)
            assert sommes[type_]["rappels"] == pytest.approx(100 * voulus.rappels_euros, rel=UN_POUR_DEUX_CENTS)
            assert sommes[type_]["sans effet"] == pytest.approx(qualite.controles_sans_effet * voulus.nombre, abs=2)
        pieces = sommes["pieces"]
        assert pieces["nombre"] == qualite.controles_pieces.nombre
        impact = 100 * qualite.controles_pieces.impact_euros
        assert pieces["indus"] + pieces["rappels"] == pytest.approx(impact, rel=UN_POUR_DEUX_CENTS)

    def test_causes_and_decisions_keep_the_shares_of_the_profile(self) -> None:
        annee, profil = pleine(), LEGER.creances
        fraudes = {a.data["creance"] for _, a in annee.actes if a.type == "fraude.qualifiee"}
        causes = Counter(a.data["cause"] for a in annee.of_year("indu.constate") if a.data["creance"] not in fraudes)
        total = sum(causes.values())
        assert {c: n / total for c, n in causes.items() if c != "fraude"} == pytest.approx(profil.causes, abs=0.005)
        demandes = len(annee.of_year("remise.demandee"))
        assert demandes == pytest.approx(profil.remises.demandes * profil.indus.nombre, rel=0.04)
        refusees, accordees = len(annee.of_year("remise.refusee")), annee.of_year("remise.accordee")
        decidees = refusees + len(accordees)
        totales = sum(a.data["portee"] == "totale" for a in accordees)
        assert totales / decidees == pytest.approx(profil.remises.totales, abs=0.02)
        assert refusees / decidees == pytest.approx(1 - profil.remises.totales - profil.remises.partielles, abs=0.02)

    def test_demands_of_remission_are_as_many_as_the_report_counts(self) -> None:
        profil = load_profil("441")
        sans_courriers = REPLACE(profil, qualite=REPLACE(profil.qualite, courriers=500.0))
        demandes = len(run(0.2, mois=4, profil=sans_courriers).of_year("remise.demandee"))
        assert demandes == pytest.approx(0.2 * 7581, rel=UN_POUR_DEUX_CENTS)

    def test_half_the_indus_bring_half_the_demands(self) -> None:
        moitie = run(1.0, mois=4, conditions=lambda _: Conditions(indus={"autres": 0.5}))
        demandes = [len(annee.of_year("remise.demandee")) for annee in (moitie, pleine())]
        assert demandes[0] == pytest.approx(demandes[1] / 2, rel=0.15)

    def test_a_scenario_multiplies_the_indus_of_a_cause_and_no_other(self) -> None:
        doubles = run(0.3, mois=1, conditions=lambda _: Conditions(indus={"declaration_tardive": 2.0}))
        simples = run(0.3, mois=1)
        comptes = [Counter(a.data["cause"] for a in annee.of_year("indu.constate")) for annee in (doubles, simples)]
        assert comptes[0]["declaration_tardive"] == pytest.approx(2 * comptes[1]["declaration_tardive"], rel=0.05)
        assert comptes[0]["erreur_traitement"] == comptes[1]["erreur_traitement"]

    def test_frauds_that_exceed_the_indus_they_are_part_of_are_refused(self) -> None:
        peu = REPLACE(PROFIL, creances=REPLACE(PROFIL.creances, indus=Indus(9000, 100)))
        with pytest.raises(ProfilRefuse, match=r"creances\.indus"):
            Creances(Caisse(peu, 1.0, 0, "essai"))


class TestVies:
    def test_no_cent_is_repaid_remitted_or_cancelled_twice(self) -> None:
        restes: dict[str, int] = {}
        verses: dict[tuple[str, str], int] = {}
        for acte in sorted((a for _, a in run(0.15, mois=30).actes), key=lambda a: a.instant):
            creance = acte.data.get("creance", "")
            if acte.type == "indu.constate":
                restes[creance] = acte.data["montant_centimes"]
            elif acte.type == "encaissement.constate":
                verses[creance, acte.data["encaissement"]] = acte.data["montant_centimes"]
                restes[creance] -= acte.data["montant_centimes"]
            elif acte.type == "encaissement.annule":
                restes[creance] += verses.pop((creance, acte.data["encaissement"]))
            elif acte.type in ("indu.annule", "remise.accordee"):
                restes[creance] -= acte.data["montant_centimes"]
            if creance in restes:
                assert restes[creance] >= 0, acte
        assert sum(reste == 0 for reste in restes.values()) > 0.7 * len(restes)
        assert any(reste > 0 for reste in restes.values())

    def test_nothing_comes_before_the_indu_nor_long_after_it_is_settled(self) -> None:
        constats: dict[str, int] = {}
        for jour, acte in pleine().actes:
            assert jour <= to_jour(acte.instant) < jour + QUELQUES_SEMAINES
            if acte.type == "indu.constate":
                constats[acte.data["creance"]] = acte.instant
            elif "creance" in acte.data:
                assert acte.instant > constats[acte.data["creance"]]

    def test_every_way_to_end_is_taken(self) -> None:
        annee = pleine()
        types = {a.type for _, a in annee.actes}
        assert types >= {"encaissement.annule", "indu.annule", "remise.accordee", "remise.refusee", "fraude.qualifiee"}
        assert {a.data["motif"] for a in annee.of_year("indu.annule")} == {"recours", "erreur", "mediation"}
        modes = {a.data["mode"] for a in annee.of_year("encaissement.constate")}
        assert modes == {"retenue", "versement", "prelevement", "compensation", "huissier"}
        seuil = 100 * LEGER.creances.seuil_cra_euros
        demandes = {a.data["creance"]: a.data["montant_centimes"] for a in annee.of_year("remise.demandee")}
        for decision in annee.of_year("remise.accordee"):
            if decision.data["creance"] in demandes:
                assert (decision.data["instance"] == "cra") == (demandes[decision.data["creance"]] > seuil)

    def test_retenues_are_taken_on_the_day_benefits_are_paid(self) -> None:
        caisse = Caisse(LEGER, 1.0, 0, "essai")
        quantieme = LEGER.calendrier.jour_de_paie
        paies = {caisse.next_working(date(2023, mois, quantieme).toordinal()) for mois in range(1, 13)}
        jours = {to_jour(a.instant) for a in pleine().of_year("encaissement.constate") if a.data["mode"] == "retenue"}
        assert jours == paies

    def test_whose_retenues_stop_draws_nothing_any_more(self) -> None:
        annee = pleine()
        retenus = {a.dossier for _, a in annee.actes if a.data.get("mode") == "retenue"}
        clos = [a.dossier in retenus for a in annee.of_year("droits.clos")]
        par_hasard = len(clos) * len(retenus) / LEGER.population.dossiers
        assert sum(clos) > par_hasard + 150


class TestCauses:
    def test_an_indu_born_of_a_control_bears_its_dossier_and_its_amount(self) -> None:
        annee = pleine()
        textes = {"place": "sur place", "pieces": "sur pièces", "echange": "échange", "metier": "métier"}
        controles = {(c.dossier, c.data["indu_centimes"]): c for c in annee.controles if c.data["indu_centimes"]}
        nes = [a for a in annee.of_year("indu.constate") if _from_control(a)]
        for indu in nes:
            controle = controles[indu.dossier, indu.data["montant_centimes"]]
            assert controle.instant < indu.instant
            assert textes[controle.data["type_controle"]] in indu.data["origine"]
        assert len({(i.dossier, i.data["montant_centimes"]) for i in nes}) == len(nes)
        assert len(nes) > 0.6 * len(controles)
        assert {i.data["cause"] for i in nes} == {"erreur_declaration", "fraude"}

    @pytest.mark.parametrize(
        ("cause", "origine"), [("declaration_tardive", "déclaration tardive"), ("erreur_traitement", "vérification")]
    )
    def test_other_indus_are_those_of_dossiers_of_the_day(self, cause: str, origine: str) -> None:
        annee = pleine()
        verifies = [v for v in annee.verifications if not v.data["conforme"]]
        vus = annee.declarations if cause == "declaration_tardive" else verifies
        du_jour = {(a.dossier, to_jour(a.instant)): a.instant for a in vus}
        indus = [a for a in annee.of_year("indu.constate") if a.data.get("origine") == origine]
        assert len(indus) > 300
        assert {a.data["cause"] for a in indus} == {cause}
        for indu in indus:
            assert indu.instant > du_jour[indu.dossier, to_jour(indu.instant)]

    def test_a_day_of_which_nothing_is_told_still_has_its_indus(self) -> None:
        jour = date(2023, 6, 7).toordinal()
        par_origines = [
            [a for actes in Creances(Caisse(LEGER, 1.0, 0, "essai")).of_day(jour, ORDINAIRES, o) for a in actes]
            for o in (None, Origines())
        ]
        comptes = [sum(a.type == "indu.constate" for a in actes) for actes in par_origines]
        assert comptes[0] == comptes[1] > 20


def _from_control(indu: Acte) -> bool:
    return any(mot in indu.data.get("origine", "") for mot in ("contrôle", "échange"))


class TestFlux:
    def test_the_same_seed_gives_the_same_bytes_and_another_gives_others(self) -> None:
        premiere, encore, autre = (lignes(a for _, a in run(0.02, graine, mois=6).actes) for graine in (0, 0, 1))
        assert premiere == encore
        assert set(premiere).isdisjoint(autre)

    def test_the_door_takes_every_event_and_the_oracle_applies_it(self) -> None:
        octets = lignes(a for _, a in run(0.02, mois=12).actes if to_jour(a.instant) <= AU)
        minuit = minuit_apres(date.fromordinal(AU))
        assert [j for j in (judge(o, minuit) for o in octets) if not isinstance(j, Recu)] == []
        tout = etat_de(octets)
        assert (tout.lettres_mortes, tout.en_attente) == ([], [])
        assert sum(c.trop_rembourse for c in tout.creances) == 0

    def test_memory_holds_what_is_under_way_whatever_the_years(self) -> None:
        creances, vivants = Creances(Caisse(LEGER, 0.05, 0, "essai")), list[int]()
        for annee in range(2014, 2024):
            premier, fin = date(annee, 1, 1).toordinal(), date(annee + 1, 1, 1).toordinal()
            nes = [j for j in range(premier, fin) for actes in creances.of_day(j) if actes[0].type == "indu.constate"]
            gc.collect()
            suivis = sum(isinstance(objet, Suivi) for objet in gc.get_objects())
            # What is over is kept as long as a remission may be asked for, and no longer.
            assert 0 <= suivis - len(creances) <= sum(jour > fin - QUELQUES_SEMAINES for jour in nes)
            vivants.append(_weight(creances))
        assert max(vivants[7:]) < 1.15 * max(vivants[3:6])


def _weight(racine: object) -> int:
    """How many objects are reached from one, but for classes, functions and the Caf itself."""
    vus, reste = dict[int, object](), [racine]
    while reste:
        objet = reste.pop()
        if id(objet) in vus or isinstance(objet, type | Caisse) or callable(objet):
            continue
        vus[id(objet)] = objet
        reste += gc.get_referents(objet)
    return len(vus)


DES_TAUX = {"indu.constate", "encaissement.constate", "encaissement.annule", "indu.annule", "fraude.qualifiee"}


def cohorte(creances: Creances, debut: int, mois: int, indus: float, fraudes: float) -> Iterator[Acte]:
    """The acts of the créances found in the twelve months that end so many months before the end of 2023."""
    avant, dernier = add_months(AU, -(mois + 12)), add_months(AU, -mois)
    suivies = set[str]()
    for jour in range(debut, AU + 1):
        for actes in creances.old_day(jour, indus, fraudes):
            if actes[0].type == "indu.constate" and avant < to_jour(actes[0].instant) <= dernier:
                suivies.add(actes[0].data["creance"])
            if actes[0].data["creance"] in suivies:
                yield from (a for a in actes if a.type in DES_TAUX and to_jour(a.instant) <= AU)


class TestRecouvrement:
    """The rates are nowhere in the simulator: they come of who pays, how much a month, and who stops."""

    def test_of_indus_at_24_months(self) -> None:
        creances = Creances(Caisse(LEGER, 0.3, 0, "essai"))
        octets = lignes(cohorte(creances, add_months(AU, -36), 24, 1.0, 0.0))
        taux = indicateurs(etat_de(octets), "091", date(2023, 1, 1), date(2023, 12, 31))["COG-10-43"]["valeur"]
        # 0.869 (002 L2181), 0.871 (004 L515), 0.877 (000 L2177): one seed lies within two points of their middle.
        assert taux == pytest.approx(0.872, abs=0.02)

    def test_of_frauds_at_48_months(self) -> None:
        creances = Creances(Caisse(LEGER, 1.0, 0, "essai"))
        octets = lignes(cohorte(creances, add_months(AU, -62), 48, 0.0, 4.0))
        taux = indicateurs(etat_de(octets), "091", date(2023, 1, 1), date(2023, 12, 31))["COG-10-42"]["valeur"]
        # 0.592 (004 L515). A year has a hundred of them and spreads over ten points; four times as many, over five.
        assert taux == pytest.approx(0.592, abs=0.05)

    def test_direct_repayment_is_a_small_part(self) -> None:
        encaisses = Counter[str]()
        for acte in run(0.25, mois=36).of_year("encaissement.constate"):
            encaisses[acte.data["mode"]] += acte.data["montant_centimes"]
        directs = (encaisses["versement"] + encaisses["prelevement"]) / sum(encaisses.values())
        # 16 % (002 L2185)
        assert directs == pytest.approx(0.16, abs=0.03)


class TestMontants:
    @given(st.integers(1, 500), st.integers(10_000, 10**9), st.floats(0.1, 2.0), st.randoms(use_true_random=False))
    def test_amounts_sum_to_their_total(self, nombre: int, total: int, dispersion: float, tirage: object) -> None:
        tires = quantiles(tirage, nombre, total, dispersion)  # type: ignore[arg-type]  # Hypothesis's Random
        assert len(tires) == nombre
        assert min(tires) >= 1
        assert sum(tires) == pytest.approx(total, abs=nombre)

    def test_many_are_small_and_a_few_large(self) -> None:
        paquets = montants(Caisse(PROFIL, 1.0, 0, "essai"), "essai", 5_000, 1_000_000, 1.0)
        tires = sorted(paquets.draw(2023) for _ in range(5_000))
        assert sum(tires) == 100_000_000
        moyenne = sum(tires) / len(tires)
        assert tires[2_500] < 0.65 * moyenne
        assert sum(tires[-500:]) > 0.35 * sum(tires)
