"""Starting readers from threads that are not the event loop's."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Final

from shared.bus.courtier import Courtier
from shared.bus.lecteur import LecteurParLots
from shared.bus.recepteur import Recepteur
from shared.bus.reglages import ReglagesLecture
from shared.bus.sujets import Sujet

_DEPART: Final = 30.0
_ARRET: Final = 15.0
Lancement = Callable[[Sujet, Recepteur], AbstractContextManager[LecteurParLots]]


def launcher(courtier: Courtier, reglages: ReglagesLecture, boucle: asyncio.AbstractEventLoop) -> Lancement:
    """What starts, in a running loop, a reader of all partitions of a topic, for the time of a context."""

    @contextmanager
    def launch(sujet: Sujet, recepteur: Recepteur) -> Iterator[LecteurParLots]:
        lecteur = LecteurParLots(
            courtier, sujet.nom(courtier.prefixe), recepteur, reglages=reglages, partitions=range(sujet.partitions)
        )
        asyncio.run_coroutine_threadsafe(lecteur.start(), boucle).result(_DEPART)
        try:
            yield lecteur
        finally:
            asyncio.run_coroutine_threadsafe(lecteur.stop(), boucle).result(_ARRET)

    return launch
