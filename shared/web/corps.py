"""A bound on what a request makes the house hold: bodies are read before anybody has shown who they are."""

from typing import Final

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# A command is a few hundred bytes, the longest form 64 000.
OCTETS_MAX: Final = 1_000_000


class CorpsBorne:
    """ASGI middleware: 413 beyond ``OCTETS_MAX``. ``libres``: paths that bound what they read by themselves."""

    def __init__(self, app: ASGIApp, libres: frozenset[str] = frozenset()) -> None:
        self._app = app
        self._libres = libres

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        recus = 0

        async def receive_bounded() -> Message:
            nonlocal recus
            message = await receive()
            recus += len(message.get("body", b""))
            if recus > OCTETS_MAX:
                raise HTTPException(413)
            return message

        libre = scope["type"] != "http" or scope["path"] in self._libres
        await self._app(scope, receive if libre else receive_bounded, send)
