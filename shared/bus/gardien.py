"""Proves liveness by progress: a process that has something to read and does not move on ends, and is started again."""

import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from threading import Event, Thread
from typing import Final, Protocol

from shared.bus.recepteur import EtatVoie

# What the system calls an internal software error (sysexits.h).
CODE_IMMOBILE: Final = 70
_REGARDS: Final = 20
_LOG: Final = logging.getLogger("ecluse.bus")


class Lecteur(Protocol):
    """What is watched of a reader. ``battements`` grows as long as its event loop turns and its client is answered,
    or has nobody to ask (``sans_courtier``)."""

    @property
    def sujet(self) -> str: ...
    @property
    def arret(self) -> str | None: ...
    @property
    def battements(self) -> int: ...
    @property
    def sans_courtier(self) -> bool: ...

    def progress(self) -> Sequence[EtatVoie]:
        """The partitions that are read now."""
        ...


class Publication(Protocol):
    """What is watched of a publisher. ``sans_courtier``: nobody listens where the broker should be; may take a while
    to tell."""

    @property
    def sans_courtier(self) -> bool: ...

    def moving(self) -> Mapping[str, object]:
        """What must change with time, by name (French), and where it is now."""
        ...


class Gardien:
    """Watches readers and publishers from a thread of its own, so that a stuck event loop is seen too.

    Time is counted in looks, not by the clock: a process that was suspended gets its whole delay again.
    """

    def __init__(
        self,
        lecteurs: Sequence[Lecteur],
        immobile: float,
        quitter: Callable[[int], object] = os._exit,
        publieurs: Sequence[Publication] = (),
    ) -> None:
        self._lecteurs = lecteurs
        self._publieurs = publieurs
        self._pause = immobile / _REGARDS
        self._quitter = quitter
        self._fin = Event()
        self._vus: dict[str, tuple[object, int]] = {}
        self._fil = Thread(target=self._run, name="gardien", daemon=True)

    def start(self) -> None:
        """Start to watch."""
        self._fil.start()

    def stop(self) -> None:
        """Watch no more. A look under way may last: it is not waited for, and ends nothing any more."""
        self._fin.set()

    def look(self) -> str | None:
        """One look; what has not moved for the whole delay, if anything (French)."""
        vus: dict[str, tuple[object, int]] = {}
        for lecteur in self._lecteurs:
            vus |= self._count(dict(_moving(lecteur)))
        for publieur in self._publieurs:
            comptes = self._count(publieur.moving())
            # See ``_moving``. Asked last: it takes a while.
            vus |= comptes if _oldest(comptes) < _REGARDS or not publieur.sans_courtier else {}
        self._vus = vus
        for nom, (_, regards) in vus.items():
            if regards >= _REGARDS:
                return f"{nom} n'avance plus depuis {self._pause * regards:.0f} s"
        return None

    def _count(self, places: Mapping[str, object]) -> dict[str, tuple[object, int]]:
        """How many looks in a row have found each thing at the same place."""
        comptes = {}
        for nom, place in places.items():
            avant = self._vus.get(nom)
            comptes[nom] = (place, avant[1] + 1) if avant and avant[0] == place else (place, 0)
        return comptes

    def _run(self) -> None:
        while not self._fin.wait(self._pause):
            if (raison := self.look()) and not self._fin.is_set():
                _LOG.critical("%s : le processus s'arrête pour être relancé", raison)
                logging.shutdown()
                self._quitter(CODE_IMMOBILE)
                return


def _moving(lecteur: Lecteur) -> Iterator[tuple[str, object]]:
    """What must change with time."""
    if lecteur.arret is not None:
        return
    yield f"le lecteur de {lecteur.sujet}", lecteur.battements
    # Without its broker nothing can move: a new start would change nothing, and take the rest down.
    for voie in () if lecteur.sans_courtier else lecteur.progress():
        if voie.retard and not voie.tenue:
            yield f"{lecteur.sujet}/{voie.partition}, offset {voie.place},", voie.place


def _oldest(comptes: Mapping[str, tuple[object, int]]) -> int:
    return max((regards for _, regards in comptes.values()), default=0)
