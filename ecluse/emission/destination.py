"""Where events go: what an attempt to send a batch ends in, and the door over HTTP.

The ingress topic of Kafka (``entrees``) is the other way in; its client is loaded for an address that asks for it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Final, Protocol
from urllib.parse import urlsplit

import httpx
import msgspec
from msgspec import Struct

from ecluse import __version__
from shared.systeme import explain_os
from shared.temps import SECONDE, from_datetime
from shared.web.porte import UN_EVENEMENT, UN_LOT

CHEMIN: Final = "/v1/evenements"
KAFKA: Final = "kafka://"
# What the sender obeys at most of a Retry-After: beyond, it is more likely a mistake than a wish.
ATTENTE_OBEIE: Final = 3600.0
_LECTURE_MAX: Final = 4_000_000


@dataclass(frozen=True, slots=True)
class Repondu:
    """The destination has answered for each event. ``refuses``: index in the batch and reason of those it refused;
    ``doublons``: how many of the others it had already, where it says so."""

    refuses: Mapping[int, str]
    doublons: int = 0


@dataclass(frozen=True, slots=True)
class PlusTard:
    """Nothing is known of the batch: keep it and try again, not before ``apres`` seconds where that is given."""

    detail: str
    apres: float | None = None


@dataclass(frozen=True, slots=True)
class Diviser:
    """The request as such was refused: one of its events, or their total size (``taille``), is the culprit."""

    detail: str
    taille: bool


Suite = Repondu | PlusTard | Diviser


class Destination(Protocol):
    """Where events go. Sending an event twice is safe: the other side knows it by (source, id)."""

    def send(self, evenements: Sequence[bytes], maintenant: int) -> Suite:
        """Try to hand over a batch; no exception leaves it."""

    def close(self) -> None:
        """Let go of connections, also from under a running ``send``."""


class AdresseInvalide(ValueError):
    """The destination can not be used (address, setting, missing library): the message says why, in one line."""


class _Rejet(Struct):
    index: int
    detail: str = ""


class _Reponse(Struct):
    acceptes: int
    doublons: int
    rejets: list[_Rejet]


class _Probleme(Struct):
    detail: str = ""


class DestinationHttp:
    """The door of a server. ``read_token`` is asked before each request, so that a new token needs no restart."""

    def __init__(self, url: str, read_token: Callable[[], str | None], *, delai: float = 60.0) -> None:
        """``url``: the origin, without the path of the door; ``delai``: seconds without a byte of answer.

        Raises ``AdresseInvalide``.
        """
        self._adresse = check_address(url) + CHEMIN
        self._read_token = read_token
        # No proxy for what runs on this machine, whatever the environment says.
        direct: dict[str, httpx.BaseTransport | None] = {
            f"all://{h}": None for h in ("localhost", "127.0.0.1", "[::1]")
        }
        self._client = httpx.Client(
            timeout=httpx.Timeout(delai, connect=10.0),
            mounts=direct,
            headers={"User-Agent": f"ecluse-relais/{__version__}"},
        )

    def send(self, evenements: Sequence[bytes], maintenant: int) -> Suite:
        """Post the batch, one event alone as itself."""
        try:
            jeton = self._read_token()
        except OSError as erreur:
            return PlusTard(f"le fichier du jeton ne se lit pas ({explain_os(erreur)}) : le corriger, il est relu")
        if jeton and not (jeton.isascii() and jeton.isprintable()):
            return PlusTard("le jeton n'est pas une ligne de caractères simples : le corriger, il est relu")
        entetes = {"Content-Type": UN_EVENEMENT if len(evenements) == 1 else UN_LOT}
        if jeton:
            entetes["Authorization"] = f"Bearer {jeton}"
        return self._post(evenements, entetes, maintenant)

    def _post(self, evenements: Sequence[bytes], entetes: Mapping[str, str], maintenant: int) -> Suite:
        try:
            corps = evenements[0] if len(evenements) == 1 else b"[" + b",".join(evenements) + b"]"
            with self._client.stream("POST", self._adresse, content=corps, headers=entetes) as reponse:
                contenu = _read(reponse)
        except httpx.HTTPError as erreur:
            return PlusTard(f"{self._adresse} ne répond pas ({type(erreur).__name__} : {erreur})")
        return read_answer(reponse.status_code, reponse.headers, contenu, len(evenements), maintenant)

    def close(self) -> None:
        """Let go of connections."""
        self._client.close()


def open_destination(vers: str, read_token: Callable[[], str | None]) -> Destination:
    """The door at ``http(s)://machine:port``, or the ingress topic at ``kafka://machine:port,machine:port``.

    The token is for the door: Kafka has its own security, in the environment. Raises ``AdresseInvalide``.
    """
    if not vers.startswith(KAFKA):
        return DestinationHttp(vers, read_token)
    from ecluse.emission.entrees import open_topic  # only here: the embedded mode knows nothing of Kafka

    return open_topic(vers)


def check_address(url: str) -> str:
    """The origin without its last slash. Raises ``AdresseInvalide``."""
    try:
        parties = urlsplit(url)
        parties.port  # noqa: B018  # reading it checks it
    except ValueError as erreur:
        raise AdresseInvalide(f"adresse {url!r} illisible ({erreur}) : attendu http://machine:port") from None
    if parties.scheme not in ("http", "https") or not parties.hostname or parties.query or parties.fragment:
        raise AdresseInvalide(
            f"adresse {url!r} refusée : attendu http://machine:port, https://machine ou kafka://machine:port"
        )
    if parties.username is not None:
        raise AdresseInvalide("adresse refusée : un jeton se donne par --jeton-fichier, jamais dans l'adresse")
    return url.rstrip("/")


def _read(reponse: httpx.Response) -> bytes:
    """The answer, or what fits of it: a longer one is no answer of a door."""
    contenu = b""
    for morceau in reponse.iter_bytes():
        contenu += morceau
        if len(contenu) > _LECTURE_MAX:
            return b""
    return contenu


def read_answer(statut: int, entetes: Mapping[str, str], contenu: bytes, nombre: int, maintenant: int) -> Suite:
    """What an answer of the door to ``nombre`` events means for them."""
    if statut in (202, 422):
        repondu = _read_verdicts(contenu, nombre)
        if repondu is not None:
            return repondu
        return PlusTard(f"réponse {statut} qui n'est pas celle d'une porte d'Écluse : vérifier l'adresse")
    if statut in (400, 413, 415):
        return Diviser(f"requête refusée ({statut}) : {_detail(contenu)}", taille=statut == 413)
    return PlusTard(_advise(statut, contenu), _retry_after(entetes, maintenant))


def _read_verdicts(contenu: bytes, nombre: int) -> Repondu | None:
    """What became of the events, or None where the answer does not account for every one."""
    try:
        reponse = msgspec.json.decode(contenu, type=_Reponse)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    refuses = {r.index: r.detail or "refusé sans motif" for r in reponse.rejets}
    complet = len(refuses) == len(reponse.rejets) and reponse.acceptes + reponse.doublons + len(refuses) == nombre
    sain = min(reponse.acceptes, reponse.doublons) >= 0 and all(0 <= i < nombre for i in refuses)
    return Repondu(refuses, reponse.doublons) if complet and sain else None


def _detail(contenu: bytes) -> str:
    try:
        return msgspec.json.decode(contenu, type=_Probleme).detail[:500] or "sans motif"
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return "sans motif"


def _advise(statut: int, contenu: bytes) -> str:
    match statut:
        case 401:
            return "jeton absent ou refusé (401) : mettre un jeton valable dans le fichier du jeton, il est relu"
        case 403:
            return "ce jeton n'a pas le droit d'émettre (403) : demander un jeton de rôle émetteur pour cette Caf"
        case 404 | 405:
            return f"aucune porte à cette adresse ({statut}) : vérifier l'adresse de la destination"
        case _ if 300 <= statut < 400:
            return f"l'adresse renvoie ailleurs ({statut}) : donner l'adresse finale de la destination"
        case _:
            return f"la destination ne prend rien pour l'instant ({statut}) : {_detail(contenu)}"


def _retry_after(entetes: Mapping[str, str], maintenant: int) -> float | None:
    """Seconds that ``Retry-After`` asks for, as a count or as a date; None where it asks nothing that can be read."""
    texte = entetes.get("Retry-After", "").strip()
    if texte.isascii() and texte.isdigit():
        return min(float(texte), ATTENTE_OBEIE)
    try:
        moment = parsedate_to_datetime(texte)
    except ValueError:
        return None
    if moment.tzinfo is None:
        return None
    return min(max((from_datetime(moment) - maintenant) / SECONDE, 0.0), ATTENTE_OBEIE)
