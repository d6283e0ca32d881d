"""The topics, declared once: who writes, under which key, in how many partitions, for how long."""

from typing import Final

from msgspec import Struct

from shared.events.base import Service
from shared.events.catalogue import SERVICES
from shared.reglages import PARTITIONS

PREFIXE: Final = "ecluse"
_HEURE: Final = 3_600_000
_JOUR: Final = 24 * _HEURE
_SEGMENT: Final = 7 * _JOUR
_MEBI: Final = 1_048_576
CLE_DOSSIER: Final = "caf|dossier"


class Sujet(Struct, frozen=True, kw_only=True):
    """A topic. ``famille`` is its name between the prefix and the generation.

    A partition count never changes, since it decides where a key goes: another count is another ``generation``, which
    is another topic. ``retention_ms`` None: kept for ever. ``octets_max``: largest batch that the broker takes.
    ``date_courtier``: records bear the time of the broker, and not that of whoever wrote them.
    """

    famille: str
    proprietaire: str
    contenu: str
    cle: str
    partitions: int
    retention_ms: int | None
    octets_max: int = _MEBI
    date_courtier: bool = False
    generation: int = 1

    def nom(self, prefixe: str = PREFIXE) -> str:
        """``ecluse.contacts.v1``."""
        return f"{prefixe}.{self.famille}.v{self.generation}"

    def reglages(self) -> dict[str, str]:
        """The topic's settings, as the broker names them."""
        return {
            "cleanup.policy": "delete",
            "retention.ms": str(-1 if self.retention_ms is None else self.retention_ms),
            "retention.bytes": "-1",
            "max.message.bytes": str(self.octets_max),
            "message.timestamp.type": "LogAppendTime" if self.date_courtier else "CreateTime",
            # Only whole segments are thrown away, and the one that is written is not: it ends in time.
            "segment.ms": str(min(_SEGMENT, (self.retention_ms or 4 * _SEGMENT) // 4)),
        }


ENTREES: Final = Sujet(
    famille="entrees",
    proprietaire="front-office",
    contenu=(
        "événements du front-office, à juger. Chaque service lit avec son groupe et garde ses types ; ce qui est "
        "illisible ou de personne revient à contacts. Le courtier date chaque enregistrement à son arrivée"
    ),
    cle=CLE_DOSSIER,
    partitions=PARTITIONS,
    retention_ms=7 * _JOUR,
    octets_max=5 * _MEBI,
    # Its writers are not ours, nor are their clocks: what waits is as old as it has been here.
    date_courtier=True,
)
JOURNAUX: Final[dict[Service, Sujet]] = {
    service: Sujet(
        famille=service,
        proprietaire=service,
        contenu="journal du service : tout ce qu'il a accepté et décidé, dans l'ordre",
        cle=CLE_DOSSIER,
        partitions=PARTITIONS,
        retention_ms=None,
    )
    for service in SERVICES
}
TICS: Final = Sujet(
    famille="tics",
    proprietaire="le publieur de chaque service",
    contenu="tête et retard de chaque journal, au moins chaque seconde",
    cle="service",
    partitions=1,
    retention_ms=_HEURE,
)
CONTROLES: Final[dict[str, Sujet]] = {
    service: Sujet(
        famille=f"controle.{service}",
        proprietaire=service,
        contenu="ordres internes des processus du service",
        cle="aucune",
        partitions=1,
        retention_ms=_HEURE,
    )
    for service in (*SERVICES, "indicators")
}
SUJETS: Final[tuple[Sujet, ...]] = (ENTREES, *JOURNAUX.values(), TICS, *CONTROLES.values())


def way_back(service: str) -> str:
    """The command that goes on with a topic that is not the one of before, as messages quote it."""
    return f"« ecluse topics adopter {service} »"


def family_of(nom: str) -> str:
    """The family that the name of a topic holds: of a log, its service."""
    return ".".join(nom.split(".")[1:-1]) or nom
