"""Which revision a database is at, without Alembic: an embedded start costs no import of it."""

from functools import cache
from pathlib import Path
from typing import Final

from sqlalchemy import (
    Column,
    Connection,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    delete,
    insert,
    inspect,
    select,
)

RACINE: Final = Path(__file__).resolve().parents[2] / "services"
# By service, a table that no other one has, from its first release on: revisions bear the same names everywhere.
_PROPRES: Final = {"contacts": "contact", "production": "piece", "recovery": "creance", "indicators": "pli_cellule"}
# As Alembic creates it.
_VERSION: Final = Table(
    "alembic_version",
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)


def folder_of(service: str) -> Path:
    """Where the revisions of a service are, one file each: ``r0001_….py``."""
    return RACINE / service / "migrations"


@cache
def revisions_of(service: str) -> tuple[str, ...]:
    """The revisions of a service, oldest first."""
    return tuple(sorted(f.stem[1:5] for f in folder_of(service).glob("r[0-9][0-9][0-9][0-9]_*.py")))


def head_of(service: str) -> str:
    """The revision that this program reads."""
    return revisions_of(service)[-1]


def read_revision(connexion: Connection) -> str | None:
    """The revision of a database; None when it has no tables yet."""
    if inspect(connexion).has_table(_VERSION.name):
        revision: str | None = connexion.execute(select(_VERSION.c.version_num)).scalar()
        return revision
    if connexion.dialect.name != "sqlite":
        return None
    # The first release wrote no other mark.
    version = connexion.exec_driver_sql("PRAGMA user_version").scalar_one()
    return f"{version:04}" if version else None


def owner_of(connexion: Connection, service: str) -> str | None:
    """The service whose tables a database holds, ``service`` itself if it is one of them; None without any."""
    regard = inspect(connexion)
    ordre = sorted(_PROPRES, key=lambda nom: nom != service)
    return next((nom for nom in ordre if regard.has_table(_PROPRES[nom])), None)


def write_revision(connexion: Connection, revision: str | None) -> None:
    """Mark a database as being at a revision."""
    _VERSION.create(connexion, checkfirst=True)
    connexion.execute(delete(_VERSION))
    if revision is not None:
        connexion.execute(insert(_VERSION).values(version_num=revision))
    if connexion.dialect.name == "sqlite":
        # The first release knows this mark alone: it refuses a file of a later one.
        connexion.exec_driver_sql(f"PRAGMA user_version={int(revision or 0)}")
