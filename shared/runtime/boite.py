"""The inbox: which events a service has already taken, and with which content."""

from collections.abc import Iterable
from typing import Final

from sqlalchemy import Connection

from shared.base import bind_keys, fetch_raw, insert_many, select_keys, table_of
from shared.events.porte import Recu
from shared.runtime.tables import LigneBoite

BOITE: Final = table_of(LigneBoite)
# Of the characters of an id, those that give its row a place; longer ones would only make the table larger.
_DEBUT: Final = 32
# Length of ``Recu.cle``, which ends every key.
_CLE: Final = 22


def read_taken(connexion: Connection, recus: Iterable[Recu]) -> dict[str, bytes]:
    """The fingerprints of those of the events that were taken before, by ``Recu.cle``."""
    recus = list(recus)
    # Rows of before they had a place, and those of the distributed mode, bear ``Recu.cle`` alone.
    cles = sorted({r.cle for r in recus}) + sorted({_place(r) for r in recus})
    requete = select_keys(BOITE, BOITE.c.cle, [BOITE.c.cle, BOITE.c.empreinte])
    return {cle[-_CLE:]: empreinte for cle, empreinte in fetch_raw(connexion, requete, bind_keys(cles))}


def keep_taken(connexion: Connection, recus: Iterable[Recu]) -> None:
    """Remember events that come for the first time."""
    # Workers of the version before may share a PostgreSQL database: they must know these events again.
    place = _place if connexion.dialect.name == "sqlite" else _bare
    insert_many(connexion, BOITE, sorted((place(r), r.empreinte) for r in recus))


def _place(recu: Recu) -> str:
    """The key of its row. A tool mostly gives ids that follow each other, so that their rows lie side by side: were
    they spread by ``Recu.cle``, each event would have a page of its own read, and written twice, in a large file.
    """
    identifiant = recu.id
    # What all databases compare alike, and no JSON text escapes.
    debut = identifiant[:_DEBUT] if identifiant.isascii() and identifiant.isprintable() else ""
    return f"~{debut}{recu.cle}"


def _bare(recu: Recu) -> str:
    return recu.cle
