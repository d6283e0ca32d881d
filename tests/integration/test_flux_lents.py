"""Watchers behind real sockets: one that stops reading holds back itself alone, and is let go in the end."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

import httpx
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


def events(lignes: Iterator[str]) -> Iterator[tuple[str, int]]:
    """Id and value of each image that comes."""
    id_ = ""
    for ligne in lignes:
        if ligne.startswith("id: "):
            id_ = ligne.removeprefix("id: ")
        elif ligne.startswith("data: ") and ligne != "data: {}":
            yield id_, json.loads(ligne.removeprefix("data: "))["valeur"]


def test_a_watcher_that_stops_reading_slows_nobody_and_finds_the_latest_image_when_it_reads_again() -> None:
    with scene() as s, s.stop_reading() as lente, httpx.stream("GET", f"{s.url}/flux", timeout=60) as rapide:
        vus = events(rapide.iter_lines())
        assert next(vus)[1] == 0
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
    with scene(patience=2) as s, s.stop_reading(), httpx.stream("GET", f"{s.url}/flux", timeout=60) as rapide:
        vus = events(rapide.iter_lines())

        def only_the_other_is_left() -> bool:
            # It reads on meanwhile, or it would be let go too; and only what changes is sent.
            s.valeur += 1
            next(vus)
            return s.diffuseur.lecteurs == 1

        assert eventually(only_the_other_is_left)
        s.valeur = 7_000_000
        assert next(v for _, v in vus if v == s.valeur) == s.valeur


def test_who_comes_back_is_sent_the_present_image_unless_it_has_it_already() -> None:
    with scene() as s:
        with httpx.stream("GET", f"{s.url}/flux", timeout=60) as reponse:
            premier, vu = next(events(reponse.iter_lines()))
            assert vu == 0
        s.valeur = 3
        # Somebody else watches on: what it is shown is what who comes back gets, and never an older image.
        with httpx.stream("GET", f"{s.url}/flux", timeout=60) as autre:
            second = next(id_ for id_, v in events(autre.iter_lines()) if v == 3)
            with httpx.stream("GET", f"{s.url}/flux", headers={"Last-Event-ID": premier}, timeout=60) as retour:
                assert next(events(retour.iter_lines())) == (second, 3)
            with httpx.stream("GET", f"{s.url}/flux", headers={"Last-Event-ID": second}, timeout=60) as retour:
                lignes = retour.iter_lines()
                assert [next(lignes) for _ in range(3)] == ["event: inchangee", "data: {}", ""]
                s.valeur = 0
                # The same image as at first is the same event.
                assert next(events(lignes)) == (premier, 0)
