"""Answers in pieces, made as they are sent."""

from collections.abc import Generator, Mapping

import anyio
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse
from starlette.types import Send


class Morceaux(StreamingResponse):
    """The pieces of a generator, which holds something while it runs (a transaction, a file): it is closed when the
    answer ends, also when its reader leaves before the last piece."""

    def __init__(
        self,
        morceaux: Generator[bytes, None, None],
        media_type: str,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(morceaux, media_type=media_type, headers=headers)
        self._morceaux = morceaux

    async def stream_response(self, send: Send) -> None:
        """See ``StreamingResponse``."""
        try:
            await super().stream_response(send)
        finally:
            # Whoever leaves cancels this task: without a shield nothing more would be awaited in it.
            with anyio.CancelScope(shield=True):
                await run_in_threadpool(self._morceaux.close)
