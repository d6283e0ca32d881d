"""What the publishers say of their logs: heads, backlogs, and the lineage of their epochs."""

import logging
from collections.abc import Collection, Mapping, Sequence
from threading import Lock
from time import monotonic
from typing import Final, NamedTuple

from shared.bus.fil import FilIllisible, read_tick
from shared.bus.recepteur import Message, Recepteur
from shared.events.journal import Maillon, TicPublie
from shared.runtime.service import MaillonEpoque

_LOG: Final = logging.getLogger("ecluse.bus")


class Lignee:
    """The epochs of one log, as far as its publishers have told. ``marque``: the newest; empty before any was heard."""

    def __init__(self) -> None:
        self._verrou = Lock()
        self._maillons: Sequence[Maillon] = ()
        self._connues: frozenset[str] = frozenset()
        self.marque = ""

    def learn(self, lignee: Sequence[Maillon]) -> None:
        """A publisher has told its lineage (its own epoch comes last); one that was deposed changes nothing.

        A foreign one, whose number is taken by another mark, is believed: whoever compares its lineage with what was
        read finds that the log is not the same any more.
        """
        dernier = lignee[-1]
        if dernier.marque == self.marque:
            return
        with self._verrou:
            self._connues |= {m.marque for m in lignee}
            if not self._is_past(dernier):
                self._maillons, self.marque = tuple(lignee), dernier.marque

    def knows(self, marque: str) -> bool:
        """Whether the epoch was told by a publisher."""
        return marque in self._connues

    def links(self) -> list[MaillonEpoque]:
        """The last epochs, oldest first."""
        return [MaillonEpoque(m.marque, m.depuis) for m in self._maillons]

    def _is_past(self, dernier: Maillon) -> bool:
        """Whether it is one of the epochs before the newest, or older than all those that are told."""
        if not self._maillons or dernier.numero > self._maillons[-1].numero:
            return False
        return dernier.numero < self._maillons[0].numero or dernier.marque in {m.marque for m in self._maillons}


class TicEntendu(NamedTuple):
    """A tick, and when it was heard (seconds of a clock that is never set)."""

    donnees: TicPublie
    entendu: float


class TicsLus(Recepteur):
    """The last tick of each service, and its lineage."""

    recent = True

    def __init__(self, services: Sequence[str]) -> None:
        self._lignees = {nom: Lignee() for nom in services}
        self._derniers: dict[str, TicEntendu] = {}

    def lignee(self, nom: str) -> Lignee:
        """The lineage of a service's log."""
        return self._lignees[nom]

    def latest(self, nom: str) -> TicEntendu | None:
        """The last tick of the newest publisher of a service. One that was heard before its log told of a newer epoch
        is of a deposed publisher, and says nothing any more."""
        dernier = self._derniers.get(nom)
        return dernier if dernier and dernier.donnees.marque == self._lignees[nom].marque else None

    def assigned(self, partitions: Collection[int]) -> Mapping[int, int]:
        """No watermark: what was said before does not matter."""
        del partitions
        return {}

    def apply(self, partition: int, records: Sequence[Message]) -> None:
        """Take ticks; those of a deposed publisher say nothing any more."""
        del partition
        for brut in records:
            try:
                tic = read_tick(brut.value)
            except FilIllisible as erreur:
                _LOG.error("tic laissé de côté : %s", erreur, extra={"offset": brut.offset})
                continue
            if tic.source in self._lignees:
                lignee = self._lignees[tic.source]
                lignee.learn(tic.donnees.lignee)
                if tic.donnees.marque == lignee.marque:
                    self._derniers[tic.source] = TicEntendu(tic.donnees, monotonic())
