"""The floor of a Python client: aiokafka hands out every record, and they are counted."""

import asyncio

from aiokafka import AIOKafkaConsumer, TopicPartition

from bench.fold.demande import Chrono, Demande, Reponse, answer
from shared.reglages import PARTITIONS


def run(demande: Demande) -> Reponse:
    """See ``answer``."""
    chrono = Chrono()
    lus = asyncio.run(_count(demande))
    return Reponse(chrono.secondes, lus, None)


async def _count(demande: Demande) -> int:
    consommateur = AIOKafkaConsumer(
        bootstrap_servers=demande.courtier, enable_auto_commit=False, auto_offset_reset="earliest"
    )
    await consommateur.start()
    try:
        consommateur.assign([TopicPartition(demande.sujet, p) for p in range(PARTITIONS)])
        lus = 0
        # One opening of an epoch in each partition.
        while lus < demande.nombre + PARTITIONS:
            lots = await consommateur.getmany(timeout_ms=1_000)
            lus += sum(len(records) for records in lots.values())
        return lus - PARTITIONS
    finally:
        await consommateur.stop()


if __name__ == "__main__":
    answer(run)
