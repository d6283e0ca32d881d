"""Créances: the ledger to the cent, whatever the order of the facts."""

from datetime import UTC, datetime
from typing import Any, cast

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.recovery.handlers import CREANCE, DECIDEURS
from services.recovery.rules import Compte
from shared.events.catalogue import types_of
from shared.events.mouvements import ImageCreance, ImageEncaissement, ImageRemise
from shared.runtime.objets import Etat
from tests.creances import constat, encaissement, fait, variantes
from tests.fabrique import Brut, for_oracle, histories, instants, reduce
from tests.oracle import state
from tests.oracle.creances import Creance as CreanceOracle

# Whole years apart, so that encaissements fall on both sides of the 24 and 48 months of a constat.
ANNEES = st.builds(
    lambda annee, jour: f"{annee}-{jour}T11:00:00Z",
    st.integers(2020, 2025),
    st.sampled_from(["02-28", "03-01", "07-31"]),
)
QUAND = ANNEES | instants(datetime(2024, 2, 26, 10, tzinfo=UTC), 6)
HISTOIRES = histories(variantes(st.just("K-1")), QUAND, max_size=12)


def image(*bruts: Brut) -> ImageCreance:
    (comptee,) = [c for c in reduce(CREANCE, bruts).images if c.famille == "creance"]
    assert comptee.objet == "K-1"
    return cast(ImageCreance, comptee.image)


def ledger(*bruts: Brut) -> tuple[int, int, int, int]:
    colonnes = reduce(CREANCE, bruts).colonnes
    return colonnes["du"], colonnes["encaisse"], colonnes["solde_du"], colonnes["trop_rembourse"]


def test_every_type_of_the_service_has_its_decider() -> None:
    assert {nom: genre.nom for nom, genre in DECIDEURS.items()} == {t.type: t.genre for t in types_of("recovery")}


def test_a_creance_shows_what_its_constat_says() -> None:
    assert image(constat(caf_traitante="681", cause="fraude", debiteur="partenaire")) == ImageCreance(
        caf_traitante="681",
        prestation="rsa",
        cause="fraude",
        debiteur="partenaire",
        constat="2021-02-28",
        montant_centimes=100_000,
        du_initial_centimes=100_000,
    )
    assert image(constat()).caf_traitante == "091"


def test_everything_of_an_unknown_creance_waits() -> None:
    bruts = [
        encaissement("2021-03-01T10:00:00Z", 5_000),
        fait("remise.demandee", "2021-03-02T10:00:00Z", montant_centimes=100),
        fait("fraude.qualifiee", "2021-03-03T10:00:00Z", prejudice_centimes=100),
    ]
    etat = reduce(CREANCE, bruts)
    assert (etat.dossier, etat.images, etat.travaux) == (None, (), ())
    assert set(etat.colonnes) == set(reduce(CREANCE, [constat()]).colonnes)
    assert len(reduce(CREANCE, [*bruts, constat()]).images) == 3


def test_the_ledger_adds_up_to_the_cent() -> None:
    verse = encaissement("2021-05-01T10:00:00Z", 30_001)
    annule = fait("indu.annule", "2021-06-01T10:00:00Z", montant_centimes=20_000, motif="erreur")
    remise = fait("remise.accordee", "2021-07-01T10:00:00Z", montant_centimes=9_999, instance="cra")
    assert ledger(constat(), verse) == (100_000, 30_001, 69_999, 0)
    assert ledger(constat(), verse, annule) == (80_000, 30_001, 49_999, 0)
    assert ledger(constat(), verse, annule, remise) == (70_001, 30_001, 40_000, 0)
    assert ledger(constat(), verse, encaissement("2021-08-01T10:00:00Z", 40_001, "E-2"), annule, remise) == (
        70_001,
        70_002,
        0,
        1,
    )


def test_a_cancelled_encaissement_is_out_whenever_its_cancellation_comes() -> None:
    verse = encaissement("2021-05-01T10:00:00Z", 30_000)
    avant = fait("encaissement.annule", "2021-04-01T10:00:00Z", encaissement="E-1")
    assert ledger(constat(), verse, avant) == (100_000, 0, 100_000, 0)
    assert [c.famille for c in reduce(CREANCE, [constat(), verse, avant]).images] == ["creance"]
    autre = fait("encaissement.annule", "2021-06-01T10:00:00Z", encaissement="E-2")
    assert ledger(constat(), verse, autre) == (100_000, 30_000, 70_000, 0)


def test_of_two_encaissements_of_one_identifier_the_first_holds() -> None:
    bruts = [encaissement("2021-06-01T10:00:00Z", 7), encaissement("2021-05-01T10:00:00Z", 5), constat()]
    assert ledger(*bruts)[1] == 5
    (_, payee) = reduce(CREANCE, bruts).images
    assert payee == (
        "encaissement",
        "K-1|E-1",
        ImageEncaissement(
            jour="2021-05-01", mode="versement", montant_centimes=5, caf_traitante="091", prestation="rsa"
        ),
    )


def test_each_step_of_a_remise_is_counted_by_its_own_event() -> None:
    bruts = [
        constat(),
        fait("remise.demandee", "2021-03-02T10:00:00Z", montant_centimes=500),
        fait("remise.demandee", "2021-03-02T10:00:00Z", montant_centimes=500) | {"source": "/autre"},
        fait("remise.refusee", "2021-03-03T10:00:00Z", instance="services"),
        fait("remise.accordee", "2021-03-04T10:00:00Z", instance="cra", montant_centimes=200),
    ]
    remises = [c for c in reduce(CREANCE, bruts).images if c.famille == "remise"]
    assert [(r.objet.rpartition("|")[0], cast(ImageRemise, r.image).montant_centimes) for r in remises] == [
        ("K-1|demandee", 500),
        ("K-1|demandee", 500),
        ("K-1|refusee", 0),
        ("K-1|accordee", 200),
    ]
    assert len({r.objet for r in remises}) == 4


