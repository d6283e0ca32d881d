"""Contacts and rendez-vous of the simulated Caf, judged by the door and by the oracle."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from functools import lru_cache
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from ecluse.simulateur.actes import Acte, Envoi, encode
from ecluse.simulateur.caisse import FERMETURE, OUVERTURE, Caisse, at
from ecluse.simulateur.conditions import ORDINAIRES, Conditions
from ecluse.simulateur.contacts import Contacts
from ecluse.simulateur.profil import Profil
from ecluse.simulateur.rendez_vous import RendezVous
from ecluse.simulateur.tirages import Quota
from shared.calendar import is_working_day
from shared.events.porte import Recu, judge
from shared.temps import HEURE, SECONDE, from_datetime, to_jour
from tests.oracle import Etat, etat, indicateurs, juge_lignes
from tests.oracle.values import Chiffre
from tests.simulee import PROFIL

PREMIER, DERNIER = date(2023, 1, 1), date(2023, 12, 31)
AVANT = 40
DIXIEME = 0.1
LUNDI = date(2023, 3, 13).toordinal()
PANNE, FERME = Conditions(appels_aboutis=0.3), Conditions(sites_fermes=frozenset({"pamiers"}))
UN_MOIS = (date(2023, 3, 1), date(2023, 3, 31))
Jours = Callable[[int], Conditions]


def ordinaire(_: int) -> Conditions:
    return ORDINAIRES


def la_semaine(conditions: Conditions) -> Jours:
    """These conditions from Monday to Friday, ordinary days before and after."""
    return lambda jour: conditions if LUNDI <= jour < LUNDI + 5 else ORDINAIRES


def vies(
    du: date,
    au: date,
    *,
    profil: Profil = PROFIL,
    echelle: float = DIXIEME,
    graine: int = 3,
    jours: Jours = ordinaire,
    en_attente: tuple[str, ...] = (),
) -> Iterator[list[Acte]]:
    """The acts of each contact and rendez-vous that begins in a period, and in the weeks before it."""
    caisse = Caisse(profil, echelle, graine, "essai")
    contacts, rendez_vous = Contacts(caisse), RendezVous(caisse, jours)
    for jour in range(du.toordinal() - AVANT, au.toordinal() + 1):
        yield from contacts.of_day(jour, jours(jour), en_attente)
        yield from rendez_vous.of_day(jour)


def lignes(vies: Iterator[list[Acte]], au: date) -> list[bytes]:
    """The events of the acts that are not dated after a day."""
    actes = [acte for actes in vies for acte in actes if to_jour(acte.instant) <= au.toordinal()]
    return [encode(Envoi(a.instant, n, a.instant + SECONDE, f"e-{n}", a), "091") for n, a in enumerate(actes)]


def juges(octets: list[bytes]) -> Etat:
    jugement = juge_lignes(octets, datetime(2090, 1, 1, tzinfo=UTC))
    assert jugement.rejets == []
    return etat(jugement.acceptes)


@lru_cache(maxsize=1)
def annee() -> dict[str, Chiffre]:
    """The figures of a year at a tenth, once its last mails are answered: what has no answer yet is in no share."""
    tout = juges(lignes(vies(PREMIER, DERNIER), date(2024, 4, 30)))
    return indicateurs(tout, "091", PREMIER, DERNIER)


def mois(jours: Jours) -> Etat:
    return juges(lignes(vies(*UN_MOIS, echelle=0.3, jours=jours), UN_MOIS[1]))


@lru_cache(maxsize=1)
def mois_ordinaire() -> Etat:
    return mois(ordinaire)


def recus_de_la_semaine(jours: Jours) -> Counter[str]:
    """The contacts of the week at full scale, by channel, visits by site."""
    recus = (a[0] for a in vies(*UN_MOIS, echelle=1.0, jours=jours) if a[0].type == "contact.recu")
    semaine = [r.data for r in recus if LUNDI <= to_jour(r.instant) < LUNDI + 5]
    return Counter(data.get("site", data["canal"]) for data in semaine)


def chiffre(tout: Etat, code: str, du: int, au: int) -> float:
    valeur = indicateurs(tout, "091", date.fromordinal(du), date.fromordinal(au))[code]["valeur"]
    assert valeur is not None
    return float(valeur)


class TestVolumes:
    def test_a_year_holds_the_printed_volumes_to_a_few_units(self) -> None:
        par_jour, rdv = Counter[str](), Counter[str]()
        for actes in vies(PREMIER, DERNIER, echelle=1.0):
            if to_jour(actes[0].instant) >= PREMIER.toordinal() and actes[0].type == "contact.recu":
                data, fin = actes[0].data, actes[-1].data
                par_jour[data["canal"] if data["canal"] != "telephone" else fin["issue"] + fin.get("par", "")] += 1
            modalites = [a.data["modalite"] for a in actes if a.type == "rendez_vous.propose"]
            if modalites and PREMIER.toordinal() <= to_jour(actes[-1].instant) <= DERNIER.toordinal():
                rdv[f"{actes[-1].type} {modalites[-1]}"] += 1
        contacts = PROFIL.contacts
        recus = contacts.appels_traites / contacts.part_appels_traites
        assert par_jour["accueil"] == pytest.approx(sum(contacts.visites.values()), abs=8)
        assert par_jour["courriel"] == pytest.approx(contacts.courriels, abs=1)
        assert par_jour["courrier"] == pytest.approx(contacts.courriers, abs=1)
        assert par_jour["repondu"] == pytest.approx(contacts.appels_traites, abs=1)
        assert par_jour["reponduautomate"] == pytest.approx(recus * contacts.part_appels_automate, abs=1)
        assert sum(par_jour[i] for i in ("repondu", "reponduautomate", "abandonne")) == pytest.approx(recus, abs=3)
        for modalite, par_an in PROFIL.rendez_vous.honores.items():
            assert rdv[f"rendez_vous.honore {modalite}"] == pytest.approx(par_an, abs=1)

    def test_the_oracle_counts_them_at_a_tenth(self) -> None:
        contacts, honores = PROFIL.contacts, PROFIL.rendez_vous.honores
        voulus = {
            "VISITES": sum(contacts.visites.values()),
            "COURRIELS-RECUS": contacts.courriels,
            "APPELS-RECUS": contacts.appels_traites / contacts.part_appels_traites,
            "APPELS-TRAITES-NOMBRE": contacts.appels_traites,
            "RDV-HONORES-site": honores["site"],
            "RDV-HONORES-telephone": honores["telephone"],
            "RDV-HONORES-visio": PROFIL.rendez_vous.visio,
        }
        obtenus = {code: annee()[code]["valeur"] for code in voulus}
        assert obtenus == {code: pytest.approx(par_an * DIXIEME, abs=6) for code, par_an in voulus.items()}

    def test_the_kept_rendez_vous_are_among_the_visits_only_where_the_profile_says_so(self) -> None:
        a_part = replace(PROFIL, rendez_vous=replace(PROFIL.rendez_vous, part_visites=0.0))
        comptes = [
            sum(a[0].type == "contact.recu" and a[0].data["canal"] == "accueil" for a in vies(*UN_MOIS, profil=p))
            for p in (PROFIL, a_part)
        ]
        assert comptes[0] == pytest.approx(comptes[1], rel=0.05)


class TestParts:
    def test_the_printed_shares_come_out_over_a_year(self) -> None:
        contacts, rdv = PROFIL.contacts, PROFIL.rendez_vous
        obtenus = {code: c["valeur"] for code, c in annee().items()}
        assert obtenus["COURRIELS-PEC-48H"] == pytest.approx(contacts.courriels_48h, abs=0.005)
        assert obtenus["COG-08-27"] == pytest.approx(contacts.courriels_generaux_48h, abs=0.01)
        assert obtenus["COG-08-25"] == pytest.approx(contacts.reclamations_10j, abs=0.03)
        assert obtenus["RDV-7J"] == pytest.approx(rdv.proposes_7j, abs=0.02)
        assert obtenus["TAUX-ABSENCE"] == pytest.approx(rdv.absence, abs=0.01)
        assert obtenus["APPELS-TRAITES"] == pytest.approx(contacts.part_appels_traites, abs=0.005)

    def test_late_mails_have_a_long_tail(self) -> None:
        delais = [
            (actes[1].instant - actes[0].instant) / (24 * HEURE)
            for actes in vies(*UN_MOIS, echelle=1.0)
            if actes[0].data.get("canal") == "courriel"
        ]
        tardifs = [delai for delai in delais if delai >= 2]
        assert sum(tardifs) / len(tardifs) == pytest.approx(PROFIL.contacts.courriels_tardifs_jours, rel=0.1)
        assert max(tardifs) > 40

    def test_more_people_who_come_back_is_more_repeated_contacts(self) -> None:
        parts = []
        for reiteres in (0.0, 0.2, 0.4):
            profil = replace(PROFIL, contacts=replace(PROFIL.contacts, reiteres=reiteres))
            tout = juges(lignes(vies(*UN_MOIS, profil=profil), UN_MOIS[1]))
            parts.append(chiffre(tout, "REITERATION-7J", UN_MOIS[0].toordinal(), UN_MOIS[1].toordinal()))
        assert parts[0] + 0.1 < parts[1] < parts[2] - 0.1

    def test_those_whom_nobody_answered_call_again_within_the_same_volume(self) -> None:
        comptes, suivis = [], []
        for rappels in (0.0, 0.9):
            profil = replace(PROFIL, contacts=replace(PROFIL.contacts, rappels=rappels, reiteres=0.0))
            appels = [a for a in vies(*UN_MOIS, profil=profil) if a[0].data.get("canal") == "telephone"]
            comptes.append(len(appels))
            perdus = {(a[0].dossier, to_jour(a[0].instant)) for a in appels if a[-1].data["issue"] == "abandonne"}
            recus = {(a[0].dossier, to_jour(a[0].instant)) for a in appels}
            suivis.append(sum(any((d, j + n) in recus for n in (1, 2, 3)) for d, j in perdus) / len(perdus))
        assert comptes[0] == comptes[1]
        assert suivis[0] < 0.3 < 0.6 < suivis[1]

    def test_people_whose_piece_waits_come_and_ask(self) -> None:
        attend = ("D-attend-1", "D-attend-2")
        sur_dossier = [
            a[0]
            for a in vies(*UN_MOIS, en_attente=attend)
            if a[0].type == "contact.recu" and a[0].data["nature"] == "dossier"
        ]
        part = sum(recu.dossier in attend for recu in sur_dossier) / len(sur_dossier)
        # Some of them come back within the week, whatever they come for.
        assert PROFIL.contacts.sur_attente * 0.6 < part < 2 * PROFIL.contacts.sur_attente


class TestConditions:
    def test_a_closed_site_receives_nobody_and_its_visitors_go_elsewhere_or_stay_at_home(self) -> None:
        ferme, ouvert = (recus_de_la_semaine(jours) for jours in (la_semaine(FERME), ordinaire))
        assert ferme["pamiers"] == 0 < ouvert["pamiers"]
        ailleurs = sum(ferme[site] - ouvert[site] for site in PROFIL.contacts.visites if site != "pamiers")
        assert ailleurs == pytest.approx(0.35 * ouvert["pamiers"], abs=8)
        assert ferme["telephone"] - ouvert["telephone"] == pytest.approx(0.3 * ouvert["pamiers"], abs=8)
        assert ferme["courriel"] == ouvert["courriel"]

    def test_the_rendez_vous_of_a_closed_site_are_moved_by_the_caf_and_none_is_kept_there(self) -> None:
        deplaces, tenus_ailleurs = 0, 0
        for actes in vies(*UN_MOIS, echelle=1.0, jours=la_semaine(FERME)):
            lieux = [a.data for a in actes if a.type == "rendez_vous.propose"]
            if not lieux:
                continue
            fin = to_jour(actes[-1].instant)
            if LUNDI <= fin < LUNDI + 5 and actes[-1].type != "rendez_vous.annule":
                assert lieux[-1].get("site") != "pamiers"
            if len(lieux) == 2:
                assert lieux[0]["site"] == "pamiers"
                assert fin >= LUNDI
                deplaces += any(a.type == "rendez_vous.deplace" and a.data["par"] == "caf" for a in actes)
                tenus_ailleurs += 1
        assert deplaces == tenus_ailleurs > 0

    def test_a_site_that_is_known_to_be_closed_is_offered_to_nobody(self) -> None:
        du = UN_MOIS[0].toordinal()
        for actes in vies(*UN_MOIS, jours=lambda jour: FERME if jour >= du else ORDINAIRES):
            if actes[0].type == "rendez_vous.demande" and to_jour(actes[0].instant) >= du:
                assert actes[1].data.get("site") != "pamiers"

    def test_a_phone_outage_loses_calls_and_brings_more_of_everything_in_the_days_after(self) -> None:
        panne, sans = mois(la_semaine(PANNE)), mois_ordinaire()
        aboutis = [chiffre(tout, "APPELS-TRAITES", LUNDI, LUNDI + 4) for tout in (panne, sans)]
        assert aboutis[0] == pytest.approx(PANNE.appels_aboutis * aboutis[1], abs=0.03)
        for code in ("APPELS-RECUS", "VISITES", "COURRIELS-RECUS"):
            apres = [chiffre(tout, code, LUNDI + 1, LUNDI + 8) for tout in (panne, sans)]
            assert apres[0] > apres[1]
        plus_tard = [chiffre(tout, "APPELS-RECUS", LUNDI + 14, LUNDI + 18) for tout in (panne, sans)]
        assert plus_tard[0] == plus_tard[1]

    def test_the_factor_of_a_channel_moves_that_channel_alone(self) -> None:
        double, sans = map(recus_de_la_semaine, (la_semaine(Conditions(contacts={"courriel": 2.0})), ordinaire))
        assert double.pop("courriel") == pytest.approx(2 * sans.pop("courriel"), rel=0.02)
        assert double == sans

    def test_nobody_asks_for_a_rendez_vous_on_a_day_whose_factor_is_zero(self) -> None:
        jours = la_semaine(Conditions(contacts={"rendez_vous": 0.0}))
        demandes = Counter(to_jour(a[0].instant) for a in vies(*UN_MOIS, jours=jours) if "rdv" in a[0].data)
        assert sum(demandes[LUNDI + n] for n in range(5)) == 0 < demandes[LUNDI + 7]

    def test_mails_wait_longer_when_agents_are_few(self) -> None:
        parts = [
            chiffre(juges(lignes(vies(*UN_MOIS, jours=jours), UN_MOIS[1])), "COURRIELS-PEC-48H", LUNDI, LUNDI + 4)
            for jours in (la_semaine(Conditions(presence=0.4)), ordinaire)
        ]
        assert parts[0] < parts[1] - 0.1


class TestVies:
    def test_the_door_accepts_every_event(self) -> None:
        maintenant = from_datetime(datetime(2023, 6, 1, tzinfo=UTC))
        octets = lignes(vies(*UN_MOIS, jours=la_semaine(FERME)), UN_MOIS[1])
        assert [j for j in (judge(o, maintenant) for o in octets) if not isinstance(j, Recu)] == []

    def test_a_demand_a_proposal_a_booking_and_an_outcome_follow_in_order(self) -> None:
        formes = set()
        for actes in vies(*UN_MOIS, jours=la_semaine(FERME)):
            types = [a.type.removeprefix("rendez_vous.") for a in actes]
            assert all(avant.instant <= apres.instant for avant, apres in pairwise(actes))
            if types[0] != "demande":
                continue
            formes.add(types[-1])
            assert types[:3] == ["demande", "propose", "pris"]
            assert {types[-1]} <= {"honore", "manque", "annule"}
            debut = [a.data["debut"] for a in actes if "debut" in a.data][-1]
            assert (actes[-1].instant < debut) == (types[-1] == "annule")
        assert formes == {"honore", "manque", "annule"}

    def test_agents_act_on_working_days_between_opening_and_closing(self) -> None:
        for actes in vies(*UN_MOIS, echelle=0.5, jours=la_semaine(FERME)):
            for acte in filter(_by_an_agent, actes):
                jour = to_jour(acte.instant)
                assert is_working_day(jour, "091"), acte
                assert at(jour, OUVERTURE) <= acte.instant <= at(jour, FERMETURE), acte

    def test_the_same_seed_gives_the_same_bytes_and_another_gives_others(self) -> None:
        une, deux, autre = (lignes(vies(*UN_MOIS, graine=g), UN_MOIS[1]) for g in (1, 1, 2))
        assert une == deux
        assert set(une).isdisjoint(autre)


@given(st.floats(0.05, 0.95), st.floats(0, 0.3), st.integers())
def test_a_quota_makes_up_for_the_cases_that_can_not_be(part: float, empeches: float, graine: int) -> None:
    # No quota makes up for more than what the others can do.
    part = min(part, 0.9 * (1 - empeches))
    tirage, quota = Random(graine), Quota(Random(graine + 1))
    pris = sum(quota.take(part, possible=tirage.random() >= empeches) for _ in range(2_000))
    assert pris == pytest.approx(part * 2_000, abs=30)


def _by_an_agent(acte: Acte) -> bool:
    if acte.type == "contact.clos":
        return acte.data["issue"] != "abandonne" and acte.data.get("par") != "automate"
    if acte.type in ("rendez_vous.deplace", "rendez_vous.annule"):
        return bool(acte.data["par"] == "caf")
    return acte.type not in ("contact.recu", "rendez_vous.demande", "rendez_vous.pris")
