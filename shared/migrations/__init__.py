"""The tables of each service, from one release to the next: a folder of revisions in each, moved by Alembic.

A file of the embedded mode is created as the models say, and brought up when it is opened. A PostgreSQL database is
brought up by a command (``ecluse migrations upgrade``): several processes share it.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError
from sqlmodel import SQLModel

from shared.base import (
    BaseInutilisable,
    BaseNonMigree,
    BaseTropRecente,
    create_tables,
    explain_refusal,
    is_conflict,
    is_refused_for_now,
    open_postgres,
)
from shared.migrations.revisions import head_of, owner_of, read_revision, revisions_of, write_revision

__all__ = ["current", "downgrade", "head_of", "is_at_head", "prepare_base", "revisions_of", "upgrade"]

Base = Engine | str


def upgrade(service: str, base: Base, revision: str = "head") -> None:
    """Bring a database up. ``base``: an engine, or the address of a PostgreSQL database.

    Raises ``BaseInutilisable``, also when it is another service's; ``BaseTropRecente`` when a newer program wrote it.
    """
    with connect(base) as connexion:
        _read(connexion, service)
        _move(connexion, service, revision, descend=False)


def downgrade(service: str, base: Base, revision: str) -> None:
    """Bring a database down to an earlier revision (``base``: to nothing). Raises as ``upgrade``."""
    with connect(base) as connexion:
        _read(connexion, service)
        _move(connexion, service, revision, descend=True)


def current(service: str, base: Base) -> str | None:
    """The revision of a service's database; None when it has no tables yet.

    Raises ``BaseInutilisable``, also when it is another service's.
    """
    with connect(base) as connexion:
        _refuse_other(connexion, service)
        return read_revision(connexion)


def is_at_head(service: str, base: Base) -> bool:
    """Whether the tables are those that this program reads. Raises ``BaseInutilisable``."""
    return current(service, base) == head_of(service)


def prepare_base(moteur: Engine, service: str, modeles: Sequence[type[SQLModel]]) -> None:
    """Have the tables of a service, before it starts.

    Raises ``BaseNonMigree`` when a PostgreSQL database is not at this program's revision, ``BaseTropRecente``,
    ``BaseInutilisable``.
    """
    with connect(moteur) as connexion:
        revision = _read(connexion, service)
        if revision == head_of(service):
            return
        if connexion.dialect.name == "postgresql":
            etat = f"est à la révision {revision}" if revision else "n'a pas encore de tables"
            raise BaseNonMigree(
                f"la base {_name(connexion)} {etat}, {service} attend la révision {head_of(service)} : "
                f"lancer « ecluse migrations upgrade {service} »"
            )
        if revision is None:
            create_tables(connexion, modeles)
            write_revision(connexion, head_of(service))
        else:
            _move(connexion, service, "head", descend=False)


def _move(connexion: Connection, service: str, revision: str, *, descend: bool) -> None:
    # Not at the top: a start that moves nothing does not pay for it.
    from shared.migrations.marche import move

    move(connexion, service, revision, descend=descend)


def _read(connexion: Connection, service: str) -> str | None:
    """The revision, of tables that are the service's and that this program knows."""
    _refuse_other(connexion, service)
    revision = read_revision(connexion)
    if revision is not None and revision not in revisions_of(service):
        raise BaseTropRecente(
            f"la base {_name(connexion)} vient d'une version plus récente d'Écluse (révision {revision}, ce programme "
            f"va jusqu'à la révision {head_of(service)}) : mettre Écluse à jour"
        )
    return revision


def _refuse_other(connexion: Connection, service: str) -> None:
    autre = owner_of(connexion, service)
    if autre in (None, service):
        return
    ou = "dans ECLUSE_DATABASE_URL" if connexion.dialect.name == "postgresql" else f"sous le nom {service}.db"
    raise BaseInutilisable(
        f"la base {_name(connexion)} est celle du service {autre}, pas de {service} : donner la base de {service} {ou}"
    )


@contextmanager
def connect(base: Base) -> Iterator[Connection]:
    """One transaction, on a database that is not in use yet; what prevents it is ``BaseInutilisable``."""
    moteur = open_postgres(base, ecriture=True, silence=None) if isinstance(base, str) else base
    try:
        with moteur.begin() as connexion:
            yield connexion
    except DBAPIError as erreur:
        raise BaseInutilisable(_explain(moteur, erreur)) from erreur
    finally:
        if isinstance(base, str):
            moteur.dispose()


def _explain(moteur: Engine, erreur: DBAPIError) -> str:
    if moteur.dialect.name == "sqlite":
        quoi_faire = "vérifier la place et les droits, ou remettre une copie de ce fichier"
    elif is_conflict(erreur) or is_refused_for_now(erreur):
        quoi_faire = explain_refusal(erreur)
    else:
        quoi_faire = "vérifier que c'est bien la base de ce service, et les droits de l'utilisateur"
    raison = " ".join(str(erreur.orig).split())
    return f"la base {_name(moteur)} est inutilisable ({raison}) : {quoi_faire}"


def _name(base: Engine | Connection) -> str:
    """The file, or where the database is; never how one enters it."""
    url = base.engine.url
    return f"{url.host}:{url.port or 5432}/{url.database}" if base.dialect.name == "postgresql" else str(url.database)
