"""Draws whose shares come out: a year of a published share must not depend on luck."""

from random import Random
from typing import Final, Protocol

_STRATES: Final = 64
# In how many cases a quota makes up for what is owed to it.
_RATTRAPAGE: Final = 20


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


class Quota:
    """A share that comes out although some of the cases can not have it.

    A mail of a Friday night is never read within 48 hours, whatever the share of mails that are: what such cases miss,
    the next ones make up for. Of n cases the share is right to within a few divided by n.
    """

    def __init__(self, tirage: Hasard) -> None:
        self._tirage = tirage
        self._du = 0.0

    def take(self, part: float, *, possible: bool = True) -> bool:
        """Whether this case is among the share."""
        pris = possible and self._tirage.random() < part + self._du / _RATTRAPAGE
        self._du += part - pris
        return pris
