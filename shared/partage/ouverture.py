"""Where a process takes what it shares: one address, and what stands on it."""

from typing import Final

from redis.exceptions import RedisError

from shared.partage.debit import SeauRedis
from shared.partage.direct import PartageRedis
from shared.partage.ligne import RedisInjoignable, create_async, create_sync
from shared.partage.registre import RegistreRedis
from shared.web.debit import Limite

PREFIXE: Final = "ecluse"


class MemoirePartagee:
    """Redis for one process. Nothing connects before it is used."""

    def __init__(self, url: str, prefixe: str) -> None:
        self._url = url
        self._prefixe = prefixe
        self._client = create_sync(url)

    def create_sharing(self) -> PartageRedis:
        """The sharing of live images, for one event loop."""
        return PartageRedis(create_async(self._url), self._prefixe)

    def create_bucket(self, limite: Limite) -> SeauRedis:
        """The rate limits, for one event loop; ``await aclose()`` at its end."""
        return SeauRedis(create_async(self._url), self._prefixe, limite)

    def create_register(self) -> RegistreRedis:
        """Links and closed sessions, for threads; ``close_connections()`` at the end."""
        return RegistreRedis(create_sync(self._url), self._prefixe)

    def check(self) -> str:
        """The version of the server. Raises ``RedisInjoignable``."""
        try:
            return str(self._client.info("server")["redis_version"])
        except (RedisError, OSError, TimeoutError) as erreur:
            raise RedisInjoignable(f"Redis ne répond pas ({erreur})") from erreur
        finally:
            self._client.close()


def open_redis(url: str, prefixe: str = PREFIXE) -> MemoirePartagee:
    """What stands on the Redis at ``url``. Opens no connection. Raises ``AdresseRedisInvalide``."""
    return MemoirePartagee(url, prefixe)
