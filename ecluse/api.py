"""The HTTP API of the house: the door, its state, dead letters, rebuild (architecture §7)."""

import asyncio
import logging
from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel
from starlette.responses import Response

from ecluse.etat import Etat
from ecluse.lettres import Lettre, list_page, replay_one, show
from ecluse.maison import Maison
from services.indicators.app import Comparaison
from shared.runtime.ecrivain import Indisponible
from shared.runtime.lettres import PAGE
from shared.runtime.rejeu import Rejeu
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


def create_api(maison: Maison, acces: Acces) -> APIRouter:
    """The routes of the house, to be protected by the Bearer token."""
    router = APIRouter(prefix="/v1")
    _add_door(router, maison)
    _add_state(router, maison)
    _add_link(router, acces)
    _add_letters(router, maison)
    return router


def _add_door(router: APIRouter, maison: Maison) -> None:
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
            depot = await asyncio.to_thread(maison.guichet.deposit, octets, maison.reglages.clock())
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


def _add_state(router: APIRouter, maison: Maison) -> None:
    @router.get("/etat", summary="État de chaque service et consommateur", tags=["État"], responses=problems())
    def get_state() -> Etat:
        return maison.state()

    @router.post(
        "/reconstruction",
        summary="Reconstruire les indicateurs depuis le journal et comparer au point de reprise",
        tags=["Indicateurs"],
        responses=problems(503),
    )
    def rebuild(accepter_restauration: bool = False) -> Comparaison:
        return maison.indicateurs.rebuild(accepter_restauration=accepter_restauration)


def _add_link(router: APIRouter, acces: Acces) -> None:
    @router.post("/liens", summary="Un lien à usage unique vers les pages", tags=["Santé"], responses=problems())
    def create_link(request: Request, nom: Titulaire = "") -> Lien:
        return Lien(f"{str(request.base_url).rstrip('/')}/entrer?lien={acces.create_link(nom)}")


def _add_letters(router: APIRouter, maison: Maison) -> None:
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
        return list_page(maison.services[service], ouvertes=not closes, apres=apres, limite=limite)

    @router.get(
        "/lettres-mortes/{service}/{numero}",
        summary="Une lettre morte",
        tags=["Lettres mortes"],
        responses=problems(404),
    )
    def get_letter(service: Nom, numero: Numero) -> Lettre:
        return show(maison.services[service], numero)

    @router.post(
        "/lettres-mortes/{service}/{numero}/rejeu",
        summary="Rejouer une lettre morte",
        tags=["Lettres mortes"],
        responses=problems(404, 409, 503),
    )
    def replay(
        service: Nom, numero: Numero, essai: Annotated[bool, Query(description="ne rien changer, dire l'effet")] = False
    ) -> Rejeu:
        return replay_one(maison.services[service], numero, essai=essai)
