"""The real proxy in front of stand-in services on the loopback."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from time import monotonic, sleep
from typing import Any, Final

import httpx

from tests.donnees import RACINE
from tests.infra.processus import free_port
from tests.programmes import require_program

CONFIGURATION: Final = RACINE / "deploy" / "proxy"
SERVICES: Final = ("porte", "contacts", "production", "recovery", "indicators")
_PATIENCE: Final = 60.0


class Doublure(ThreadingHTTPServer):
    """A service that answers with what it was asked. A path that ends in ``/flux`` sends one line, then waits until
    ``suite`` is set."""

    daemon_threads = True

    def __init__(self, nom: str) -> None:
        self.nom = nom
        self.suite = Event()
        super().__init__(("127.0.0.1", 0), _Reponse)


class _Reponse(BaseHTTPRequestHandler):
    server: Doublure
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Nobody reads it."""

    def _answer(self) -> None:
        corps = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path.partition("?")[0].endswith("/flux"):
            self._stream()
            return
        demande = {
            "service": self.server.nom,
            "methode": self.command,
            "cible": self.path,
            "entetes": {nom.lower(): valeur for nom, valeur in self.headers.items()},
            "octets": len(corps),
        }
        reponse = json.dumps(demande).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(reponse)))
        self.end_headers()
        self.wfile.write(reponse)

    def _stream(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(b"data: un\n\n")
        self.wfile.flush()
        suite = self.server.suite.wait(_PATIENCE / 2)
        self.wfile.write(b"data: deux\n\n" if suite else b"data: personne n'a lu la ligne\n\n")
        self.close_connection = True

    do_GET = do_POST = _answer


class Mandataire:
    """The running proxy."""

    def __init__(self, url: str, doublures: Mapping[str, Doublure], journal: Path) -> None:
        self.client = httpx.Client(base_url=url, timeout=_PATIENCE)
        self.doublures = doublures
        self.journal = journal

    def ask(self, methode: str, chemin: str, **autres: Any) -> dict[str, Any]:
        """What the service that was reached got."""
        reponse = self.client.request(methode, chemin, **autres)
        assert reponse.status_code == 200, f"{methode} {chemin} : {reponse.status_code} {reponse.text[:300]}"
        demande: dict[str, Any] = reponse.json()
        return demande


def configure(dossier: Path, amonts: Mapping[str, str], port: int, sante: int) -> list[str]:
    """The command that runs the published configuration with these upstream addresses and ports."""
    copie = shutil.copytree(CONFIGURATION, dossier / "proxy")
    lignes = "".join(f"{nom} {adresse};" for nom, adresse in amonts.items())
    (copie / "amonts.conf").write_text(f'map $service $amont {{ default ""; {lignes} }}')
    nginx = copie / "nginx.conf"
    texte = nginx.read_text()
    for avant, apres in (
        ("listen 8080;", f"listen 127.0.0.1:{port};"),
        ("listen 127.0.0.1:8081;", f"listen 127.0.0.1:{sante};"),
        ("/tmp/", f"{dossier}/"),  # noqa: S108  # what the container keeps in its own memory
    ):
        assert avant in texte
        texte = texte.replace(avant, apres)
    nginx.write_text(texte)
    # Root's workers would otherwise be nobody, who may not enter the folder of the test.
    directives = "daemon off;" + (" user root;" if os.geteuid() == 0 else "")
    return [require_program("nginx", "nginx"), "-e", "stderr", "-c", str(nginx), "-g", directives]


@contextmanager
def running(dossier: Path) -> Iterator[Mandataire]:
    """The proxy before a stand-in for each service; ``contacts`` can be stopped by ``server_close``."""
    port, sante = free_port(), free_port()
    with ExitStack() as ouverts:
        doublures = {nom: _start(nom, ouverts) for nom in SERVICES}
        amonts = {nom: f"127.0.0.1:{d.server_port}" for nom, d in doublures.items()}
        journal = dossier / "journal.txt"
        sortie = ouverts.enter_context(journal.open("wb"))
        processus = subprocess.Popen(configure(dossier, amonts, port, sante), stdout=sortie, stderr=sortie)
        try:
            for attendu in (port, sante):
                _wait_open(attendu, processus, journal)
            mandataire = Mandataire(f"http://127.0.0.1:{port}", doublures, journal)
            with mandataire.client:
                yield mandataire
        finally:
            processus.terminate()
            processus.wait(_PATIENCE)


def _start(nom: str, ouverts: ExitStack) -> Doublure:
    doublure = ouverts.enter_context(Doublure(nom))
    fil = Thread(target=doublure.serve_forever, kwargs={"poll_interval": 0.05})
    fil.start()
    ouverts.callback(fil.join)
    ouverts.callback(doublure.shutdown)
    ouverts.callback(doublure.suite.set)
    return doublure


def _wait_open(port: int, processus: subprocess.Popen[bytes], journal: Path) -> None:
    fin = monotonic() + _PATIENCE
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            assert processus.poll() is None, journal.read_text()
            assert monotonic() < fin, journal.read_text()
            sleep(0.02)
