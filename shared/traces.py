"""Traces that follow an event from the door to the figures (W3C Trace Context). What records them is chosen by the
composition; without it nothing is recorded, and what callers had begun to follow stays followed."""

import re
from collections.abc import Iterable
from contextvars import ContextVar
from typing import Final, Protocol

ENTETE: Final = "traceparent"
# The trace of what is being answered now, which the logs name.
TRACE_EN_COURS: Final[ContextVar[str | None]] = ContextVar("trace_en_cours", default=None)
# The steps of an event.
ENTREE: Final = "ecluse entrée"
ECRITURE: Final = "ecluse écriture"
PUBLICATION: Final = "ecluse publication"
PLI: Final = "ecluse pli"
_TRACE: Final = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


class Traceur(Protocol):
    """Records the steps of what carries a trace. Instants in ns since 1970."""

    @property
    def actif(self) -> bool:
        """Whether anything is recorded: nothing needs to be prepared when it is not."""
        ...

    def enter(self, parent: str | None, debut: int, fin: int) -> str | None:
        """Something came in, with the trace of whoever sent it if any; the trace that it carries from now on."""
        ...

    def follow(self, etape: str, traces: Iterable[str | None], debut: int, fin: int) -> None:
        """A step was done for what carries these traces."""
        ...


class Muet:
    """Records nothing."""

    actif = False

    def enter(self, parent: str | None, debut: int, fin: int) -> str | None:
        """See ``Traceur``."""
        del debut, fin
        return keep_trace(parent)

    def follow(self, etape: str, traces: Iterable[str | None], debut: int, fin: int) -> None:
        """See ``Traceur``."""


MUET: Final = Muet()


def read_trace(texte: str | None) -> str | None:
    """A ``traceparent`` that can be carried further, or None."""
    return texte if texte and _TRACE.fullmatch(texte) else None


def keep_trace(trace: str | None) -> str | None:
    """The trace, if it can be read and is recorded: one that is not need not be kept with the events."""
    return trace if read_trace(trace) and trace and int(trace[-2:], 16) & 1 else None
