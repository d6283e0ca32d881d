"""Writing to the log, and reading it back as records (architecture §4)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, Protocol, Self

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, Engine, case, func, insert, null, select, update

from shared.base import fetch_raw, insert_many, table_of
from shared.partition import partition_of
from shared.reglages import PARTITIONS
from shared.runtime.tables import Epoque, LigneJournal, Publieur

JOURNAL = table_of(LigneJournal)
PUBLIEUR = table_of(Publieur)
EPOQUE = table_of(Epoque)


class Evince(Exception):
    """Another process leads the publication of this service: this one must stop."""


class Enregistrement(Struct, frozen=True):
    """One record of the log of a service. ``octets`` is None for a type that the reader did not ask for.

    ``offset``: its place in its partition, where the log is read by offset; ``trace``: see ``AJournaliser``, where it
    comes with the record.
    """

    source: str
    partition: int
    position: int
    precedent: int
    type: str
    octets: bytes | None
    enregistre_le: int
    offset: int = -1
    trace: str | None = None


class AJournaliser(Struct, frozen=True):
    """An event on its way to the log. ``cle``: ``caf|dossier``, which chooses the partition; ``trace``: W3C
    ``traceparent`` of the event that caused it."""

    cle: str
    type: str
    octets: bytes
    trace: str | None = None


class Publication(NamedTuple):
    """How far the log of a service is published: head, rows that wait for a position, delivered up to, epoch."""

    tete: int
    attente: int
    confirme: int
    epoque: int
    marque: str
    tetes: list[int]


class UnePlume(Protocol):
    """What writes the log within the transactions of the writer."""

    def check_lead(self, connexion: Connection) -> None:
        """Before anything is written. Raises ``Evince``."""
        ...

    def append(self, connexion: Connection, evenements: Iterable[AJournaliser], maintenant: int) -> Self:
        """Write the events; the pen as it will be once the transaction is committed. Raises ``Evince``."""
        ...

    def publication(self, lecture: Engine) -> Publication:
        """What is published now."""
        ...


@dataclass(frozen=True)
class Plume:
    """The pen of the leader: the head of the log and of each partition.

    On SQLite there is one writer, so that the order of ids is the order of commits: the position is given when the
    row is written, and the fenced row is moved in the same transaction. The state in memory follows the commit only.
    """

    service: str
    epoque: int
    position: int
    tetes: list[int]
    marque: str

    def append(self, connexion: Connection, evenements: Iterable[AJournaliser], maintenant: int) -> "Plume":
        """See ``UnePlume.append``."""
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
                    evenement.trace,
                )
            )
            tetes[partition] = position
        insert_many(connexion, JOURNAL, lignes)
        suivante = Plume(self.service, self.epoque, position, tetes, self.marque)
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

    def publication(self, lecture: Engine) -> Publication:
        """See ``UnePlume.publication``: whatever is committed is published."""
        del lecture
        return Publication(self.position, 0, self.position, self.epoque, self.marque, self.tetes)

    def _evicted(self) -> Evince:
        return Evince(f"le journal de {self.service} est écrit par un autre processus : celui-ci s'arrête")


# What the publisher gives after the commit, and what the database numbers.
_DIFFERES: Final = ("id", "position", "precedent")


@dataclass(frozen=True)
class PlumeDifferee:
    """The pen of one writer among several: rows without position, which the publisher gives in the order of commits.

    Ids do not become visible in their order, so that nobody but the one publisher can number the rows.
    """

    service: str

    def check_lead(self, connexion: Connection) -> None:
        """See ``UnePlume.check_lead``: writers have no leader."""

    def append(self, connexion: Connection, evenements: Iterable[AJournaliser], maintenant: int) -> "PlumeDifferee":
        """See ``UnePlume.append``."""
        lignes = [(partition_of(e.cle), e.cle, e.type, e.octets, maintenant, e.trace) for e in evenements]
        insert_many(connexion, JOURNAL, lignes, sans=_DIFFERES)
        return self

    def publication(self, lecture: Engine) -> Publication:
        """See ``UnePlume.publication``; before the first publisher, an epoch 0 without a mark."""
        attend = select(func.count()).select_from(JOURNAL).where(JOURNAL.c.position.is_(None))
        etat = (
            select(PUBLIEUR.c.assigne, PUBLIEUR.c.confirme, PUBLIEUR.c.epoque, EPOQUE.c.marque, PUBLIEUR.c.tetes)
            .join_from(PUBLIEUR, EPOQUE, EPOQUE.c.numero == PUBLIEUR.c.epoque)
            .where(PUBLIEUR.c.service == self.service)
        )
        with lecture.connect() as connexion:
            attente = connexion.execute(attend).scalar_one()
            ligne = connexion.execute(etat).first()
        if ligne is None:
            return Publication(0, attente, 0, 0, "", [0] * PARTITIONS)
        assigne, confirme, epoque, marque, tetes = ligne
        return Publication(assigne, attente, confirme, epoque, marque, msgspec.json.decode(tetes, type=list[int]))


def take_lead(connexion: Connection, service: str, marque: str) -> Plume:
    """Start a new epoch of the log, which continues the last one from its head."""

    actuelle = select(PUBLIEUR).where(PUBLIEUR.c.service == service).with_for_update()
    ligne = connexion.execute(actuelle).mappings().first()
    if ligne is None:
        numero, position, tetes = 1, 0, [0] * PARTITIONS
        connexion.execute(
            insert(PUBLIEUR).values(
                service=service, epoque=numero, assigne=0, confirme=0, tetes=msgspec.json.encode(tetes)
            )
        )
    else:
        numero, position = ligne["epoque"] + 1, ligne["assigne"]
        tetes = msgspec.json.decode(ligne["tetes"], type=list[int])
        connexion.execute(update(PUBLIEUR).where(PUBLIEUR.c.service == service).values(epoque=numero))
    connexion.execute(
        insert(EPOQUE).values(numero=numero, marque=marque, depuis=position, tetes=msgspec.json.encode(tetes))
    )
    return Plume(service, numero, position, tetes, marque)


def resume_lead(connexion: Connection, service: str) -> Plume | None:
    """The last epoch, if its opening was never acknowledged: nothing was numbered in it, so that it is to be opened
    again. An epoch that readers never see takes the place of one that they know in the lineage that they are told.
    """
    ligne = connexion.execute(
        select(PUBLIEUR.c.epoque, PUBLIEUR.c.assigne, PUBLIEUR.c.tetes, EPOQUE.c.marque)
        .join_from(PUBLIEUR, EPOQUE, EPOQUE.c.numero == PUBLIEUR.c.epoque)
        .where(
            PUBLIEUR.c.service == service,
            PUBLIEUR.c.annoncee.is_distinct_from(PUBLIEUR.c.epoque),
            EPOQUE.c.depuis == PUBLIEUR.c.assigne,
            EPOQUE.c.tetes.is_not(None),
        )
    ).first()
    if ligne is None:
        return None
    numero, position, octets, marque = ligne
    return Plume(service, numero, position, msgspec.json.decode(octets, type=list[int]), marque)


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
