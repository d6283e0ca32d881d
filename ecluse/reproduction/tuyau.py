"""The generator in a process of its own: ``python -m ecluse.reproduction.tuyau CAF DU AU ECHELLE GRAINE``.

Events go to the standard output, one JSON object a line; then one line on the error output says what they were
(``Emis``). So the house that reads them works on another core.
"""

import gc
import sys
import time
from itertools import islice

import msgspec

from ecluse.simulateur.actes import encode
from ecluse.simulateur.generateur import simulate
from ecluse.simulateur.profil import load_profil

# Lines written at once.
_LOT = 2_000


class Emis(msgspec.Struct, frozen=True):
    """What was emitted. ``a_refuser``: lines that the simulated tools meant to be refused at the door; ``secondes``:
    processor time, so without what was spent waiting for the reader."""

    evenements: int
    a_refuser: int
    secondes: float


def main(caf: str, du: str, au: str, echelle: str, graine: str) -> None:
    """Write the events of the days ``du`` to ``au`` (inclusive, ordinals)."""
    # Acts and events hold no cycles: looking for some costs a sixth of the time.
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)
    profil, lus, a_refuser = load_profil(caf), 0, 0
    envois = simulate(profil, int(du), int(au), echelle=float(echelle), graine=int(graine))
    while lot := list(islice(envois, _LOT)):
        lus += len(lot)
        a_refuser += sum(bool(envoi.faute) for envoi in lot)
        sys.stdout.buffer.writelines(encode(envoi, caf) + b"\n" for envoi in lot)
    sys.stdout.buffer.flush()
    sys.stderr.buffer.write(msgspec.json.encode(Emis(lus, a_refuser, time.process_time())) + b"\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
