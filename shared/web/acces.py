"""Who may come in: one-time links, signed sessions, form tokens and the Bearer token of the API."""

import hmac
import secrets
from collections.abc import Callable
from hashlib import sha256
from typing import Final

import msgspec

from shared.reglages import read_clock
from shared.temps import HEURE, MINUTE

DUREE_SESSION: Final = 12 * HEURE
DUREE_LIEN: Final = 10 * MINUTE
# Links that nobody opened: beyond, the oldest is forgotten.
_LIENS_MAX: Final = 100


class Session(msgspec.Struct, frozen=True, array_like=True):
    """A browser that came in by a link. ``fin``: instant (ns) at which it ends; ``nom``: who holds work items."""

    id: str
    nom: str
    fin: int


class Acces:
    """Keys and links of one house, all drawn from its token: another token ends every session.

    Links live in memory and in one process: the process that gives a link is the one that takes it.
    """

    def __init__(self, jeton: str, clock: Callable[[], int] = read_clock) -> None:
        self._jeton = jeton.encode()
        self._clock = clock
        self._liens: dict[bytes, tuple[int, str]] = {}
        self._fermees: dict[str, int] = {}

    def check_bearer(self, entete: str | None) -> bool:
        """Whether an ``Authorization`` header carries the token of the house."""
        schema, _, jeton = (entete or "").partition(" ")
        bon = hmac.compare_digest(jeton.strip().encode(), self._jeton)
        return bon and schema.lower() == "bearer"

    def create_link(self, nom: str = "") -> str:
        """The secret of a new link, good once, for ``DUREE_LIEN``. ``nom``: who the session will act as."""
        self._liens = {cle: lien for cle, lien in self._liens.items() if lien[0] > self._clock()}
        while len(self._liens) >= _LIENS_MAX:
            del self._liens[next(iter(self._liens))]
        lien = secrets.token_urlsafe(24)
        self._liens[_digest(lien)] = (self._clock() + DUREE_LIEN, nom)
        return lien

    def consume_link(self, lien: str) -> Session | None:
        """The session that a link opens; None if it is unknown, spent or too old."""
        fin, nom = self._liens.pop(_digest(lien), (0, ""))
        if fin <= self._clock():
            return None
        identifiant = secrets.token_hex(8)
        return Session(identifiant, nom or f"ecran-{identifiant[:4]}", self._clock() + DUREE_SESSION)

    def sign_session(self, session: Session) -> str:
        """The cookie of a session."""
        # Hexadecimal: no character that a cookie would have to quote.
        corps = msgspec.json.encode(session).hex()
        return f"{corps}.{self._sign('session', corps)}"

    def read_session(self, cookie: str | None) -> Session | None:
        """The session that a cookie tells; None if it is not ours, over, or closed."""
        corps, _, signature = (cookie or "").partition(".")
        if not hmac.compare_digest(signature.encode(), self._sign("session", corps).encode()):
            return None
        session = msgspec.json.decode(bytes.fromhex(corps), type=Session)
        return None if session.fin <= self._clock() or session.id in self._fermees else session

    def close_session(self, session: Session) -> None:
        """End a session before its time."""
        self._fermees = {cle: fin for cle, fin in self._fermees.items() if fin > self._clock()}
        self._fermees[session.id] = session.fin

    def sign_form(self, session: Session) -> str:
        """The token that every form of a session carries."""
        return self._sign("formulaire", session.id)

    def check_form(self, session: Session, jeton: str) -> bool:
        """Whether a form comes from a page of this session."""
        return hmac.compare_digest(jeton.encode(), self.sign_form(session).encode())

    def _sign(self, usage: str, texte: str) -> str:
        return hmac.new(self._jeton, f"{usage}:{texte}".encode(), sha256).hexdigest()


def _digest(lien: str) -> bytes:
    """Links are kept and looked up by their digest, so that looking one up tells nothing by its duration."""
    return sha256(lien.encode()).digest()
