"""Database edge: engines, one writer connection, and statements over many keys."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, Final

import msgspec
from sqlalchemy import (
    Column,
    Connection,
    Dialect,
    Engine,
    Index,
    Select,
    Table,
    create_engine,
    event,
    func,
    select,
    text,
)
from sqlalchemy.dialects.sqlite import insert
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
        # Rows are near a kilobyte, and most of a commit is the pages that it touches.
        connexion.execute("PRAGMA page_size=8192")
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
    """Insert rows that hold a value for every column of the table, in its order."""
    _write_many(connexion, table, None, lignes)


def save_many(connexion: Connection, table: Table, version: str, lignes: Sequence[Sequence[Any]]) -> int:
    """Insert rows, or change the row of the same primary key if its ``version`` is the one before; rows written."""
    return _write_many(connexion, table, version, lignes)


# Rows that go to the database in one statement: between two of them a thread gives its turn to the others.
_PAQUET: Final = 100
_COMPILEES: dict[tuple[str, str, str | None], tuple[str, str]] = {}


def _write_many(connexion: Connection, table: Table, version: str | None, lignes: Sequence[Sequence[Any]]) -> int:
    """The values go to the driver as they are (bytes, str, int, bool, None): the columns of this house need no
    conversion, which costs more than the insertion when rows are many. The statements are compiled once."""
    cle = (connexion.dialect.name, table.name, version)
    if cle not in _COMPILEES:
        _COMPILEES[cle] = _compile(connexion.dialect, table, version)
    une, plusieurs = _COMPILEES[cle]
    ecrites, entiers = 0, len(lignes) - len(lignes) % _PAQUET
    for debut in range(0, entiers, _PAQUET):
        valeurs = tuple(chain.from_iterable(lignes[debut : debut + _PAQUET]))
        ecrites += connexion.exec_driver_sql(plusieurs, valeurs).rowcount
    if entiers < len(lignes):
        reste: Any = lignes[entiers:]
        ecrites += connexion.exec_driver_sql(une, reste).rowcount
    return ecrites


def _compile(dialecte: Dialect, table: Table, version: str | None) -> tuple[str, str]:
    """The statements that write one row and ``_PAQUET`` rows."""
    requete = insert(table)
    if version is not None:
        nouvelles = requete.excluded
        requete = requete.on_conflict_do_update(
            index_elements=list(table.primary_key),
            set_={c.name: nouvelles[c.name] for c in table.c if not c.primary_key},
            where=table.c[version] == nouvelles[version] - text("1"),
        )
    une = str(requete.compile(dialect=dialecte))
    marques = f"({', '.join('?' * len(table.c))})"
    return une, une.replace(marques, ", ".join([marques] * _PAQUET))


def select_keys(table: Table, colonne: Column[Any], colonnes: Sequence[Column[Any]]) -> Select[Any]:
    """A select over ``table`` whose ``colonne`` is one of the keys bound to ``:cles`` (see ``bind_keys``)."""
    valeurs = func.json_each(text(":cles")).table_valued("value")
    return select(*colonnes).select_from(table).where(colonne.in_(select(valeurs.c.value)))


def fetch_raw(connexion: Connection, requete: Select[Any], parametres: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """The rows as the driver gives them (bytes, str, int, None): none of our columns needs a conversion."""
    return list(connexion.execute(requete, dict(parametres)).cursor.fetchall())


def bind_keys(cles: Iterable[str]) -> dict[str, str]:
    """The parameter of ``select_keys``."""
    return {"cles": msgspec.json.encode(list(cles)).decode()}
