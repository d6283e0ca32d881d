"""Where a spool stands, as people and tools read it."""

import sqlite3

from msgspec import Struct

from shared.temps import write_instant


class Refuse(Struct, frozen=True):
    """An event that the destination refused. ``evenement``: its bytes as text; ``refuse_le``: ISO instant."""

    rang: int
    id: str
    type: str
    detail: str
    refuse_le: str
    evenement: str


class Etat(Struct, frozen=True):
    """Where the spool stands. ``attente``, ``refuses``: counts of events; instants are ISO, UTC.

    ``plus_ancien``: reception of the oldest waiting event; ``derniere_erreur``: why the last exchange with the
    destination failed, None once it answers again; ``derniere_reponse``: when it last answered for events.
    """

    attente: int
    plus_ancien: str | None
    refuses: int
    derniere_erreur: str | None
    erreur_le: str | None
    derniere_reponse: str | None


def count(connexion: sqlite3.Connection) -> Etat:
    """Where the spool stands."""
    attente, ancien = connexion.execute(
        "SELECT count(*), (SELECT recu_le FROM attente ORDER BY rang LIMIT 1) FROM attente"
    ).fetchone()
    (refuses,) = connexion.execute("SELECT count(*) FROM refuses").fetchone()
    erreur, erreur_le, repondu_le = connexion.execute("SELECT erreur, erreur_le, repondu_le FROM suivi").fetchone()
    return Etat(attente, _iso(ancien), refuses, erreur, _iso(erreur_le), _iso(repondu_le))


def list_refused(connexion: sqlite3.Connection, limite: int) -> list[Refuse]:
    """The first refused events, oldest first."""
    lignes = connexion.execute(
        "SELECT rang, id, type, detail, refuse_le, octets FROM refuses ORDER BY rang LIMIT ?", (limite,)
    )
    return [Refuse(r, i, t, d, write_instant(le), o.decode()) for r, i, t, d, le, o in lignes]


def _iso(instant: int | None) -> str | None:
    return None if instant is None else write_instant(instant)
