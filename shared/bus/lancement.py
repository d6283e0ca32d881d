"""Starting readers from threads that are not the event loop's."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Final

from shared.bus.courtier import Courtier
from shared.bus.lecteur import LecteurParLots
from shared.bus.recepteur import Recepteur
from shared.bus.reglages import ReglagesLecture
from shared.bus.sujets import Sujet
from shared.runtime.reperes import PasEncore

_DEPART: Final = 30.0
_ARRET: Final = 6.0
_LOG: Final = logging.getLogger("ecluse.bus")
Lancement = Callable[[Sujet, Recepteur], AbstractContextManager[LecteurParLots]]


def launcher(courtier: Courtier, reglages: ReglagesLecture, boucle: asyncio.AbstractEventLoop) -> Lancement:
    """What starts, in a running loop, a reader of all partitions of a topic, for the time of a context."""

    @contextmanager
    def launch(sujet: Sujet, recepteur: Recepteur) -> Iterator[LecteurParLots]:
        lecteur = LecteurParLots(
            courtier, sujet.nom(courtier.prefixe), recepteur, reglages=reglages, partitions=range(sujet.partitions)
        )
        depart = asyncio.run_coroutine_threadsafe(lecteur.start(), boucle)
        try:
            depart.result(_DEPART)
        except TimeoutError:
            # It may be on its way: two must never give to one receiver.
            depart.cancel()
            _stop(lecteur, boucle)
            raise PasEncore(f"le lecteur de {lecteur.sujet} n'a pas pu partir en {_DEPART:.0f} s : réessayer") from None
        try:
            yield lecteur
        finally:
            _stop(lecteur, boucle)

    return launch


def _stop(lecteur: LecteurParLots, boucle: asyncio.AbstractEventLoop) -> None:
    """Have it stop; one that takes long ends by itself."""
    try:
        asyncio.run_coroutine_threadsafe(lecteur.stop(), boucle).result(_ARRET)
    except TimeoutError:
        _LOG.warning("lecteur arrêté plus tard", extra={"sujet": lecteur.sujet})
