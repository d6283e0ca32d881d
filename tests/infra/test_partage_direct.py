"""The live page on several servers: one computes for all, and each for itself while Redis is away."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest
import redis as client_redis

from shared.partage import ligne
from shared.partage.direct import Bail, PartageRedis
from shared.partage.ligne import create_async
from shared.web.partage import INTERROMPUE
from tests.donnees import RACINE
from tests.infra.ecrans import Chiffres, Ecran, follow
from tests.infra.redis import Redis
from tests.maisons import eventually

pytestmark = pytest.mark.usefixtures("redis_attendu")

# Seconds. Two beats missed and each computes for itself: a busy machine must not miss as many.
LENTE = 2.0
# Another server, as a process, whose figures say -1: it tells each time that its turn to compute has come.
AUTRE = """
import asyncio, sys
from shared.partage import ligne
from shared.partage.ouverture import open_redis
from shared.web.flux import Diffuseur

def compute(cle):
    print("calcule", flush=True)
    return b'{"valeur": -1}'

async def watch():
    ligne.DELAI = 30.0
    cadence = float(sys.argv[2])
    diffuseur = Diffuseur(compute, lambda: 0, cadence, cadence, open_redis(sys.argv[1]).create_sharing())
    async for _ in diffuseur.watch("091"):
        pass

