"""Records of several partitions come out in the order of their positions, once each, never beyond a hole."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from shared.bus.rangement import AVANCE_MAX, Rangement
from shared.runtime.journal import Enregistrement


def record(position: int, partition: int = 0, offset: int = 0) -> Enregistrement:
    """A record without content."""
    return Enregistrement("production", partition, position, 0, "t", None, position, offset)


@given(st.randoms(use_true_random=False), st.integers(1, 60), st.integers(1, 7))
def test_any_order_with_doubles_comes_out_once_in_order(hasard: Random, nombre: int, limite: int) -> None:
    envois = [record(p, hasard.randrange(12)) for p in range(1, nombre + 1)]
    envois += [hasard.choice(envois) for _ in range(hasard.randrange(20))]
    hasard.shuffle(envois)
    rangement = Rangement()
    lus: list[int] = []
    while envois or len(lus) < nombre:
        coupe = hasard.randrange(1, 9)
        rangement.add(envois[:coupe])
        envois = envois[coupe:]
        lus += [r.position for r in rangement.take(len(lus), limite)]
        assert lus == list(range(1, len(lus) + 1))
    assert rangement.take(nombre, limite) == []
    assert rangement.missing(nombre) is None


def test_what_could_not_be_applied_is_given_again() -> None:
    rangement = Rangement()
    rangement.add([record(1), record(2)])
    assert [r.position for r in rangement.take(0, 10)] == [1, 2]
    assert [r.position for r in rangement.take(0, 10)] == [1, 2]
    assert [r.position for r in rangement.take(1, 10)] == [2]


def test_nothing_is_given_beyond_a_hole_and_the_hole_is_told() -> None:
    rangement = Rangement()
    rangement.add([record(1), record(3), record(4)])
    assert [r.position for r in rangement.take(0, 10)] == [1]
    assert rangement.missing(1) == (2, 3)
    rangement.add([record(2)])
    assert [r.position for r in rangement.take(1, 10)] == [2, 3, 4]
    assert rangement.missing(4) is None


def test_of_a_record_that_came_twice_the_first_place_counts() -> None:
    rangement = Rangement()
    rangement.add([record(1, offset=9), record(1, offset=4)])
    assert [r.offset for r in rangement.take(0, 10)] == [4]


def test_a_partition_far_ahead_of_the_others_waits() -> None:
    rangement = Rangement()
    rangement.add([record(p, partition=3) for p in range(2, AVANCE_MAX + 2)])
    assert not rangement.has_room(3)
    assert rangement.has_room(4)
    rangement.add([record(1)])
    rangement.take(0, 10)
    rangement.take(10, 10)
    assert rangement.has_room(3)
