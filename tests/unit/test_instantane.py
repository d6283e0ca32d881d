"""A reading that costs is made again when it must be, and no more."""

from dataclasses import dataclass
from threading import Barrier, Thread

import pytest

from shared.instantane import Instantane


@dataclass
class Monde:
    """A state, an hour, and how often it was read."""

    etat: int = 0
    heure: float = 0.0
    lectures: int = 0

    def read(self) -> int:
        self.lectures += 1
        return self.etat

    def instantane(self) -> Instantane[int]:
        return Instantane(self.read, lambda: self.etat, 5, 30, lambda: self.heure)


def test_what_did_not_change_is_read_once_until_it_is_old() -> None:
    monde = Monde()
    instantane = monde.instantane()
    for monde.heure in (0, 4.9, 29.9):
        assert instantane.get() == 0
    assert monde.lectures == 1
    monde.heure = 30
    instantane.get()
    assert monde.lectures == 2


def test_what_changed_is_read_again_after_its_rest() -> None:
    monde = Monde()
    instantane = monde.instantane()
    instantane.get()
    monde.etat, monde.heure = 1, 4.9
    assert instantane.get() == 0
    monde.heure = 5
    assert instantane.get() == 1
    assert monde.lectures == 2


def test_a_reading_that_fails_is_tried_again_at_once() -> None:
    monde, essais = Monde(), iter((OSError("base absente"), None))

    def read() -> int:
        erreur = next(essais)
        if erreur:
            raise erreur
        return monde.read()

    instantane = Instantane(read, lambda: 0, 5, 30, lambda: 0.0)
    with pytest.raises(OSError, match="base absente"):
        instantane.get()
    assert instantane.get() == 0


def test_those_who_ask_together_pay_once() -> None:
    monde, depart, lus = Monde(7), Barrier(8), []
    instantane = monde.instantane()

    def ask() -> None:
        depart.wait()
        lus.append(instantane.get())

    fils = [Thread(target=ask) for _ in range(8)]
    for fil in fils:
        fil.start()
    for fil in fils:
        fil.join()
    assert (lus, monde.lectures) == ([7] * 8, 1)
