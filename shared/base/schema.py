"""Tables as the models declare them."""

from collections.abc import Iterable

from sqlalchemy import Connection, Engine, Index, Table
from sqlmodel import SQLModel

from shared.base.colonnes import table_of


def create_tables(base: Engine | Connection, modeles: Iterable[type[SQLModel]]) -> None:
    """Create what is missing."""
    SQLModel.metadata.create_all(base, tables=declared_tables(modeles))


def declared_tables(modeles: Iterable[type[SQLModel]]) -> list[Table]:
    """The tables of the models, with what every kind of object has."""
    tables = [table_of(m) for m in modeles]
    for table in tables:
        _index_waiting(table)
    return tables


def _index_waiting(table: Table) -> None:
    """Objects that wait for their creating fact are few, and asked for often: a partial index holds just them."""
    nom = f"{table.name}_en_attente"
    if {"faits", "dossier"} <= set(table.c.keys()) and nom not in {i.name for i in table.indexes}:
        vide = table.c.dossier.is_(None)
        Index(nom, table.c.cle, sqlite_where=vide, postgresql_where=vide)
