"""Links and closed sessions of a house that runs in several processes."""

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import Final

from redis import Redis

from shared.partage.ligne import Ligne, RedisInjoignable
from shared.temps import SECONDE
from shared.web.acces import RegistreInjoignable

# Seconds between two questions about the same session from the event loop.
_REPOS: Final = 1.0
_SESSIONS_MAX: Final = 10_000

# A link is bound to one life of Redis: one that restarts from an older copy would open again what was spent since.
_VIE: Final = "local vie = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')\n"
_DONNER: Final = f"{_VIE} redis.call('SET', KEYS[1], vie, 'NX', 'PX', ARGV[1])"
_DEPENSER: Final = f"""{_VIE}
local donne = redis.call('GET', KEYS[1])
redis.call('DEL', KEYS[1])
return donne == vie and 1 or 0
"""


class RegistreRedis:
    """The register of all processes.

    A link that Redis does not know does not open: emptying Redis costs those who had one to ask for another. A closed
    session is also remembered by each process that heard of it, which tells it again to a Redis that forgot it. While
    Redis is away a process judges sessions by what it has heard.
    """

    def __init__(self, client: Redis, prefixe: str) -> None:
        self._client = client
        self._liens = f"{prefixe}:lien:"
        self._sessions = f"{prefixe}:session-fermee:"
        self._donner = client.register_script(_DONNER)
        self._depenser = client.register_script(_DEPENSER)
        self._ligne = Ligne("les liens et les sessions")
        # When each closed session would have ended, on the monotonic clock: nothing to remember after that.
        self._fermees: dict[str, float] = {}
        self._demandees: dict[str, float] = {}
        self._verrou = Lock()
        self._fil = ThreadPoolExecutor(1, "registre")

    def give(self, lien: str, fin: int, now: int) -> None:
        """Note a link. Raises ``RegistreInjoignable``."""
        try:
            with self._ligne.guard():
                self._donner(keys=[self._liens + lien], args=[_ms((fin - now) / SECONDE)])
        except RedisInjoignable:
            raise RegistreInjoignable(
                "le registre des liens (Redis) ne répond pas : aucun lien n'a été donné ; réessayer dans un instant"
            ) from None

    def spend(self, lien: str, now: int) -> bool:
        """Whether this link may still open. Raises ``RegistreInjoignable``."""
        del now
        try:
            with self._ligne.guard():
                return bool(self._depenser(keys=[self._liens + lien]))
        except RedisInjoignable:
            raise RegistreInjoignable(
                "le registre des liens (Redis) ne répond pas, et un lien ne doit ouvrir qu'une fois : réessayer dans "
                "un instant ; si ce lien ne sert plus alors, en demander un autre"
            ) from None

    def close(self, session: str, fin: int, now: int) -> bool:
        """Close a session; False if Redis could not be told: it is told as soon as it is asked something."""
        self._learn(session, (fin - now) / SECONDE)
        try:
            with self._ligne.guard():
                self._tell()
        except RedisInjoignable:
            return False
        return True

    def closed(self, session: str) -> bool:
        """Whether a session was closed, as far as can be known now."""
        if session in self._fermees:
            return True
        try:
            with self._ligne.guard():
                reste = self._ask(session)
        except RedisInjoignable:
            return False
        if reste > 0:
            self._learn(session, reste / 1000)
        return reste > 0

    def known_closed(self, session: str) -> bool:
        """Whether it is known here that a session was closed; Redis is asked meanwhile, by another thread."""
        if session in self._fermees:
            return True
        instant = time.monotonic()
        if instant - self._demandees.get(session, -_REPOS) >= _REPOS:
            if len(self._demandees) >= _SESSIONS_MAX:
                self._demandees.clear()
            self._demandees[session] = instant
            self._fil.submit(self.closed, session)
        return False

    def close_connections(self) -> None:
        """End the thread and the connections."""
        self._fil.shutdown()
        self._client.close()

    def _ask(self, session: str) -> int:
        """How long (ms) a session stays closed, 0 or less if it is not. Tells Redis what it turns out not to know."""
        with self._verrou:
            temoin = max(self._fermees, key=self._fermees.__getitem__, default=session)
        with self._client.pipeline(transaction=False) as lot:
            lot.pttl(self._sessions + session)
            lot.pttl(self._sessions + temoin)
            reste, connu = lot.execute()
        if temoin != session and connu < 0:
            self._tell()
        return int(reste)

    def _tell(self) -> None:
        instant = time.monotonic()
        with self._verrou:
            self._fermees = {cle: fin for cle, fin in self._fermees.items() if fin > instant}
            fermees = list(self._fermees.items())
        with self._client.pipeline(transaction=False) as lot:
            for session, fin in fermees:
                lot.set(self._sessions + session, 1, px=_ms(fin - instant))
            lot.execute()

    def _learn(self, session: str, reste: float) -> None:
        with self._verrou:
            self._fermees[session] = time.monotonic() + reste


def _ms(secondes: float) -> int:
    return max(1, round(secondes * 1000))
