"""Connections to PostgreSQL on which no wait lasts for ever: the limits of the server say nothing once it is frozen."""

from collections.abc import Callable
from time import monotonic
from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen

T = TypeVar("T")


class ConnexionBornee(psycopg.Connection[Any]):
    """A connection that is lost when it waits for a word of its server for longer than ``silence`` seconds."""

    silence: float | None = None

    def wait(self, gen: PQGen[T], interval: float = 0.1, timeout: float | None = None) -> T:
        """See ``psycopg.Connection.wait``. Raises ``OperationalError``."""
        return super().wait(gen if self.silence is None else self._bound(gen, self.silence), interval, timeout)

    def _bound(self, gen: PQGen[T], silence: float) -> PQGen[T]:
        fin = monotonic() + silence
        try:
            attendu = next(gen)
            while True:
                pret = yield attendu
                if pret:
                    fin = monotonic() + silence
                elif monotonic() > fin:
                    self.pgconn.finish()
                    raise psycopg.OperationalError(f"sans réponse depuis {silence:.0f} s : connexion abandonnée")
                attendu = gen.send(pret)
        except StopIteration as suite:
            resultat: T = suite.value
            return resultat


def opener(silence: float | None) -> Callable[..., ConnexionBornee]:
    """What opens a connection in the place of SQLAlchemy (event ``do_connect``)."""

    def connect(_dialecte: object, _fiche: object, mots: list[Any], options: dict[str, Any]) -> ConnexionBornee:
        connexion = ConnexionBornee.connect(*mots, **options)
        connexion.silence = silence
        return connexion

    return connect
