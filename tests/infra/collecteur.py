"""A collector of traces: takes what OpenTelemetry sends over HTTP, and remembers it."""

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any, NamedTuple

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


class Pas(NamedTuple):
    """A span: which process did what, and the span before it. Ids in hexadecimal."""

    service: str
    role: str
    nom: str
    trace: str
    span: str
    parent: str


@dataclass
class Collecteur:
    """Where spans go. ``url``: for ``ECLUSE_OTLP_ENDPOINT``."""

    url: str = ""
    _pas: list[Pas] = field(default_factory=list)
    _verrou: Lock = field(default_factory=Lock)

    def take(self, octets: bytes) -> None:
        """Take the spans of a request."""
        with self._verrou:
            for lot in ExportTraceServiceRequest.FromString(octets).resource_spans:
                place = {a.key: a.value.string_value for a in lot.resource.attributes}
                for portee in lot.scope_spans:
                    # A request that was answered late is made again.
                    connus = {pas.span for pas in self._pas}
                    self._pas += [p for p in (_step(place, span) for span in portee.spans) if p.span not in connus]

    def steps(self, trace: str) -> list[Pas]:
        """What was done in a trace so far."""
        with self._verrou:
            return [pas for pas in self._pas if pas.trace == trace]

    def traces(self) -> set[str]:
        """All traces."""
        with self._verrou:
            return {pas.trace for pas in self._pas}


@contextmanager
def collecting() -> Iterator[Collecteur]:
    """A running collector."""
    collecteur = Collecteur()

    class Requete(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            octets = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                octets = gzip.decompress(octets)
            if self.path == "/v1/traces":
                collecteur.take(octets)
            self.send_response(200 if self.path == "/v1/traces" else 404)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # the name of the library
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Requete) as serveur:
        collecteur.url = f"http://127.0.0.1:{serveur.server_port}"
        fil = Thread(target=serveur.serve_forever, daemon=True)
        fil.start()
        try:
            yield collecteur
        finally:
            serveur.shutdown()
            fil.join()


def _step(place: dict[str, str], span: Any) -> Pas:
    ids = span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex()
    return Pas(place["service.name"], place["ecluse.role"], span.name, *ids)
