"""The HTTP edge of the door: reads the events of a request as bytes, writes the answer (event contract, "Doors")."""

import json
import re
from collections.abc import Sequence
from typing import Final, Protocol

import msgspec
from msgspec import Raw, Struct
from msgspec.json import Decoder, Encoder
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from shared.events.refus import explain_decode
from shared.web.problemes import ContenuNonPris, CorpsTropGrand, JsonIllisible

EVENEMENTS_MAX: Final = 1_000
OCTETS_MAX: Final = 5_000_000
UN_EVENEMENT: Final = "application/cloudevents+json"
UN_LOT: Final = "application/cloudevents-batch+json"
# What is still read, and thrown away, of a body too large, so that its sender gets to read why it is refused.
_OCTETS_JETES: Final = 32_000_000
# Above this count of commas a batch is cut by the scanner, which stops at the first event too many: the decoder would
# first build an object for each of the millions of elements that 5 MB can hold.
_VIRGULES_MAX: Final = 100_000
_BLANCS: Final = b" \t\r\n"

_LOTS: Final = Decoder(list[Raw])
_BRUTS: Final = Decoder(Raw)
_ENCODER: Final = Encoder()


class Verdict(Protocol):
    """What became of one event: ``accepte``, ``doublon`` or ``refuse``, with the reason and what is known of it."""

    @property
    def sort(self) -> str: ...
    @property
    def detail(self) -> str: ...
    @property
    def id(self) -> str | None: ...
    @property
    def type(self) -> str | None: ...


class Rejet(Struct):
    """A refused event: its place in the request, what is known of it, and the reason in French."""

    index: int
    id: str | None
    type: str | None
    detail: str


class Reponse(Struct):
    """The answer of the door."""

    acceptes: int
    doublons: int
    rejets: list[Rejet]


def sum_up(verdicts: Sequence[Verdict]) -> Reponse:
    """The answer for the verdicts on the events of a request, in their order."""
    rejets = [Rejet(i, v.id, v.type, v.detail) for i, v in enumerate(verdicts) if v.sort == "refuse"]
    doublons = sum(v.sort == "doublon" for v in verdicts)
    return Reponse(len(verdicts) - doublons - len(rejets), doublons, rejets)


def answer(verdicts: Sequence[Verdict]) -> Response:
    """202, or 422 when every event of the request is refused. A request without events is accepted."""
    reponse = sum_up(verdicts)
    statut = 422 if verdicts and len(reponse.rejets) == len(verdicts) else 202
    return Response(_ENCODER.encode(reponse), statut, media_type="application/json")


async def read_events(request: Request) -> list[bytes]:
    """The bytes of each event of the request, unread; each is then judged alone.

    Raises ``ContenuNonPris`` (415), ``CorpsTropGrand`` (413), ``JsonIllisible`` (400).
    """
    lot = _takes_batch(request)
    corps = await _read_body(request)
    # A hostile body of 5 MB may take a second to cut: not in the thread that serves everyone.
    return await run_in_threadpool(split_batch, corps) if lot else [_check_one(corps)]


def _takes_batch(request: Request) -> bool:
    media, *parametres = request.headers.get("content-type", "").split(";")
    media = media.strip().lower()
    if media not in (UN_EVENEMENT, UN_LOT):
        recu = f"« {media[:100]} »" if media else "aucun"
        raise ContenuNonPris(
            f"Content-Type attendu : {UN_EVENEMENT} (un événement) ou {UN_LOT} (un lot) ; reçu : {recu}"
        )
    for parametre in parametres:
        nom, _, valeur = parametre.partition("=")
        if nom.strip().lower() == "charset" and valeur.strip().strip('"').lower() not in ("utf-8", "utf8"):
            raise ContenuNonPris("les événements sont lus en UTF-8 : retirer charset, ou donner charset=utf-8")
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise ContenuNonPris("corps compressé non pris en charge : l'envoyer sans Content-Encoding")
    return media == UN_LOT


async def _read_body(request: Request) -> bytes:
    """The body, of which at most ``OCTETS_MAX`` bytes are ever held."""
    annonce = request.headers.get("content-length", "")
    trop = annonce.isdecimal() and int(annonce) > OCTETS_MAX
    if trop and "expect" in request.headers:
        raise _too_large()
    morceaux: list[bytes] = []
    taille = 0
    async for morceau in request.stream():
        taille += len(morceau)
        if taille > OCTETS_MAX + _OCTETS_JETES:
            break
        trop = trop or taille > OCTETS_MAX
        if trop:
            morceaux.clear()
        else:
            morceaux.append(morceau)
    if trop:
        raise _too_large()
    return b"".join(morceaux)


