"""A service that takes facts, assembled: its database, its writer, its log (the part that all of them share)."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Condition
from typing import TYPE_CHECKING, Self
from uuid import uuid4

from msgspec import Struct
from sqlalchemy import Connection, Engine, select
from sqlmodel import SQLModel

from shared.base import open_engine
from shared.corbeille.tables import TABLES_CORBEILLE
from shared.events.porte import Recu
from shared.migrations import connect, prepare_base
from shared.reglages import Reglages
from shared.runtime.ecrivain import Ecrivain
from shared.runtime.journal import (
    EPOQUE,
    Enregistrement,
    PlumeDifferee,
    Publication,
    UnePlume,
    read_records,
    take_lead,
)
from shared.runtime.lot import Lot, Verdict
from shared.runtime.objets import Genre
from shared.runtime.tables import TABLES_COMMUNES

if TYPE_CHECKING:
    from shared.runtime.reperes import Avance


class Tic(Struct, frozen=True):
    """What the publisher says of its log at ``instant``: head, events not yet in it, epoch.

    ``entendu``: when it was heard (seconds of a clock that is never set), None for what is asked for and answered.
    """

    source: str
    tete: int
    attente: int
    marque: str
    instant: int
    entendu: float | None = None


class MaillonEpoque(Struct, frozen=True):
    """An epoch of the log: its mark, and the position that it continues from."""

    marque: str
    depuis: int


@dataclass
class Cloche:
    """Wakes whoever waits for something new in a log. ``coups``: how often it has rung."""

    signal: Condition = field(default_factory=Condition)
    coups: int = 0

    def ring(self) -> None:
        """Something was committed."""
        with self.signal:
            self.coups += 1
            self.signal.notify_all()

    def wait(self, coups: int, au_plus: float) -> None:
        """Return once it has rung more than ``coups`` times, or after ``au_plus`` seconds."""
        with self.signal:
            self.signal.wait_for(lambda: self.coups != coups, au_plus)


@dataclass
class ServiceDeFaits:
    """A running service: ``submit`` events, ``ecrivain.order`` commands; ``tick`` and ``read`` give its log."""

    nom: str
    reglages: Reglages
    lecture: Engine
    ecriture: Engine
    ecrivain: Ecrivain
    deciders: Mapping[str, Genre]

    def submit(self, recus: Sequence[Recu], trace: str | None = None) -> "Future[list[Verdict]]":
        """See ``Ecrivain.submit``."""
        return self.ecrivain.submit(recus, trace)

    def tick(self) -> Tic:
        """Head and backlog of the log now. Raises ``Evince`` when another process has taken the lead."""
        if self.ecrivain.evince:
            raise self.ecrivain.evince
        # In this order: whatever was acknowledged before the instant is within the head, or waits.
        instant, attente = self.reglages.clock(), self.ecrivain.waiting
        etat = self.publication()
        return Tic(self.nom, etat.tete, attente + etat.attente, etat.marque, instant)

    def publication(self) -> Publication:
        """How far the log is published now."""
        return self.ecrivain.plume.publication(self.lecture)

    def lineage(self) -> list[MaillonEpoque]:
        """The epochs of the log, oldest first."""
        with self.lecture.connect() as connexion:
            lignes = connexion.execute(select(EPOQUE.c.marque, EPOQUE.c.depuis).order_by(EPOQUE.c.numero)).all()
        return [MaillonEpoque(m, d) for m, d in lignes]

    def read(self, apres: int, limite: int, types: Sequence[str]) -> list[Enregistrement]:
        """See ``read_records``."""
        with self.lecture.connect() as connexion:
            return read_records(connexion, self.nom, apres, limite, types)

    def resume(self, avance: "Avance") -> None:
        """See ``Source.resume``: positions say it all; only the instant of the last record applied is looked up."""
        if avance.curseur:
            avance.dernier = max((r.enregistre_le for r in self.read(avance.curseur - 1, 1, ())), default=0)

    @contextmanager
    def reread(self, depuis: "Avance | None" = None, types: Sequence[str] = ()) -> Iterator[Self]:
        """See ``Source.reread``: each read says where it begins, and what it asks for."""
        del depuis, types
        yield self

    def close(self) -> None:
        """Finish what waits and close the connections."""
        self.ecrivain.stop()
        self.lecture.dispose()
        self.ecriture.dispose()


def open_service(
    nom: str,
    reglages: Reglages,
    deciders: Mapping[str, Genre],
    modeles: Sequence[type[SQLModel]],
    notify: Callable[[], None],
) -> ServiceDeFaits:
    """Open the database of a service and start its writer. Raises ``BaseInutilisable``."""
    ecriture = open_engine(reglages, nom, ecriture=True)
    try:
        prepare_base(ecriture, nom, [*TABLES_COMMUNES, *TABLES_CORBEILLE, *modeles])
        plume = _open_pen(ecriture, nom)
    except BaseException:
        ecriture.dispose()
        raise

    def open_batch(connexion: Connection, maintenant: int) -> Lot:
        return Lot(nom, deciders, connexion, maintenant)

    ecrivain = Ecrivain(
        nom,
        ecriture,
        plume,
        open_batch,
        reglages.clock,
        lot_max=reglages.lot_max,
        notify=notify,
        traceur=reglages.traceur,
    )
    ecrivain.start()
    return ServiceDeFaits(nom, reglages, open_engine(reglages, nom), ecriture, ecrivain, deciders)


def _open_pen(ecriture: Engine, nom: str) -> UnePlume:
    """Several writers share a PostgreSQL database and leave the log to its publisher; a file has one, which leads."""
    if ecriture.dialect.name == "postgresql":
        return PlumeDifferee(nom)
    with connect(ecriture) as connexion:
        return take_lead(connexion, nom, uuid4().hex)
