"""The live page across processes: of those that watch a key one computes, and the others relay what it publishes.

Who computes holds a lease (a key with a term) and renews it at each beat. The others hear its beats and its images on
a channel. Two beats missed, or Redis away, and each computes for itself until an image is heard again.
"""

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import Enum
from itertools import count
from typing import Final

from redis.asyncio import Redis

from shared.partage.abonnement import Abonnement
from shared.partage.ligne import Ligne, RedisInjoignable
from shared.web.partage import Ecoute, Suivi

# Seconds. An image stays for who comes to watch until well after the next one is due.
GARDE: Final = 10.0
# Seconds during which a process that could not compute leaves the turn to others.
_REPOS: Final = 5.0
# Beats that may be missed.
_BATTEMENTS: Final = 2

_LOG = logging.getLogger("ecluse.partage")

# Each call has its own number: what a frozen Redis carries out late, after a newer call, has lost its lease.
_INSTANT: Final = """
local t = redis.call('TIME')
local ms = string.format('%.0f', t[1] * 1000 + math.floor(t[2] / 1000))
"""
_PRENDRE: Final = f"""{_INSTANT}
local bail = redis.call('GET', KEYS[1])
if not bail or string.sub(bail, 1, #ARGV[1]) == ARGV[1] then
  -- What another showed before may be older than what is watched since.
  if not bail then redis.call('DEL', KEYS[2]) end
  redis.call('SET', KEYS[1], ARGV[1] .. ARGV[2], 'PX', ARGV[3])
  redis.call('PUBLISH', ARGV[4], ARGV[1] .. ms .. ' ')
  return {{1, ms, false}}
end
return {{0, ms, ARGV[5] == '1' and redis.call('GET', KEYS[2])}}
"""
_MONTRER: Final = f"""{_INSTANT}
if redis.call('GET', KEYS[1]) ~= ARGV[1] .. ARGV[2] then return 0 end
redis.call('SET', KEYS[2], ARGV[3], 'PX', ARGV[4])
redis.call('PUBLISH', ARGV[5], ARGV[1] .. ms .. ' ' .. ARGV[3])
return 1
"""
_RENDRE: Final = """
local bail = redis.call('GET', KEYS[1])
if bail and string.sub(bail, 1, #ARGV[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
"""


class Role(Enum):
    """What a process does for one key."""

    ATTEND = "waits for a first image of the process that computes"
    SUIT = "relays"
    MENE = "computes for all"
    SEUL = "computes for itself: the sharing does not work"


class PartageRedis:
    """The sharing of live images by Redis, for one process and its event loop.

    Connections are opened with the first key that is watched here and closed with the last.
    """

    def __init__(self, client: Redis, prefixe: str) -> None:
        self._prefixe = f"{prefixe}:direct:"
        self._client = client
        self._abonnement = Abonnement(client)
        self._prendre = client.register_script(_PRENDRE)
        self._montrer = client.register_script(_MONTRER)
        self._rendre = client.register_script(_RENDRE)

    @asynccontextmanager
    async def join(self, cle: str, ecoute: Ecoute, cadence: float) -> AsyncIterator[Suivi]:
        """Watch a key with the other processes; a Redis that is away is told to ``ecoute``, never raised."""
        cle = self._prefixe + cle
        suivi = SuiviRedis(self, Bail(cle, _BATTEMENTS * cadence), ecoute, cadence)
        self._abonnement.add(cle, suivi)
        battement = asyncio.create_task(suivi.beat())
        try:
            yield suivi
        finally:
            # Not cancelled: before Python 3.12 a cancellation may get lost within a call of the client.
            suivi.end()
            await asyncio.gather(battement, return_exceptions=True)
            await suivi.leave()
            await self._abonnement.remove(cle, suivi)

    async def take(self, bail: "Bail", *, avec_image: bool) -> tuple[bool, int, bytes | None]:
        """Take or renew the turn: whether it is ours, the time of Redis (ms), the latest image if it was asked for."""
        arguments: list[str | int] = [bail.moi, bail.numero, _ms(bail.duree), bail.cle, int(avec_image)]
        mien, ms, image = await self._prendre(keys=bail.keys, args=arguments)
        return mien == 1, int(ms), image

    async def show(self, bail: "Bail", image: bytes) -> bool:
        """Publish an image; False if the turn was lost since ``take``."""
        arguments: list[str | int | bytes] = [bail.moi, bail.numero, image, _ms(GARDE), bail.cle]
        return bool(await self._montrer(keys=bail.keys, args=arguments))

    async def give_back(self, bail: "Bail") -> None:
        """Leave the turn to another."""
        await self._rendre(keys=bail.keys, args=[bail.moi])


