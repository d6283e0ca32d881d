"""Clients that we did not write: what they see is what anyone sees."""

from __future__ import annotations

import subprocess

from tests.infra.kafka import Kafka
from tests.infra.processus import DELAI
from tests.infra.redis import Redis
from tests.programmes import require_program


def psql(url: str, ordre: str) -> str:
    """What ``psql`` prints: one line a row, columns parted by ``|``."""
    return _run(require_program("psql", "postgresql-client"), "-XAt", "-c", ordre, url)


def redis_cli(redis: Redis, *mots: str) -> str:
    """What ``redis-cli`` prints."""
    return _run(require_program("redis-cli", "redis-tools"), "-u", redis.url, *mots)


def kcat(kafka: Kafka, *mots: str, entree: bytes = b"") -> str:
    """What ``kcat`` prints; it reads ``entree``."""
    return _run(require_program("kcat", "kcat"), "-q", "-b", kafka.adresse, *mots, entree=entree)


def _run(*commande: str, entree: bytes = b"") -> str:
    fin = subprocess.run(commande, input=entree, capture_output=True, check=False, timeout=DELAI)
    assert fin.returncode == 0, fin.stderr.decode(errors="replace")
    return fin.stdout.decode().removesuffix("\n")
