"""Numbers, days and durations as a French reader expects them."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.temps import parse_instant
from shared.web.formats import (
    duree,
    euros,
    heure,
    intervalle,
    jour_court,
    jour_long,
    jour_semaine,
    moment,
    nombre,
    pluriel,
    pourcent,
)


def plain(texte: str) -> str:
    """The text with ordinary spaces."""
    return texte.replace("\u202f", " ").replace("\u00a0", " ")


def jour(texte: str) -> int:
    """The day that ``AAAA-MM-JJ`` writes."""
    return date.fromisoformat(texte).toordinal()


@pytest.mark.parametrize(
    ("valeur", "decimales", "texte"),
    [
        (None, 0, "ND"),
        (0, 0, "0"),
        (1_863, 0, "1 863"),
        (1_234_567.891, 2, "1 234 567,89"),
        (13.588669950738916, 1, "13,6"),
        (2.25, 1, "2,3"),
        (0.5, 0, "1"),
        (-3, 0, "−3"),
        (-0.04, 1, "0,0"),
        (1e21, 0, "1 000 000 000 000 000 000 000"),
    ],
)
def test_a_number_has_a_comma_thin_spaces_and_halves_rounded_up(
    valeur: float | None, decimales: int, texte: str
) -> None:
    assert plain(nombre(valeur, decimales)) == texte


@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(0, 4))
def test_a_number_read_back_is_within_half_a_unit_of_its_last_decimal(valeur: float, decimales: int) -> None:
    lu = Decimal(plain(nombre(valeur, decimales)).replace(" ", "").replace(",", ".").replace("−", "-"))
    assert abs(lu - Decimal(repr(valeur))) <= Decimal(5).scaleb(-decimales - 1)


def test_rates_and_amounts_carry_their_sign() -> None:
    assert plain(pourcent(0.0623)) == "6,2 %"
    assert plain(euros(12_345_678)) == "123 457 €"
    assert plain(euros(13_088, 2)) == "130,88 €"
    assert (pourcent(None), euros(None)) == ("ND", "ND")


def test_days_are_written_in_full() -> None:
    assert plain(jour_long(jour("2023-01-01"))) == "1er janvier 2023"
    assert plain(jour_semaine(jour("2023-01-31"))) == "mardi 31 janvier 2023"
    assert jour_court(jour("2023-01-31")) == "31/01/2023"
    assert (jour_long(None), jour_court(None)) == ("ND", "ND")


@pytest.mark.parametrize(
    ("du", "au", "texte"),
    [
        ("2023-01-01", "2023-01-31", "du 1er au 31 janvier 2023"),
        ("2023-01-01", "2023-02-28", "du 1er janvier au 28 février 2023"),
        ("2022-12-31", "2023-01-01", "du 31 décembre 2022 au 1er janvier 2023"),
        ("2023-01-31", "2023-01-31", "le 31 janvier 2023"),
    ],
)
def test_a_period_says_only_once_what_its_days_share(du: str, au: str, texte: str) -> None:
    assert plain(intervalle(jour(du), jour(au))) == texte


def test_an_instant_is_told_in_paris_time() -> None:
    ete = parse_instant("2023-07-01T22:30:05Z")
    assert heure(ete) == "00:30:05"
    assert moment(ete) == "02/07/2023 à 00:30:05"
    assert heure(None) == "ND"


@pytest.mark.parametrize(
    ("secondes", "texte"),
    [
        (None, "ND"),
        (-0.3, "0,0 s"),
        (0.24, "0,2 s"),
        (42, "42 s"),
        (192, "3 min 12 s"),
        (7_500, "2 h 05 min"),
        (273_600, "3 j 4 h"),
    ],
)
def test_a_duration_has_the_two_units_that_matter(secondes: float | None, texte: str) -> None:
    assert plain(duree(secondes)) == texte


def test_the_plural_begins_at_two() -> None:
    assert [plain(pluriel(n, "jour")) for n in (0, 1, 2)] == ["0 jour", "1 jour", "2 jours"]
