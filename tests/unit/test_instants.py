"""Written instants: read as the oracle reads them, the first time and the times after."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.temps import from_datetime, parse_instant
from tests.oracle.catalogue import lis_instant

PAS = timedelta(microseconds=1)
CHIFFRES = st.text("0123456789", min_size=1, max_size=12)


@st.composite
def written_instants(draw: st.DrawFn) -> str:
    """Instants on few days and hours, so that the same beginnings and ends come back, some of them not real."""
    annee = draw(st.sampled_from([1969, 1970, 2000, 2023, 2024, 2100, 2101]))
    mois, jour, heure = draw(st.sampled_from([0, 1, 2, 4, 12, 13])), draw(st.integers(0, 32)), draw(st.integers(0, 25))
    minute, seconde = draw(st.sampled_from([0, 1, 30, 59, 60])), draw(st.sampled_from([0, 1, 59, 60]))
    fraction = draw(st.just("") | CHIFFRES.map(lambda chiffres: f".{chiffres}"))
    fuseau = draw(st.sampled_from(["Z", "+00:00", "-00:00", "+02:00", "-23:59", "+24:00", "+01:60", "", "z", "+0100"]))
    return f"{annee}-{mois:02}-{jour:02}T{heure:02}:{minute:02}:{seconde:02}{fraction}{fuseau}"


def read(texte: str) -> int | None:
    try:
        return parse_instant(texte)
    except ValueError:
        return None


@given(st.lists(written_instants() | st.text("0123456789-:TZ.+ \n", max_size=30), min_size=1, max_size=5))
def test_an_instant_is_read_as_the_oracle_reads_it(textes: list[str]) -> None:
    for texte in [*textes, *textes]:
        attendu = lis_instant(texte)
        assert read(texte) == (None if attendu is None else from_datetime(attendu)), texte


OFFSETS = st.integers(-(24 * 60 - 1), 24 * 60 - 1).map(lambda minutes: timezone(timedelta(minutes=minutes)))


# Microseconds since 1970, two days away from both ends of what may be written.
MOMENTS = st.integers(2 * 86_400 * 10**6, 4_133_000_000 * 10**6).map(
    lambda n: datetime(1970, 1, 1, tzinfo=UTC) + n * PAS
)


@given(MOMENTS, OFFSETS)
def test_the_same_moment_written_with_any_offset_is_one_instant(moment: datetime, fuseau: timezone) -> None:
    assert parse_instant(moment.isoformat().replace("+00:00", "Z")) == from_datetime(moment)
    assert parse_instant(moment.astimezone(fuseau).isoformat()) == from_datetime(moment)


@pytest.mark.parametrize("texte", ["2024-01-01T10:00:00Z", "2024-01-01T10:59:59+01:00"])
def test_what_was_read_once_lends_nothing_to_a_text_that_is_no_instant(texte: str) -> None:
    parse_instant(texte)
    for faux in (texte + "\n", texte + " ", " " + texte, texte[:14], texte[14:], texte[:13] + texte[14:], texte * 2):
        assert read(faux) is None, faux
