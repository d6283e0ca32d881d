"""Who may come in: one-time links, signed sessions, form tokens and the Bearer token of the API."""

import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from hashlib import sha256
from typing import Final, Protocol

import msgspec

from shared.reglages import read_clock
from shared.temps import HEURE, MINUTE
from shared.web.problemes import Indisponible

DUREE_SESSION: Final = 12 * HEURE
DUREE_LIEN: Final = 10 * MINUTE
# Links that nobody opened: beyond, the oldest is forgotten.
_LIENS_MAX: Final = 100


class Session(msgspec.Struct, frozen=True, array_like=True):
    """A browser that came in by a link. ``fin``: instant (ns) at which it ends; ``nom``: who holds work items."""

    id: str
    nom: str
    fin: int


class RegistreInjoignable(Indisponible):
    """The register of links and sessions does not answer: no link is given nor opened meanwhile."""


class Registre(Protocol):
    """What the processes of a house must know together: which links may still open, which sessions were closed.

    Instants in ns. ``give`` and ``spend`` raise ``RegistreInjoignable`` rather than let a link open twice.
    """

    def give(self, lien: str, fin: int, now: int) -> None:
        """Note a link that may open once, until ``fin``."""

    def spend(self, lien: str, now: int) -> bool:
        """Whether this link may still open; it may not any more afterwards."""
        ...

    def close(self, session: str, fin: int, now: int) -> bool:
        """Close a session that would end at ``fin``; False if some processes do not know yet."""
        ...

    def closed(self, session: str) -> bool:
        """Whether a session was closed. May take some time."""
        ...

    def known_closed(self, session: str) -> bool:
        """Whether it is known here that a session was closed. Takes no time; what is not known yet is asked for."""
        ...


class RegistreLocal:
    """The register of a house that runs in one process."""

    def __init__(self) -> None:
        self._liens: dict[str, int] = {}
        self._fermees: dict[str, int] = {}

    def give(self, lien: str, fin: int, now: int) -> None:
        """Note a link; of those that nobody opens the oldest is forgotten."""
        self._liens = {cle: terme for cle, terme in self._liens.items() if terme > now}
        while len(self._liens) >= _LIENS_MAX:
            del self._liens[next(iter(self._liens))]
        self._liens[lien] = fin

    def spend(self, lien: str, now: int) -> bool:
        """Whether this link may still open."""
        return self._liens.pop(lien, 0) > now

    def close(self, session: str, fin: int, now: int) -> bool:
        """Close a session."""
        self._fermees = {cle: terme for cle, terme in self._fermees.items() if terme > now}
        self._fermees[session] = fin
        return True

    def closed(self, session: str) -> bool:
        """Whether a session was closed."""
        return session in self._fermees

    known_closed = closed


class _Lien(msgspec.Struct, frozen=True, array_like=True):
    """What a link carries, signed: its own name in the register, who will come in, until when."""

    id: str
    nom: str
    fin: int


class Acces:
    """Keys and links of one house, all drawn from its token: another token ends every session and every link.

    ``registre``: shared by the processes of the house, so that a link opens once whichever of them receives it.
    """

    def __init__(self, jeton: str, clock: Callable[[], int] = read_clock, registre: Registre | None = None) -> None:
        self._jeton = jeton.encode()
        self._clock = clock
        self._registre = registre or RegistreLocal()

    def check_bearer(self, entete: str | None) -> bool:
        """Whether an ``Authorization`` header carries the token of the house."""
        schema, _, jeton = (entete or "").partition(" ")
        bon = hmac.compare_digest(jeton.strip().encode(), self._jeton)
        return bon and schema.lower() == "bearer"

    def create_link(self, nom: str = "") -> str:
        """A new link, good once, for ``DUREE_LIEN``. ``nom``: who the session will act as.

        Raises ``RegistreInjoignable``.
        """
        now = self._clock()
        lien = _Lien(secrets.token_urlsafe(12), nom, now + DUREE_LIEN)
        self._registre.give(lien.id, lien.fin, now)
        return self._seal("lien", urlsafe_b64encode(msgspec.msgpack.encode(lien)).rstrip(b"=").decode())

    def consume_link(self, texte: str) -> Session | None:
        """The session that a link opens; None if it is not ours, spent or too old. Raises ``RegistreInjoignable``."""
        corps = self._unseal("lien", texte)
        if corps is None:
            return None
        lien = msgspec.msgpack.decode(urlsafe_b64decode(corps + "=" * (-len(corps) % 4)), type=_Lien)
        now = self._clock()
        if lien.fin <= now or not self._registre.spend(lien.id, now):
            return None
        identifiant = secrets.token_hex(8)
        return Session(identifiant, lien.nom or f"ecran-{identifiant[:4]}", now + DUREE_SESSION)

    def sign_session(self, session: Session) -> str:
        """The cookie of a session."""
        # Hexadecimal: no character that a cookie would have to quote.
        return self._seal("session", msgspec.json.encode(session).hex())

    def read_session(self, cookie: str | None) -> Session | None:
        """The session that a cookie tells; None if it is not ours, over, or closed."""
        session = self._decode_session(cookie)
        return None if session is None or self._registre.closed(session.id) else session

    def recognize_session(self, cookie: str | None) -> Session | None:
        """Like ``read_session`` by what is known here, without waiting for anything: for event loops."""
        session = self._decode_session(cookie)
        return None if session is None or self._registre.known_closed(session.id) else session

    def close_session(self, session: Session) -> bool:
        """End a session before its time; False if some processes of the house do not know yet."""
        return self._registre.close(session.id, session.fin, self._clock())

    def sign_form(self, session: Session) -> str:
        """The token that every form of a session carries."""
        return self._sign("formulaire", session.id)

    def check_form(self, session: Session, jeton: str) -> bool:
        """Whether a form comes from a page of this session."""
        return hmac.compare_digest(jeton.encode(), self.sign_form(session).encode())

    def _decode_session(self, cookie: str | None) -> Session | None:
        corps = self._unseal("session", cookie)
        if corps is None:
            return None
        session = msgspec.json.decode(bytes.fromhex(corps), type=Session)
        return session if session.fin > self._clock() else None

    def _seal(self, usage: str, corps: str) -> str:
        return f"{corps}.{self._sign(usage, corps)}"

    def _unseal(self, usage: str, texte: str | None) -> str | None:
        """What a text of ours says; None if its signature is not ours."""
        corps, _, signature = (texte or "").partition(".")
        return corps if hmac.compare_digest(signature.encode(), self._sign(usage, corps).encode()) else None

    def _sign(self, usage: str, texte: str) -> str:
        return hmac.new(self._jeton, f"{usage}:{texte}".encode(), sha256).hexdigest()
