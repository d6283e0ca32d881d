"""Tables as the models declare them."""

from collections.abc import Iterable

from sqlalchemy import Engine, Index, Table
from sqlalchemy.exc import DatabaseError
from sqlmodel import SQLModel

from shared.base.colonnes import table_of
from shared.base.refus import BaseInutilisable, BaseTropRecente

# Raised with every change of tables that an older program could not read.
VERSION_SCHEMA = 1


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
        if connexion.dialect.name == "sqlite":
            version = connexion.exec_driver_sql("PRAGMA user_version").scalar_one()
            if version > VERSION_SCHEMA:
                raise BaseTropRecente(
                    f"la base {moteur.url.database} vient d'une version plus récente d'Écluse "
                    f"(schéma {version}, ce programme lit le schéma {VERSION_SCHEMA}) : mettre Écluse à jour"
                )
        SQLModel.metadata.create_all(connexion, tables=declared_tables(modeles))
        if connexion.dialect.name == "sqlite":
            connexion.exec_driver_sql(f"PRAGMA user_version={VERSION_SCHEMA}")


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
