"""What the tools of the simulated Caf do to events: it adds to the flow, and takes nothing from it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import lru_cache

import msgspec
import pytest
from msgspec.structs import replace

from ecluse.simulateur.actes import Envoi, encode
from ecluse.simulateur.fautes import FAUTES
from ecluse.simulateur.generateur import history, simulate
from ecluse.simulateur.outils import _FONDATEURS
from ecluse.simulateur.profil import Profil
from shared.events.nir import looks_like_nir
from shared.events.porte import Recu, Refus, judge
from shared.temps import HEURE, start_of_day, to_jour
from tests.oracle import juge_lignes
from tests.simulee import MERCREDI, PETITE, PROFIL, etat_de, lis, minuit_apres, passe

DU, AU = date(2023, 3, 6), date(2023, 3, 17)
PARFAITS = {"doublons": 0.0, "retards": 0.0, "corrections": 0.0, "tardifs": 0.0, "refuses": 0.0}


def outille(**taux: float) -> Profil:
    """The Caf of the tests with tools that fail only at these rates."""
    return replace(PROFIL, outils=replace(PROFIL.outils, **{**PARFAITS, **taux}))


@lru_cache(maxsize=8)
def envois(**taux: float) -> tuple[Envoi, ...]:
    """Two weeks of a small Caf whose tools fail at these rates."""
    return tuple(simulate(outille(**taux), DU.toordinal(), AU.toordinal(), echelle=0.01))


def octets(**taux: float) -> list[bytes]:
    return [encode(envoi, "091") for envoi in envois(**taux)]


class TestRefus:
    @pytest.mark.parametrize("faute", FAUTES)
    def test_each_kind_is_refused_by_the_door_and_by_the_oracle_whatever_the_type_and_the_day(self, faute: str) -> None:
        par_type = {
            e.acte.type: e for e in envois() if faute != "montant_a_virgule" or "montant_centimes" in e.acte.data
        }
        assert len(par_type) >= 4
        fautifs = [encode(envoi._replace(faute=faute), "091") for envoi in par_type.values()]
        for an in (2023, 2095):
            instant = datetime(an, 12, 31, tzinfo=UTC)
            verdicts = [judge(o, start_of_day(instant.toordinal())) for o in fautifs]
            assert [v for v in verdicts if not isinstance(v, Refus)] == []
            assert len(juge_lignes(fautifs, instant).rejets) == len(fautifs)
        bons = [encode(envoi, "091") for envoi in par_type.values()]
        assert all(isinstance(judge(o, minuit_apres(AU)), Recu) for o in bons)

    def test_there_are_six_kinds_at_least_and_each_has_its_own_reason(self) -> None:
        encaissement = next(e for e in envois() if e.acte.type == "encaissement.constate")
        raisons = set[str]()
        for faute in FAUTES:
            verdict = judge(encode(encaissement._replace(faute=faute), "091"), minuit_apres(AU))
            assert isinstance(verdict, Refus)
            raisons.add(verdict.detail)
        assert len(raisons) == len(FAUTES) >= 6
        assert any("NIR" in raison for raison in raisons)

    def test_the_nir_can_be_that_of_nobody(self) -> None:
        dossier = lis(encode(envois()[0]._replace(faute="nir"), "091"))["subject"]
        assert looks_like_nir(dossier)
        assert dossier[3:5] == "00", "no month has this number"

    def test_they_come_beside_the_good_events_at_their_rate_and_leave_no_trace(self) -> None:
        avec = envois(refuses=0.3)
        fautifs = [e for e in avec if e.faute]
        assert len(fautifs) == pytest.approx(0.3 * (len(avec) - len(fautifs)), rel=0.15)
        assert {e.faute for e in fautifs} == set(FAUTES)
        assert [e._replace(rang=0) for e in avec if not e.faute] == [e._replace(rang=0) for e in envois()]
        jugement = juge_lignes([encode(e, "091") for e in avec], datetime(2090, 1, 1, tzinfo=UTC))
        assert [avec[rejet.ligne - 1].faute != "" for rejet in jugement.rejets] == [True] * len(fautifs)


class TestTardifs:
    def test_facts_are_keyed_in_days_after_they_happened_on_a_working_day(self) -> None:
        tous = {e.id: e for e in envois()}
        plus_tard = [e for e in envois(tardifs=0.2) if e.emis != tous[e.id].emis]
        possibles = [e for e in tous.values() if e.acte.type not in _FONDATEURS]
        # Those of the end of the period are keyed in after it: not sent.
        assert 0.08 * len(possibles) < len(plus_tard) < 0.22 * len(possibles)
        jours = [to_jour(e.emis) - to_jour(tous[e.id].emis) for e in plus_tard if to_jour(e.emis) < DU.toordinal()]
        assert len(jours) > 30
        assert min(jours) >= 1
        assert sum(jours) / len(jours) == pytest.approx(PROFIL.outils.tardifs_jours, rel=0.25)
        assert not _FONDATEURS & {e.acte.type for e in plus_tard}

    def test_no_fact_waits_for_another_at_the_end_of_a_period_and_nothing_is_after_it(self) -> None:
        fin = start_of_day(AU.toordinal() + 1)
        flux = envois(tardifs=0.3, doublons=0.1, retards=0.3, corrections=0.3)
        assert max(max(e.recu, e.emis, e.acte.instant) for e in flux) < fin
        tout = etat_de([encode(e, "091") for e in flux])
        assert (tout.lettres_mortes, tout.en_attente) == ([], [])


class TestReste:
    def test_what_goes_wrong_takes_nothing_from_the_flow(self) -> None:
        parfaits = octets()
        assert len(set(parfaits)) == len(parfaits)
        for taux in ({"doublons": 0.3}, {"retards": 0.3}, {"corrections": 0.3}, {"refuses": 0.3}):
            assert set(parfaits) <= set(octets(**taux)), taux

    def test_duplicates_disorder_and_corrections_come_at_their_rates(self) -> None:
        sans = len(envois())
        assert len(envois(doublons=0.1)) - sans == pytest.approx(0.1 * sans, rel=0.15)
        retenus = [e for e in envois(retards=0.1) if e.recu - e.emis >= 2 * HEURE]
        assert len(retenus) == pytest.approx(0.1 * sans, rel=0.15)
        corriges = [e for e in envois(corrections=0.1) if e.id.endswith("-c")]
        possibles = [e for e in envois() if e.acte.type in ("piece.arrivee", "piece.traitee")]
        assert len(corriges) == pytest.approx(0.1 * len(possibles), rel=0.3)
        assert {e.acte.type for e in corriges} == {"piece.arrivee", "piece.traitee"}

    def test_a_demonstration_has_nothing_to_refuse_whatever_the_profile(self) -> None:
        pire = replace(PROFIL, outils=replace(PROFIL.outils, tardifs=1.0, refuses=1.0))
        assert tuple(history(pire, MERCREDI.toordinal(), echelle=PETITE)) == passe(MERCREDI)

    def test_the_same_seed_gives_the_same_bytes_and_no_two_events_share_an_id(self) -> None:
        taux = {"doublons": 0.1, "retards": 0.1, "corrections": 0.1, "tardifs": 0.1, "refuses": 0.1}
        lignes = octets(**taux)
        encore = simulate(outille(**taux), DU.toordinal(), AU.toordinal(), echelle=0.01)
        assert [encode(e, "091") for e in encore] == lignes
        distincts = {(msgspec.json.decode(o)["source"], msgspec.json.decode(o)["id"]) for o in set(lignes)}
        assert len(distincts) == len(set(lignes))
