"""Whether records follow one another: positions without a hole, each with the one before it in its partition."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from shared.reglages import PARTITIONS
from shared.runtime.journal import Enregistrement
from shared.runtime.service import MaillonEpoque

Entiers: TypeAlias = NDArray[np.int64]
_BORNES: Final = np.arange(PARTITIONS + 1)


class Rupture(Exception):
    """Records do not follow those before them; the message says where."""


@dataclass(frozen=True)
class Suite:
    """How far a log was followed: its last position, and that of each partition."""

    position: int = 0
    tetes: Sequence[int] = field(default_factory=lambda: [0] * PARTITIONS)

    def follow(self, positions: Entiers, precedents: Entiers, partitions: Entiers) -> "Suite":
        """The same log, further by these records. Raises ``Rupture``."""
        if not len(positions):
            return self
        faux = np.flatnonzero(positions != np.arange(self.position + 1, self.position + 1 + len(positions)))
        if len(faux):
            rang = int(faux[0])
            raise Rupture(f"la position {self.position + 1 + rang} est attendue, {positions[rang]} vient")
        if partitions.min() < 0 or partitions.max() >= PARTITIONS:
            raise Rupture(f"partition inconnue entre les positions {positions[0]} et {positions[-1]}")
        return Suite(int(positions[-1]), self._follow_partitions(positions, precedents, partitions))

    def _follow_partitions(self, positions: Entiers, precedents: Entiers, partitions: Entiers) -> list[int]:
        """The heads of the partitions after these records."""
        # Stable: within a partition, records stay in the order of their positions.
        ordre = np.argsort(partitions, kind="stable")
        bornes = np.searchsorted(partitions[ordre], _BORNES)
        triees, attendus = positions[ordre], np.empty(len(positions), np.int64)
        attendus[1:] = triees[:-1]
        tetes = list(self.tetes)
        for partition in np.flatnonzero(np.diff(bornes)).tolist():
            attendus[bornes[partition]] = tetes[partition]
            tetes[partition] = int(triees[bornes[partition + 1] - 1])
        faux = np.flatnonzero(attendus != precedents[ordre])
        if len(faux):
            rang = int(faux[np.argmin(triees[faux])])
            record = ordre[rang]
            raise Rupture(
                f"à la position {positions[record]}, partition {partitions[record]}, le précédent est "
                f"{precedents[record]} au lieu de {attendus[rang]}"
            )
        return tetes

    def follow_records(self, records: Sequence[Enregistrement]) -> "Suite":
        """See ``follow``."""
        return self.follow(
            _column(r.position for r in records),
            _column(r.precedent for r in records),
            _column(r.partition for r in records),
        )


def check_lineage(lignee: Sequence[MaillonEpoque], marque: str, position: int) -> None:
    """A log must continue what was read of it up to ``position``, last in the epoch ``marque``. Raises ``Rupture``.

    ``lignee``: not empty; one that is told from a later epoch on says nothing of what was before.
    """
    rangs = {maillon.marque: rang for rang, maillon in enumerate(lignee)}
    rang = rangs.get(marque)
    if rang is None:
        if lignee[0].depuis > position:
            return
        raise Rupture(f"l'époque {marque} n'est pas des siennes")
    suivants = lignee[rang + 1 :]
    if suivants and suivants[0].depuis < position:
        raise Rupture(f"il repart de la position {suivants[0].depuis}, avant {position}")


def _column(valeurs: Iterable[int]) -> Entiers:
    return np.fromiter(valeurs, np.int64)
