"""Rate limits that several processes keep together: one bucket per principal, in Redis, on the clock of Redis."""

from typing import Final

from redis.asyncio import Redis

from shared.partage.ligne import Ligne, RedisInjoignable
from shared.web.debit import Limite, SeauLocal

# The rule of ``shared.web.debit.pour``. The key ends when the bucket is full again: no key is a full bucket.
_PRENDRE: Final = """
local t = redis.call('TIME')
local instant = t[1] * 1000000 + t[2]
local pas, rafale = tonumber(ARGV[1]), tonumber(ARGV[2])
local plein = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), instant)
local attente = plein - instant - (rafale - 1) * pas
if attente > 0 then return string.format('%.0f', attente) end
plein = plein + pas
redis.call('SET', KEYS[1], string.format('%.0f', plein), 'PX', math.ceil((plein - instant) / 1000))
return '0'
"""


class SeauRedis:
    """The buckets of all processes. While Redis is away each process keeps its own, each with the full rate."""

    def __init__(self, client: Redis, prefixe: str, limite: Limite) -> None:
        self._client = client
        self._prefixe = f"{prefixe}:debit:"
        self._limite = limite
        self._local = SeauLocal(limite)
        self._prendre = client.register_script(_PRENDRE)
        self._ligne = Ligne("les limites de débit")

    async def take(self, principal: str) -> int:
        """0 and one token less, or the microseconds to wait for one."""
        try:
            with self._ligne.guard():
                attente = await self._prendre(
                    keys=[self._prefixe + principal], args=[self._limite.pas, self._limite.rafale]
                )
        except RedisInjoignable:
            return await self._local.take(principal)
        return int(attente)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.connection_pool.disconnect()
