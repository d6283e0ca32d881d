"""One connection that listens to all the channels of a process, replaced as soon as it says nothing any more."""

import asyncio
import logging
from contextlib import suppress
from typing import Final, Protocol

from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.exceptions import RedisError

# Seconds: every channel that is watched beats more often than this, unless nobody is left to say anything.
_SILENCE: Final = 3.0
_ATTENTE: Final = 0.05
_REPOS: Final = 0.5
_LOG = logging.getLogger("ecluse.partage")


class Auditeur(Protocol):
    """Who listens to one channel."""

    def subscribed(self) -> None: ...
    def receive(self, message: bytes) -> None: ...


class Abonnement:
    """The channels that this process listens to. One task speaks on the connection: nothing crosses on it."""

    def __init__(self, client: Redis) -> None:
        self._client = client
        self._auditeurs: dict[bytes, Auditeur] = {}
        self._tache: asyncio.Task[None] | None = None

    def add(self, canal: str, auditeur: Auditeur) -> None:
        """Listen to a channel; ``auditeur`` is told once it is heard, each time that it had to be opened again."""
        self._auditeurs[canal.encode()] = auditeur
        if self._tache is None:
            self._tache = asyncio.create_task(self._keep())

    async def remove(self, canal: str, auditeur: Auditeur) -> None:
        """Listen no longer; with the last channel every connection of the client is closed."""
        # Somebody else may listen to the same channel by now.
        if self._auditeurs.get(canal.encode()) is auditeur:
            del self._auditeurs[canal.encode()]
        tache = self._tache
        if not self._auditeurs and tache is not None:
            # Not cancelled: before Python 3.12 a cancellation may get lost within a call of the client.
            await asyncio.gather(tache, return_exceptions=True)

    async def _keep(self) -> None:
        while self._auditeurs:
            pubsub = self._client.pubsub()
            try:
                await self._listen(pubsub)
            except (RedisError, OSError, TimeoutError) as erreur:
                _LOG.info("écoute des images interrompue (%s)", type(erreur).__name__)
            except Exception:
                # Whatever it was, nobody is to wait for images that would never be heard again.
                _LOG.exception("écoute des images interrompue")
            finally:
                with suppress(RedisError, OSError):
                    await pubsub.aclose()  # type: ignore[no-untyped-call]  # the library declares no types here
            if self._auditeurs:
                await asyncio.sleep(_REPOS)
        self._tache = None
        await self._client.connection_pool.disconnect(inuse_connections=False)

    async def _listen(self, pubsub: PubSub) -> None:
        abonnes: dict[bytes, Auditeur] = {}
        boucle = asyncio.get_running_loop()
        entendu = boucle.time()
        while self._auditeurs and boucle.time() - entendu < _SILENCE:
            voulus = dict(self._auditeurs)
            if partis := abonnes.keys() - voulus.keys():
                await pubsub.unsubscribe(*partis)
            # Redis confirms a channel that it already sends too: a new listener is told like the first one.
            if neufs := [canal for canal, auditeur in voulus.items() if abonnes.get(canal) is not auditeur]:
                await pubsub.subscribe(*neufs)
            abonnes = voulus
            message = await pubsub.get_message(timeout=_ATTENTE)
            if message is not None:
                entendu = boucle.time()
                self._dispatch(message["type"], message["channel"], message["data"])

    def _dispatch(self, genre: str, canal: bytes, corps: bytes) -> None:
        auditeur = self._auditeurs.get(canal)
        if auditeur is None:
            return
        if genre == "subscribe":
            auditeur.subscribed()
        elif genre == "message":
            auditeur.receive(corps)