def test_the_last_qualification_holds() -> None:
    bruts = [
        fait("fraude.qualifiee", "2021-05-01T10:00:00Z", prejudice_centimes=9),
        fait("fraude.qualifiee", "2021-04-01T10:00:00Z", prejudice_centimes=5),
    ]
    vue = image(constat(), *bruts)
    assert (vue.qualifiee, vue.prejudice_centimes) == ("2021-05-01", 9)


@pytest.mark.parametrize(
    ("constate", "encaisse", "dans_24", "dans_48"),
    [
        ("2021-03-15", "2023-03-15", True, True),
        ("2021-03-15", "2023-03-16", False, True),
        ("2021-03-15", "2025-03-15", False, True),
        ("2021-03-15", "2025-03-16", False, False),
        ("2024-02-29", "2026-02-28", True, True),
        ("2024-02-29", "2026-03-01", False, True),
        ("2024-02-29", "2028-02-29", False, True),
        ("2024-02-29", "2028-03-01", False, False),
        ("2021-03-15", "2020-01-01", True, True),
    ],
)
def test_cohorts_reach_to_the_same_day_24_and_48_months_after_the_constat(
    constate: str, encaisse: str, dans_24: bool, dans_48: bool
) -> None:
    vue = image(constat(f"{constate}T10:00:00Z"), encaissement(f"{encaisse}T10:00:00Z", 40))
    assert (vue.recouvre_24_centimes, vue.recouvre_48_centimes) == (40 * dans_24, 40 * dans_48)


def test_remises_do_not_lower_what_a_cohort_holds_the_creance_against() -> None:
    vue = image(
        constat(montant_centimes=100),
        fait("remise.accordee", "2021-03-04T10:00:00Z", instance="cra", montant_centimes=60),
        fait("indu.annule", "2029-03-04T10:00:00Z", motif="recours", montant_centimes=30),
        encaissement("2021-05-01T10:00:00Z", 90),
    )
    assert (vue.du_initial_centimes, vue.recouvre_24_centimes) == (70, 70)


@given(HISTOIRES, st.randoms(use_true_random=False), st.none() | st.integers(737_000, 739_500))
def test_any_order_of_the_same_facts_gives_the_same_state(bruts: list[Brut], hasard: Any, fin: int | None) -> None:
    assert reduce(CREANCE, hasard.sample(bruts, len(bruts)), fin) == reduce(CREANCE, bruts, fin)


@given(st.builds(Compte, *[st.integers(0, 10**13) | st.integers(0, 3)] * 4))
@example(Compte(10, 15, 0, 3))
def test_what_is_paid_is_due_or_too_much_and_what_is_due_is_paid_or_still_due(compte: Compte) -> None:
    assert compte.encaisse - compte.trop_rembourse + compte.solde_du == compte.du
    assert 0 in (compte.solde_du, compte.trop_rembourse)
    assert 0 <= compte.du <= compte.du_initial <= compte.montant
    assert min(compte.solde_du, compte.trop_rembourse, compte.du) >= 0


@given(HISTOIRES)
def test_the_state_is_the_one_of_the_oracle_and_no_cent_is_lost(bruts: list[Brut]) -> None:
    etat, vues = reduce(CREANCE, bruts), state.etat(for_oracle(bruts)).creances
    assert bool(vues) == bool(etat.images) == (etat.dossier is not None)
    if vues:
        agree(etat, vues[0])
        colonnes = etat.colonnes
        verses = [cast(ImageEncaissement, c.image) for c in etat.images if c.famille == "encaissement"]
        assert sum(v.montant_centimes for v in verses) == colonnes["encaisse"]
        assert colonnes["encaisse"] - colonnes["trop_rembourse"] + colonnes["solde_du"] == colonnes["du"]


def agree(etat: Etat, oracle: CreanceOracle) -> None:
    vue = cast(ImageCreance, etat.images[0].image)
    assert (vue.caf_traitante, vue.prestation, vue.cause) == (oracle.caf_traitante, oracle.prestation, oracle.cause)
    assert (vue.constat, vue.montant_centimes) == (oracle.constat.isoformat(), oracle.montant)
    assert (vue.du_initial_centimes, etat.colonnes["du"]) == (oracle.base, oracle.du)
    assert etat.colonnes["trop_rembourse"] == oracle.trop_rembourse
    assert vue.recouvre_24_centimes == oracle.recouvre_en(24)
    assert vue.recouvre_48_centimes == oracle.recouvre_en(48)
    assert vue.qualifiee == (oracle.qualifiee.isoformat() if oracle.qualifiee else None)
    assert vue.prejudice_centimes == oracle.prejudice
    payees = [cast(ImageEncaissement, c.image) for c in etat.images if c.famille == "encaissement"]
    assert sorted((p.jour, p.mode, p.montant_centimes) for p in payees) == sorted(
        (e.jour.isoformat(), e.mode, e.montant) for e in oracle.encaissements
    )
    etapes = [cast(ImageRemise, c.image) for c in etat.images if c.famille == "remise"]
    assert sorted((e.jour, e.montant_centimes) for e in etapes if e.etape == "accordee") == sorted(
        (jour.isoformat(), montant) for jour, montant in oracle.remises
    )
    for etape, attendus in (("demandee", oracle.demandes_de_remise), ("refusee", oracle.refus_de_remise)):
        assert sorted(e.jour for e in etapes if e.etape == etape) == sorted(j.isoformat() for j in attendus)
