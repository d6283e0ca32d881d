"""HTTP edge of the exports: a file for programs that hold the token, and for people who hold a session."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from services.indicators.endpoints import Au, Caf, Du, RoleDeCaf
from services.indicators.exports.lignes import Chiffres, build_extract
from services.indicators.exports.sortie import TRAITS, Format, name_file, parse_format, write_export
from services.indicators.rules import Pas, Role
from shared.web.morceaux import Morceaux
from shared.web.openapi import problems

Codes = Annotated[list[str] | None, Query(description="Codes ; aucun : tous")]


def create_router(chiffres: Chiffres, clock: Callable[[], int]) -> APIRouter:
    """The route of the exports."""
    router = APIRouter(prefix="/v1/indicateurs", tags=["Indicateurs"])

    @router.get("/export", summary="Les indicateurs en fichier", response_class=Response, responses=_answers())
    def export(
        caf: Caf,
        du: Du,
        au: Au,
        format_: Annotated[
            str,
            Query(
                alias="format",
                description="csv-excel (point-virgule, virgule décimale), xlsx, csv (RFC 4180) ou parquet",
                json_schema_extra={"enum": [f.value for f in Format]},
            ),
        ],
        pas: Annotated[
            str | None,
            Query(
                description="Pas des séries ; sans lui, un chiffre par indicateur",
                json_schema_extra={"enum": [p.value for p in Pas]},
            ),
        ] = None,
        code: Codes = None,
        role: RoleDeCaf = Role.proprietaire.value,
    ) -> Response:
        return answer_export(chiffres, caf, du, au, code or [], pas, format_, clock(), role)

    return router


def answer_export(
    chiffres: Chiffres,
    caf: str,
    du: str,
    au: str,
    codes: Sequence[str],
    pas: str | None,
    format_: str,
    now: int,
    role: str = Role.proprietaire,
) -> Response:
    """The file as an answer. Raises ``QuestionRefusee``, ``FormatNonInstalle``."""
    choisi = parse_format(format_)
    extrait = build_extract(chiffres, caf, du, au, codes, pas, now, role)
    entetes = {
        "Content-Disposition": f'attachment; filename="{name_file(extrait, choisi)}"',
        "Cache-Control": "no-store",
    }
    return Morceaux(write_export(extrait, choisi), TRAITS[choisi].media, entetes)


def _answers() -> dict[int | str, dict[str, Any]]:
    fichier = {"schema": {"type": "string", "format": "binary"}}
    medias = {traits.media.partition(";")[0] for traits in TRAITS.values()}
    return {200: {"description": "Le fichier", "content": dict.fromkeys(sorted(medias), fichier)}, **problems(404, 409)}
