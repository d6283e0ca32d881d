"""OpenTelemetry: what ``shared.traces`` follows, sent to a collector (OTLP over HTTP)."""

import random
from collections import Counter
from collections.abc import Iterable
from typing import Final
from uuid import uuid4

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, SpanContext, SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from ecluse import __version__
from ecluse.distribue.reglages import ReglagesProcessus
from shared.traces import ENTETE, ENTREE, PUBLICATION, keep_trace

CHEMIN: Final = "/v1/traces"
# A collector that is away holds up neither events nor a stop (seconds).
_DELAI: Final = 2.0
_PORTEUR: Final = TraceContextTextMapPropagator()
_HASARD: Final = random.Random()  # noqa: S311  # draws what is followed, protects nothing


class Passage:
    """A request of the door. ``trace``: what goes on with its events."""

    def __init__(self, trace: str, span: Span | None = None) -> None:
        self.trace = trace
        self._span = span

    def close(self, statut: int, route: str) -> None:
        """It was answered."""
        if self._span is not None:
            self._span.set_attributes({"http.response.status_code": statut, "http.route": route})
            if statut >= 500:
                self._span.set_status(Status(StatusCode.ERROR))
            self._span.end()


class TraceurOtel:
    """See ``Traceur``. ``part``: of what nobody followed before, the share that is followed from here on."""

    actif = True

    def __init__(self, fournisseur: TracerProvider, part: float) -> None:
        self._fournisseur = fournisseur
        self._traceur = fournisseur.get_tracer("ecluse", __version__)
        self._part = part

    def open(self, parent: str | None) -> Passage:
        """A request comes in at the HTTP door."""
        if not self._follows(parent):
            return Passage(parent or _not_recorded())
        span = self._traceur.start_span(ENTREE, _read(parent), SpanKind.SERVER)
        return Passage(_write(span.get_span_context()), span)

    def enter(self, parent: str | None, debut: int, fin: int) -> str | None:
        """See ``Traceur``."""
        if not self._follows(parent):
            return None
        span = self._traceur.start_span(ENTREE, _read(parent), SpanKind.CONSUMER, start_time=debut)
        span.end(fin)
        return _write(span.get_span_context())

    def follow(self, etape: str, traces: Iterable[str | None], debut: int, fin: int) -> None:
        """See ``Traceur``: one span for each trace, however many records carry it."""
        sorte = SpanKind.PRODUCER if etape == PUBLICATION else SpanKind.INTERNAL
        for trace, nombre in Counter(traces).items():
            if keep_trace(trace):
                span = self._traceur.start_span(
                    etape, _read(trace), sorte, {"ecluse.enregistrements": nombre}, start_time=debut
                )
                span.end(fin)

    def close(self) -> None:
        """Send what waits, and stop."""
        self._fournisseur.shutdown()

    def _follows(self, parent: str | None) -> bool:
        # Drawn here: what the library does for a span that it drops costs more than the rest of the door.
        return keep_trace(parent) is not None if parent else _HASARD.random() < self._part


def create_tracer(reglages: ReglagesProcessus, envoi: SpanProcessor | None = None) -> TraceurOtel:
    """The tracer of a process; ``envoi``: where its spans go, by default its collector."""
    ressource = Resource(
        {
            "service.namespace": "ecluse",
            "service.name": f"ecluse-{reglages.service}",
            "service.version": __version__,
            "service.instance.id": str(uuid4()),
            "ecluse.role": reglages.role,
        }
    )
    fournisseur = TracerProvider(resource=ressource, shutdown_on_exit=False)
    fournisseur.add_span_processor(envoi or _to_collector(reglages.traces or ""))
    return TraceurOtel(fournisseur, reglages.part_tracee)


def _to_collector(url: str) -> BatchSpanProcessor:
    adresse = url if url.endswith(CHEMIN) else url + CHEMIN
    return BatchSpanProcessor(OTLPSpanExporter(adresse, timeout=_DELAI), export_timeout_millis=_DELAI * 1000)


def _read(trace: str | None) -> Context:
    return _PORTEUR.extract({ENTETE: trace} if trace else {}, Context())


def _write(contexte: SpanContext) -> str:
    return f"00-{contexte.trace_id:032x}-{contexte.span_id:016x}-{int(contexte.trace_flags):02x}"


def _not_recorded() -> str:
    """Tells the processes after this one that the draw was made."""
    return f"00-{_HASARD.getrandbits(128) | 1:032x}-{_HASARD.getrandbits(64) | 1:016x}-00"