def _too_large() -> CorpsTropGrand:
    return CorpsTropGrand(f"au plus {OCTETS_MAX // 1_000_000} Mo par requête : envoyer plusieurs lots plus petits")


def _too_many() -> CorpsTropGrand:
    return CorpsTropGrand(f"au plus {EVENEMENTS_MAX} événements par requête : envoyer plusieurs lots plus petits")


def _check_one(corps: bytes) -> bytes:
    try:
        _BRUTS.decode(corps)
    except (msgspec.DecodeError, RecursionError) as erreur:
        if not _follows_grammar(corps):
            raise JsonIllisible(explain_decode(corps, erreur)[1]) from None
    return corps


def split_batch(corps: bytes) -> list[bytes]:
    """The bytes of each element of a JSON array, unread.

    A text that is no JSON at all raises ``JsonIllisible``; an element that is JSON but that nobody can take (lone
    surrogate, too deep, no object) comes out like the others, for the door to refuse alone. More than
    ``EVENEMENTS_MAX`` elements raise ``CorpsTropGrand``.
    """
    if corps.count(b",") > _VIRGULES_MAX:
        return _scan(corps)
    try:
        elements = _LOTS.decode(corps)
    except msgspec.ValidationError:
        raise _not_a_list() from None
    except (msgspec.DecodeError, RecursionError) as erreur:
        try:
            return _scan(corps)
        except JsonIllisible:
            raise JsonIllisible(explain_decode(corps, erreur)[1]) from None
    if len(elements) > EVENEMENTS_MAX:
        raise _too_many()
    return [bytes(element) for element in elements]


def _not_a_list() -> JsonIllisible:
    return JsonIllisible(f"un lot est une liste JSON d'événements ; un événement seul s'envoie en {UN_EVENEMENT}")


# Possessive, so that a long string costs no memory to match.
_JETONS = re.compile(rb'"(?:[^"\\]++|\\.)*+"|[\[{]++|[\]}]++|[,"]', re.DOTALL)


def _scan(corps: bytes) -> list[bytes]:
    """``split_batch`` by brackets alone, for what the decoder does not take."""
    fin = len(corps.rstrip(_BLANCS))
    debut = len(corps) - len(corps.lstrip(_BLANCS))
    if corps[debut : debut + 1] != b"[":
        raise _not_a_list()
    if corps[fin - 1 : fin] != b"]":
        raise _unbalanced()
    elements: list[bytes] = []
    debut, profondeur = debut + 1, 0
    for jeton in _JETONS.finditer(corps):
        texte = jeton[0]
        if texte == b'"':
            break
        if texte[0] in b"[{":
            profondeur += len(texte)
        elif texte[0] in b"]}":
            profondeur -= len(texte)
            if profondeur <= 0:
                if profondeur < 0 or jeton.end() != fin:
                    break
                return _close(elements, corps[debut : fin - 1])
        elif texte == b"," and profondeur == 1:
            _add(elements, corps[debut : jeton.start()])
            debut = jeton.end()
    raise _unbalanced()


def _unbalanced() -> JsonIllisible:
    return JsonIllisible("JSON illisible : les crochets, accolades ou guillemets ne se ferment pas")


def _close(elements: list[bytes], dernier: bytes) -> list[bytes]:
    if elements or dernier.strip(_BLANCS):
        _add(elements, dernier)
    return elements


def _add(elements: list[bytes], element: bytes) -> None:
    if len(elements) == EVENEMENTS_MAX:
        raise _too_many()
    element = element.strip(_BLANCS)
    if not _follows_grammar(element):
        raise JsonIllisible(f"JSON illisible à l'événement {len(elements)}")
    elements.append(element)


def _follows_grammar(octets: bytes) -> bool:
    """Whether the bytes are one JSON value, even one that no decoder takes: lone surrogate, or too deep to be read."""
    try:
        _BRUTS.decode(octets)
    except RecursionError:
        return True
    except msgspec.DecodeError:
        return _reads_leniently(octets)
    return True


def _reads_leniently(octets: bytes) -> bool:
    try:
        json.loads(octets.decode("utf-8", "replace"), parse_int=str, parse_float=str, parse_constant=_refuse_constant)
    except RecursionError:
        return True
    except ValueError:
        return False
    return True


def _refuse_constant(nom: str) -> None:
    """NaN and Infinity are no JSON."""
    raise ValueError(nom)
