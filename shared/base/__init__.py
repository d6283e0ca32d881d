"""Database edge: SQLite and PostgreSQL behind the same engines, statements and refusals.

The rest of the program does not know which of the two it runs on.
"""

from shared.base.colonnes import Grand, TexteLibre, Trie, table_of
from shared.base.ecriture import insert_many, replace_many, save_many
from shared.base.lecture import JsonRows, among_keys, bind_keys, fetch_raw, json_field, select_keys
from shared.base.moteurs import open_engine, open_postgres, open_sqlite
from shared.base.refus import (
    BaseInutilisable,
    BaseNonMigree,
    BaseTropRecente,
    explain_refusal,
    is_conflict,
    is_refused_for_now,
)
from shared.base.schema import create_tables, declared_tables

__all__ = [
    "BaseInutilisable",
    "BaseNonMigree",
    "BaseTropRecente",
    "Grand",
    "JsonRows",
    "TexteLibre",
    "Trie",
    "among_keys",
    "bind_keys",
    "create_tables",
    "declared_tables",
    "explain_refusal",
    "fetch_raw",
    "insert_many",
    "is_conflict",
    "is_refused_for_now",
    "json_field",
    "open_engine",
    "open_postgres",
    "open_sqlite",
    "replace_many",
    "save_many",
    "select_keys",
    "table_of",
]
