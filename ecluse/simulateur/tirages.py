"""Draws whose shares come out: a year of a published share must not depend on luck."""

from random import Random
from typing import Final, Protocol

_STRATES: Final = 64


class Hasard(Protocol):
    """Where numbers between 0 (included) and 1 come from: a ``Random``, or ``Strates``."""

    def random(self) -> float: ...


class Strates:
    """Uniform draws, each 64 of which fall one in each sixty-fourth, in random order.

    Of n draws the share below p is p to within about 4/n times the root of n/64: a rate of a thousand draws is right
    to a quarter of a percent, where independent draws would be wrong by more than one.
    """

    def __init__(self, tirage: Random) -> None:
        self._tirage = tirage
        self._rangs: list[int] = []

    def random(self) -> float:
        """The next draw."""
        if not self._rangs:
            self._rangs = list(range(_STRATES))
            self._tirage.shuffle(self._rangs)
        return (self._rangs.pop() + self._tirage.random()) / _STRATES
