"""Working days, held against the tables of the `holidays` package and against counting by hand."""

from datetime import date

import holidays
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.calendar import is_open, is_working_day, nth_last_working_day, working_days
from shared.temps import parse_instant

CAFS = st.sampled_from(["091", "572", "671", "681", "975", "005", "157", "067"])
JOURS = st.dates(date(1970, 1, 1), date(2100, 12, 31)).map(date.toordinal)
ALSACE = ("57", "67", "68")


def _ordinal(texte: str) -> int:
    return date.fromisoformat(texte).toordinal()


@pytest.mark.parametrize("annee", range(2008, 2100))
def test_the_eleven_holidays_of_every_year_are_those_of_the_holidays_package(annee: int) -> None:
    feries = set(holidays.country_holidays("FR", years=annee, observed=False))
    jours = range(date(annee, 1, 1).toordinal(), date(annee + 1, 1, 1).toordinal())
    attendus = [j for j in jours if date.fromordinal(j).weekday() < 5 and date.fromordinal(j) not in feries]
    assert working_days(jours[0], jours[-1], "091") == attendus


@pytest.mark.parametrize("jour", ["2023-04-07", "2023-12-26", "2019-04-19", "2024-03-29"])
def test_good_friday_and_saint_stephen_are_worked_except_in_alsace_moselle(jour: str) -> None:
    assert is_working_day(_ordinal(jour), "091")
    assert not any(is_working_day(_ordinal(jour), caf) for caf in ("571", "671", "681"))


@pytest.mark.parametrize("jour", ["2005-05-16", "1975-05-08"])
def test_the_legal_holidays_hold_in_the_years_that_suspended_one(jour: str) -> None:
    assert not is_working_day(_ordinal(jour), "091")


def test_only_the_first_two_digits_tell_the_department() -> None:
    lendemain_de_noel = _ordinal("2023-12-26")
    assert is_working_day(lendemain_de_noel, "157")
    assert not is_working_day(lendemain_de_noel, "579")


@given(CAFS, JOURS, st.integers(0, 800))
def test_a_period_holds_exactly_the_days_that_are_worked(caf: str, du: int, duree: int) -> None:
    assert working_days(du, du + duree, caf) == [j for j in range(du, du + duree + 1) if is_working_day(j, caf)]


def test_an_inverted_period_holds_no_working_day() -> None:
    assert working_days(_ordinal("2023-01-31"), _ordinal("2023-01-30"), "091") == []


@given(CAFS, JOURS, st.integers(1, 60))
def test_the_nth_last_working_day_has_n_minus_one_after_it(caf: str, au: int, n: int) -> None:
    jour = nth_last_working_day(au, n, caf)
    assert is_working_day(jour, caf)
    assert len(working_days(jour, au, caf)) == n


def test_the_twentieth_last_working_day_of_january_2023_is_the_fourth() -> None:
    assert nth_last_working_day(_ordinal("2023-01-31"), 20, "091") == _ordinal("2023-01-04")


def test_a_rank_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="commence à 1"):
        nth_last_working_day(_ordinal("2023-01-31"), 0, "091")


@pytest.mark.parametrize(
    ("instant", "ouvert"),
    [
        ("2023-01-31T06:59:59Z", False),
        ("2023-01-31T07:00:00Z", True),
        ("2023-01-31T16:59:59Z", True),
        ("2023-01-31T17:00:00Z", False),
        # Summer time.
        ("2023-07-13T06:00:00Z", True),
        ("2023-07-13T16:00:00Z", False),
        ("2023-07-14T09:00:00Z", False),
        ("2023-01-28T09:00:00Z", False),
    ],
)
def test_offices_are_open_on_working_days_from_eight_to_six_in_paris(instant: str, ouvert: bool) -> None:
    assert is_open(parse_instant(instant), "091") is ouvert


def test_an_office_is_closed_on_the_holidays_of_its_own_department() -> None:
    vendredi_saint = parse_instant("2023-04-07T09:00:00Z")
    assert is_open(vendredi_saint, "091")
    assert not is_open(vendredi_saint, "671")
