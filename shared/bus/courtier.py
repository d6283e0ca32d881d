"""How to reach the Kafka cluster: one description for the two client libraries."""

import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from shared.bus.sujets import PREFIXE

CLIENT: Final = "ecluse"


class CourtierInjoignable(Exception):
    """The cluster does not answer, or does not let us in; the message says which and what to look at."""


@dataclass(frozen=True)
class Courtier:
    """The cluster. ``serveurs``: ``host:port`` of the brokers asked first; ``prefixe``: what topic names begin with.

    ``mot_de_passe`` gives the password at each connection, so that a new one needs no restart.
    """

    serveurs: tuple[str, ...]
    prefixe: str = PREFIXE
    protocole: str = "PLAINTEXT"
    mecanisme: str | None = None
    utilisateur: str | None = None
    mot_de_passe: Callable[[], str] | None = field(default=None, repr=False)
    autorite: Path | None = None

    def options(self) -> dict[str, Any]:
        """The arguments that aiokafka and kafka-python have in common."""
        options: dict[str, Any] = {
            "bootstrap_servers": list(self.serveurs),
            "client_id": CLIENT,
            "security_protocol": self.protocole,
        }
        if self.protocole.endswith("SSL"):
            options["ssl_context"] = ssl.create_default_context(cafile=self.autorite and str(self.autorite))
        if self.protocole.startswith("SASL"):
            options["sasl_mechanism"] = self.mecanisme or "PLAIN"
            options["sasl_plain_username"] = self.utilisateur
            options["sasl_plain_password"] = self.mot_de_passe() if self.mot_de_passe else None
        return options

    def __str__(self) -> str:
        return ",".join(self.serveurs)


def knock(courtier: Courtier, delai: float) -> None:
    """Return as soon as a broker listens, answering or not; ``delai``: seconds for each. Raises ``OSError``."""
    dernier = OSError()
    for serveur in courtier.serveurs:
        machine, _, port = serveur.rpartition(":")
        try:
            with socket.create_connection((machine.strip("[]"), int(port)), delai):
                return
        except OSError as erreur:
            dernier = erreur
    raise dernier
