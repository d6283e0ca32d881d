"""The state of the house on a page: services, consumers, dead letters."""

from collections.abc import Callable
from typing import Any, Final

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from shared.web.pages import Pages
from shared.web.session import SessionRequise

_PAGES: Final = Pages()


def create_state_page(read_state: Callable[[], object]) -> APIRouter:
    """``GET /etat``. ``read_state`` gives what ``GET /v1/etat`` answers."""
    router = APIRouter(include_in_schema=False)

    @router.get("/etat")
    def show_state(request: Request, _: SessionRequise) -> Response:
        etat: Any = msgspec.to_builtins(read_state())
        return _PAGES.answer(request, "etat.html", etat=etat)

    return router
