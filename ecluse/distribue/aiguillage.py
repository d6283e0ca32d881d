"""The porte as one origin: what belongs to one service is relayed to it as it came, answer included."""

from collections.abc import AsyncIterator, Mapping
from typing import Final

import anyio
import httpx
import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Send

from ecluse.client import ATTENTE_RECONSTRUCTION
from ecluse.distribue.chemins import CORBEILLES, LETTRES, TRAVAUX, owner_of
from ecluse.distribue.porte import TRANSMIS
from shared.corbeille.refus import CorbeilleInconnue
from shared.web import problemes
from shared.web.pages import PageRefusee

# Waiting for work lasts up to a minute, and an event stream beats more often than that.
ATTENTE: Final = httpx.Timeout(90.0, connect=3.0)
# What processes of the house say of themselves: nobody else does, and nothing relayed comes from one.
_DE_LA_MAISON: Final = frozenset({TRANSMIS})
_METHODES: Final = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
# Longer than any caller waits: who gives up first has the better message.
_LONGUE: Final = httpx.Timeout(ATTENTE_RECONSTRUCTION + 60.0, connect=3.0)
# Of one connection, not of the message (RFC 9110, 7.6.1).
_DE_LA_CONNEXION: Final = frozenset(
    {"connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade", "proxy-connection"}
)


class _Travail(msgspec.Struct):
    corbeille: str


_TRAVAUX: Final = msgspec.json.Decoder(_Travail)


class Aiguillage:
    """Relays to the services at ``urls``, on one event loop."""

    def __init__(self, urls: Mapping[str, str]) -> None:
        self._urls = urls
        # No connection is kept for long: a service that was replaced is not asked on its old ones.
        limites = httpx.Limits(max_connections=200, max_keepalive_connections=20, keepalive_expiry=5.0)
        self._http = httpx.AsyncClient(timeout=ATTENTE, limits=limites, follow_redirects=False)

    async def relay(self, request: Request) -> Response:
        """The answer of the service that the request is for.

        Raises a problem, ``PageRefusee`` or ``CorbeilleInconnue``.
        """
        corps: bytes | None = None
        service = owner_of(request.url.path)
        if service is None and request.url.path == LETTRES:
            service = request.query_params.get("service", "production")
        elif service is None and request.url.path.startswith(f"{TRAVAUX}/"):
            corps = await request.body()
            service = _owner_of_work(corps)
        if service is None or service not in self._urls:
            raise _nothing_there(request)
        return await self._send(request, service, corps)

    async def aclose(self) -> None:
        """Close the connections, and with them the streams that are still relayed."""
        await self._http.aclose()

    async def _send(self, request: Request, service: str, corps: bytes | None) -> Response:
        adresse = httpx.URL(self._urls[service]).copy_with(
            raw_path=request.scope.get("raw_path", request.url.path.encode()) + _question(request)
        )
        contenu: AsyncIterator[bytes] | bytes = request.stream() if corps is None else corps
        entetes = _forwarded(request)
        demande = self._http.build_request(
            request.method,
            adresse,
            headers=entetes,
            content=contenu if _has_body(request) else None,
            timeout=_LONGUE if _reads_logs(request.url.path) else ATTENTE,
        )
        try:
            reponse = await self._http.send(demande, stream=True)
        except (httpx.HTTPError, RuntimeError) as erreur:
            raise _unreachable(request, service) from erreur
        garde = [(n, v) for n, v in reponse.headers.multi_items() if n.lower() not in _DE_LA_CONNEXION]
        relayee = _Relayee(reponse)
        relayee.raw_headers = [(nom.encode("latin-1"), valeur.encode("latin-1")) for nom, valeur in garde]
        return relayee


def create_relay(aiguillage: Aiguillage) -> APIRouter:
    """Every address that no other router has. To be added last."""
    router = APIRouter(include_in_schema=False)
    router.add_api_route("/{chemin:path}", aiguillage.relay, methods=_METHODES)
    return router


class _Relayee(StreamingResponse):
    """The answer of a service as it comes; its connection is given back when either side ends."""

    def __init__(self, reponse: httpx.Response) -> None:
        super().__init__(_pour(reponse), reponse.status_code)
        self._reponse = reponse

    async def stream_response(self, send: Send) -> None:
        """See ``StreamingResponse``."""
        try:
            await super().stream_response(send)
        finally:
            with anyio.CancelScope(shield=True):
                await self._reponse.aclose()


async def _pour(reponse: httpx.Response) -> AsyncIterator[bytes]:
    try:
        async for morceau in reponse.aiter_raw():
            yield morceau
    except httpx.HTTPError:
        # The answer has begun: all that can be said is that it ends here.
        return


def _forwarded(request: Request) -> list[tuple[str, str]]:
    """The headers as they came, with the caller's address; the ``Host`` stays, since links are made from it."""
    entetes = [
        (nom, valeur)
        for nom, valeur in request.headers.items()
        if nom not in _DE_LA_CONNEXION | _DE_LA_MAISON and not nom.startswith("x-forwarded-")
    ]
    if request.client is not None:
        entetes.append(("x-forwarded-for", request.client.host))
    return [*entetes, ("x-forwarded-proto", request.url.scheme)]


def _reads_logs(chemin: str) -> bool:
    """Whether what is asked reads logs again, however long they are."""
    return chemin == "/v1/reconstruction" or (chemin.startswith("/v1/arretes/") and "/ecarts" in chemin)


def _question(request: Request) -> bytes:
    question: bytes = request.scope.get("query_string", b"")
    return b"?" + question if question else b""


def _has_body(request: Request) -> bool:
    return "content-length" in request.headers or "transfer-encoding" in request.headers


def _owner_of_work(corps: bytes) -> str:
    """The service of the corbeille that the body names; a body that names none is for any of them to refuse."""
    try:
        corbeille = _TRAVAUX.decode(corps).corbeille
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return next(iter(CORBEILLES.values()))
    if corbeille not in CORBEILLES:
        raise CorbeilleInconnue(f"aucune corbeille ne porte ce nom. Corbeilles connues : {', '.join(CORBEILLES)}")
    return CORBEILLES[corbeille]


def _nothing_there(request: Request) -> Exception:
    if request.url.path.startswith("/v1/"):
        return _Introuvable("Rien à cette adresse : vérifier le chemin demandé.")
    return PageRefusee(404, "Introuvable", "Rien à cette adresse : vérifier le chemin demandé.")


def _unreachable(request: Request, service: str) -> Exception:
    if request.url.path.startswith("/v1/"):
        return problemes.Indisponible(f"le service {service} ne répond pas : réessayer")
    return PageRefusee(503, "Momentanément indisponible", f"Le service {service} ne répond pas. Recommencer.")


class _Introuvable(problemes.Probleme):
    """No service answers at this address."""

    genre, titre, statut = "introuvable", "Introuvable", 404
