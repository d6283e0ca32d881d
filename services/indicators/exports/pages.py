"""Exports for people: the same file, from a page, with a session."""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from services.indicators.exports.endpoints import answer_export
from services.indicators.exports.lignes import Chiffres
from services.indicators.exports.sortie import FormatNonInstalle
from services.indicators.pages import refused_as_pages
from services.indicators.rules import Role
from shared.web.pages import PageRefusee
from shared.web.session import SessionRequise


def create_exports_page(chiffres: Chiffres, clock: Callable[[], int]) -> APIRouter:
    """``/exports/indicateurs``."""
    router = APIRouter(include_in_schema=False)

    @router.get("/exports/indicateurs")
    def export(
        _: SessionRequise,
        format_: Annotated[str, Query(alias="format")] = "",
        caf: str = "",
        du: str = "",
        au: str = "",
        pas: str = "",
        code: Annotated[list[str] | None, Query()] = None,
        role: str = "",
    ) -> Response:
        try:
            with refused_as_pages():
                choisi = role or Role.proprietaire
                return answer_export(chiffres, caf, du, au, code or [], pas or None, format_, clock(), choisi)
        except FormatNonInstalle as refus:
            raise PageRefusee(refus.statut, "Format non installé", f"{refus}.") from None

    return router
