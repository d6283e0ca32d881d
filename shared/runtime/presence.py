"""What the worker processes of a service tell of themselves in its database, so that any of its processes can show it.

Their instants are those of the database: machines need not agree on the time.
"""

from typing import Any, Final, NamedTuple

from sqlalchemy import BigInteger, Connection, cast, delete, func, insert, or_, select

from shared.base import table_of
from shared.runtime.tables import Presence
from shared.temps import SECONDE

PRESENCE: Final = table_of(Presence)
# How often a process tells, and how long what it told holds (seconds).
TOUTES_LES: Final = 1.0
VALABLE: Final = 5
_OUBLI: Final = 60
_MAINTENANT: Final[Any] = cast(func.floor(func.extract("epoch", func.clock_timestamp()) * SECONDE), BigInteger)


class Travaux(NamedTuple):
    """The workers of a service, together. ``lues``: ingress partitions whose end is known; ``retard``: records of the
    ingress before those ends; ``arret``: why a reader or a publisher has stopped."""

    lues: int
    retard: int
    arret: str | None


def tell_presence(connexion: Connection, processus: str, travaux: Travaux) -> None:
    """Say what a process does now. On PostgreSQL alone."""
    perimee = PRESENCE.c.vu_le < _MAINTENANT - _OUBLI * SECONDE
    connexion.execute(delete(PRESENCE).where(or_(PRESENCE.c.processus == processus, perimee)))
    connexion.execute(insert(PRESENCE).values(processus=processus, vu_le=_MAINTENANT, **travaux._asdict()))


def read_presences(connexion: Connection) -> Travaux:
    """What the processes do that told so lately. On PostgreSQL alone."""
    requete = select(PRESENCE.c.lues, PRESENCE.c.retard, PRESENCE.c.arret).where(
        PRESENCE.c.vu_le > _MAINTENANT - VALABLE * SECONDE
    )
    dits = [Travaux(*ligne) for ligne in connexion.execute(requete.order_by(PRESENCE.c.processus))]
    return Travaux(
        sum(t.lues for t in dits), sum(t.retard for t in dits), next((t.arret for t in dits if t.arret), None)
    )


def count_present(connexion: Connection) -> int:
    """How many processes have told of themselves lately. On PostgreSQL alone."""
    recentes = PRESENCE.c.vu_le > _MAINTENANT - VALABLE * SECONDE
    return connexion.execute(select(func.count()).select_from(PRESENCE).where(recentes)).scalar_one()
