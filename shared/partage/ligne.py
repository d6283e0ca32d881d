"""A line to Redis that never keeps anybody waiting: short limits, no second try, and a rest after a failure."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import redis
import redis.asyncio
from redis.asyncio.retry import Retry as RetryAsync
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

# Seconds. An answer takes less than one millisecond: whoever waits longer than this is better served without Redis.
DELAI: Final = 0.25
REPOS: Final = 1.0
_LOG = logging.getLogger("ecluse.partage")


class RedisInjoignable(Exception):
    """Redis did not answer, or refused: the caller does without."""


class AdresseRedisInvalide(ValueError):
    """An address that Redis cannot have; the message never repeats it, since it may carry a password."""


def create_async(url: str) -> "redis.asyncio.Redis":
    """A client for one event loop. Opens no connection. Raises ``AdresseRedisInvalide``."""
    with _checked_address():
        return redis.asyncio.Redis.from_url(
            url, socket_timeout=DELAI, socket_connect_timeout=DELAI, retry=RetryAsync(NoBackoff(), 0)
        )


def create_sync(url: str) -> "redis.Redis":
    """A client for threads. Opens no connection. Raises ``AdresseRedisInvalide``."""
    with _checked_address():
        return redis.Redis.from_url(
            url, socket_timeout=DELAI, socket_connect_timeout=DELAI, retry=Retry(NoBackoff(), 0)
        )


@contextmanager
def _checked_address() -> Iterator[None]:
    try:
        yield
    except ValueError:
        raise AdresseRedisInvalide(
            "adresse Redis illisible : attendue sous la forme redis://hôte:6379/0, rediss:// ou unix://"
        ) from None


class Ligne:
    """Guards the calls of one user of Redis, and says in the log when they begin to fail and when they work again.

    ``repos``: seconds during which nothing is asked after a failure, so that a frozen Redis costs its limit once.
    """

    def __init__(self, usage: str, repos: float = REPOS) -> None:
        self._usage = usage
        self._repos = repos
        self._reprise = 0.0
        self.coupee = False

    @contextmanager
    def guard(self) -> Iterator[None]:
        """Raises ``RedisInjoignable`` for any failure of what is asked within, and during the rest that follows one."""
        if time.monotonic() < self._reprise:
            raise RedisInjoignable(f"Redis ne répondait pas il y a moins de {self._repos:g} s")
        try:
            yield
        except (RedisError, OSError, TimeoutError) as erreur:
            self._reprise = time.monotonic() + self._repos
            if not self.coupee:
                _LOG.warning("Redis injoignable pour %s (%s)", self._usage, type(erreur).__name__)
            self.coupee = True
            raise RedisInjoignable(f"Redis ne répond pas ({type(erreur).__name__})") from erreur
        if self.coupee:
            _LOG.warning("Redis répond de nouveau pour %s", self._usage)
        self.coupee = False
