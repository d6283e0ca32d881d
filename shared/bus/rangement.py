"""Records of several partitions, given back in the order of their positions."""

from bisect import bisect_right
from collections.abc import Iterable
from operator import attrgetter
from threading import Lock
from typing import Final

from shared.reglages import PARTITIONS
from shared.runtime.journal import Enregistrement

# Beyond, a partition waits for the others: what is held in memory is bounded.
AVANCE_MAX: Final = 20_000
_POSITION: Final = attrgetter("position")
_OFFSET: Final = attrgetter("offset")


class Rangement:
    """What has been read of one log and not been applied yet, whatever order the partitions gave it in.

    Positions are given to committed rows once and for all, without a hole: a record that comes twice, from a publisher
    that started again or from one that was deposed, is the same record. One thread adds, another takes.
    """

    def __init__(self) -> None:
        self._verrou = Lock()
        self._records: list[Enregistrement] = []
        self._par_partition = [0] * PARTITIONS
        self._range = True

    def add(self, records: Iterable[Enregistrement]) -> None:
        """Keep records until they are taken."""
        with self._verrou:
            for record in records:
                self._records.append(record)
                self._par_partition[record.partition] += 1
            self._range = False

    def take(self, apres: int, limite: int) -> list[Enregistrement]:
        """Up to ``limite`` records that follow position ``apres`` without a hole, in order.

        They stay here until records after them are asked for: what could not be applied is given again.
        """
        with self._verrou:
            self._sort()
            self._drop(bisect_right(self._records, apres, key=_POSITION))
            return self._records[: min(limite, self._contiguous(apres))]

    def missing(self, apres: int) -> tuple[int, int] | None:
        """The position that follows ``apres`` and is missing, with the first one held after it; None: no hole."""
        with self._verrou:
            self._sort()
            suivantes = self._records[bisect_right(self._records, apres, key=_POSITION) :][:1]
        return (apres + 1, suivantes[0].position) if suivantes and suivantes[0].position > apres + 1 else None

    @property
    def held(self) -> int:
        """How many records are kept now."""
        return len(self._records)

    def has_room(self, partition: int) -> bool:
        """Whether more of this partition may be read now."""
        return self._par_partition[partition] < AVANCE_MAX

    def clear(self) -> None:
        """Forget everything: the log is read again from elsewhere."""
        with self._verrou:
            self._records = []
            self._par_partition = [0] * PARTITIONS

    def _sort(self) -> None:
        if self._range:
            return
        self._records.sort(key=_POSITION)
        uniques: list[Enregistrement] = []
        derniere = -1
        for record in self._records:
            if record.position == derniere:
                self._par_partition[record.partition] -= 1
                # Of two places the first: between them there may be records that have not been applied.
                uniques[-1] = min(uniques[-1], record, key=_OFFSET)
            else:
                uniques.append(record)
                derniere = record.position
        self._records = uniques
        self._range = True

    def _drop(self, nombre: int) -> None:
        for record in self._records[:nombre]:
            self._par_partition[record.partition] -= 1
        del self._records[:nombre]

    def _contiguous(self, apres: int) -> int:
        """How many of the first records follow ``apres`` without a hole: positions are distinct and sorted."""
        bas, haut = 0, len(self._records)
        while bas < haut:
            milieu = (bas + haut + 1) // 2
            if self._records[milieu - 1].position == apres + milieu:
                bas = milieu
            else:
                haut = milieu - 1
        return bas
