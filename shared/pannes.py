"""Named points where a test kills the process the way a power cut would: SIGKILL, so that nothing is flushed or closed.

``ECLUSE_PANNE="nom:n"`` kills at the n-th pass through the point ``nom`` (``nom`` alone: the first). Without the
variable a point costs one test of a global.
"""

import os
import signal
from threading import Lock
from typing import Final

VARIABLE: Final = "ECLUSE_PANNE"
# Every point that the program declares, with what is true there. Filled when the modules that pass them are imported.
POINTS: Final[dict[str, str]] = {}


def _read(reglage: str) -> tuple[str, int] | None:
    """The armed point and the pass that kills; ``ValueError`` names what is wrong with the setting."""
    if not reglage:
        return None
    nom, _, passage = reglage.partition(":")
    if not passage:
        return nom, 1
    if not passage.isascii() or not passage.isdigit() or int(passage) < 1:
        raise ValueError(f"{VARIABLE}={reglage!r} : forme attendue « point:n », n entier à partir de 1")
    return nom, int(passage)


_armee: Final = _read(os.environ.get(VARIABLE, ""))
_verrou = Lock()
_passages = 0


def declare_point(nom: str, moment: str) -> str:
    """Declare a point, once, where it is passed; ``moment`` says in French what is true there. Returns ``nom``."""
    if POINTS.setdefault(nom, moment) != moment:
        raise ValueError(f"le point de panne {nom!r} est déclaré deux fois")
    return nom


def crash_point(nom: str) -> None:
    """Kill the process here if this is the armed pass of this point. ``LookupError`` for a point not declared."""
    if _armee is None:
        return
    if nom not in POINTS:
        raise LookupError(f"point de panne non déclaré : {nom!r}")
    global _passages
    if nom == _armee[0]:
        with _verrou:
            _passages += 1
            if _passages == _armee[1]:
                os.kill(os.getpid(), signal.SIGKILL)
