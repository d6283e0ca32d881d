"""The HTTP API that no service has alone: the door, the state, dead letters, rebuild (architecture §7).

Each router is to be protected by the Bearer token.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path as Chemin
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel
from starlette.responses import Response

from ecluse.etat import Etat
from ecluse.guichet import Guichet
from ecluse.lettres import Lettre, list_page, replay_one, show
from services.indicators.app import Indicateurs
from services.indicators.reconstruction import Comparaison
from shared.runtime.ecrivain import Indisponible, Refuse
from shared.runtime.lettres import PAGE
from shared.runtime.rejeu import Rejeu
from shared.runtime.service import ServiceDeFaits
from shared.traces import ENTETE as TRACE
from shared.traces import read_trace
from shared.web import problemes
from shared.web.acces import Acces
from shared.web.openapi import problems
from shared.web.porte import UN_EVENEMENT, UN_LOT, answer, read_events

_LOG = logging.getLogger("ecluse.porte")
Nom = Annotated[str, Path(pattern="^(contacts|production|recovery)$", description="Service")]
Titulaire = Annotated[
    str,
    Query(
        pattern="^([A-Za-z0-9._-]{1,64})?$",
        description="Identifiant opaque de qui ouvrira le lien, pour les travaux qu'il prendra ; vide : tiré au hasard",
    ),
]
Numero = Annotated[int, Path(ge=1, le=2**53, description="Numéro de la lettre")]


class RejetDocument(BaseModel):
    """A refused event: its place in the request, what is known of it, and the reason in French."""

    index: int
    id: str | None
    type: str | None
    detail: str


class ReponseDocument(BaseModel):
    """The answer of the door."""

    acceptes: int
    doublons: int
    rejets: list[RejetDocument]


_EVENEMENT = {
    "type": "object",
    "description": "CloudEvent 1.0 (voir docs/contrat/schemas)",
    "required": ["specversion", "id", "source", "type", "subject", "time", "caf", "data"],
}
_CORPS = {
    "required": True,
    "content": {
        UN_EVENEMENT: {"schema": _EVENEMENT},
        UN_LOT: {"schema": {"type": "array", "items": _EVENEMENT, "description": "1 000 événements et 5 Mo au plus"}},
    },
}


@dataclass(frozen=True)
class Lien:
    """A one-time link to the pages."""

    lien: str


class LettresAilleurs(Refuse):
    """The dead letters of this service are kept by another process."""

    probleme, statut = "introuvable", 404


def create_door(guichet_of: Callable[[Request], Guichet], clock: Callable[[], int]) -> APIRouter:
    """``POST /v1/evenements``."""
    router = APIRouter(prefix="/v1")

    @router.post(
        "/evenements",
        status_code=202,
        summary="Déposer un événement ou un lot",
        tags=["Porte"],
        response_model=ReponseDocument,
        responses={
            **problems(400, 413, 415, 503),
            422: {"model": ReponseDocument, "description": "Tous les événements sont refusés"},
        },
        openapi_extra={"requestBody": _CORPS},
    )
    async def take_events(request: Request) -> Response:
        octets = await read_events(request)
        try:
            trace = read_trace(request.headers.get(TRACE))
            depot = await asyncio.to_thread(guichet_of(request).deposit, octets, clock(), trace)
            # All parts are waited for even when one fails: a late success is a duplicate of the retry, never a loss.
            # Shielded: a caller that leaves must not cancel what the writer is about to answer.
            attendus = [asyncio.shield(asyncio.wrap_future(f)) for f in depot.futures]
            await asyncio.gather(*attendus, return_exceptions=True)
            return answer(depot.answers())
        except Indisponible as erreur:
            raise problemes.Indisponible(str(erreur)) from erreur
        except Exception as erreur:
            # Part of the batch may be committed: sending it again is safe, and is what this answer asks for.
            _LOG.exception("lot non enregistré par une erreur du programme")
            raise problemes.Indisponible("le lot n'a pas pu être enregistré en entier : le renvoyer") from erreur

    return router


def create_state(read_state: Callable[[], Etat]) -> APIRouter:
    """``GET /v1/etat``."""
    router = APIRouter(prefix="/v1")

    @router.get("/etat", summary="État de chaque service et consommateur", tags=["État"], responses=problems())
    def get_state() -> Etat:
        return read_state()

    return router


def create_rebuild(indicateurs: Indicateurs) -> APIRouter:
    """``POST /v1/reconstruction``."""
    router = APIRouter(prefix="/v1")

    @router.post(
        "/reconstruction",
        summary="Reconstruire les indicateurs depuis le journal et comparer au point de reprise",
        tags=["Indicateurs"],
        responses=problems(409, 503),
    )
    def rebuild(
        accepter_restauration: bool = False,
        archive: Annotated[
            str | None,
            Query(max_length=4_096, description="chemin entier d'un dossier d'archives, là où sont les chiffres"),
        ] = None,
    ) -> Comparaison:
        return indicateurs.rebuild(
            accepter_restauration=accepter_restauration, archive=None if archive is None else Chemin(archive)
        )

    return router


def create_links(acces: Acces) -> APIRouter:
    """``POST /v1/liens``."""
    router = APIRouter(prefix="/v1")

    @router.post("/liens", summary="Un lien à usage unique vers les pages", tags=["Santé"], responses=problems())
    def create_link(request: Request, nom: Titulaire = "") -> Lien:
        return Lien(f"{str(request.base_url).rstrip('/')}/entrer?lien={acces.create_link(nom)}")

    return router


def create_letters(services: Mapping[str, ServiceDeFaits]) -> APIRouter:
    """The dead letters of these services."""
    router = APIRouter(prefix="/v1")

    def of(nom: str) -> ServiceDeFaits:
        if nom not in services:
            raise LettresAilleurs(
                f"les lettres mortes de {nom} ne sont pas gardées ici : les demander à l'API de {nom}"
            )
        return services[nom]

    @router.get(
        "/lettres-mortes",
        summary="Lettres mortes d'un service, page par page",
        tags=["Lettres mortes"],
        responses=problems(),
    )
    def get_letters(
        service: Annotated[Literal["contacts", "production", "recovery"], Query(description="service")] = "production",
        closes: Annotated[bool, Query(description="avec celles qui sont closes")] = False,
        apres: Annotated[int, Query(ge=0, le=2**53, description="numéro de la dernière lettre déjà lue")] = 0,
        limite: Annotated[int, Query(ge=1, le=PAGE, description="lettres au plus")] = PAGE,
    ) -> list[Lettre]:
        return list_page(of(service), ouvertes=not closes, apres=apres, limite=limite)

    @router.get(
        "/lettres-mortes/{service}/{numero}",
        summary="Une lettre morte",
        tags=["Lettres mortes"],
        responses=problems(404),
    )
    def get_letter(service: Nom, numero: Numero) -> Lettre:
        return show(of(service), numero)

    @router.post(
        "/lettres-mortes/{service}/{numero}/rejeu",
        summary="Rejouer une lettre morte",
        tags=["Lettres mortes"],
        responses=problems(404, 409, 503),
    )
    def replay(
        service: Nom, numero: Numero, essai: Annotated[bool, Query(description="ne rien changer, dire l'effet")] = False
    ) -> Rejeu:
        return replay_one(of(service), numero, essai=essai)

    return router
