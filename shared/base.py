"""Database edge: engines, one writer connection, and statements over many keys."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Index,
    Insert,
    Select,
    Table,
    Update,
    bindparam,
    create_engine,
    event,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.exc import DatabaseError
from sqlmodel import SQLModel

# Raised with every change of tables that an older program could not read.
VERSION_SCHEMA = 1


class BaseInutilisable(Exception):
    """The database can not be opened: the message says which and why."""


class BaseTropRecente(BaseInutilisable):
    """The database was written by a newer version of the program."""


def table_of(modele: type[SQLModel]) -> Table:
    """The Core table of a SQLModel class: rows travel through Core, the class declares the schema."""
    return SQLModel.metadata.tables[str(modele.__tablename__)]


def open_sqlite(chemin: Path, *, pages_max: int = 0, ecriture: bool = False) -> Engine:
    """An engine on a SQLite file: WAL and ``synchronous=FULL``, so that what is committed survives a power cut."""
    if not chemin.exists():
        # Rows hold pseudonyms: nobody else reads them. The files that SQLite adds beside take the same mode.
        chemin.touch(0o600)
    moteur = create_engine(
        f"sqlite:///{chemin}",
        connect_args={"check_same_thread": False, "timeout": 10.0},
        # The text of an error goes to logs: it never holds what the rows hold.
        hide_parameters=True,
    )

    @event.listens_for(moteur, "connect")
    def _connect(connexion: Any, _: object) -> None:
        # Transactions are opened by hand (see _begin): the driver's own rule opens them too late.
        connexion.isolation_level = None
        # The writer touches pages everywhere; a reader asks few of them, and there are several readers.
        cache = "cache_size=-32768" if ecriture else "cache_size=-4096"
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", cache):
            connexion.execute(f"PRAGMA {pragma}")
        connexion.execute("PRAGMA wal_autocheckpoint=4000")
        if pages_max:
            connexion.execute(f"PRAGMA max_page_count={pages_max}")

    @event.listens_for(moteur, "begin")
    def _begin(connexion: Connection) -> None:
        connexion.exec_driver_sql("BEGIN IMMEDIATE" if ecriture else "BEGIN")

    return moteur


def create_tables(moteur: Engine, modeles: Iterable[type[SQLModel]]) -> None:
    """Create what is missing. Raises ``BaseTropRecente`` when a newer program wrote the file, ``BaseInutilisable``."""
    try:
        _create_tables(moteur, modeles)
    except DatabaseError as erreur:
        raise BaseInutilisable(
            f"la base {moteur.url.database} est inutilisable ({erreur.orig}) : vérifier la place et les droits, "
            "ou remettre une copie de ce fichier"
        ) from erreur


def _create_tables(moteur: Engine, modeles: Iterable[type[SQLModel]]) -> None:
    with moteur.begin() as connexion:
        version = connexion.exec_driver_sql("PRAGMA user_version").scalar_one()
        if version > VERSION_SCHEMA:
            raise BaseTropRecente(
                f"la base {moteur.url.database} vient d'une version plus récente d'Écluse "
                f"(schéma {version}, ce programme lit le schéma {VERSION_SCHEMA}) : mettre Écluse à jour"
            )
        tables = [table_of(m) for m in modeles]
        for table in tables:
            _index_waiting(table)
        SQLModel.metadata.create_all(connexion, tables=tables)
        connexion.exec_driver_sql(f"PRAGMA user_version={VERSION_SCHEMA}")


def _index_waiting(table: Table) -> None:
    """Objects that wait for their creating fact are few, and asked for often: a partial index holds just them."""
    nom = f"{table.name}_en_attente"
    if {"faits", "dossier"} <= set(table.c.keys()) and nom not in {i.name for i in table.indexes}:
        vide = table.c.dossier.is_(None)
        Index(nom, table.c.cle, sqlite_where=vide, postgresql_where=vide)


def insert_many(connexion: Connection, table: Table, lignes: Sequence[Sequence[Any]]) -> None:
    """Insert rows that hold a value for every column of the table, in its order.

    The statement is compiled once, and the values go to the driver as they are (bytes, str, int, bool, None): the
    columns of this house need no conversion, which costs more than the insertion when rows are many.
    """
    if lignes:
        _run_many(connexion, insert(table), tuple(table.c.keys()), lignes)


def update_many(
    connexion: Connection,
    table: Table,
    cle: str,
    version: str,
    colonnes: Sequence[str],
    lignes: Sequence[Sequence[Any]],
) -> int:
    """Update ``colonnes`` where ``cle`` and ``version`` are those of the row; rows changed.

    A row holds the values of ``colonnes``, named in the order of the table, then ``cle`` and ``version``.
    """
    requete = (
        update(table)
        .where(table.c[cle] == bindparam("b_cle"), table.c[version] == bindparam("b_version"))
        .values({n: bindparam(n) for n in colonnes})
    )
    return _run_many(connexion, requete, (*colonnes, "b_cle", "b_version"), lignes)


_COMPILEES: dict[tuple[str, str, tuple[str, ...]], str] = {}


def _run_many(
    connexion: Connection, requete: Insert | Update, noms: tuple[str, ...], lignes: Sequence[Sequence[Any]]
) -> int:
    dialecte = connexion.dialect
    cle = (dialecte.name, f"{requete.__visit_name__} {requete.table.description}", noms)
    if cle not in _COMPILEES:
        # Values by position, whatever names the dialect would give them.
        dialecte_de: Any = type(dialecte)
        positions = dialecte_de(paramstyle="qmark" if dialecte.paramstyle == "qmark" else "format")
        colonnes = list(noms) if isinstance(requete, Insert) else None
        compilee: Any = requete.compile(dialect=positions, column_keys=colonnes)
        if tuple(compilee.positiontup) != noms:
            raise ValueError(f"colonnes à nommer dans l'ordre de la table {requete.table.description}")
        _COMPILEES[cle] = str(compilee)
    valeurs: Any = lignes
    return int(connexion.exec_driver_sql(_COMPILEES[cle], valeurs).rowcount)


def select_keys(table: Table, colonne: Column[Any], colonnes: Sequence[Column[Any]]) -> Select[Any]:
    """A select over ``table`` whose ``colonne`` is one of the keys bound to ``:cles`` (see ``bind_keys``)."""
    valeurs = func.json_each(text(":cles")).table_valued("value")
    return select(*colonnes).select_from(table).where(colonne.in_(select(valeurs.c.value)))


def fetch_raw(connexion: Connection, requete: Select[Any], parametres: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """The rows as the driver gives them (bytes, str, int, None), which costs half of what converted rows do."""
    return list(connexion.execute(requete, dict(parametres)).cursor.fetchall())


def bind_keys(cles: Iterable[str]) -> dict[str, str]:
    """The parameter of ``select_keys``."""
    return {"cles": msgspec.json.encode(list(cles)).decode()}
