"""Settings shared by the services, read once at the composition root."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from shared.temps import from_datetime
from shared.traces import MUET, Traceur

PARTITIONS = 12


def read_clock() -> int:
    """The instant now. Only composition roots hand this out; rules receive instants."""
    return from_datetime(datetime.now(UTC))


@dataclass(frozen=True)
class Reglages:
    """Where a service keeps its data and how it tells the time.

    ``pages_max`` caps each file (pages of 8 192 bytes, 0: no cap); ``lot_max``: messages in one transaction.
    ``bases``: PostgreSQL address of the database of a service; a service without one has a file in ``dossier``.
    """

    dossier: Path
    clock: Callable[[], int] = field(default=read_clock)
    lot_max: int = 4_000
    pages_max: int = 0
    bases: Mapping[str, str] = field(default_factory=dict, repr=False)
    traceur: Traceur = MUET

    def base(self, service: str) -> Path:
        """The database file of a service."""
        return self.dossier / f"{service}.db"
