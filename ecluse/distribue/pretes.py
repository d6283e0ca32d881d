"""Whether a process can work, and what it is waiting for (``GET /readyz``)."""

import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Final

from sqlalchemy import Engine

from ecluse.distribue.reglages import ReglagesProcessus
from ecluse.socle import Pret
from shared.base import BaseInutilisable
from shared.migrations import is_at_head

# Seconds: a broker that takes longer to open a connection is shown as away.
_SONDE: Final = 0.5


class Constat:
    """What a process knows of itself. The database and its tables decide; the rest is shown, and holds nothing up:
    the log exists to survive an absent broker."""

    def __init__(self, reglages: ReglagesProcessus, moteur: Engine | None = None) -> None:
        self._reglages = reglages
        self._moteur = moteur
        self._autres: list[Callable[[], Mapping[str, str]]] = []

    def watch(self, tell: Callable[[], Mapping[str, str]]) -> None:
        """Show this too."""
        self._autres.append(tell)

    def ready(self) -> Pret:
        """The answer of ``/readyz``."""
        bases: dict[str, bool] = (
            {} if self._moteur is None else {self._reglages.service: self._is_at_head(self._moteur)}
        )
        ailleurs = {nom: texte for tell in self._autres for nom, texte in tell().items()}
        if self._reglages.kafka is not None:
            joint = any(_answers(adresse) for adresse in self._reglages.kafka.serveurs)
            ailleurs["kafka"] = "joint" if joint else "injoignable"
        return Pret(all(bases.values()), bases, ailleurs)

    def _is_at_head(self, moteur: Engine) -> bool:
        try:
            return is_at_head(self._reglages.service, moteur)
        except BaseInutilisable:
            return False


def _answers(adresse: str) -> bool:
    hote, _, port = adresse.rpartition(":")
    with suppress(OSError), socket.create_connection((hote.strip("[]"), int(port)), _SONDE):
        return True
    return False
