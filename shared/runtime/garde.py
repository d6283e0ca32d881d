"""Holding something that one process at a time may hold, in PostgreSQL: the lock ends with the connection."""

import zlib
from contextlib import suppress
from typing import Final

from sqlalchemy import Connection, Engine, func, select
from sqlalchemy.exc import DBAPIError

# Seconds without a word after which PostgreSQL ends the connection of who holds a lock.
SILENCE: Final = 120


def lock_number(nom: str) -> int:
    """The number of an advisory lock, out of its name."""
    return zlib.crc32(f"ecluse:{nom}".encode())


class GardePostgres:
    """An advisory lock on a connection of its own. See ``Garde`` of the consumer."""

    def __init__(self, moteur: Engine, nom: str) -> None:
        self._moteur = moteur
        self._numero = lock_number(nom)
        self._connexion: Connection | None = None

    def hold(self) -> bool:
        """Whether this process holds the lock now, having taken it if it was free. A lost connection has lost it."""
        try:
            if self._connexion is not None:
                self._connexion.execute(select(1))
                self._connexion.rollback()
                return True
            return self._try()
        except DBAPIError:
            self.release()
            return False

    def release(self) -> None:
        """Give the lock back."""
        connexion, self._connexion = self._connexion, None
        if connexion is not None:
            # Closed for good, not back into the pool: only its end frees the lock for sure.
            with suppress(DBAPIError):
                connexion.invalidate()
            connexion.close()

    def _try(self) -> bool:
        connexion = self._moteur.connect()
        try:
            # A process that is suspended does not keep it.
            connexion.exec_driver_sql(f"SET idle_session_timeout = {SILENCE * 1000}")
            tenu = bool(connexion.execute(select(func.pg_try_advisory_lock(self._numero))).scalar())
            connexion.rollback()
        except BaseException:
            connexion.close()
            raise
        if tenu:
            self._connexion = connexion
        else:
            connexion.close()
        return tenu
