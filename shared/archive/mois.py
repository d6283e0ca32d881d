"""In which month of an archive a record goes. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import Final, TypeVar

from shared.temps import to_jour

R = TypeVar("R")
_FORME: Final = 7


def month_of(instant: int) -> str:
    """``2023-01``: the Europe/Paris month of an instant."""
    return _month_of_day(to_jour(instant))


def next_month(mois: str) -> str:
    """The month after this one."""
    annee, rang = int(mois[:4]), int(mois[5:])
    return f"{annee + rang // 12:04}-{rang % 12 + 1:02}"


def read_month(texte: str) -> str:
    """The month that ``2023-01`` writes. Raises ``ValueError``."""
    if len(texte) != _FORME or not texte.isascii():
        raise ValueError("mois attendu sous la forme AAAA-MM")
    date.fromisoformat(f"{texte}-01")
    return texte


class Repartition:
    """Gives records their months, in the order of the log: a file holds records that follow one another.

    The month never goes back: a record that came late, in a month that is over, goes with those before it; one that
    comes after its month was archived, in the next. An instant that is still to come, of a clock that was wrong, says
    nothing.
    """

    def __init__(self, archive: str, maintenant: int) -> None:
        """``archive``: the last month that is archived, empty if none is."""
        self._courant = next_month(archive) if archive else ""
        self._maintenant = maintenant

    def split(self, records: Iterable[tuple[int, R]]) -> Iterator[tuple[str, Sequence[R]]]:
        """Records given with the instant of their recording, by month."""
        records = list(records)
        if records and not self._courant:
            connus = (instant for instant, _ in records if instant <= self._maintenant)
            self._courant = month_of(next(connus, self._maintenant))
        datees = ((self._place(instant), record) for instant, record in records)
        for mois, groupe in groupby(datees, itemgetter(0)):
            yield mois, [record for _, record in groupe]

    def _place(self, instant: int) -> str:
        if instant <= self._maintenant:
            self._courant = max(self._courant, month_of(instant))
        return self._courant


@lru_cache(maxsize=10_000)
def _month_of_day(jour: int) -> str:
    return date.fromordinal(jour).isoformat()[:_FORME]
