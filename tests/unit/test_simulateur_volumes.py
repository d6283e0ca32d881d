"""Volumes of the simulated Caf: exact over a year, on the days they may fall on; shares that come out."""

from __future__ import annotations

from datetime import date
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecluse.simulateur.caisse import Caisse, share
from ecluse.simulateur.tirages import Strates
from ecluse.simulateur.volumes import Flux, Rythme
from tests.simulee import PROFIL

PREMIER, DERNIER = date(2023, 1, 1).toordinal(), date(2023, 12, 31).toordinal()


@given(st.floats(0, 5_000), st.sampled_from(Rythme), st.booleans(), st.integers(0, 50))
def test_a_year_holds_its_volume_to_the_unit(par_an: float, rythme: Rythme, paie: bool, graine: int) -> None:
    flux = Flux(Caisse(PROFIL, 1.0, graine, "essai"), "x", par_an, rythme, "contacts", paie=paie)
    comptes = [flux.count(jour) for jour in range(PREMIER, DERNIER + 1)]
    assert min(comptes) >= 0
    assert abs(sum(comptes) - par_an) < 1


def test_what_comes_by_post_comes_on_working_days() -> None:
    caisse = Caisse(PROFIL, 1.0, 0, "essai")
    flux = Flux(caisse, "x", 5_000, Rythme.BUREAU)
    assert {caisse.works(j) for j in range(PREMIER, DERNIER + 1) if flux.count(j)} == {True}


def test_a_month_and_the_days_after_pay_weigh_what_the_profile_says() -> None:
    flux = Flux(Caisse(PROFIL, 1.0, 0, "essai"), "x", 100_000, Rythme.WEB, "demande_al")
    mois = [0] * 13
    for jour in range(PREMIER, DERNIER + 1):
        mois[date.fromordinal(jour).month] += flux.count(jour)
    voulus = PROFIL.calendrier.mois["demande_al"]
    assert mois[9] / mois[1] == pytest.approx(voulus[8] / voulus[0] * 30 / 31, rel=0.1)
    paie = Flux(Caisse(PROFIL, 1.0, 0, "essai"), "x", 100_000, Rythme.BUREAU, paie=True)
    sans = Flux(Caisse(PROFIL, 1.0, 0, "essai"), "x", 100_000, Rythme.BUREAU)
    jour = date(2023, 4, 5).toordinal()
    assert paie.count(jour) / sans.count(jour) == pytest.approx(PROFIL.calendrier.apres_paie[0], rel=0.08)


def test_the_conditions_of_a_day_multiply_it() -> None:
    flux = Flux(Caisse(PROFIL, 1.0, 0, "essai"), "x", 500_000, Rythme.WEB)
    jour = date(2023, 6, 7).toordinal()
    assert flux.count(jour, 1.5) == pytest.approx(1.5 * flux.count(jour), abs=2)
    assert flux.count(jour, 0.0) == 0


@given(st.floats(0, 1), st.integers(64, 3_000), st.integers())
def test_a_share_of_stratified_draws_comes_out(part: float, nombre: int, graine: int) -> None:
    tirage = Strates(Random(graine))
    tires = sum(share(tirage, part) for _ in range(nombre))
    # Whole blocks are wrong by one stratum at most; the last one may be cut short.
    assert abs(tires - part * nombre) <= nombre / 64 + 17
