"""Records on their way to the topics: whole batches per partition, all acknowledged or an error."""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any, Final

from aiokafka import AIOKafkaProducer

from shared.bus.courtier import Courtier
from shared.bus.fil import Envoi, Ligne, write_record
from shared.bus.sujets import JOURNAUX, TICS
from shared.events.base import Service
from shared.reglages import PARTITIONS

# Below what the topics take (one batch is one message for the broker).
_LOT_OCTETS: Final = 524_288


class Emetteur:
    """A producer to the log of a service and to the ticks; to be closed after the first error.

    ``delai_ms``: how long a batch may wait for its acknowledgement.
    """

    def __init__(self, courtier: Courtier, service: Service, delai_ms: int) -> None:
        self._journal = JOURNAUX[service].nom(courtier.prefixe)
        self._tics = TICS.nom(courtier.prefixe)
        self._delai = delai_ms / 1000
        self._client: Any = AIOKafkaProducer(
            **courtier.options(),
            acks="all",
            enable_idempotence=True,
            compression_type="lz4",
            max_batch_size=_LOT_OCTETS,
            request_timeout_ms=delai_ms,
            # A broker that is away is asked again without haste.
            retry_backoff_ms=250,
        )

    async def start(self) -> None:
        """Reach the cluster. Raises ``KafkaError``."""
        await self._client.start()

    async def stop(self) -> None:
        """Let the connections go. What is not acknowledged by now is for the next epoch to send."""
        # The client's own stop delivers first what it holds: it would wait for a broker that is away, then write late.
        await self._client._sender.close()
        await self._client.client.close()
        self._client._closed = True

    async def send(self, lignes: Iterable[Ligne], epoque: bytes) -> None:
        """Deliver rows, in the order of positions within each partition. Raises ``KafkaError`` or ``TimeoutError``."""
        partitions: list[list[Envoi]] = [[] for _ in range(PARTITIONS)]
        for ligne in lignes:
            partitions[ligne.partition].append(write_record(ligne, epoque))
        await self.deliver(partitions)

    async def deliver(self, partitions: Sequence[Sequence[Envoi]]) -> None:
        """Deliver the records of each partition of the log. See ``send``."""
        envois = (self._deliver(self._journal, p, records) for p, records in enumerate(partitions) if records)
        # All have ended when this returns: nothing of an epoch is still on its way when the next one is opened.
        for fin in await asyncio.gather(*envois, return_exceptions=True):
            if isinstance(fin, BaseException):
                raise fin

    async def tick(self, tic: Envoi) -> None:
        """Deliver a tick. See ``send``."""
        await self._deliver(self._tics, 0, [tic])

    async def _deliver(self, sujet: str, partition: int, records: Sequence[Envoi]) -> None:
        envoyes = 0
        while envoyes < len(records):
            lot = self._client.create_batch()
            for cle, valeur, entetes in records[envoyes:]:
                if lot.append(timestamp=None, key=cle, value=valeur, headers=entetes) is None:
                    break
            lot.close()
            envoyes += lot.record_count()
            # The client never gives up a batch that has a sequence number.
            async with asyncio.timeout(self._delai):
                await (await self._client.send_batch(lot, sujet, partition=partition))
