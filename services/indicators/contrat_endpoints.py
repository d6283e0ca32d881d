"""HTTP edge of what people give to follow a contract: values typed in, targets and their history."""

from typing import Annotated, Final

from fastapi import APIRouter, Header, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from services.indicators import contrat_documents as documents
from services.indicators.auteurs import AUTEUR
from services.indicators.cibles_csv import CiblesInvalides
from services.indicators.contrat import COMMENTAIRE_MAX, Contrat
from services.indicators.contrat_documents import (
    ImportationDocument,
    ImportDocument,
    InscriptionDocument,
    ListeCibles,
    PageValeurs,
)
from services.indicators.registre import REGISTRE
from services.indicators.valeurs import PLAFOND, Saisie
from shared.web.openapi import problems
from shared.web.problemes import ContenuNonPris, Probleme

CSV: Final = "text/csv"
_ERREURS_MAX: Final = 100
_CORPS: Final = {
    "required": True,
    "content": {
        CSV: {"schema": {"type": "string", "description": "Table des cibles, avec sa ligne d'en-tête (UTF-8)"}}
    },
}
Caf = Annotated[str, Field(pattern="^[0-9]{3}$", description="Caf, trois chiffres", examples=["521"])]
CafDemandee = Annotated[
    str, Query(description="Caf, trois chiffres", examples=["521"], json_schema_extra={"pattern": "^[0-9]{3}$"})
]
CleIdempotence = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        description="La même clé du même auteur a le même effet, une fois",
    ),
]
Code = Annotated[
    str | None,
    Query(
        description="Code d'un indicateur qui se saisit ; aucun : tous",
        json_schema_extra={"enum": [code for code, i in REGISTRE.items() if i.genre == "saisi"]},
    ),
]


class SaisieDemandee(BaseModel):
    """Une valeur, la période dont elle parle (une année, ou du et au), et qui la donne."""

    model_config = ConfigDict(extra="forbid")

    caf: Caf
    code: str = Field(max_length=64, description="Code d'un indicateur qui se saisit", examples=["COG-01-11"])
    annee: int | None = Field(default=None, description="L'année entière, au lieu de du et au", examples=[2023])
    du: str | None = Field(default=None, description="Premier jour, AAAA-MM-JJ", json_schema_extra={"format": "date"})
    au: str | None = Field(default=None, description="Dernier jour, compris", json_schema_extra={"format": "date"})
    valeur: float = Field(
        strict=True,
        ge=-PLAFOND,
        le=PLAFOND,
        description="Dans l'unité de l'indicateur : un taux est une fraction, un montant est en centimes",
        examples=[0.9],
    )
    auteur: str = Field(pattern=AUTEUR, description="Rôle ou pseudonyme opaque, jamais un nom", examples=["pilotage"])
    commentaire: str | None = Field(default=None, max_length=COMMENTAIRE_MAX)


class CiblesRefusees(Probleme):
    """A list of targets of which lines can not be taken; ``erreurs`` names them."""

    genre, titre, statut = CiblesInvalides.probleme, "Demande refusée", CiblesInvalides.statut


def create_contract_router(contrat: Contrat) -> APIRouter:
    """The routes of values and targets."""
    router = APIRouter(prefix="/v1", tags=["Contrat"])
    _add_values(router, contrat)
    _add_targets(router, contrat)
    return router


def _add_values(router: APIRouter, contrat: Contrat) -> None:
    @router.post(
        "/valeurs",
        summary="Saisir une valeur qu'aucun événement ne donne",
        status_code=201,
        responses={
            200: {"model": InscriptionDocument, "description": "Déjà saisie : rien n'a changé"},
            **problems(400, 404, 413, 503),
        },
    )
    def record_value(demande: SaisieDemandee, reponse: Response, cle: CleIdempotence = None) -> InscriptionDocument:
        periode = documents.parse_days(demande.du, demande.au, demande.annee)
        saisie = Saisie(demande.caf, demande.code, periode, demande.valeur, demande.auteur, demande.commentaire)
        inscription = documents.record_value(contrat, saisie, cle)
        if not inscription.nouvelle:
            reponse.status_code = 200
        return inscription

    @router.get("/valeurs", summary="Les valeurs saisies et leur histoire", responses=problems(404, 503))
    def list_values(
        caf: CafDemandee,
        code: Code = None,
        apres: Annotated[int, Query(ge=0, le=2**53, description="Numéro de la dernière valeur déjà lue")] = 0,
        limite: Annotated[int, Query(ge=1, le=documents.VALEURS_MAX)] = 200,
    ) -> PageValeurs:
        return documents.list_values(contrat, caf, code, apres, limite)


def _add_targets(router: APIRouter, contrat: Contrat) -> None:
    @router.post(
        "/cibles",
        summary="Importer une liste de cibles, tout ou rien",
        status_code=201,
        response_model=ImportationDocument,
        responses={
            200: {"model": ImportationDocument, "description": "Déjà en vigueur : rien n'a changé"},
            **problems(413, 415, 503),
        },
        openapi_extra={"requestBody": _CORPS},
    )
    async def import_targets(
        request: Request,
        reponse: Response,
        auteur: Annotated[str, Query(pattern=AUTEUR, description="Rôle ou pseudonyme opaque, jamais un nom")],
        fichier: Annotated[str | None, Query(max_length=200, description="Nom du fichier, pour l'histoire")] = None,
        cle: CleIdempotence = None,
    ) -> ImportationDocument:
        _check_type(request.headers.get("content-type", ""))
        table = await request.body()
        try:
            fait = await run_in_threadpool(contrat.import_targets, table, auteur, fichier, cle)
        except CiblesInvalides as refus:
            erreurs = [{"ligne": ligne, "detail": raison} for ligne, raison in refus.erreurs[:_ERREURS_MAX]]
            raise CiblesRefusees(str(refus), erreurs=erreurs) from refus
        if not fait.nouvelle:
            reponse.status_code = 200
        return documents.tell_import(fait)

    @router.get("/cibles", summary="Les cibles d'une Caf et d'une année", responses=problems(404, 503))
    def list_targets(
        caf: CafDemandee,
        annee: Annotated[int, Query(ge=1970, le=2100)],
        historique: Annotated[bool, Query(description="Avec celles que d'autres ont remplacées")] = False,
    ) -> ListeCibles:
        return documents.list_targets(contrat, caf, annee, historique=historique)

    @router.get("/cibles/imports", summary="Les imports de cibles", responses=problems(503))
    def list_imports() -> list[ImportDocument]:
        return documents.list_imports(contrat)


def _check_type(type_: str) -> None:
    """Raises ``ContenuNonPris`` for a body that is no CSV table in UTF-8."""
    media, *parametres = (morceau.strip().lower() for morceau in type_.split(";"))
    jeux = [p.partition("=")[2].strip('" ') for p in parametres if p.startswith("charset")]
    if media != CSV or any(jeu not in ("utf-8", "utf8") for jeu in jeux):
        raise ContenuNonPris(f"le corps est une table {CSV} en UTF-8")
