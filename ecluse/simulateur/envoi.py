"""Sends simulated events to a door, and never lets go of one that the door has not answered for."""

import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Event
from typing import Final

from ecluse.emission.destination import Destination, Diviser, PlusTard, Repondu
from ecluse.simulateur.cadence import Clock, Pret

_ATTENTE_MIN: Final = 0.2
_ATTENTE_MAX: Final = 30.0


class PorteFermee(Exception):
    """The door does not take a first, empty batch: the message says why and what to do (French)."""


@dataclass
class Bilan:
    """What became of the events that were sent.

    ``refuses``: by reason, events that were made to be refused; ``inattendus``: the others that the door refused.
    """

    acceptes: int = 0
    doublons: int = 0
    refuses: Counter[str] = field(default_factory=Counter)
    inattendus: Counter[str] = field(default_factory=Counter)

    @property
    def envoyes(self) -> int:
        """Events that the door has answered for."""
        return self.acceptes + self.doublons + self.refuses.total() + self.inattendus.total()


class Expediteur:
    """Hands batches to a door. ``say``: told in French when it stops answering, and when it answers again."""

    def __init__(
        self,
        destination: Destination,
        clock: Clock,
        stop: Event,
        say: Callable[[str], None],
        hasard: random.Random | None = None,
    ) -> None:
        self.bilan = Bilan()
        self._destination = destination
        self._clock = clock
        self._stop = stop
        self._say = say
        # Only spreads the attempts of several senders over time.
        self._hasard = hasard or random.Random()  # noqa: S311

    def check(self) -> None:
        """Make sure that there is a door that takes our token. Raises ``PorteFermee``."""
        suite = self._destination.send([], self._clock())
        if not isinstance(suite, Repondu):
            raise PorteFermee(suite.detail)

    def send(self, lot: Sequence[Pret]) -> bool:
        """Send until the door has answered for every event of the batch; False when told to stop before."""
        echecs = 0
        while True:
            match self._destination.send([pret.octets for pret in lot], self._clock()):
                case Repondu(refuses, doublons):
                    if echecs:
                        self._say("la destination répond de nouveau")
                    self._count(lot, refuses, doublons)
                    return True
                case Diviser() if len(lot) > 1:
                    milieu = len(lot) // 2
                    return self.send(lot[:milieu]) and self.send(lot[milieu:])
                case Diviser(detail):
                    self._count(lot, {0: detail}, 0)
                    return True
                case PlusTard(detail, apres):
                    if not echecs:
                        self._say(f"{detail} ; rien n'est perdu, nouvel essai bientôt")
                    if self._stop.wait(self._wait_after(echecs, apres)):
                        return False
                    echecs += 1

    def _wait_after(self, echecs: int, apres: float | None) -> float:
        """Seconds before the next attempt: they double up to a limit, never under what the door asks."""
        attente = min(_ATTENTE_MIN * 2.0 ** min(echecs, 30), _ATTENTE_MAX)
        return max(attente * self._hasard.uniform(0.5, 1.0), apres or 0.0)

    def _count(self, lot: Sequence[Pret], refuses: Mapping[int, str], doublons: int) -> None:
        for rang, detail in refuses.items():
            (self.bilan.refuses if lot[rang].faute else self.bilan.inattendus)[detail] += 1
        self.bilan.doublons += doublons
        self.bilan.acceptes += len(lot) - doublons - len(refuses)
