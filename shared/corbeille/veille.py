"""Waiting for work: woken by commits, without a thread per waiter."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Lock


class Veille:
    """Wakes the coroutines that wait, whatever loop they run in. ``ring`` may be called from any thread."""

    def __init__(self) -> None:
        self._verrou = Lock()
        self._fermee = False
        self._reveils: dict[asyncio.Event, asyncio.AbstractEventLoop] = {}

    @property
    def fermee(self) -> bool:
        """The house is stopping: nobody waits any longer."""
        return self._fermee

    @property
    def attendus(self) -> int:
        """How many wait now."""
        return len(self._reveils)

    def ring(self) -> None:
        """Something was committed."""
        with self._verrou:
            for reveil, boucle in self._reveils.items():
                # A loop that was closed on a waiter has nobody left to wake, and the writer must go on.
                with suppress(RuntimeError):
                    boucle.call_soon_threadsafe(reveil.set)

    def close(self) -> None:
        """Let everybody go."""
        self._fermee = True
        self.ring()

    @contextmanager
    def watch(self) -> Iterator[asyncio.Event]:
        """An event of the running loop, set at each commit until the context ends."""
        reveil = asyncio.Event()
        with self._verrou:
            self._reveils[reveil] = asyncio.get_running_loop()
        try:
            yield reveil
        finally:
            with self._verrou:
                del self._reveils[reveil]
