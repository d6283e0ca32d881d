"""The Kafka clients say ten times a second that a broker is away: once in a while is enough."""

import logging
import time
from collections.abc import Callable
from typing import Final

PAUSE: Final = 30.0
_BAVARDS: Final = (
    "aiokafka",
    "aiokafka.conn",
    "aiokafka.consumer.fetcher",
    "aiokafka.consumer.group_coordinator",
    "aiokafka.producer.sender",
)


class DeTempsEnTemps(logging.Filter):
    """Lets a warning or an error of one wording through, then none like it for a while."""

    def __init__(self, pause: float = PAUSE, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._pause = pause
        self._clock = clock
        self._derniers: dict[object, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """See ``logging.Filter``. The wording is that of the program: what it is filled with makes no difference."""
        if record.levelno < logging.WARNING:
            return True
        maintenant = self._clock()
        if maintenant - self._derniers.get(record.msg, -self._pause) < self._pause:
            return False
        self._derniers[record.msg] = maintenant
        return True


def hush() -> None:
    """Have the clients of this process say so from time to time."""
    filtre = DeTempsEnTemps()
    for nom in _BAVARDS:
        logging.getLogger(nom).addFilter(filtre)
