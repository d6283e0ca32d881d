"""Rate limits: so many requests a second for each who asks, with a burst, and a clear answer beyond."""

import time
from collections.abc import Callable
from hashlib import sha256
from ipaddress import IPv6Address, ip_address
from typing import Final, NamedTuple, Protocol

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.web.acces import Acces
from shared.web.problemes import Probleme, write_problem
from shared.web.session import COOKIE

# What watches over the house is never refused.
LIBRES: Final = frozenset({"/healthz", "/readyz", "/metrics"})
_MICROSECONDES: Final = 1_000_000
# Full buckets are forgotten once there are so many.
_SEAUX_MAX: Final = 10_000


class TropDeRequetes(Probleme):
    """More requests than one principal may send."""

    genre, titre, statut = "trop-de-requetes", "Trop de requêtes", 429


class Limite(NamedTuple):
    """A rate. ``pas``: microseconds that one token takes to come; ``rafale``: tokens of a full bucket."""

    pas: int
    rafale: int


def limit(par_seconde: float, rafale: int) -> Limite:
    """The limit of ``par_seconde`` requests a second, after a burst of ``rafale``. Raises ``ValueError``."""
    if not 0.001 <= par_seconde <= 100_000:
        raise ValueError(f"débit de {par_seconde:g} requêtes par seconde : attendu entre 0,001 et 100 000")
    if not 1 <= rafale <= 1_000_000:
        raise ValueError(f"rafale de {rafale} requêtes : attendue entre 1 et 1 000 000")
    return Limite(round(_MICROSECONDES / par_seconde), rafale)


def pour(plein: int, instant: int, limite: Limite) -> tuple[int, int]:
    """Take a token from a bucket that will be full at ``plein``: when it will be full afterwards, and how long to wait.

    All in microseconds. A wait of 0 means that the token was taken; otherwise nothing changes. A token bucket told by
    the one number it needs: at ``instant`` it lacks ``(plein - instant) / pas`` tokens.
    """
    plein = max(plein, instant)
    attente = plein - instant - (limite.rafale - 1) * limite.pas
    return (plein, attente) if attente > 0 else (plein + limite.pas, 0)


class Seau(Protocol):
    """The buckets of all principals."""

    async def take(self, principal: str) -> int:
        """0 and one token less, or the microseconds to wait for one."""


class SeauLocal:
    """The buckets of one process. ``clock``: microseconds, from any origin."""

    def __init__(self, limite: Limite, clock: Callable[[], int] = lambda: time.monotonic_ns() // 1_000) -> None:
        self._limite = limite
        self._clock = clock
        self._pleins: dict[str, int] = {}

    async def take(self, principal: str) -> int:
        """0 and one token less, or the microseconds to wait for one."""
        instant = self._clock()
        if len(self._pleins) >= _SEAUX_MAX:
            self._pleins = {qui: plein for qui, plein in self._pleins.items() if plein > instant}
        self._pleins[principal], attente = pour(self._pleins.get(principal, 0), instant, self._limite)
        return attente


class Debit:
    """ASGI middleware: 429 for a principal whose bucket is empty. ``libres``: paths that are never counted."""

    def __init__(
        self, app: ASGIApp, seau: Seau, identify: Callable[[HTTPConnection], str], libres: frozenset[str] = LIBRES
    ) -> None:
        self._app = app
        self._seau = seau
        self._identify = identify
        self._libres = libres

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] not in self._libres:
            attente = await self._seau.take(self._identify(HTTPConnection(scope)))
            if attente:
                await write_problem(_refuse(attente))(scope, receive, send)
                return
        await self._app(scope, receive, send)


def identify_by(acces: Acces) -> Callable[[HTTPConnection], str]:
    """Who asks: the bearer of the token, a session that we signed, and otherwise an address.

    A token or a cookie that is not ours counts for its address: making one up gives no new bucket.
    """

    def identify(requete: HTTPConnection) -> str:
        if acces.check_bearer(requete.headers.get("authorization")):
            return "jeton"
        session = acces.recognize_session(requete.cookies.get(COOKIE))
        if session is not None:
            return f"session:{session.id}"
        return f"adresse:{_name_address(requete.client.host if requete.client else '')}"

    return identify


def _name_address(hote: str) -> str:
    """An address without its value. One IPv6 subscriber has a whole /64 to draw addresses from."""
    try:
        adresse = ip_address(hote)
    except ValueError:
        octets = hote.encode()
    else:
        octets = adresse.packed[:8] if isinstance(adresse, IPv6Address) else adresse.packed
    return sha256(octets).hexdigest()[:16]


def _refuse(attente: int) -> TropDeRequetes:
    secondes = max(1, -(-attente // _MICROSECONDES))
    return TropDeRequetes(
        f"trop de requêtes en peu de temps : attendre {secondes} s, puis recommencer ; celle-ci n'a rien changé",
        entetes={"Retry-After": str(secondes)},
    )
