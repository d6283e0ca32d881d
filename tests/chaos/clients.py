"""The tools that send the load: each keeps a batch until it is answered, whatever dies meanwhile."""

import random
import signal
import subprocess
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from threading import Event
from typing import Final

import httpx

from shared.pannes import POINTS
from shared.web.porte import UN_LOT
from tests.chaos.charge import Charge, Lot
from tests.relais import Relais, start_relais

PATIENCE: Final = 120.0
# How many batches a relais takes before its tool waits for them to reach the house.
EN_AVANCE: Final = 10
POINTS_DU_RELAIS: Final = sorted(nom for nom in POINTS if nom.startswith("relais."))


class Abandon(Exception):
    """The game ended before the load: something else has failed."""


@dataclass
class Serveurs:
    """Where the house answers, and whether it is alive: clients wait here while it is not."""

    url: str
    jeton: str
    vivant: Event = field(default_factory=Event)
    abandon: Event = field(default_factory=Event)

    def wait(self) -> None:
        """Wait until the house is said to be alive. Raises ``Abandon``."""
        assert self.vivant.wait(PATIENCE), "the house never comes back"
        if self.abandon.is_set():
            raise Abandon

    def give_up(self) -> None:
        """Let go of everyone who waits."""
        self.abandon.set()
        self.vivant.set()


@dataclass
class Emetteur:
    """A tool that sends to the house itself. ``acquittes``: events that were answered for; ``reprises``: resends."""

    serveurs: Serveurs
    acquittes: int = 0
    reprises: int = 0

    def run(self, charge: Charge) -> None:
        """Send batches until there are no more."""
        entetes = {"Authorization": f"Bearer {self.serveurs.jeton}"}
        with httpx.Client(base_url=self.serveurs.url, headers=entetes, timeout=PATIENCE) as client:
            while (lot := charge.next()) is not None:
                self.hand_over(client, lot)

    def hand_over(self, client: httpx.Client, lot: Lot) -> None:
        """Send a batch until it is answered."""
        while not self._send(client, lot):
            self.reprises += 1
            self.serveurs.wait()
        self.acquittes += len(lot.octets) - lot.refus

    def _send(self, client: httpx.Client, lot: Lot) -> bool:
        """Whether the batch was answered; without an answer it may have been taken or not."""
        try:
            reponse = client.post("/v1/evenements", content=lot.corps, headers={"Content-Type": UN_LOT})
        except httpx.TransportError:
            return False
        if reponse.status_code == 503:
            return False
        check_answer(reponse, lot)
        return True


def check_answer(reponse: httpx.Response, lot: Lot) -> None:
    """The door answers for every event of the batch, and refuses those that it must."""
    assert reponse.status_code in (202, 422), (reponse.status_code, reponse.text)
    corps = reponse.json()
    pris = corps["acceptes"] + corps["doublons"]
    assert (pris, len(corps["rejets"])) == (len(lot.octets) - lot.refus, lot.refus), corps


@dataclass
class ParRelais:
    """A tool behind a relais that is killed at each of its points, in turn, while the house is killed too.

    ``fini``: every point was reached; the tool goes on through a relais that nobody kills.
    """

    serveurs: Serveurs
    dossier: Path
    graine: int
    acquittes: int = 0
    atteints: list[str] = field(default_factory=list)
    fini: Event = field(default_factory=Event)
    _lot: Lot | None = None

    def run(self, charge: Charge) -> None:
        """Send batches until there are no more, and everything has left the relais."""
        hasard = random.Random(f"relais {self.graine}")
        self._lot = charge.next()
        for point in hasard.sample(POINTS_DU_RELAIS, len(POINTS_DU_RELAIS)):
            relais = self._start(f"{point}:{hasard.randint(1, 3)}")
            self._feed(relais, charge)
            assert relais.processus.wait(PATIENCE) == -signal.SIGKILL
            relais.processus.communicate()
            self.atteints.append(point)
        self.fini.set()
        relais = self._start(None)
        try:
            self._feed(relais, charge)
            relais.wait_empty()
            assert relais.stop()[0] == 0
        finally:
            relais.processus.kill()
            relais.processus.communicate()

    def _start(self, panne: str | None) -> Relais:
        self.serveurs.wait()
        return start_relais(self.dossier, self.serveurs.url, panne=panne, jeton=self.serveurs.jeton)

    def _feed(self, relais: Relais, charge: Charge) -> None:
        """Hand over batches until the relais dies or there are none left; at most a few are ahead of the house."""
        for rang in count(1):
            if self._lot is None or not self._hand_over(relais, self._lot):
                return
            self.acquittes += len(self._lot.octets) - self._lot.refus
            self._lot = charge.next()
            if rang % EN_AVANCE == 0 and not self._drains(relais):
                return

    def _hand_over(self, relais: Relais, lot: Lot) -> bool:
        """Whether the relais answered for the batch; False when it is dead."""
        try:
            reponse = httpx.post(
                f"{relais.url}/v1/evenements", content=lot.corps, headers=relais.entetes, timeout=PATIENCE
            )
        except httpx.TransportError:
            return False
        check_answer(reponse, lot)
        return True

    def _drains(self, relais: Relais) -> bool:
        """Whether everything left the relais; False when it dies before."""
        while True:
            try:
                if not relais.etat()["attente"]:
                    return True
                relais.processus.wait(0.1)
            except subprocess.TimeoutExpired:
                if self.serveurs.abandon.is_set():
                    raise Abandon from None
            except httpx.TransportError:
                return False
            else:
                return False
