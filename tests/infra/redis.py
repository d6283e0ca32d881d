"""A real Redis."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from tests.infra.processus import Serveur, ServeurAbsent


class Redis(Serveur):
    """An instance that keeps its data over a restart."""

    nom = "redis"

    def __init__(self) -> None:
        self._programme = shutil.which("redis-server")
        if self._programme is None:
            raise ServeurAbsent("Redis absent : apt-get install redis-server")
        super().__init__()

    @property
    def url(self) -> str:
        """Its first database."""
        return f"redis://127.0.0.1:{self.port}/0"

    def flush(self) -> None:
        """Empty it."""
        with redis.Redis(port=self.port) as client:
            client.flushall()

    def prepare(self) -> None:
        """It writes its own files."""

    def command(self) -> Sequence[str | Path]:
        reglages = {"port": str(self.port), "bind": "127.0.0.1", "dir": str(self.dossier), "save": ""}
        reglages |= {"appendonly": "yes", "appendfsync": "no", "loglevel": "notice"}
        return [str(self._programme), *(mot for nom, valeur in reglages.items() for mot in (f"--{nom}", valeur))]

    def ask(self) -> None:
        with redis.Redis(port=self.port, socket_timeout=5, retry=Retry(NoBackoff(), 0)) as client:
            client.ping()
