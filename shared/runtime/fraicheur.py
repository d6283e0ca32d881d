"""How fresh figures are: nothing that waits in a log, and nothing that a silent publisher may hold, is called fresh."""

from collections.abc import Collection
from dataclasses import dataclass
from time import monotonic

from shared.runtime.reperes import Avance
from shared.temps import SECONDE


@dataclass(frozen=True)
class Fraicheur:
    """How fresh a figure is: instant of the last event applied, age of what is certainly complete, caught up or not."""

    dernier_evenement: int | None
    retard_secondes: float | None
    a_jour: bool


def age_of(avances: Collection[Avance], maintenant: int) -> float | None:
    """The age (seconds) of what is certainly complete in every log; None while one of them has never been."""
    if any(a.complet_le == 0 for a in avances):
        return None
    retard = (maintenant - min(a.complet_le for a in avances)) / SECONDE
    # Clocks of two machines differ: silence is measured on ours alone.
    entendus = [a.tic.entendu for a in avances if a.tic is not None and a.tic.entendu is not None]
    return max(retard, monotonic() - min(entendus), 0.0) if entendus else max(retard, 0.0)
