"""HTTP edge of the arrêtés."""

from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from services.indicators.arretes.comparaison import Confrontations
from services.indicators.arretes.document import Arrete
from services.indicators.arretes.periodes import FORME
from services.indicators.arretes.reponses import Ecarts, PageArretes, PageMouvements, ResumeArrete, Verification
from services.indicators.arretes.service import PAGE, Arretes, Demande
from services.indicators.arretes.suite import Place
from services.indicators.auteurs import AUTEUR
from services.indicators.registre import REGISTRE
from shared.events.catalogue import SERVICES
from shared.web.openapi import document, problems

_ENCODER: Final = msgspec.json.Encoder()
ID: Final = "^[0-9]{3}-[1-9][0-9]{0,8}$"
PLACE: Final = f"^({'|'.join(SERVICES)}):[0-9]{{1,18}}$"
_DIGESTE: Final = "SHA-256 du document, en hexadécimal : celui que donne sha256sum de ses octets"

Caf = Annotated[str | None, Query(description="Caf, trois chiffres ; aucune : toutes", examples=["091"])]
Id = Annotated[str, Path(pattern=ID, description="Identifiant de l'arrêté", examples=["091-1"])]
Code = Annotated[
    str, Path(description="Code d'indicateur", examples=["COG-08-29"], json_schema_extra={"enum": list(REGISTRE)})
]
Limite = Annotated[int, Query(ge=1, le=PAGE, description="lignes au plus")]


class DemandeArrete(BaseModel):
    """Ce qui est à arrêter, et par qui."""

    model_config = ConfigDict(extra="forbid")
    periode: str = Field(description="2023-01, 2023-T1 ou 2023", json_schema_extra={"pattern": FORME})
    auteur: str = Field(
        pattern=AUTEUR, description="Rôle ou pseudonyme opaque de qui arrête les chiffres, jamais un nom"
    )
    caf: str | None = Field(
        default=None, description="Caf, trois chiffres ; sans elle : la seule connue", examples=["091"]
    )
    provisoire: bool = Field(default=False, strict=True, description="Arrêter une période qui n'est pas finie")
    motif: str | None = Field(
        default=None,
        min_length=1,
        max_length=500,
        description="Pourquoi un autre arrêté d'une période déjà arrêtée ; les deux restent",
    )


def create_router(arretes: Arretes, confrontations: Confrontations) -> APIRouter:
    """The routes of the arrêtés."""
    router = APIRouter(prefix="/v1/arretes", tags=["Arrêtés"])
    _add_reads(router, arretes)
    _add_comparisons(router, confrontations)

    @router.post(
        "",
        status_code=201,
        summary="Arrêter les chiffres d'une période",
        response_class=Response,
        responses={201: {**document(ResumeArrete), "description": "L'arrêté est pris"}, **problems(400, 404, 409, 503)},
    )
    def take(demande: DemandeArrete) -> Response:
        pris = arretes.take(Demande(demande.caf, demande.periode, demande.auteur, demande.provisoire, demande.motif))
        return _json(pris, 201)

    return router


def _add_reads(router: APIRouter, arretes: Arretes) -> None:
    @router.get("", summary="Les arrêtés, page par page", **_doc(PageArretes))
    def get_list(
        caf: Caf = None,
        apres: Annotated[str | None, Query(pattern=ID, description="suite de la page d'avant")] = None,
        limite: Limite = PAGE,
    ) -> Response:
        return _json(arretes.list(caf, apres, limite))

    @router.get("/verification", summary="Recalculer chaque empreinte et chaque lien", **_doc(Verification))
    def verify(caf: Caf = None) -> Response:
        return _json(arretes.verify(caf))

    @router.get("/derniers/{periode}", summary="Le dernier arrêté d'une période", **_doc(ResumeArrete))
    def find(
        periode: Annotated[str, Path(description="2023-01, 2023-T1 ou 2023", json_schema_extra={"pattern": FORME})],
        caf: Caf = None,
    ) -> Response:
        return _json(arretes.find(caf, periode))

    @router.get(
        "/{id_}",
        summary="Le document d'un arrêté, octet pour octet",
        response_class=Response,
        responses={
            200: {
                **document(Arrete),
                "headers": {"Ecluse-Empreinte": {"description": _DIGESTE, "schema": {"type": "string"}}},
            },
            **problems(404),
        },
    )
    def get_document(id_: Id) -> Response:
        garde = arretes.get(id_)
        entetes = {"Ecluse-Empreinte": garde.empreinte}
        return Response(garde.document, media_type="application/json", headers=entetes)


def _add_comparisons(router: APIRouter, confrontations: Confrontations) -> None:
    @router.get("/{id_}/ecarts", summary="Ce qui a changé depuis un arrêté", **_doc(Ecarts, 409, 503))
    def compare(
        id_: Id, code: Annotated[str | None, Query(description="Un seul indicateur ; aucun : tous")] = None
    ) -> Response:
        return _json(confrontations.compare(id_, code))

    @router.get(
        "/{id_}/ecarts/{code}",
        summary="Les mouvements qui ont changé un chiffre depuis un arrêté, page par page",
        **_doc(PageMouvements, 409, 503),
    )
    def get_movements(
        id_: Id,
        code: Code,
        apres: Annotated[str | None, Query(pattern=PLACE, description="suite de la page d'avant")] = None,
        limite: Limite = PAGE,
    ) -> Response:
        return _json(confrontations.movements(id_, code, read_place(apres), limite))


def read_place(texte: str | None) -> Place | None:
    """The place that ends a page, as the page writes it (``production:1234``)."""
    if texte is None:
        return None
    journal, _, position = texte.partition(":")
    return Place(journal, int(position))


def _doc(type_: Any, *statuts: int) -> dict[str, Any]:
    return {"response_class": Response, "responses": {200: document(type_), **problems(404, *statuts)}}


def _json(document_: object, statut: int = 200) -> Response:
    return Response(_ENCODER.encode(document_), statut, media_type="application/json")
