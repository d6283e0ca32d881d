"""What a database refuses: for now, for ever, or because another writer was faster."""

from typing import Any, Final

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

# serialization failure, deadlock, lock timeout, unique violation: another transaction came between.
_CONFLITS: Final = frozenset({"40001", "40P01", "55P03", "23505"})
# connection, transaction state (idle too long, standby), resources, operator intervention, system error.
_PASSAGERS: Final = frozenset({"08", "25", "53", "55", "57", "58"})
_DISQUE_PLEIN: Final = "53100"


class BaseInutilisable(Exception):
    """The database can not be opened: the message says which and why."""


class BaseTropRecente(BaseInutilisable):
    """The database was written by a newer version of the program."""


class BaseNonMigree(BaseInutilisable):
    """The tables are not those that this program reads: the message gives the command that brings them there."""


def is_conflict(erreur: BaseException) -> bool:
    """Another transaction came between: roll back and decide again on what is there now."""
    return isinstance(erreur, DBAPIError) and _sqlstate(erreur) in _CONFLITS


def is_refused_for_now(erreur: BaseException) -> bool:
    """The database is away, full, locked or stopping: nothing was kept, and a retry is safe."""
    if not isinstance(erreur, DBAPIError):
        return False
    etat = _sqlstate(erreur)
    if etat is not None:
        return etat[:2] in _PASSAGERS
    return erreur.connection_invalidated or isinstance(erreur, OperationalError | InterfaceError)


def explain_refusal(erreur: DBAPIError) -> str:
    """What the database refuses for now, and what to do (French)."""
    texte = str(erreur.orig)
    if "full" in texte or _sqlstate(erreur) == _DISQUE_PLEIN:
        return "la base est pleine : libérer de la place, puis réessayer"
    if "locked" in texte or is_conflict(erreur):
        return "la base est occupée : réessayer"
    return "la base ne répond pas : réessayer"


def _sqlstate(erreur: DBAPIError) -> Any:
    """The five characters that PostgreSQL gives a refusal; None from SQLite, and when the connection is lost."""
    return getattr(erreur.orig, "sqlstate", None)
