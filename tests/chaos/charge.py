"""What pours in while the process is killed: batches of a real month, out of order and repeated."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from threading import Event, Lock
from typing import Any, Final, NamedTuple

import msgspec

from shared.ndjson import read_lines
from tests.donnees import attendu_petit, petit_mois
from tests.maisons import arrivee, traitee

TAILLES: Final = (1, 5, 40, 200)
# How often a batch that was already handed out is handed out again, perhaps to two clients at once.
REPETES: Final = 0.15
# The last lines of the month: their refusal depends on coming second.
SUIVENT: Final = 6
# A dead letter that is there whatever has come of the month.
IMPOSSIBLE: Final = (arrivee("P-CHAOS", "2023-01-10T10:00:00Z"), traitee("P-CHAOS", "2023-01-05T10:00:00Z"))


class Lot(NamedTuple):
    """A batch as its tool sends it: the bytes of each event, and how many of them the door must refuse."""

    octets: list[bytes]
    refus: int = 0

    @property
    def corps(self) -> bytes:
        """The body of the request."""
        return b"[" + b",".join(self.octets) + b"]"


@dataclass
class Charge:
    """Batches for as long as they are asked for; ``distribues``: each of those handed out, once."""

    graine: int
    distribues: list[Lot] = field(default_factory=list)
    _finie: Event = field(default_factory=Event)
    _verrou: Lock = field(default_factory=Lock)

    def __post_init__(self) -> None:
        self._hasard = random.Random(f"répétitions {self.graine}")
        self._nouveaux = self._cut()

    def start(self) -> Lot:
        """The batch to send before any other."""
        self.distribues.append(Lot([msgspec.json.encode(e) for e in IMPOSSIBLE]))
        return self.distribues[0]

    def finish(self) -> None:
        """Hand out nothing more."""
        self._finie.set()

    def next(self) -> Lot | None:
        """A batch, new or already handed out; None at the end."""
        with self._verrou:
            if self._finie.is_set():
                return None
            if self._hasard.random() < REPETES:
                return self._hasard.choice(self.distribues)
            lot = next(self._nouveaux)
            self.distribues.append(lot)
            return lot

    def _cut(self) -> Iterator[Lot]:
        """The month in any order, then the same month of other Cafs, without end."""
        hasard = random.Random(f"lots {self.graine}")
        mois = list(_month())
        for tour in count():
            tirees = hasard.sample(mois, len(mois))
            if tour:
                tirees = [(_elsewhere(octets, tour), False) for octets, refusee in tirees if not refusee]
            debut = 0
            while debut < len(tirees):
                fin = debut + hasard.choice(TAILLES)
                morceau, debut = tirees[debut:fin], fin
                yield Lot([octets for octets, _ in morceau], sum(refusee for _, refusee in morceau))


def _month() -> Iterator[tuple[bytes, bool]]:
    """The lines of the small month that can travel in a list, and whether the door must refuse each."""
    lignes = list(read_lines(str(petit_mois())))[:-SUIVENT]
    refusees = {rejet["ligne"] for rejet in attendu_petit()["rejets"]}
    for numero, octets in lignes:
        try:
            msgspec.json.decode(octets)
        except msgspec.DecodeError:
            continue
        yield octets, numero in refusees


def _elsewhere(octets: bytes, tour: int) -> bytes:
    """The same event, in another Caf."""
    brut: dict[str, Any] = msgspec.json.decode(octets)
    return msgspec.json.encode(brut | {"id": f"{brut['id']}-{tour}", "caf": f"{int(brut['caf']) + tour:03d}"})
