"""Rows by the hundred: inserted, or changed by one upsert. Values go to the driver as they are.

The columns of this house need no conversion (bytes, str, int, bool, None), which costs more than the insertion when
rows are many. Statements are compiled once.
"""

from collections.abc import Sequence
from itertools import chain
from typing import Any, Final

from sqlalchemy import Connection, Dialect, Table, text
from sqlalchemy.dialects import postgresql, sqlite

Ligne = Sequence[Any]

# Rows that go to SQLite in one statement: between two of them a thread gives its turn to the others.
_PAQUET: Final = 100
# PostgreSQL takes columns as arrays: beyond this many rows a statement gains nothing more.
_PAQUET_DE_TABLEAUX: Final = 1_000
# By dialect, table, column of the version and columns left out: statements for one row and for many.
_COMPILEES: dict[tuple[str, str, str | None, tuple[str, ...]], tuple[str, str]] = {}


def insert_many(connexion: Connection, table: Table, lignes: Sequence[Ligne], sans: tuple[str, ...] = ()) -> None:
    """Insert rows that hold a value for every column of the table, in its order, ``sans`` those left to the base."""
    _write_many(connexion, table, None, lignes, sans)


def save_many(connexion: Connection, table: Table, version: str, lignes: Sequence[Ligne]) -> int:
    """Insert rows, or change the row of the same primary key if its ``version`` is the one before; rows written."""
    return _write_many(connexion, table, version, lignes, ())


def replace_many(connexion: Connection, table: Table, lignes: Sequence[Ligne]) -> None:
    """Insert rows, or put each in the place of the row of the same primary key."""
    _write_many(connexion, table, "", lignes, ())


def _write_many(
    connexion: Connection, table: Table, version: str | None, lignes: Sequence[Ligne], sans: tuple[str, ...]
) -> int:
    if not lignes:
        return 0
    dialecte = connexion.dialect
    cle = (dialecte.name, table.name, version, sans)
    if cle not in _COMPILEES:
        compiler = _compile_arrays if dialecte.name == "postgresql" else _compile_values
        _COMPILEES[cle] = compiler(dialecte, table, version, sans)
    ecrit = _write_arrays if dialecte.name == "postgresql" else _write_values
    return ecrit(connexion, _COMPILEES[cle], lignes)


def _write_arrays(connexion: Connection, requetes: tuple[str, str], lignes: Sequence[Ligne]) -> int:
    ecrites = 0
    for debut in range(0, len(lignes), _PAQUET_DE_TABLEAUX):
        colonnes = tuple(map(list, zip(*lignes[debut : debut + _PAQUET_DE_TABLEAUX], strict=True)))
        ecrites += connexion.exec_driver_sql(requetes[1], colonnes).rowcount
    return ecrites


def _write_values(connexion: Connection, requetes: tuple[str, str], lignes: Sequence[Ligne]) -> int:
    une, plusieurs = requetes
    ecrites, entiers = 0, len(lignes) - len(lignes) % _PAQUET
    for debut in range(0, entiers, _PAQUET):
        valeurs = tuple(chain.from_iterable(lignes[debut : debut + _PAQUET]))
        ecrites += connexion.exec_driver_sql(plusieurs, valeurs).rowcount
    if entiers < len(lignes):
        reste: Any = lignes[entiers:]
        ecrites += connexion.exec_driver_sql(une, reste).rowcount
    return ecrites


def _compile_arrays(dialecte: Dialect, table: Table, version: str | None, sans: tuple[str, ...]) -> tuple[str, str]:
    """The statement that writes one row, and the one that writes many: an array per column, in binary, in order."""
    une, _ = _compile_values(dialecte, table, version, sans)
    colonnes = [c for c in table.c if c.name not in sans]
    types = (c.type.compile(dialect=dialecte).partition(" COLLATE")[0] for c in colonnes)
    tableaux = ", ".join(f"%b::{t}[]" for t in types)
    noms = ", ".join(f"c{n}" for n in range(len(colonnes)))
    lignes = f"SELECT {noms} FROM unnest({tableaux}) WITH ORDINALITY AS lignes({noms}, rang) ORDER BY rang"  # noqa: S608  # names of ours
    return une, une.replace(f"VALUES ({', '.join('?' * len(colonnes))})", lignes)


def _compile_values(dialecte: Dialect, table: Table, version: str | None, sans: tuple[str, ...]) -> tuple[str, str]:
    """The statements that write one row and ``_PAQUET`` rows."""
    ecrit = postgresql.insert if dialecte.name == "postgresql" else sqlite.insert
    noms = [c.name for c in table.c if c.name not in sans]
    requete = ecrit(table).inline().values({n: text("?") for n in noms})
    if version is not None:
        nouvelles = requete.excluded
        requete = requete.on_conflict_do_update(
            index_elements=list(table.primary_key),
            set_={c.name: nouvelles[c.name] for c in table.c if not c.primary_key},
            where=table.c[version] == nouvelles[version] - text("1") if version else None,
        )
    une = str(requete.compile(dialect=dialecte))
    marques = f"({', '.join('?' * len(noms))})"
    return une, une.replace(marques, ", ".join([marques] * _PAQUET))
