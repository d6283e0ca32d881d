"""Rate limits that servers keep together, and each for itself while Redis is away."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable

import pytest
import redis as client_redis

from shared.partage.debit import SeauRedis
from shared.partage.ouverture import open_redis
from shared.web.debit import limit
from tests.donnees import RACINE
from tests.infra.processus import DELAI
from tests.infra.redis import Redis

pytestmark = pytest.mark.usefixtures("redis_attendu")

# One token comes in 1 000 s: what a test sees is the burst alone.
LENT = 0.001
# The burst is full again only after a pause of four seconds.
PAR_SECONDE, RAFALE = 5, 20
PREND = """
import asyncio, sys
from shared.partage import ligne
from shared.partage.ouverture import open_redis
from shared.web.debit import limit

async def take():
    ligne.DELAI = 30.0
    seau = open_redis(sys.argv[1]).create_bucket(limit(float(sys.argv[2]), int(sys.argv[3])))
    sys.stdin.readline()
    prises = [await seau.take("jeton") for _ in range(int(sys.argv[4]))]
    await seau.aclose()
    print(prises.count(0))

asyncio.run(take())
"""


def use(url: str, par_seconde: float, rafale: int, scenario: Callable[[SeauRedis], Awaitable[None]]) -> None:
    """Play a scenario on a bucket."""

    async def play() -> None:
        seau = open_redis(url).create_bucket(limit(par_seconde, rafale))
        try:
            await scenario(seau)
        finally:
            await seau.aclose()

    asyncio.run(play())


async def drain(seau: SeauRedis, principal: str = "jeton") -> int:
    """Take until refused: how many were taken."""
    prises = 0
    while not await seau.take(principal):
        prises += 1
    return prises


def test_two_processes_share_a_burst_to_one_request(redis_url: str) -> None:
    commande = [sys.executable, "-c", PREND, redis_url, str(LENT), "150", "120"]
    deux = [
        subprocess.Popen(commande, cwd=RACINE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    for processus in deux:
        assert processus.stdin is not None
        processus.stdin.write("\n")
        processus.stdin.flush()
    assert sum(int(processus.communicate(timeout=DELAI)[0]) for processus in deux) == 150


def test_requests_taken_without_pause_come_at_the_rate_to_one_request(redis_url: str) -> None:
    async def scenario(seau: SeauRedis) -> None:
        with client_redis.Redis.from_url(redis_url) as horloge:

            def now() -> float:
                secondes, micros = horloge.time()
                return float(secondes) + float(micros) / 1_000_000

            avant = now()
            prises = await drain(seau)
            apres = debut = now()
            while now() < avant + 2:
                debut = now()
                prises += await drain(seau)
            fin = now()
        assert RAFALE + (debut - apres) * PAR_SECONDE - 1 <= prises <= RAFALE + (fin - avant) * PAR_SECONDE

    use(redis_url, PAR_SECONDE, RAFALE, scenario)


def test_a_refused_principal_is_told_how_long_to_wait_and_others_are_not_refused(redis_url: str) -> None:
    async def scenario(seau: SeauRedis) -> None:
        assert await drain(seau) == 3
        assert 0 < await seau.take("jeton") <= 1_000 * 1_000_000
        assert await drain(seau, "adresse:1") == 3

    use(redis_url, LENT, 3, scenario)


@pytest.mark.parametrize("frozen", [False, True])
def test_without_redis_each_process_keeps_its_own_buckets_and_shares_again_once_it_is_back(
    redis: Redis, redis_url: str, frozen: bool
) -> None:
    async def scenario(seau: SeauRedis) -> None:
        assert await seau.take("jeton") == 0
        (redis.pause if frozen else redis.stop)()
        try:
            assert [await drain(seau), await drain(seau)] == [3, 0]
        finally:
            (redis.resume if frozen else redis.start)()
        with client_redis.Redis(port=redis.port) as client:
            client.flushall()
            fin = time.monotonic() + DELAI
            while not client.exists("ecluse:debit:jeton"):
                assert time.monotonic() < fin
                await seau.take("jeton")

    use(redis_url, LENT, 3, scenario)


def test_every_bucket_ends_when_it_is_full(redis: Redis, redis_url: str) -> None:
    async def scenario(seau: SeauRedis) -> None:
        for principal in ("jeton", "adresse:1"):
            await drain(seau, principal)
        with client_redis.Redis(port=redis.port) as client:
            cles = sorted(client.scan_iter())
            assert cles == [b"ecluse:debit:adresse:1", b"ecluse:debit:jeton"]
            assert all(0 < client.pttl(cle) <= 3 * 1_000_000 for cle in cles)

    use(redis_url, LENT, 3, scenario)
