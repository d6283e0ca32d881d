"""The file of a spool: SQLite in WAL mode with ``synchronous=FULL``, so that what is committed survives a power cut."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from ecluse.dossier import DossierInutilisable
from ecluse.emission.etat import Etat, Refuse, count, list_refused

NOM_BASE: Final = "relais.db"
VERSION_SCHEMA: Final = 1
_SCHEMA: Final = """
BEGIN IMMEDIATE;
CREATE TABLE attente (
    rang INTEGER PRIMARY KEY AUTOINCREMENT, cle TEXT NOT NULL UNIQUE,
    id TEXT NOT NULL, type TEXT NOT NULL, octets BLOB NOT NULL, recu_le INTEGER NOT NULL
);
CREATE TABLE refuses (
    rang INTEGER PRIMARY KEY, cle TEXT NOT NULL,
    id TEXT NOT NULL, type TEXT NOT NULL, octets BLOB NOT NULL, recu_le INTEGER NOT NULL,
    detail TEXT NOT NULL, refuse_le INTEGER NOT NULL
);
CREATE INDEX refuses_cle ON refuses (cle);
CREATE TABLE suivi (
    unique_ INTEGER PRIMARY KEY CHECK (unique_ = 1), erreur TEXT, erreur_le INTEGER, repondu_le INTEGER
);
INSERT INTO suivi (unique_) VALUES (1);
PRAGMA user_version = 1;
COMMIT;
"""


class SpoolIndisponible(Exception):
    """The spool can not be written or read now (disk full, file damaged, closed): nothing was taken."""


def open_file(chemin: Path, pages_max: int) -> sqlite3.Connection:
    """The file of the folder, created if absent; ``DossierInutilisable``, ``sqlite3.DatabaseError``, ``OSError``."""
    fichier = chemin / NOM_BASE
    # Waiting events are nobody else's to read; SQLite gives its side files the mode of this one.
    os.close(os.open(fichier, os.O_RDWR | os.O_CREAT, 0o600))
    connexion = sqlite3.connect(fichier, timeout=10.0, isolation_level=None, check_same_thread=False)
    try:
        connexion.execute("PRAGMA journal_mode=WAL")
        connexion.execute("PRAGMA synchronous=FULL")
        if pages_max:
            connexion.execute(f"PRAGMA max_page_count={pages_max}")
        _migrate(connexion, fichier)
    except BaseException:
        connexion.close()
        raise
    _sync_folder(chemin)
    return connexion


def _migrate(connexion: sqlite3.Connection, fichier: Path) -> None:
    (version,) = connexion.execute("PRAGMA user_version").fetchone()
    if version > VERSION_SCHEMA:
        raise DossierInutilisable(
            f"le spool {fichier} vient d'une version plus récente d'Écluse (schéma {version}) : mettre Écluse à jour"
        )
    if version == 0:
        connexion.executescript(_SCHEMA)


def _sync_folder(chemin: Path) -> None:
    """Make the names of the new files durable too."""
    descripteur = os.open(chemin, os.O_RDONLY)
    try:
        os.fsync(descripteur)
    finally:
        os.close(descripteur)


def look(chemin: Path, refuses: int) -> tuple[Etat, list[Refuse]]:
    """State and first ``refuses`` refused events of a folder that another process may own.

    Raises ``DossierInutilisable`` where there is no spool to read.
    """
    fichier = chemin / NOM_BASE
    try:
        with closing(sqlite3.connect(f"{fichier.absolute().as_uri()}?mode=ro", uri=True, timeout=10.0)) as connexion:
            return count(connexion), list_refused(connexion, refuses)
    except sqlite3.DatabaseError as erreur:
        raise DossierInutilisable(f"aucun spool lisible dans {chemin} ({erreur}) : vérifier --dossier") from erreur


@contextmanager
def translated() -> Iterator[None]:
    """Errors of the file, told as ``SpoolIndisponible``."""
    try:
        yield
    except sqlite3.OperationalError as erreur:
        plein = "full" in str(erreur)
        raise SpoolIndisponible("le disque est plein" if plein else f"le fichier du relais : {erreur}") from erreur
    except sqlite3.DatabaseError as erreur:
        raise SpoolIndisponible(f"le fichier du relais est abîmé ou fermé : {erreur}") from erreur
