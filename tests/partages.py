"""A sharing of live images that a test directs: whose turn it is, what another process shows, whether it works."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from shared.web.partage import Ecoute, Suivi


class Relais:
    """One watched key. ``tour``: see ``Suivi``."""

    def __init__(self, tour: int | None = None) -> None:
        self.tour = tour
        self.publiees: list[bytes] = []
        self.repos = asyncio.Event()
        self._ecoute: Ecoute | None = None
        self._boucle: asyncio.AbstractEventLoop | None = None

    @asynccontextmanager
    async def join(self, cle: str, ecoute: Ecoute, cadence: float) -> AsyncIterator[Suivi]:
        """Watch."""
        del cle, cadence
        self._ecoute, self._boucle = ecoute, asyncio.get_running_loop()
        yield self

    async def publish(self, image: bytes) -> None:
        """What was computed here."""
        self.publiees.append(image)

    async def rest(self) -> None:
        """Nothing could be computed here."""
        self.tour = None
        self.repos.set()

    async def listening(self) -> Ecoute:
        """The side of the watchers, once there is one."""
        while self._ecoute is None:
            await asyncio.sleep(0)
        return self._ecoute

    def interrupt(self, interrompue: bool) -> None:
        """Break the sharing or mend it, from another thread, for those who watch."""
        assert self._boucle is not None
        assert self._ecoute is not None
        self._boucle.call_soon_threadsafe(self._ecoute.tell, interrompue)
