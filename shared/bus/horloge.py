"""What the broker's last record says of the time."""

import asyncio
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.bus.courtier import Courtier

_ATTENTE: Final = 5.0


async def read_last_instant(courtier: Courtier, sujet: str) -> int | None:
    """The instant (ns) that the last record of a topic of one partition carries; None when there is none.

    Raises ``KafkaError``, ``TimeoutError``.
    """
    consommateur: Any = AIOKafkaConsumer(
        **courtier.options(), enable_auto_commit=False, auto_offset_reset="none", isolation_level="read_committed"
    )
    await consommateur.start()
    try:
        partition = TopicPartition(sujet, 0)
        consommateur.assign([partition])
        debuts = await consommateur.beginning_offsets([partition])
        fins = await consommateur.end_offsets([partition])
        if fins[partition] <= debuts[partition]:
            return None
        consommateur.seek(partition, fins[partition] - 1)
        record = await asyncio.wait_for(consommateur.getone(partition), _ATTENTE)
        return int(record.timestamp) * 1_000_000
    finally:
        await consommateur.stop()
