"""The seat of the one publisher of a service: a lock, and the connection that holds it and carries its statements.

Both are lost together: whoever has lost the lock can write nothing any more.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from sqlalchemy import Connection, Engine, func, select
from sqlalchemy.exc import DBAPIError

from shared.runtime.garde import lock_number
from shared.runtime.journal import Evince

_VERROU: Final = "publieur"
# Whatever is asked here is few rows of the log, by an index. The planner does not count the rows numbered since the
# last sweep, and would visit them all.
_PAR_INDEX: Final = "SET enable_bitmapscan = off; SET enable_seqscan = off"


class Siege:
    """Used from one thread at a time. ``silence``: seconds without a statement after which PostgreSQL ends the
    connection, so that a process that is suspended does not keep the seat."""

    def __init__(self, moteur: Engine, service: str, silence: int) -> None:
        self._moteur = moteur
        self._numero = lock_number(f"{_VERROU}:{service}")
        self._silence = silence
        self._connexion: Connection | None = None

    def take(self) -> bool:
        """Whether the seat is ours; does not wait for it. Raises ``DBAPIError``."""
        if self._connexion is None:
            self._connexion = self._moteur.connect()
        try:
            with self._connexion.begin():
                self._connexion.exec_driver_sql(f"SET idle_session_timeout = {self._silence * 1000}; {_PAR_INDEX}")
                return bool(self._connexion.execute(select(func.pg_try_advisory_lock(self._numero))).scalar())
        except DBAPIError:
            self.leave()
            raise

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A transaction of whoever has the seat. Raises ``DBAPIError`` or ``Evince`` when the seat is lost."""
        # SQLAlchemy would quietly open another connection in the place of a lost one, which does not hold the lock.
        if self._connexion is None or self._connexion.invalidated:
            raise Evince("le siège du publieur n'est plus tenu : sa connexion à la base est perdue")
        with self._connexion.begin():
            yield self._connexion

    def leave(self) -> None:
        """Give the seat up."""
        connexion, self._connexion = self._connexion, None
        if connexion is not None:
            # Ended, never given back to the pool: only the end of the connection surely frees the lock.
            with suppress(DBAPIError):
                connexion.invalidate()
            connexion.close()