class Bail:
    """What names the turn of one process on one key. ``duree``: seconds; ``numero`` grows with each call."""

    def __init__(self, cle: str, duree: float) -> None:
        self.cle = cle
        self.duree = duree
        self.moi = secrets.token_hex(8) + ":"
        self.numero = 0
        self.keys = [cle + ":bail", cle + ":image"]


class SuiviRedis:
    """One key as one process sees it."""

    def __init__(self, partage: PartageRedis, bail: Bail, ecoute: Ecoute, cadence: float) -> None:
        self.tour: int | None = None
        self._partage = partage
        self._bail = bail
        self._ecoute = ecoute
        self._cadence = cadence
        self._boucle = asyncio.get_running_loop()
        self._ligne = Ligne("les pages en direct", repos=0)
        self._role = Role.ATTEND
        self._abonne = False
        self._fini = False
        self._entendu = self._boucle.time()
        self._repos = 0.0
        # Milliseconds between the clock of Redis and that of this loop, known from the first answer on.
        self._ecart: float | None = None
        self._tours = count(1)
        self._verrou = asyncio.Lock()
        self._reveil = asyncio.Event()

    async def beat(self) -> None:
        """Take, renew or follow, at each cadence."""
        while not self._fini:
            try:
                await self._round()
            except Exception:
                # Whatever it was, nobody is to wait for an image that another may never send.
                _LOG.exception("partage des images en panne")
                self._become(Role.SEUL)
            try:
                await asyncio.wait_for(self._reveil.wait(), self._cadence)
            except TimeoutError:
                continue
            self._reveil.clear()

    def end(self) -> None:
        """Let the beat end."""
        self._fini = True
        self._reveil.set()

    def subscribed(self) -> None:
        """The channel is heard from now on: what was said before is to be asked for."""
        self._abonne = True
        if self._role is Role.SUIT:
            self._become(Role.ATTEND)
        self._reveil.set()

    def receive(self, message: bytes) -> None:
        """A beat, or an image, of another process."""
        if self._ecart is None or message.startswith(self._bail.moi.encode()):
            return
        ms, _, image = message.partition(b":")[2].partition(b" ")
        if self._now() * 1000 + self._ecart - int(ms) > self._bail.duree * 1000:
            # Said long ago and read only now, by a process that was frozen: it would pass for the present.
            return
        self._entendu = self._now()
        if image and self._role is not Role.MENE:
            self._follow(image)

    async def publish(self, image: bytes) -> None:
        """Give an image to the others, if they count on us."""
        if self._role is not Role.MENE:
            return
        try:
            async with self._verrou:
                with self._ligne.guard():
                    montree = await self._partage.show(self._bail, image)
        except RedisInjoignable:
            self._become(Role.SEUL)
            return
        if not montree:
            # If the turn comes back, it comes with a full image for those who missed this one.
            self._become(Role.ATTEND)

    async def rest(self) -> None:
        """Leave the turn for a while."""
        if self._role is Role.MENE:
            self._repos = self._now() + _REPOS
            self._become(Role.ATTEND)
            await self.leave()

    async def leave(self) -> None:
        """Tell the others, if they can be told, that the turn is free."""
        try:
            async with self._verrou:
                with self._ligne.guard():
                    await self._partage.give_back(self._bail)
        except RedisInjoignable:
            return

    async def _round(self) -> None:
        if self._now() < self._repos:
            mien, image = False, None
        else:
            try:
                mien, image = await self._take()
            except RedisInjoignable:
                self._become(Role.SEUL)
                return
        if mien:
            self._become(Role.MENE)
        elif self._now() - self._entendu > self._bail.duree:
            self._become(Role.SEUL)
        elif self._role is Role.MENE:
            self._become(Role.ATTEND)
        elif image is not None and self._abonne and self._role is not Role.SUIT:
            self._follow(image)

    async def _take(self) -> tuple[bool, bytes | None]:
        async with self._verrou:
            self._bail.numero += 1
            with self._ligne.guard():
                mien, ms, image = await self._partage.take(self._bail, avec_image=self._role is not Role.SUIT)
        self._ecart = ms - self._now() * 1000
        return mien, image

    def _follow(self, image: bytes) -> None:
        self._ecoute.publish(image)
        self._become(Role.SUIT)

    def _become(self, role: Role) -> None:
        if role is self._role:
            return
        if self._role is Role.MENE:
            # Who leads hears itself only: it begins to wait for another now.
            self._entendu = self._now()
        self._role = role
        self.tour = next(self._tours) if role in (Role.MENE, Role.SEUL) else None
        self._ecoute.tell(role is Role.SEUL)

    def _now(self) -> float:
        return self._boucle.time()


def _ms(secondes: float) -> int:
    return max(1, round(secondes * 1000))
