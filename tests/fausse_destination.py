"""A small door to send to, over real HTTP, that fails on demand and remembers everything that reached it."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Condition, Thread
from typing import Any

from shared.web.porte import UN_LOT

JETON = "jeton-de-la-destination"
Evenement = dict[str, Any]


@dataclass(frozen=True)
class Faute:
    """What one request meets. ``statut`` 0: no answer, the connection is cut; ``prend``: the events are taken first."""

    statut: int
    prend: bool = False
    entetes: dict[str, str] = field(default_factory=dict)
    corps: bytes = b'{"detail": "faute voulue"}'


COUPE = Faute(0)
REPONSE_PERDUE = Faute(0, prend=True)
INDISPONIBLE = Faute(503)


@dataclass
class FausseDestination:
    """``plan(n, events)`` gives the fault that the n-th request (from 0) meets, or None for a door in order.

    ``recus``: the events taken, by (source, id), in order of first arrival; ``requetes``: ids of each request;
    an event whose data says ``courrier`` = ``REFUS…`` is refused.
    """

    plan: Callable[[int, list[Evenement]], Faute | None] = lambda _n, _e: None
    jeton: str = JETON
    recus: dict[tuple[str, str], Evenement] = field(default_factory=dict)
    requetes: list[list[str]] = field(default_factory=list)
    differents: list[str] = field(default_factory=list)
    url: str = ""
    signal: Condition = field(default_factory=Condition)

    def wait_for(self, condition: Callable[[], bool], delai: float = 60.0) -> None:
        """Wait until the condition holds, which is looked at after each request."""
        with self.signal:
            assert self.signal.wait_for(condition, delai), "the destination never got there"

    def meet(self, evenements: list[Evenement], jeton: str | None) -> tuple[Faute | None, bytes, int]:
        """The fault, or the answer and its status."""
        with self.signal:
            faute = self.plan(len(self.requetes), evenements)
            self.requetes.append([str(e.get("id")) for e in evenements])
            if faute is None and jeton != f"Bearer {self.jeton}":
                faute = Faute(401)
            reponse, statut = self._take(evenements) if faute is None or faute.prend else (b"", 0)
            self.signal.notify_all()
        return faute, reponse, statut

    def _take(self, evenements: list[Evenement]) -> tuple[bytes, int]:
        acceptes, doublons, rejets = 0, 0, []
        for rang, evenement in enumerate(evenements):
            cle = (evenement["source"], evenement["id"])
            if str(evenement["data"].get("courrier")).startswith("REFUS"):
                rejets.append({"index": rang, "id": cle[1], "type": evenement["type"], "detail": "refus voulu"})
            elif cle not in self.recus:
                self.recus[cle] = evenement
                acceptes += 1
            else:
                doublons += 1
                if self.recus[cle] != evenement:
                    self.differents.append(cle[1])
        reponse = {"acceptes": acceptes, "doublons": doublons, "rejets": rejets}
        return json.dumps(reponse).encode(), 422 if rejets and len(rejets) == len(evenements) else 202

    @contextmanager
    def serve(self, port: int = 0) -> Iterator[str]:
        """Listen while the context lasts; the address."""
        serveur = _Serveur(("127.0.0.1", port), _handler(self))
        self.url = f"http://127.0.0.1:{serveur.server_address[1]}"
        fil = Thread(target=serveur.serve_forever, kwargs={"poll_interval": 0.01})
        fil.start()
        try:
            yield self.url
        finally:
            serveur.shutdown()
            serveur.server_close()
            fil.join()


class _Serveur(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, *_: object) -> None:
        """A relais that is killed cuts its connections: nothing to say."""


def _handler(destination: FausseDestination) -> type[BaseHTTPRequestHandler]:
    class Poignee(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            corps = self.rfile.read(int(self.headers["Content-Length"]))
            lot = json.loads(corps)
            evenements = lot if self.headers["Content-Type"] == UN_LOT else [lot]
            faute, reponse, statut = destination.meet(evenements, self.headers["Authorization"])
            if faute is not None:
                if faute.statut == 0:
                    self.close_connection = True
                    return
                statut, reponse = faute.statut, faute.corps
            self.send_response(statut)
            for nom, valeur in (faute.entetes if faute else {}).items():
                self.send_header(nom, valeur)
            self.send_header("Content-Length", str(len(reponse)))
            self.end_headers()
            self.wfile.write(reponse)

        def log_message(self, *_: object) -> None:
            """The tests read ``requetes``."""

    return Poignee
