"""What an archive takes as the continuation of a log, and in which month each record goes."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.archive.mois import Repartition, month_of, next_month, read_month
from shared.archive.suite import Rupture, Suite, check_lineage
from shared.reglages import PARTITIONS
from shared.runtime.service import MaillonEpoque
from shared.temps import parse_instant

Triplets = list[tuple[int, int, int]]
partitions = st.lists(st.integers(0, PARTITIONS - 1), min_size=1, max_size=60)


def log(places: list[int]) -> Triplets:
    """(position, precedent, partition) of records that go to these partitions, one after another."""
    tetes = [0] * PARTITIONS
    triplets = []
    for position, partition in enumerate(places, 1):
        triplets.append((position, tetes[partition], partition))
        tetes[partition] = position
    return triplets


def follow(suite: Suite, triplets: Triplets) -> Suite:
    colonnes = np.array(triplets, np.int64).reshape(-1, 3)
    return suite.follow(colonnes[:, 0], colonnes[:, 1], colonnes[:, 2])


@given(partitions, st.data())
def test_a_log_is_followed_in_any_pieces(places: list[int], data: st.DataObject) -> None:
    triplets = log(places)
    coupe = data.draw(st.integers(0, len(triplets)))
    suite = follow(follow(Suite(), triplets[:coupe]), triplets[coupe:])
    dernieres = [max((n for n, _, p in triplets if p == partition), default=0) for partition in range(PARTITIONS)]
    assert (suite.position, list(suite.tetes)) == (len(triplets), dernieres)


@given(partitions, st.data())
def test_a_number_that_is_not_the_right_one_is_always_noticed(places: list[int], data: st.DataObject) -> None:
    triplets = log(places)
    rang, membre = data.draw(st.integers(0, len(triplets) - 1)), data.draw(st.integers(0, 1))
    faux = list(triplets[rang])
    faux[membre] += data.draw(st.sampled_from([-3, -1, 1, 2]))
    with pytest.raises(Rupture, match="position"):
        follow(Suite(), [*triplets[:rang], (faux[0], faux[1], faux[2]), *triplets[rang + 1 :]])


@given(partitions, st.data())
def test_a_record_that_is_missing_is_always_noticed(places: list[int], data: st.DataObject) -> None:
    triplets = log([*places, 0])
    rang = data.draw(st.integers(0, len(triplets) - 2))
    with pytest.raises(Rupture, match=f"la position {rang + 1} est attendue"):
        follow(Suite(), triplets[:rang] + triplets[rang + 1 :])


def test_another_partition_is_told() -> None:
    with pytest.raises(Rupture, match="partition inconnue"):
        follow(Suite(), [(1, 0, PARTITIONS)])


LIGNEE = [MaillonEpoque("A", 0), MaillonEpoque("B", 10), MaillonEpoque("C", 10), MaillonEpoque("D", 30)]


@pytest.mark.parametrize(("marque", "position"), [("A", 10), ("A", 4), ("C", 30), ("D", 99)])
def test_a_log_continues_what_was_read_in_one_of_its_epochs(marque: str, position: int) -> None:
    check_lineage(LIGNEE, marque, position)


@pytest.mark.parametrize(("marque", "position"), [("A", 11), ("C", 31), ("autre", 40)])
def test_a_log_that_starts_again_before_what_was_read_is_another(marque: str, position: int) -> None:
    with pytest.raises(Rupture):
        check_lineage(LIGNEE, marque, position)


def test_a_lineage_told_from_later_on_says_nothing_of_before() -> None:
    check_lineage(LIGNEE[3:], "A", 10)
    with pytest.raises(Rupture):
        check_lineage(LIGNEE[3:], "A", 31)


@given(st.datetimes(datetime(1970, 2, 1), datetime(2099, 12, 1), timezones=st.just(UTC)))  # noqa: DTZ001  # of the zone that is given
def test_the_month_is_that_of_paris(moment: datetime) -> None:
    instant = int(moment.timestamp()) * 1_000_000_000
    assert month_of(instant) == moment.replace(microsecond=0).astimezone(ZoneInfo("Europe/Paris")).strftime("%Y-%m")
    mois = month_of(instant)
    assert next_month(mois) > mois
    assert read_month(next_month(mois)) == next_month(mois)


@pytest.mark.parametrize("texte", ["", "2023", "2023-13", "2023-1", "2023-00", "23-01", "2023-01-01", "２０２３-01"])
def test_what_is_no_month_is_refused(texte: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_month(texte)


def months(archive: str, maintenant: str, *instants: str) -> list[tuple[str, int]]:
    """How many records go in each month."""
    repartition = Repartition(archive, parse_instant(maintenant))
    groupes = repartition.split((parse_instant(texte), rang) for rang, texte in enumerate(instants))
    return [(mois, len(rangs)) for mois, rangs in groupes]


def test_a_month_begins_at_midnight_in_paris() -> None:
    assert months("", "2024-01-01T00:00:00Z", "2023-01-31T22:59:59Z", "2023-01-31T23:00:00Z") == [
        ("2023-01", 1),
        ("2023-02", 1),
    ]


def test_what_comes_late_goes_with_those_before_it() -> None:
    assert months("", "2024-01-01T00:00:00Z", "2023-02-02T00:00:00Z", "2023-01-31T00:00:00Z") == [("2023-02", 2)]


def test_what_comes_after_its_month_was_archived_goes_in_the_next() -> None:
    assert months("2023-12", "2024-02-01T00:00:00Z", "2023-12-31T00:00:00Z", "2024-01-03T00:00:00Z") == [("2024-01", 2)]


def test_an_instant_that_is_still_to_come_says_nothing() -> None:
    assert months(
        "", "2023-04-01T00:00:00Z", "2023-02-02T00:00:00Z", "2099-01-01T00:00:00Z", "2023-03-01T00:00:00Z"
    ) == [
        ("2023-02", 2),
        ("2023-03", 1),
    ]
    assert months("", "2023-04-01T12:00:00Z", "2099-01-01T00:00:00Z") == [("2023-04", 1)]
    assert months("", "2023-04-01T12:00:00Z", "2099-01-01T00:00:00Z", "2023-03-01T00:00:00Z") == [("2023-03", 2)]
