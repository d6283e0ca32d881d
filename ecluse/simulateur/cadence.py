"""When simulated events leave: as fast as the real clock allows, or so many times faster than it, never beyond it."""

from collections.abc import Callable, Iterable, Iterator
from threading import Event
from typing import Final, NamedTuple

from ecluse.simulateur.actes import Envoi
from shared.temps import SECONDE
from shared.web.porte import EVENEMENTS_MAX, OCTETS_MAX

Clock = Callable[[], int]
# Seconds after which the clock is read again: somebody may have set it.
_PATIENCE: Final = 1.0


class Pret(NamedTuple):
    """An event that may leave. ``faute``: what its tool got wrong; ``recu``: its place in the simulated time."""

    octets: bytes
    faute: str
    recu: int


class Cadence:
    """The real instant at which each simulated one is due.

    ``debut``: the simulated instant from which time flows ``facteur`` times faster than the real clock; what comes
    before is one load, due at once. Without ``facteur`` everything is due at once. Nothing is due before the real clock
    has passed it: a simulation that catches up with the clock goes on with it.
    """

    def __init__(self, debut: int, facteur: float | None, clock: Clock) -> None:
        self._debut = debut
        self._facteur = facteur
        self._clock = clock
        self._depart: int | None = None

    def due(self, envoi: Envoi) -> int:
        """When this event may leave; the first one that is paced starts the flow of time."""
        au_plus_tot = max(envoi.recu, envoi.emis)
        if self._facteur is None or envoi.recu < self._debut:
            return au_plus_tot
        if self._depart is None:
            self._depart = self._clock()
        return max(au_plus_tot, self._depart + int((envoi.recu - self._debut) / self._facteur))


def pace(
    envois: Iterable[Envoi], write: Callable[[Envoi], bytes], cadence: Cadence, clock: Clock, stop: Event
) -> Iterator[list[Pret]]:
    """The events, in their order, by batches that a door takes, each as soon as its last event is due.

    Waits on ``stop`` only, and ends once it is set.
    """
    lot, taille, maintenant = list[Pret](), 2, clock()
    for envoi in envois:
        du = cadence.due(envoi)
        if du > maintenant:
            maintenant = clock()
        if du > maintenant:
            if lot:
                yield lot
                lot, taille = [], 2
            if not wait_until(du, clock, stop):
                return
            maintenant = clock()
        octets = write(envoi)
        if len(lot) == EVENEMENTS_MAX or (lot and taille + len(octets) + 1 > OCTETS_MAX):
            yield lot
            lot, taille = [], 2
        lot.append(Pret(octets, envoi.faute, envoi.recu))
        taille += len(octets) + 1
    if lot:
        yield lot


def wait_until(instant: int, clock: Clock, stop: Event) -> bool:
    """Wait until the clock has reached an instant; False when told to stop meanwhile."""
    while (reste := instant - clock()) > 0:
        if stop.wait(min(reste / SECONDE, _PATIENCE)):
            return False
    return not stop.is_set()
