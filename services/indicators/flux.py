"""The figures as they change: what feeds the live page and the programs that follow the same question."""

from collections.abc import Callable
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Depends, Header
from starlette.responses import Response

from services.indicators.direct import Chiffres, Question, compose
from services.indicators.endpoints import Au, Caf, Du
from services.indicators.rules import parse_period
from shared.web.flux import Diffuseur
from shared.web.openapi import problems
from shared.web.partage import Partage

_ENCODER: Final = msgspec.json.Encoder()
_DEJA_VUE: Final = (
    "Id du dernier événement reçu : rien n'est renvoyé tant que l'image de cet id est la présente ; tout autre id "
    "reçoit aussitôt l'image entière"
)
_EXEMPLE: Final = (
    'id: 9c1f0f5a7be2d340\ndata: {"jour":"2023-01-31","textes":{"p.STOCK.valeur":"1\u202f863"},"etats":{},"jauges":{}}'
    "\n\nevent: inchangee\ndata: {}\n\n"
)
_FLUX: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "Événements envoyés par le serveur, sans fin. Sans nom : l'image de la page en direct, entière, "
        "sous un id qui est son empreinte. inchangee : recalculée, l'image envoyée en dernier reste la présente. "
        "diffusion : si les serveurs partagent leurs calculs (texte vide) ou non",
        "content": {"text/event-stream": {"schema": {"type": "string"}, "example": _EXEMPLE}},
    },
    **problems(404, 503),
}


def create_diffuseur(
    chiffres: Chiffres, version: Callable[[], int], today: Callable[[], int], partage: Partage | None = None
) -> Diffuseur[Question]:
    """What feeds every event stream of the figures; to be closed before the server stops.

    ``version`` grows with each change of the figures; ``today``: the day in Paris; ``partage``: see ``Diffuseur``.
    """

    def compute(question: Question) -> bytes:
        return _ENCODER.encode(compose(chiffres, question, today()).image)

    return Diffuseur(compute, version, partage=partage)


def ask(chiffres: Chiffres, caf: str, du: str, au: str) -> Question:
    """What a stream is asked for. Raises a ``QuestionRefusee`` when there is nothing to show: once it has begun, a
    stream has no place to say so."""
    chiffres.figures(caf, du, au, ("STOCK",))
    return Question(caf, parse_period(du, au))


def create_stream_router(chiffres: Chiffres, diffuseur: Diffuseur[Question]) -> APIRouter:
    """``GET /v1/indicateurs/flux``: the images of the live page, for programs."""
    router = APIRouter(prefix="/v1/indicateurs", tags=["Indicateurs"])

    # Not where the events are written: it waits for the figures, and what waits there holds up every stream.
    def read_question(caf: Caf, du: Du, au: Au) -> Question:
        return ask(chiffres, caf, du, au)

    @router.get("/flux", summary="Les chiffres à mesure qu'ils changent", response_class=Response, responses=_FLUX)
    async def follow(
        question: Annotated[Question, Depends(read_question)],
        last_event_id: Annotated[str | None, Header(description=_DEJA_VUE)] = None,
    ) -> Response:
        return diffuseur.respond(question, lambda: True, last_event_id)

    return router
