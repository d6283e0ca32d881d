"""What the processes of the distributed mode write on stderr: one JSON document per line, or lines to be read by a
person when it is a terminal. Never what an event holds, nor a secret."""

import json
import logging
import sys
import threading
import traceback
from collections.abc import Mapping, MutableMapping, Sequence
from types import TracebackType
from typing import Any, Final, TextIO

import structlog
from structlog.dev import ConsoleRenderer
from structlog.stdlib import ExtraAdder, ProcessorFormatter, add_log_level, add_logger_name
from structlog.typing import Processor

from ecluse.distribue.reglages import ReglagesProcessus
from shared.erreurs import describe_error
from shared.traces import TRACE_EN_COURS

_NOTRES: Final = "ecluse"
# Our words for what structlog puts in a document, in the order in which a reader looks for them.
_NOMS: Final = {"timestamp": "instant", "level": "niveau", "logger": "logger", "event": "message"}
_CACHE: Final = "***"
_LOG: Final = logging.getLogger("ecluse.processus")
Document = MutableMapping[str, Any]


def install(reglages: ReglagesProcessus, sortie: TextIO | None = None) -> None:
    """Have all that this process logs written so, on ``sortie`` (stderr). Libraries speak from ``warning`` on."""
    sortie = sortie or sys.stderr
    place = {"service": reglages.service, "role": reglages.role}
    sortant = logging.StreamHandler(sortie)
    sortant.setFormatter(build_formatter(place, _secrets(reglages), lisible=sortie.isatty()))
    racine = logging.getLogger()
    racine.handlers = [sortant]
    racine.setLevel(logging.WARNING)
    logging.getLogger(_NOTRES).setLevel(reglages.niveau.upper())
    logging.captureWarnings(True)
    sys.excepthook = _tell_end
    threading.excepthook = _tell_end_of_thread


def build_formatter(place: Mapping[str, str], secrets: Sequence[str], *, lisible: bool) -> logging.Formatter:
    """The form of a record. ``place``: what each line says of its process; ``secrets``: what none may hold."""

    def add_place(_: object, __: str, document: Document) -> Document:
        # Of the process, whatever the record calls so.
        document.update(place)
        return document

    rendu: Processor = ConsoleRenderer(sort_keys=False) if lisible else _write
    return ProcessorFormatter(
        foreign_pre_chain=[
            add_log_level,
            add_logger_name,
            ExtraAdder(),
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            add_place,
            _add_trace,
        ],
        processors=[
            ProcessorFormatter.remove_processors_meta,
            _tell_error,
            _hide(secrets),
            *([] if lisible else [_name]),
            rendu,
        ],
    )


def _hide(secrets: Sequence[str]) -> Processor:
    """Whatever was logged, the secrets of the process are not written. What is no text or number becomes one."""
    # The longest first: an address holds a password.
    formes = sorted(filter(None, secrets), key=len, reverse=True)

    def hide(valeur: object) -> object:
        if valeur is None or isinstance(valeur, int | float):
            return valeur
        if isinstance(valeur, list):
            return [hide(v) for v in valeur]
        texte = str(valeur)
        for forme in formes:
            texte = texte.replace(forme, _CACHE)
        return texte

    def process(_: object, __: str, document: Document) -> Document:
        return {nom: hide(valeur) for nom, valeur in document.items()}

    return process


def _tell_error(_: object, __: str, document: Document) -> Document:
    """Where it was raised, frame by frame, from the first cause on."""
    info = document.pop("exc_info", None)
    erreur = info[1] if isinstance(info, tuple) else info
    if not isinstance(erreur, BaseException):
        return document
    document["erreur"] = describe_error(erreur)
    pile: list[str] = []
    vues: set[int] = set()
    while erreur is not None and id(erreur) not in vues:
        vues.add(id(erreur))
        lieux = [f"{c.filename}:{c.lineno} {c.name}" for c in traceback.extract_tb(erreur.__traceback__)]
        pile = [*pile, describe_error(erreur), *reversed(lieux)]
        erreur = erreur.__cause__ or (None if erreur.__suppress_context__ else erreur.__context__)
    document["pile"] = pile
    return document


def _add_trace(_: object, __: str, document: Document) -> Document:
    trace = TRACE_EN_COURS.get()
    if trace:
        document["trace_id"] = trace.split("-")[1]
    return document


def _name(_: object, __: str, document: Document) -> Document:
    debut = {notre: document.pop(leur) for leur, notre in _NOMS.items() if leur in document}
    return {**debut, **document}


def _write(_: object, __: str, document: Document) -> str:
    return json.dumps(document, ensure_ascii=False)


def _secrets(reglages: ReglagesProcessus) -> list[str]:
    secrets = [reglages.jeton, reglages.base, reglages.redis, reglages.kafka and reglages.kafka.mot_de_passe]
    valeurs = [secret.reveal() for secret in secrets if secret]
    return [*valeurs, *(mot for valeur in valeurs if (mot := _password(valeur)))]


def _password(url: str) -> str:
    """The password of an address, as it is written there."""
    _, deux, reste = url.partition("://")
    qui, arobase, _ = reste.rpartition("@")
    return qui.partition(":")[2] if deux and arobase else ""


def _tell_end(classe: type[BaseException], erreur: BaseException, lieu: TracebackType | None) -> None:
    if issubclass(classe, KeyboardInterrupt):
        return
    _LOG.critical("arrêt sur une erreur du programme", exc_info=(classe, erreur, lieu))


def _tell_end_of_thread(fin: threading.ExceptHookArgs) -> None:
    if fin.exc_value is not None:
        fil = fin.thread.name if fin.thread else ""
        quoi = (fin.exc_type, fin.exc_value, fin.exc_traceback)
        _LOG.critical("fil arrêté sur une erreur du programme", exc_info=quoi, extra={"fil": fil})
