"""Records of several partitions, given back in the order of their positions."""

from collections.abc import Iterable
from threading import Lock
from typing import Final

from shared.reglages import PARTITIONS
from shared.runtime.journal import Enregistrement

# Beyond, a partition waits for the others: what is held in memory is bounded.
AVANCE_MAX: Final = 20_000


class Rangement:
    """What has been read of one log and not been applied yet, whatever order the partitions gave it in.

    Positions are given to committed rows once and for all, without a hole: a record that comes twice, from a publisher
    that started again or from one that was deposed, is the same record. One thread adds, another takes.
    """

    def __init__(self) -> None:
        self._verrou = Lock()
        self._par_position: dict[int, Enregistrement] = {}
        self._par_partition = [0] * PARTITIONS
        # All up to there have been applied.
        self._apres = -1

    def add(self, records: Iterable[Enregistrement]) -> None:
        """Keep records until they are taken."""
        with self._verrou:
            tenus, apres = self._par_position, self._apres
            for record in records:
                position = record.position
                if position <= apres:
                    continue
                deja = tenus.setdefault(position, record)
                if deja is record:
                    self._par_partition[record.partition] += 1
                elif record.offset < deja.offset:
                    # Of two places the first: between them there may be records that have not been applied.
                    tenus[position] = record

    def take(self, apres: int, limite: int) -> list[Enregistrement]:
        """Up to ``limite`` records that follow position ``apres`` without a hole, in order.

        They stay here until records after them are asked for: what could not be applied is given again.
        """
        with self._verrou:
            self._drop(apres)
            suite: list[Enregistrement] = []
            for position in range(apres + 1, apres + 1 + limite):
                record = self._par_position.get(position)
                if record is None:
                    break
                suite.append(record)
            return suite

    def missing(self, apres: int) -> tuple[int, int] | None:
        """The position that follows ``apres`` and is missing, with the first one held after it; None: no hole."""
        with self._verrou:
            suivante = min((position for position in self._par_position if position > apres), default=apres + 1)
        return (apres + 1, suivante) if suivante > apres + 1 else None

    @property
    def held(self) -> int:
        """How many records are kept now."""
        return len(self._par_position)

    def has_room(self, partition: int) -> bool:
        """Whether more of this partition may be read now."""
        return self._par_partition[partition] < AVANCE_MAX

    def clear(self) -> None:
        """Forget everything: the log is read again from elsewhere."""
        with self._verrou:
            self._par_position = {}
            self._par_partition = [0] * PARTITIONS
            self._apres = -1

    def _drop(self, apres: int) -> None:
        """Forget what has been applied."""
        if apres - self._apres > len(self._par_position):
            parties = [position for position in self._par_position if position <= apres]
        else:
            parties = list(range(self._apres + 1, apres + 1))
        for position in parties:
            record = self._par_position.pop(position, None)
            if record is not None:
                self._par_partition[record.partition] -= 1
        self._apres = max(self._apres, apres)
