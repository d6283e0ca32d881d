"""Watchers behind real sockets: one that stops reading holds back itself alone, and is let go in the end."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

import httpx
import pytest
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from shared.web.flux import PATIENCE, Diffuseur
from tests.maisons import eventually
from tests.serveurs import serve

# Far more than what a kernel keeps for a connection, in a few images.
REMPLISSAGE = "x" * 400_000
IMAGES = 60


class Scene:
    """A server whose figure a test changes, and who watches it."""

    def __init__(self, patience: float) -> None:
        self.valeur = 0
        self.montrees: list[int] = []
        self._verrou = Lock()
        self.diffuseur: Diffuseur[str] = Diffuseur(
            self._compute, lambda: self.valeur, cadence=0.001, rappel=0.05, patience=patience
        )
        self.app = FastAPI(openapi_url=None)
        self.app.add_api_route("/flux", self._stream)
        self.url = ""

    def _compute(self, cle: str) -> bytes:
        with self._verrou:
            self.montrees.append(self.valeur)
        return json.dumps({"cle": cle, "valeur": self.valeur, "reste": REMPLISSAGE}).encode()

    async def _stream(self, request: Request) -> Response:
        return self.diffuseur.respond("091", lambda: True, request.headers.get("last-event-id"))

    def stop_reading(self) -> socket.socket:
        """A watcher that asks, reads the beginning of the answer and nothing more."""
        prise = socket.socket()
        prise.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        hote, port = self.url.removeprefix("http://").split(":")
        prise.connect((hote, int(port)))
        prise.settimeout(60)
        prise.sendall(b"GET /flux HTTP/1.1\r\nHost: x\r\n\r\n")
        assert prise.recv(12) == b"HTTP/1.1 200"
        return prise


@contextmanager
def scene(patience: float = PATIENCE) -> Iterator[Scene]:
    """A running server."""
    scene = Scene(patience)
    with serve(scene.app) as scene.url:
        try:
            yield scene
        finally:
            scene.diffuseur.close()


def events(reponse: httpx.Response) -> Iterator[tuple[int, int]]:
    """Number and value of each image that comes."""
    numero = 0
    for ligne in reponse.iter_lines():
        if ligne.startswith("id: "):
            numero = int(ligne.removeprefix("id: "))
        elif ligne.startswith("data: "):
            yield numero, json.loads(ligne.removeprefix("data: "))["valeur"]


def test_a_watcher_that_stops_reading_slows_nobody_and_finds_the_latest_image_when_it_reads_again() -> None:
    with scene() as s, s.stop_reading() as lente, httpx.stream("GET", f"{s.url}/flux", timeout=60) as rapide:
        vus = events(rapide)
        for valeur in range(1, IMAGES):
            s.valeur = valeur
            assert next(v for _, v in vus if v == valeur) == valeur
        restant = b""
        derniere = b'"valeur": %d' % (IMAGES - 1)
        while derniere not in restant[-500_000:]:
            restant += lente.recv(1_000_000)
        recues = [v for v in range(IMAGES) if b'"valeur": %d,' % v in restant]
    # It got what the sockets kept for it, in order, and then the last one: not the whole queue.
    assert recues[-1] == IMAGES - 1
    assert len(recues) < IMAGES
    assert set(range(IMAGES)) <= set(s.montrees)


def test_a_watcher_that_takes_nothing_for_too_long_gives_its_place_back() -> None:
    with scene(patience=0.2) as s, s.stop_reading(), httpx.stream("GET", f"{s.url}/flux", timeout=60) as rapide:
        vus = events(rapide)
        # It reads on meanwhile, or it would be let go too.
        assert eventually(lambda: (next(vus), s.diffuseur.lecteurs)[1] == 1)
        s.valeur = 7
        assert next(v for _, v in vus if v == 7) == 7


@pytest.mark.parametrize("valeur", [3, 4])
def test_who_comes_back_gets_the_present_image_first_under_the_next_number(valeur: int) -> None:
    with scene() as s:
        with httpx.stream("GET", f"{s.url}/flux", timeout=60) as reponse:
            numero, vu = next(events(reponse))
            assert (numero, vu) == (1, 0)
        s.valeur = valeur
        # Somebody else watches on: what it is shown is what who comes back gets, and never an older image.
        with httpx.stream("GET", f"{s.url}/flux", timeout=60) as autre:
            assert next(v for _, v in events(autre) if v == valeur) == valeur
            with httpx.stream("GET", f"{s.url}/flux", headers={"Last-Event-ID": "41"}, timeout=60) as retour:
                suite = events(retour)
                assert [next(suite) for _ in range(2)] == [(42, valeur), (43, valeur)]
