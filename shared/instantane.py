"""A reading that costs, kept for a while: whoever asks often is answered without paying for it again."""

from collections.abc import Callable, Hashable
from threading import Lock
from time import monotonic
from typing import Generic, TypeVar

T = TypeVar("T")


class Instantane(Generic[T]):
    """The last reading. It is read again when ``state`` is no longer what it was, at most once per ``repos`` seconds;
    and when it is older than ``garde`` seconds, whatever ``state`` says. One caller reads, the others wait for it."""

    def __init__(
        self,
        read: Callable[[], T],
        state: Callable[[], Hashable],
        repos: float,
        garde: float,
        horloge: Callable[[], float] = monotonic,
    ) -> None:
        self._read = read
        self._state = state
        self._repos = repos
        self._garde = garde
        self._horloge = horloge
        self._verrou = Lock()
        self._lu: tuple[T, Hashable, float] | None = None

    def get(self) -> T:
        """The reading. What ``read`` raises is raised, and nothing is kept of it."""
        with self._verrou:
            if self._lu is not None:
                valeur, etat, lu_le = self._lu
                age = self._horloge() - lu_le
                if age < self._repos or (age < self._garde and etat == self._state()):
                    return valeur
            # Before the reading: what changes meanwhile is read next time.
            etat, lu_le = self._state(), self._horloge()
            valeur = self._read()
            self._lu = valeur, etat, lu_le
            return valeur