asyncio.run(watch())
"""


def show(chiffres: Chiffres, ecrans: list[Ecran]) -> None:
    """Change the figures, and see the change on every screen."""
    chiffres.valeur += 1
    for ecran in ecrans:
        ecran.wait_value(chiffres.valeur)


def check(ecrans: list[Ecran]) -> None:
    """Nothing went backwards nor came twice on any screen, and an image has one id whichever server sends it."""
    ids: dict[int, str] = {}
    for ecran in ecrans:
        assert ecran.valeurs == sorted(set(ecran.valeurs))
        assert ecran.ids == [ids.setdefault(v, id_) for v, id_ in zip(ecran.valeurs, ecran.ids, strict=True)]
    assert len(set(ids.values())) == len(ids)


def resume_together(chiffres: Chiffres, ecrans: list[Ecran]) -> None:
    """The page complains no more, and one computes for all again."""
    for ecran in ecrans:
        ecran.wait(lambda e: not e.degrade)
    show(chiffres, ecrans)
    partage = False
    while not partage:
        show(chiffres, ecrans)
        partage = sum(chiffres.valeur in ecran.calculees for ecran in ecrans) == 1
    check(ecrans)


def test_of_all_the_servers_that_watch_one_computes(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # Past its patience each computes for itself, which is not what is looked at here.
    monkeypatch.setattr(ligne, "DELAI", 30.0)
    chiffres = Chiffres()
    with follow(redis_url, chiffres, nombre=3, cadence=3) as ecrans:
        for _ in range(3):
            show(chiffres, ecrans)
        premier, *autres = ecrans
        assert set(premier.calculees) == {0, 1, 2, 3}
        assert [ecran.calculees for ecran in autres] == [[], []]
        assert [ecran.annonces for ecran in ecrans] == [[], [], []]
        check(ecrans)


def test_who_computes_may_leave_and_the_next_takes_over(redis_url: str) -> None:
    chiffres = Chiffres()
    with follow(redis_url, chiffres) as ecrans:
        show(chiffres, ecrans)
        ecrans.pop(0).close()
        show(chiffres, ecrans)
        show(chiffres, ecrans)
        assert 3 in ecrans[0].calculees
        check(ecrans)


def test_a_server_that_cannot_compute_leaves_the_turn_to_another(redis_url: str) -> None:
    chiffres = Chiffres()
    with follow(redis_url, chiffres) as ecrans:
        ecrans[0].en_panne = True
        show(chiffres, ecrans)
        assert 1 in ecrans[1].calculees
        check(ecrans)


def test_a_redis_that_is_flushed_is_felt_by_nobody(redis: Redis, redis_url: str) -> None:
    chiffres = Chiffres()
    with follow(redis_url, chiffres) as ecrans:
        for _ in range(3):
            redis.flush()
            show(chiffres, ecrans)
        resume_together(chiffres, ecrans)


@contextmanager
def stopped(redis: Redis) -> Iterator[None]:
    redis.stop()
    yield
    redis.start()


@contextmanager
def killed(redis: Redis) -> Iterator[None]:
    redis.kill()
    yield
    redis.start()


@contextmanager
def frozen(redis: Redis) -> Iterator[None]:
    redis.pause()
    yield
    redis.resume()


@pytest.mark.parametrize("away", [stopped, killed, frozen])
def test_without_redis_each_server_computes_and_says_so_until_it_is_back(
    redis: Redis, redis_url: str, away: Callable[[Redis], AbstractContextManager[None]]
) -> None:
    chiffres = Chiffres()
    with follow(redis_url, chiffres) as ecrans:
        show(chiffres, ecrans)
        with away(redis):
            for ecran in ecrans:
                ecran.wait(lambda e: e.degrade)
                assert ecran.annonces[-1] == INTERROMPUE
            for _ in range(3):
                show(chiffres, ecrans)
                assert all(chiffres.valeur in ecran.calculees for ecran in ecrans)
        resume_together(chiffres, ecrans)


def test_a_screen_opened_while_redis_is_away_is_served_and_told(redis: Redis, redis_url: str) -> None:
    chiffres = Chiffres()
    with stopped(redis), follow(redis_url, chiffres) as ecrans:
        show(chiffres, ecrans)
        assert [ecran.annonces for ecran in ecrans] == [[INTERROMPUE], [INTERROMPUE]]


@contextmanager
def another(url: str) -> Iterator["subprocess.Popen[str]"]:
    """A server in its own process, which computes: nobody else watches yet."""
    commande = [sys.executable, "-c", AUTRE, url, str(LENTE)]
    with subprocess.Popen(commande, cwd=RACINE, stdout=subprocess.PIPE, text=True) as autre:
        assert autre.stdout is not None
        assert autre.stdout.readline() == "calcule\n"
        try:
            yield autre
        finally:
            autre.kill()


@pytest.mark.parametrize("signe", [signal.SIGKILL, signal.SIGSTOP])
def test_a_server_killed_or_frozen_while_it_computes_for_all_is_replaced(redis_url: str, signe: signal.Signals) -> None:
    chiffres = Chiffres()
    with another(redis_url) as autre:
        ecran = Ecran(redis_url, chiffres, LENTE)
        try:
            ecran.wait_value(-1)
            os.kill(autre.pid, signe)
            ecran.wait_value(0)
            chiffres.valeur = 1
            ecran.wait_value(1)
            ecran.wait(lambda e: not e.degrade)
        finally:
            ecran.close()


def test_whatever_redis_holds_has_a_term(redis: Redis, redis_url: str) -> None:
    chiffres = Chiffres()
    with follow(redis_url, chiffres) as ecrans, client_redis.Redis(port=redis.port) as client:
        show(chiffres, ecrans)
        # A lease that was renewed late is not there for a moment.
        cles = [b"ecluse:direct:091:bail", b"ecluse:direct:091:image"]
        eventually(lambda: sorted(client.scan_iter()) == cles)
        assert all(client.pttl(cle) != -1 for cle in cles)


def test_an_image_that_comes_late_is_not_shown_as_the_present(
    redis: Redis, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A frozen server reads, once it goes on, what was said meanwhile."""
    monkeypatch.setattr(ligne, "DELAI", 30.0)

    def say(valeur: int, age: int) -> int:
        secondes, micros = client.time()
        ms = secondes * 1_000 + micros // 1_000 - age
        return int(client.publish("ecluse:direct:091", f'autre:{ms} {{"valeur": {valeur}}}'))

    with client_redis.Redis(port=redis.port) as client:
        client.set("ecluse:direct:091:bail", "autre:1", px=60_000)
        ecran = Ecran(redis_url, Chiffres(), 5)
        try:
            eventually(lambda: say(5, 0) and ecran.valeurs)
            say(4, 60_000)
            say(6, 0)
            ecran.wait_value(6)
            assert (set(ecran.valeurs), ecran.calculees) == ({5, 6}, [])
        finally:
            ecran.close()


def test_a_call_that_a_frozen_redis_carries_out_late_changes_nothing(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ligne, "DELAI", 30.0)

    async def play() -> None:
        client = create_async(redis_url)
        partage = PartageRedis(client, "ecluse")
        bail = Bail("ecluse:direct:091", 60)
        for bail.numero in (1, 2):
            assert (await partage.take(bail, avec_image=False))[0]
        assert await partage.show(bail, b"2")
        bail.numero = 1
        assert not await partage.show(bail, b"1")
        autre = Bail("ecluse:direct:091", 60)
        assert (await partage.take(autre, avec_image=True))[::2] == (False, b"2")
        await partage.give_back(autre)
        assert not (await partage.take(autre, avec_image=True))[0]
        await partage.give_back(bail)
        assert (await partage.take(autre, avec_image=True))[0]
        assert (await partage.take(Bail("ecluse:direct:091", 60), avec_image=True))[::2] == (False, None)
        await client.aclose()

    asyncio.run(play())
