"""What the processes of the house ask of one another (``/v1/interne``): no part of the published API."""

from collections.abc import Generator
from typing import Annotated, Final

import msgspec
from fastapi import APIRouter, Body, Query
from pydantic import Field
from starlette.responses import Response

from ecluse.distribue.images import write_lines
from ecluse.distribue.voisins import Stocks
from services.indicators.answer import FilesDeRecouvrement
from services.indicators.app import RangeesDeProduction
from services.indicators.rules import POINTS_MAX
from shared.corbeille.etal import Etal
from shared.runtime.imagier import Demande, Imagier
from shared.web.morceaux import Morceaux
from shared.web.problemes import RequeteInvalide

_ENCODER: Final = msgspec.json.Encoder()
_CAF: Final = "^[0-9]{3}$"
_DEMANDE: Final = msgspec.json.Decoder(Demande)
Caf = Annotated[str, Query(pattern=_CAF)]
CafOuToutes = Annotated[str, Query(pattern="^([0-9]{3})?$")]
Jour = Annotated[int, Field(ge=1, le=3_652_059, description="jour proleptique grégorien")]
# In a body: the days of a series are more than an address holds.
CafDemandee = Annotated[str, Body(pattern=_CAF)]
Jours = Annotated[list[Jour], Body(max_length=POINTS_MAX)]
Position = Annotated[int, Body(ge=0, le=2**63 - 1)]


def create_stock(rangees: RangeesDeProduction) -> APIRouter:
    """``POST /v1/interne/stocks``: see ``RangeesDeProduction``; at most the days of one series."""
    router = _router()

    @router.post("/stocks")
    def count_stocks(caf: CafDemandee, jours: Jours, position: Position) -> Response:
        stocks = rangees.closing_stocks(caf, jours, position)
        return _json(Stocks(None if stocks is None else [*stocks]))

    return router


def create_gauge(files: FilesDeRecouvrement) -> APIRouter:
    """``GET /v1/interne/files``: see ``FilesDeRecouvrement``."""
    router = _router()

    @router.get("/files")
    def get_queues(caf: Caf) -> Response:
        return _json(files.queues(caf))

    return router


def create_images(imagier: Imagier) -> APIRouter:
    """``GET /v1/interne/images``: see ``Imagier``."""
    router = _router()

    @router.get("/images")
    def get_images(demande: str) -> Response:
        try:
            lue = _DEMANDE.decode(demande)
        except msgspec.DecodeError as erreur:
            raise RequeteInvalide("demande : objet JSON illisible") from erreur

        def lines() -> Generator[bytes, None, None]:
            with imagier.read(lue) as flot:
                yield from write_lines(flot)

        return Morceaux(lines(), "application/x-ndjson")

    return router


def create_stall(etal: Etal) -> APIRouter:
    """``GET /v1/interne/corbeilles``: see ``Etal``."""
    router = _router()

    @router.get("/corbeilles")
    def get_corbeilles(titulaire: str = "", caf: CafOuToutes = "") -> Response:
        return _json(etal.look(titulaire, caf))

    return router


def _router() -> APIRouter:
    return APIRouter(prefix="/v1/interne", include_in_schema=False)


def _json(document: object) -> Response:
    return Response(_ENCODER.encode(document), media_type="application/json")
