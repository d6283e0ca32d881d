"""What the processes of the house ask of one another (``/v1/interne``): no part of the published API."""

from collections.abc import Generator
from typing import Annotated, Final

import msgspec
from fastapi import APIRouter, Query
from starlette.background import BackgroundTask
from starlette.responses import Response, StreamingResponse

from ecluse.distribue.images import write_lines
from ecluse.distribue.voisins import Stock
from services.indicators.answer import FilesDeRecouvrement
from services.indicators.app import RangeesDeProduction
from shared.corbeille.etal import Etal
from shared.runtime.imagier import Demande, Imagier
from shared.web.problemes import RequeteInvalide

_ENCODER: Final = msgspec.json.Encoder()
_DEMANDE: Final = msgspec.json.Decoder(Demande)
Caf = Annotated[str, Query(pattern="^[0-9]{3}$")]
CafOuToutes = Annotated[str, Query(pattern="^([0-9]{3})?$")]
Jour = Annotated[int, Query(ge=1, le=3_652_059, description="jour proleptique grégorien")]
Position = Annotated[int, Query(ge=0, le=2**63 - 1)]


def create_stock(rangees: RangeesDeProduction) -> APIRouter:
    """``GET /v1/interne/stock``: see ``RangeesDeProduction``."""
    router = _router()

    @router.get("/stock")
    def get_stock(caf: Caf, au: Jour, position: Position) -> Response:
        return _json(Stock(rangees.closing_stock(caf, au, position)))

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

        def lines() -> Generator[bytes]:
            with imagier.read(lue) as flot:
                yield from write_lines(flot)

        lignes = lines()
        # Who asks for a page leaves before the end: the connection that reads goes back at once, not when the
        # generator is collected.
        fin = BackgroundTask(lignes.close)
        return StreamingResponse(lignes, media_type="application/x-ndjson", background=fin)

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
