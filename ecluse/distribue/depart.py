"""The end of a process: in time, whatever hangs."""

import asyncio
import logging
import os
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from threading import Event, Lock, Thread
from typing import Final, NoReturn

from shared.bus.gardien import CODE_IMMOBILE

# From the request to stop to the end of the process, at most; to say why, once that time is over (seconds).
DELAI: Final = 10.0
_PAROLE: Final = 1.0
_LOG: Final = logging.getLogger("ecluse.distribue")


class Depart:
    """The stop of a process, which ends after ``delai`` seconds even where something hangs.

    Nothing is lost by it: what is not committed was acknowledged to nobody, and a checkpoint is written whole or not.
    """

    def __init__(self, delai: float = DELAI, quitter: Callable[[int], object] = os._exit) -> None:
        self._delai = delai
        self._quitter = quitter
        self._verrou = Lock()
        self._commence = False
        self._etapes: list[str] = []

    def begin(self) -> None:
        """The stop was asked for, or something crashed: time runs from the first call on."""
        with self._verrou:
            if self._commence:
                return
            self._commence = True
        Thread(target=self._expire, name="départ", daemon=True).start()

    @contextmanager
    def step(self, nom: str) -> Iterator[None]:
        """What is being closed (French), for the message of an end that comes too soon."""
        with self._verrou:
            self._etapes.append(nom)
        try:
            yield
        finally:
            with self._verrou:
                self._etapes.remove(nom)

    async def close(self, nom: str, geste: Callable[[], None]) -> None:
        """Close something, in a thread of its own: those of the event loop may all hang already."""
        futur: Future[None] = Future()

        def run() -> None:
            try:
                geste()
            except BaseException as erreur:
                futur.set_exception(erreur)
            else:
                futur.set_result(None)

        with self.step(nom):
            Thread(target=run, name=f"fermeture : {nom}", daemon=True).start()
            await asyncio.wrap_future(futur)

    def _expire(self) -> None:
        Event().wait(self._delai)
        # Even saying so may hang: nobody may be reading what is written.
        parole = Thread(target=self._tell, daemon=True)
        parole.start()
        parole.join(_PAROLE)
        self._quitter(CODE_IMMOBILE)

    def _tell(self) -> None:
        with self._verrou:
            reste = ", ".join(self._etapes) or "rien de connu"
        _LOG.critical(
            "arrêt inachevé après %.0f s (reste à fermer : %s) : le processus s'arrête quand même ; ce qui n'était pas "
            "enregistré n'a été acquitté à personne",
            self._delai,
            reste,
        )
        flush()


def flush() -> None:
    """Let out what was written."""
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()


def leave(code: int) -> NoReturn:
    """End the process now, everything of ours being closed: no thread that still waits for a server holds it."""
    flush()
    os._exit(code)
