"""Who computes the image of a live page: each process for itself, or one of those that watch for all of them."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final, Protocol

INTERROMPUE: Final = "Diffusion partagée interrompue : chaque serveur calcule pour lui"


class Ecoute(Protocol):
    """The side of the watchers: what they are shown, and whether the sharing works."""

    def publish(self, image: bytes) -> None: ...
    def tell(self, interrompue: bool) -> None: ...


class Suivi(Protocol):
    """What one process knows of one watched key.

    ``tour``: None while another process computes; otherwise a number, which changes each time that a full image is due.
    """

    @property
    def tour(self) -> int | None: ...
    async def publish(self, image: bytes) -> None:
        """Give the others what was computed. Never raises for a relay that is away."""

    async def rest(self) -> None:
        """Nothing could be computed: let another process try."""


class Partage(Protocol):
    """The port of the sharing. ``cadence``: seconds between two images at least, the beat of the sharing."""

    def join(self, cle: str, ecoute: Ecoute, cadence: float) -> AbstractAsyncContextManager[Suivi]: ...


class _Toujours:
    tour = 0

    async def publish(self, image: bytes) -> None:
        """Nobody else watches."""

    async def rest(self) -> None:
        """Nobody else can try."""


class Seul:
    """One process: it always computes."""

    @asynccontextmanager
    async def join(self, cle: str, ecoute: Ecoute, cadence: float) -> AsyncIterator[Suivi]:
        """The turn that never ends."""
        del cle, ecoute, cadence
        yield _Toujours()
