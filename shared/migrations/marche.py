"""Alembic, driven without a file of settings: a move is one transaction, whole or not at all."""

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, func, select, text

from shared.migrations.revisions import folder_of, read_revision, write_revision

# Two that move the same database at once follow one another.
_VERROU: Final = 0x45_43_4C_4D


def move(connexion: Connection, service: str, revision: str, *, descend: bool = False) -> None:
    """Bring the tables of a service to a revision, within the transaction of the caller."""
    if connexion.dialect.name == "postgresql":
        connexion.execute(select(func.pg_advisory_xact_lock(_VERROU)))
        # A table of millions of rows takes the time that it takes.
        connexion.execute(text("SET LOCAL statement_timeout = 0"))
    # What the first release left is marked as Alembic marks it.
    write_revision(connexion, read_revision(connexion))
    geste = command.downgrade if descend else command.upgrade
    geste(_config(service, connexion), revision)
    write_revision(connexion, read_revision(connexion))


def _config(service: str, connexion: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", _literal(Path(__file__).parent))
    config.set_main_option("version_locations", _literal(folder_of(service)))
    # One folder, whatever its name: nothing in it separates two.
    config.set_main_option("path_separator", "newline")
    config.attributes["connexion"] = connexion
    return config


def _literal(chemin: Path) -> str:
    """As Alembic's settings write it, where a percent sign means something."""
    return str(chemin).replace("%", "%%")
