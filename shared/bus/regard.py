"""What a reader knows of its broker beside what it reads: whether it answers, and where the partitions end."""

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import Any, Final

from aiokafka.errors import KafkaError

from shared.bus.courtier import Courtier, knock
from shared.bus.voies import Voie, Voies, name_error

_REPONSE: Final = 5.0
# After as many looks without an answer, one by one, the client is given up.
_RATES_ADMIS: Final = 3


class Regard:
    """Looks at the broker of one topic. ``souci``: what is wrong with it; ``absent``: the topic is not there;
    ``injoignable``: nobody listens where it should be; ``battements`` grows with each look that was answered, or that
    nobody could answer.

    ``reseek`` is called when a partition ends before what was read of it: places mean nothing any more.
    """

    def __init__(self, courtier: Courtier, voies: Voies, reseek: Callable[[], None], *, en_groupe: bool) -> None:
        self.souci: str | None = None
        self.absent = False
        self.injoignable = False
        self.battements = 0
        self._rates = 0
        self._courtier = courtier
        self._voies = voies
        self._reseek = reseek
        self._en_groupe = en_groupe

    @property
    def sourd(self) -> bool:
        """Whether the client hears nothing though someone listens: another one may."""
        return self._rates >= _RATES_ADMIS

    def open(self) -> None:
        """The topic is there, and read by a client that has just begun."""
        self.absent, self.souci, self._rates = False, None, 0

    def fail(self, erreur: BaseException) -> None:
        """The broker did not answer."""
        self.souci = f"Kafka ({self._courtier}) ne répond pas : {name_error(erreur)}"

    async def look(self, consommateur: Any | None) -> None:
        """One look, through the consumer that reads; None while there is none."""
        repondu = await self._is_answered(consommateur)
        self.injoignable = not repondu and not await asyncio.to_thread(_is_listening, self._courtier)
        self._rates = 0 if repondu or self.injoignable else self._rates + 1
        self.battements += repondu or self.injoignable

    async def _is_answered(self, consommateur: Any | None) -> bool:
        if consommateur is None:
            return self.souci is None
        try:
            await asyncio.wait_for(self._ask(consommateur), _REPONSE)
        except (KafkaError, TimeoutError) as erreur:
            self.fail(erreur)
            return False
        return True

    async def _ask(self, consommateur: Any) -> None:
        voies = self._voies.placed()
        if not voies or self.souci:
            self.absent = self._voies.sujet not in await consommateur.topics()
        if not voies or self.absent:
            return
        maintenant = time.time_ns() // 1_000_000
        lus = {v.tp: v.place or 0 for v in voies}
        fins = await consommateur.end_offsets(list(lus))
        self.souci = None
        if any(fins.get(tp, lu) < lu for tp, lu in lus.items()):
            self._reseek()
            return
        for voie in (v for v in voies if v.tp in fins):
            voie.end(fins[voie.tp], maintenant)
        await self._hint(consommateur, voies)

    async def _hint(self, consommateur: Any, voies: list[Voie]) -> None:
        """Tell Kafka where we are, for the tools that show lag."""
        places = {v.tp: v.place for v in voies if v.place is not None and self._voies.holds(v)}
        if self._en_groupe and places:
            # Refused while partitions are shared again: the next hint will do.
            with contextlib.suppress(KafkaError):
                await consommateur.commit(places)


def _is_listening(courtier: Courtier) -> bool:
    try:
        knock(courtier, _REPONSE)
    except OSError:
        return False
    return True
