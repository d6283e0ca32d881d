"""The load: half of it through the door over HTTP, half by kcat on the ingress topic, repeated and out of order."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event
from typing import Any, Final

import httpx
import msgspec

from shared.bus.sujets import ENTREES
from shared.web.porte import UN_LOT
from tests.chaos.charge import Charge, Lot
from tests.chaos.clients import check_answer
from tests.chaos_kafka.maison import Maison
from tests.programmes import require_program

# Time between two batches of a client (seconds), so that two cores carry the house and its load.
RYTHME: Final = (0.2, 1.0)
PAR_HTTP: Final = 2
PAR_KAFKA: Final = 2
# Of a batch for Kafka, how many records come twice.
REPETES: Final = 0.1
# The house is away, or a part of it: a tool sends again.
A_RENVOYER: Final = (502, 503, 504)
_ENTRE: Final = b"\x01"
_APRES_CLE: Final = b"\x02"


@dataclass
class Depot:
    """A tool at the porte. ``acquittes``: events that it was told are taken; ``reprises``: batches sent again."""

    maison: Maison
    fin: Event
    acquittes: int = 0
    reprises: int = 0

    def run(self, charge: Charge, hasard: random.Random) -> None:
        """Send batches until there are no more."""
        while (lot := charge.next()) is not None:
            self.hand_over(lot)
            self.fin.wait(hasard.uniform(*RYTHME))

    def hand_over(self, lot: Lot) -> None:
        """Send a batch until it is answered."""
        with self.maison.repartie.porte.client() as client:
            while not self._send(client, lot):
                self.reprises += 1
                Event().wait(0.5)
        self.acquittes += len(lot.octets) - lot.refus

    def _send(self, client: httpx.Client, lot: Lot) -> bool:
        """Whether the batch was answered; without an answer it may have been taken or not."""
        try:
            reponse = client.post("/v1/evenements", content=lot.corps, headers={"Content-Type": UN_LOT})
        except httpx.TransportError:
            return False
        if reponse.status_code in A_RENVOYER:
            return False
        check_answer(reponse, lot)
        return True


@dataclass
class Kcat:
    """A tool that writes to the ingress topic. ``envoyes``: records that the broker acknowledged."""

    maison: Maison
    fin: Event
    envoyes: int = 0
    reprises: int = 0
    livres: set[bytes] = field(default_factory=set)

    def run(self, charge: Charge, hasard: random.Random) -> None:
        """Send batches until there are no more."""
        while (lot := charge.next()) is not None:
            self.hand_over(lot.octets, hasard)
            self.fin.wait(hasard.uniform(*RYTHME))

    def hand_over(self, octets: Sequence[bytes], hasard: random.Random) -> None:
        """Send events in any order, some of them twice, until the broker has acknowledged all of them."""
        encore = hasard.sample(octets, int(len(octets) * REPETES))
        records = hasard.sample([*octets, *encore], len(octets) + len(encore))
        entree = _ENTRE.join(_key(o) + _APRES_CLE + o for o in records)
        while not self._produce(entree):
            self.reprises += 1
            Event().wait(0.5)
        self.envoyes += len(records)
        self.livres.update(octets)

    def _produce(self, entree: bytes) -> bool:
        fini = subprocess.run(
            [
                *(require_program("kcat", "kcat"), "-q", "-P", "-b", self.maison.kafka.adresse),
                *("-t", ENTREES.nom(self.maison.repartie.courtier.prefixe)),
                *("-K", _APRES_CLE.decode(), "-D", _ENTRE.decode()),
                *("-X", "acks=all", "-X", "message.timeout.ms=60000"),
            ],
            input=entree,
            capture_output=True,
            check=False,
        )
        return fini.returncode == 0


@dataclass
class Outils:
    """Everything that sends."""

    maison: Maison
    charge: Charge
    graine: int
    fin: Event = field(default_factory=Event)

    def __post_init__(self) -> None:
        self.depots = [Depot(self.maison, self.fin) for _ in range(PAR_HTTP + 1)]
        self.kcats = [Kcat(self.maison, self.fin) for _ in range(PAR_KAFKA + 1)]

    @property
    def depot(self) -> Depot:
        """One that only faults use."""
        return self.depots[0]

    @property
    def kcat(self) -> Kcat:
        """One that only faults use."""
        return self.kcats[0]

    def republish(self, hasard: random.Random, nombre: int) -> int:
        """Write old records again, from any part of the past and in any order; how many."""
        anciens = [o for lot in self.charge.distribues[:] for o in lot.octets]
        choisis = hasard.sample(anciens, min(nombre, len(anciens)))
        self.kcat.hand_over(choisis, hasard)
        return len(choisis)

    @contextmanager
    def pouring(self) -> Iterator[None]:
        """Load that pours in until the end of the context; then every batch handed out has been acknowledged."""
        outils: list[Depot | Kcat] = [*self.depots[1:], *self.kcats[1:]]
        with ThreadPoolExecutor(len(outils)) as fils:
            try:
                self.depot.hand_over(self.charge.start())
                taches = [
                    fils.submit(outil.run, self.charge, random.Random(f"client {self.graine} {rang}"))
                    for rang, outil in enumerate(outils)
                ]
                yield
            finally:
                self.charge.finish()
                self.fin.set()
            for tache in taches:
                tache.result()


def _key(octets: bytes) -> bytes:
    brut: Any = msgspec.json.decode(octets)
    try:
        return f"{brut['caf']}|{brut['subject']}".encode()
    except (KeyError, TypeError, UnicodeEncodeError):
        return b"?"
