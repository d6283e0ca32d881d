"""Values typed in: which is in force for a period, and what an indicator can be worth."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.indicators.registre import REGISTRE
from services.indicators.rules import Periode
from services.indicators.valeurs import HorsBornes, Saisie, Valeurs, ValeurSaisie, check_range
from shared.temps import from_iso

CODE = "COG-01-11"


def days(du: str, au: str) -> Periode:
    """A period."""
    return Periode(from_iso(du), from_iso(au))


def typed(numero: int, periode: Periode, valeur: float = 0.5, caf: str = "521") -> ValeurSaisie:
    """A value that was recorded."""
    return ValeurSaisie(numero, Saisie(caf, CODE, periode, valeur, "pilotage"), numero)


AN_2022, AN_2023 = days("2022-01-01", "2022-12-31"), days("2023-01-01", "2023-12-31")
MARS, MAI = days("2023-03-01", "2023-03-31"), days("2023-05-01", "2023-05-31")
DEBUT_2023 = days("2023-01-01", "2023-05-31")
CONNUES = Valeurs(typed(n, p) for n, p in enumerate((AN_2022, AN_2023, MARS, MAI, DEBUT_2023), 1))


@pytest.mark.parametrize(
    ("demandee", "repond"),
    [
        (AN_2023, AN_2023),
        (MARS, MARS),
        (days("2023-04-01", "2023-04-30"), MARS),
        (days("2023-03-01", "2023-03-30"), None),
        # Two end the same day: the longer says more of the year.
        (days("2023-06-01", "2023-06-30"), DEBUT_2023),
        (days("2023-12-01", "2023-12-31"), AN_2023),
        # A value of last year says nothing of this one.
        (days("2023-01-01", "2023-01-31"), None),
        (days("2024-01-01", "2024-12-31"), None),
        (days("2022-06-01", "2023-04-15"), MARS),
    ],
)
def test_the_value_of_the_period_itself_answers_or_the_last_that_ended_in_its_year(
    demandee: Periode, repond: Periode | None
) -> None:
    valeur = CONNUES.of("521", CODE, demandee)
    assert (valeur.saisie.periode if valeur else None) == repond


def test_the_last_value_of_a_period_is_in_force_for_its_caf_alone() -> None:
    valeurs = Valeurs([typed(1, AN_2023, 0.1), typed(2, AN_2023, 0.2, "361"), typed(3, AN_2023, 0.3)])
    assert [v.numero for v in (valeurs.of("521", CODE, AN_2023), valeurs.of("361", CODE, AN_2023)) if v] == [3, 2]
    assert valeurs.of("521", "COG-01-02", AN_2023) is valeurs.of("091", CODE, AN_2023) is None


@pytest.mark.parametrize(
    ("code", "valeur", "prise"),
    [
        ("COG-01-11", 0, True),
        ("COG-01-11", 1.0, True),
        ("COG-01-11", 1.01, False),
        ("COG-01-11", -0.01, False),
        ("COG-12-53", -0.05, True),
        ("COG-12-53", -1.01, False),
        ("COG-04-17", 12, True),
        ("COG-04-17", 12.5, False),
        ("COG-12-48", 4_550.5, False),
        ("COG-01-10", 64.6, True),
        ("COG-12-51", 14.25, True),
        ("COG-02-13", 1e15, True),
        ("COG-02-13", 1.1e15, False),
        ("COG-02-13", 10**400, False),
        ("ARIPA-IF", math.inf, False),
        ("ARIPA-IF", math.nan, False),
    ],
)
def test_a_value_is_within_what_the_indicator_can_be(code: str, valeur: float, prise: bool) -> None:
    if prise:
        assert check_range(valeur, REGISTRE[code]) == valeur
        return
    with pytest.raises(HorsBornes, match=f"hors de ce qui se mesure pour {code}"):
        check_range(valeur, REGISTRE[code])


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=8), st.integers(0, 40), st.integers(0, 40))
def test_no_value_of_a_period_that_has_not_ended_answers(bornes: list[tuple[int, int]], un: int, deux: int) -> None:
    """Across a new year: each of the forty days around it begins or ends a period."""
    origine = from_iso("2022-12-12")
    periodes = [Periode(*sorted((origine + du, origine + au))) for du, au in bornes]
    demandee = Periode(*sorted((origine + un, origine + deux)))
    valeur = Valeurs(typed(n, p) for n, p in enumerate(periodes)).of("521", CODE, demandee)
    an = from_iso("2023-01-01")
    memes = [p for p in periodes if p.au <= demandee.au and (p.au >= an) == (demandee.au >= an)]
    if valeur is None:
        assert demandee not in periodes
        assert memes == []
    else:
        assert valeur.saisie.periode in (*memes, demandee)
        assert valeur.saisie.periode == demandee or all(p.au <= valeur.saisie.periode.au for p in memes)
