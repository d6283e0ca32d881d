"""Writing to the log, and reading it back as records (architecture §4)."""

import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, case, insert, null, select, update

from shared.base import fetch_raw, insert_many, table_of
from shared.reglages import PARTITIONS
from shared.runtime.tables import Epoque, LigneJournal, Publieur

JOURNAL = table_of(LigneJournal)
PUBLIEUR = table_of(Publieur)
EPOQUE = table_of(Epoque)


class Evince(Exception):
    """Another process leads the publication of this service: this one must stop."""


class Enregistrement(Struct, frozen=True):
    """One record of the log of a service. ``octets`` is None for a type that the reader did not ask for.

    ``offset``: its place in its partition, where the log is read by offset.
    """

    source: str
    partition: int
    position: int
    precedent: int
    type: str
    octets: bytes | None
    enregistre_le: int
    offset: int = -1


class AJournaliser(Struct, frozen=True):
    """An event on its way to the log. ``cle``: ``caf|dossier``, which chooses the partition."""

    cle: str
    type: str
    octets: bytes


def partition_of(cle: str) -> int:
    """The partition of a key, once and for all."""
    return zlib.crc32(cle.encode()) % PARTITIONS


@dataclass
class Plume:
    """The pen of the leader: the head of the log and of each partition.

    On SQLite there is one writer, so that the order of ids is the order of commits: the position is given when the
    row is written, and the fenced row is moved in the same transaction. The state in memory follows the commit only.
    """

    service: str
    epoque: int
    position: int
    tetes: list[int]

    def append(self, connexion: Connection, evenements: Iterable[AJournaliser], maintenant: int) -> "Plume":
        """Write the events; the pen as it will be once the transaction is committed. Raises ``Evince``."""
        position, tetes, lignes = self.position, list(self.tetes), []
        for evenement in evenements:
            partition = partition_of(evenement.cle)
            position += 1
            lignes.append(
                (
                    position,
                    position,
                    tetes[partition],
                    partition,
                    evenement.cle,
                    evenement.type,
                    evenement.octets,
                    maintenant,
                )
            )
            tetes[partition] = position
        insert_many(connexion, JOURNAL, lignes)
        suivante = Plume(self.service, self.epoque, position, tetes)
        suivante.confirm(connexion)
        return suivante

    def confirm(self, connexion: Connection) -> None:
        """Move the fenced row; no row means that another epoch leads."""

        touchees = connexion.execute(
            update(PUBLIEUR)
            .where(PUBLIEUR.c.service == self.service, PUBLIEUR.c.epoque == self.epoque)
            .values(assigne=self.position, confirme=self.position, tetes=msgspec.json.encode(self.tetes))
        ).rowcount
        if touchees != 1:
            raise self._evicted()

    def check_lead(self, connexion: Connection) -> None:
        """Before anything is written: a row that the next owner wrote must not look like one that the base refuses."""
        epoque = connexion.execute(select(PUBLIEUR.c.epoque).where(PUBLIEUR.c.service == self.service)).scalar()
        if epoque != self.epoque:
            raise self._evicted()

    def _evicted(self) -> Evince:
        return Evince(f"le journal de {self.service} est écrit par un autre processus : celui-ci s'arrête")


def take_lead(connexion: Connection, service: str, marque: str) -> Plume:
    """Start a new epoch of the log, which continues the last one from its head."""

    ligne = connexion.execute(select(PUBLIEUR).where(PUBLIEUR.c.service == service)).mappings().first()
    if ligne is None:
        numero, position, tetes = 1, 0, [0] * PARTITIONS
        connexion.execute(
            insert(PUBLIEUR).values(
                service=service, epoque=numero, assigne=0, confirme=0, tetes=msgspec.json.encode(tetes)
            )
        )
    else:
        numero, position = ligne["epoque"] + 1, ligne["confirme"]
        tetes = msgspec.json.decode(ligne["tetes"], type=list[int])
        connexion.execute(update(PUBLIEUR).where(PUBLIEUR.c.service == service).values(epoque=numero))
    connexion.execute(insert(EPOQUE).values(numero=numero, marque=marque, depuis=position))
    return Plume(service, numero, position, tetes)


def read_records(
    connexion: Connection, source: str, apres: int, limite: int, types: Iterable[str]
) -> list[Enregistrement]:
    """Up to ``limite`` records after a position, in order; bytes only for the ``types`` asked for."""
    utile: Any = case((JOURNAL.c.type.in_(list(types)), JOURNAL.c.octets), else_=null())
    requete = (
        select(
            JOURNAL.c.partition,
            JOURNAL.c.position,
            JOURNAL.c.precedent,
            JOURNAL.c.type,
            utile,
            JOURNAL.c.enregistre_le,
        )
        .where(JOURNAL.c.position > apres)
        .order_by(JOURNAL.c.position)
        .limit(limite)
    )
    return [Enregistrement(source, *ligne) for ligne in fetch_raw(connexion, requete, {})]
