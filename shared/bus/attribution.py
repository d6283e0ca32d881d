"""Positions given to committed rows (architecture §4): PostgreSQL shows ids out of their order, so nobody else may."""

from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import msgspec
from msgspec import UNSET, UnsetType
from sqlalchemy import ARRAY, BigInteger, Connection, Integer, bindparam, column, func, select, update

from shared.base import fetch_raw
from shared.bus.fil import Ligne
from shared.events.base import Service
from shared.events.journal import Maillon
from shared.reglages import PARTITIONS
from shared.runtime.journal import EPOQUE, JOURNAL, PUBLIEUR, Evince

LOT: Final = 2_000
COMPTE_MAX: Final = 1_000_000
_C: Final = JOURNAL.c
_SANS_POSITION: Final = (
    select(_C.id, _C.partition, _C.cle, _C.type, _C.octets, _C.enregistre_le, _C.trace)
    .where(_C.position.is_(None))
    .order_by(_C.id)
    .limit(bindparam("limite", type_=Integer))
)
_A_RENVOYER: Final = (
    select(*(_C[nom] for nom in Ligne._fields))
    .where(_C.position > bindparam("apres", type_=BigInteger))
    .order_by(_C.position)
    .limit(bindparam("limite", type_=Integer))
)
_RANGS: Final = (
    func.unnest(*(bindparam(nom, type_=ARRAY(BigInteger)) for nom in ("ids", "positions", "precedents")))
    .table_valued(
        column("id", BigInteger), column("position", BigInteger), column("precedent", BigInteger), name="rangs"
    )
    .render_derived()
)
_DONNER: Final = (
    update(JOURNAL).values(position=_RANGS.c.position, precedent=_RANGS.c.precedent).where(_C.id == _RANGS.c.id)
)


class Tour(NamedTuple):
    """One round: the rows that now have a position, in its order; the head of the log and of each partition.

    ``complet``: every row that was committed when the round began has a position.
    """

    lignes: list[Ligne]
    tete: int
    tetes: list[int]
    complet: bool


class Retard(NamedTuple):
    """What is committed and not delivered: rows without position (``COMPTE_MAX`` or more), rows not confirmed, instant
    of the oldest (ns)."""

    attente: int
    non_confirmes: int
    plus_ancien: int | None


@dataclass(frozen=True)
class Attribution:
    """The numbering of a service's log in one epoch. Every method works within the transaction of its caller, and
    raises ``Evince`` before it writes anything once another epoch leads."""

    service: Service
    epoque: int

    def assign(self, connexion: Connection, limite: int = LOT) -> Tour:
        """Give their place to up to ``limite`` committed rows, in the order of ids: that of commits for each key."""
        position, octets = self._guard(connexion)
        tetes = msgspec.json.decode(octets, type=list[int])
        lignes, ids = [], []
        for id_, partition, *reste in fetch_raw(connexion, _SANS_POSITION, {"limite": limite}):
            position += 1
            ids.append(id_)
            lignes.append(Ligne(partition, position, tetes[partition], *reste))
            tetes[partition] = position
        if lignes:
            rangs = {"ids": ids, "positions": [n.position for n in lignes], "precedents": [n.precedent for n in lignes]}
            connexion.execute(_DONNER, rangs)
            connexion.execute(
                update(PUBLIEUR)
                .where(PUBLIEUR.c.service == self.service)
                .values(assigne=position, tetes=msgspec.json.encode(tetes))
            )
        return Tour(lignes, position, tetes, len(lignes) < limite)

    def announce(self, connexion: Connection) -> None:
        """The opening of the epoch is in the topic, acknowledged. Before this no record of the epoch is sent."""
        self._move(connexion, annoncee=self.epoque)

    def confirm(self, connexion: Connection, position: int) -> None:
        """Everything up to ``position`` is in the topic, acknowledged. Only moves forward."""
        self._move(connexion, confirme=func.greatest(PUBLIEUR.c.confirme, position))

    def _move(self, connexion: Connection, **valeurs: Any) -> None:
        touchees = connexion.execute(
            update(PUBLIEUR)
            .where(PUBLIEUR.c.service == self.service, PUBLIEUR.c.epoque == self.epoque)
            .values(**valeurs)
        ).rowcount
        if touchees != 1:
            raise self._evicted()

    def _guard(self, connexion: Connection) -> tuple[int, bytes]:
        """Hold the fenced row until the end of the transaction; head of the log and of each partition."""
        ligne = connexion.execute(
            update(PUBLIEUR)
            .where(PUBLIEUR.c.service == self.service, PUBLIEUR.c.epoque == self.epoque)
            .values(epoque=PUBLIEUR.c.epoque)
            .returning(PUBLIEUR.c.assigne, PUBLIEUR.c.tetes)
        ).first()
        if ligne is None:
            raise self._evicted()
        return ligne[0], ligne[1]

    def _evicted(self) -> Evince:
        return Evince(f"un autre publieur mène le journal de {self.service} : l'époque {self.epoque} est finie")


def read_unconfirmed(connexion: Connection, apres: int, limite: int = LOT) -> list[Ligne]:
    """Up to ``limite`` rows that have a position after ``apres``, in order."""
    return [Ligne(*ligne) for ligne in fetch_raw(connexion, _A_RENVOYER, {"apres": apres, "limite": limite})]


def has_rows(connexion: Connection) -> bool:
    """Whether a committed row waits for its position."""
    # In order: the planner then reads the index of such rows, whatever it believes of their number.
    return connexion.execute(select(_C.id).where(_C.position.is_(None)).order_by(_C.id).limit(1)).first() is not None


def read_backlog(connexion: Connection, service: Service) -> Retard:
    """What is not delivered now."""
    # Beyond so many, "many" says enough. The planner does not count the rows numbered since the last sweep, which a
    # bitmap would all visit: the index of rows without position is read alone.
    connexion.exec_driver_sql("SET LOCAL enable_bitmapscan = off; SET LOCAL enable_seqscan = off")
    sans = select(_C.id).where(_C.position.is_(None)).order_by(_C.id).limit(COMPTE_MAX).subquery()
    attente = connexion.execute(select(func.count()).select_from(sans)).scalar_one()
    places = connexion.execute(
        select(PUBLIEUR.c.assigne, PUBLIEUR.c.confirme).where(PUBLIEUR.c.service == service)
    ).first()
    assigne, confirme = (places[0], places[1]) if places else (0, 0)
    premiere = select(_C.enregistre_le).where(_C.position.is_(None)).order_by(_C.id).limit(1)
    if assigne > confirme:
        premiere = select(_C.enregistre_le).where(_C.position > confirme).order_by(_C.position).limit(1)
    return Retard(attente, assigne - confirme, connexion.execute(premiere).scalar())


def read_lineage(connexion: Connection, dernieres: int) -> list[list[Maillon]]:
    """For each partition, the last epochs of the log, oldest first."""
    lignes = connexion.execute(
        select(EPOQUE.c.numero, EPOQUE.c.marque, EPOQUE.c.depuis, EPOQUE.c.tetes)
        .order_by(EPOQUE.c.numero.desc())
        .limit(dernieres)
    ).all()
    lignees: list[list[Maillon]] = [[] for _ in range(PARTITIONS)]
    for numero, marque, depuis, octets in reversed(lignes):
        tetes: list[int | UnsetType] = msgspec.json.decode(octets) if octets else [UNSET] * PARTITIONS
        for lignee, tete in zip(lignees, tetes, strict=True):
            lignee.append(Maillon(numero, marque, depuis, tete))
    return lignees
