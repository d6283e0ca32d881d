"""Real HTTP servers for tests: an ASGI application on a free port of the loopback."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

import uvicorn
from fastapi import FastAPI


@contextmanager
def serve(app: FastAPI) -> Iterator[str]:
    """The address of the application while the context lasts."""
    with socket.create_server(("127.0.0.1", 0)) as prise:
        prise.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        serveur = uvicorn.Server(uvicorn.Config(app, log_level="critical", ws="none", timeout_graceful_shutdown=2))
        fil = Thread(target=serveur.run, args=([prise],))
        fil.start()
        try:
            # The socket listens already: a request that comes before the server is ready waits for it.
            yield f"http://127.0.0.1:{prise.getsockname()[1]}"
        finally:
            serveur.should_exit = True
            fil.join()
