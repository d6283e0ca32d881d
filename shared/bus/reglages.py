"""How a process reads topics."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ReglagesLecture:
    """``session_timeout_ms``: silence after which Kafka gives the partitions of a process to another of its group.

    ``instance`` names this process among those of its group: it then finds its partitions again after a restart,
    without a new sharing (static membership). ``immobile``: seconds without progress after which a process that has
    something to read ends.
    """

    session_timeout_ms: int = 45_000
    instance: str | None = None
    immobile: float = 60.0
