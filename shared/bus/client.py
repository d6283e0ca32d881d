"""The client that reads a topic: its settings, each of which keeps a promise (architecture §4)."""

import asyncio
import contextlib
from typing import Any, Final

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError

from shared.bus.courtier import Courtier
from shared.bus.reglages import ReglagesLecture

_FIN: Final = 2.0
# A group that was shared while the broker did not know the topic, just started or the topic being made again, reads
# nothing until its client asks anew which partitions there are: by default five minutes later.
_SUJETS_CONNUS_MS: Final = 5_000
# More than the largest record that a topic takes.
_OCTETS_LUS: Final = 6 * 1_048_576


def new_consumer(courtier: Courtier, reglages: ReglagesLecture, groupe: str | None) -> Any:
    """A consumer that moves on by itself nowhere: it commits nothing, and begins nowhere but where it is told."""
    options: dict[str, Any] = courtier.options()
    if groupe:
        options |= {
            "group_id": groupe,
            "group_instance_id": reglages.instance,
            "session_timeout_ms": reglages.session_timeout_ms,
            "heartbeat_interval_ms": min(3_000, reglages.session_timeout_ms // 6),
        }
    return AIOKafkaConsumer(
        enable_auto_commit=False,
        isolation_level="read_committed",
        auto_offset_reset="none",
        max_partition_fetch_bytes=_OCTETS_LUS,
        metadata_max_age_ms=_SUJETS_CONNUS_MS,
        # A broker that is away is asked again without haste: the processors are for others.
        retry_backoff_ms=250,
        **options,
    )


async def close_consumer(consommateur: Any) -> None:
    """Leave the group and close; with the broker away the client would wait for it, and the group notices by itself."""
    with contextlib.suppress(TimeoutError, KafkaError, asyncio.CancelledError):
        await asyncio.wait_for(consommateur.stop(), _FIN)
