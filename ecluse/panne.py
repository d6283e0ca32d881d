"""The failure theatre: kills the real process while events pour in, restarts it, and counts what is missing."""

import json
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import httpx

from shared.temps import PARIS

LOT: Final = 100
LOTS_PAR_TIR: Final = 40
REPRISES_MAX: Final = 100
CAF: Final = "091"
_ADRESSE: Final = re.compile(r"http://127\.0\.0\.1:\d+")


class DepartManque(RuntimeError):
    """A house ended before it said where it answers, with this exit status."""

    def __init__(self, statut: int) -> None:
        super().__init__(f"le serveur ne démarre pas (code {statut})")
        self.statut = statut


@dataclass
class Serveur:
    """An ``ecluse up`` of its own, which can be killed and started again on the same folder. ``port`` 0: a free one;
    ``options``: further ones of the command."""

    dossier: Path
    port: int = 0
    options: tuple[str, ...] = ()
    processus: "subprocess.Popen[str] | None" = None
    url: str = ""
    _lecteur: threading.Thread | None = None

    def start(self, **variables: str) -> None:
        """Start, and wait until it says where it answers. Raises ``DepartManque``."""
        commande = [sys.executable, "-m", "ecluse", "up", "--data-dir", str(self.dossier), "--port", str(self.port)]
        commande += self.options
        self.processus = subprocess.Popen(
            commande, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1", **variables}
        )
        assert self.processus.stdout is not None  # noqa: S101  # asked for above
        for ligne in self.processus.stdout:
            trouve = _ADRESSE.search(ligne)
            if trouve:
                self.url = trouve[0]
                break
        else:
            self.processus.stdout.close()
            raise DepartManque(self.processus.wait())
        self._lecteur = threading.Thread(target=_drain, args=(self.processus,), daemon=True)
        self._lecteur.start()

    def kill(self) -> None:
        """SIGKILL: nothing is flushed, nothing is closed."""
        assert self.processus is not None  # noqa: S101  # started before
        self.processus.send_signal(signal.SIGKILL)
        self.wait(60)

    def stop(self) -> None:
        """Ask it to stop, as Ctrl-C does."""
        if self.processus is not None and self.processus.poll() is None:
            self.processus.send_signal(signal.SIGINT)
            self.wait(60)

    def wait(self, secondes: float) -> int:
        """The exit status, once it has ended; ``subprocess.TimeoutExpired`` when it takes longer."""
        assert self.processus is not None  # noqa: S101  # started before
        statut = self.processus.wait(secondes)
        if self._lecteur is not None:
            self._lecteur.join()
        return statut

    def client(self) -> httpx.Client:
        """A client with the local token."""
        jeton = (self.dossier / "local-token").read_text().strip()
        return httpx.Client(base_url=self.url, headers={"Authorization": f"Bearer {jeton}"}, timeout=60)


@dataclass
class Charge:
    """Batches of events that are sent until each is acknowledged, as a tool would."""

    graine: int
    envoyes: int = 0
    acquittes: set[str] = field(default_factory=set)
    reprises: int = 0

    def batch(self) -> list[dict[str, object]]:
        """The next batch: pieces that arrive, half of them treated the same day."""
        lot: list[dict[str, object]] = []
        while len(lot) < LOT:
            self.envoyes += 1
            lot += _piece(f"P-{self.graine}-{self.envoyes}", traitee=self.envoyes % 2 == 0)
        return lot

    def send(self, client: httpx.Client, lot: list[dict[str, object]]) -> bool:
        """One attempt; False when no answer came (it may or may not have been taken: send it again)."""
        try:
            reponse = client.post(
                "/v1/evenements",
                content=json.dumps(lot).encode(),
                headers={"Content-Type": "application/cloudevents-batch+json"},
            )
        except httpx.HTTPError:
            return False
        if reponse.status_code != 202:
            return False
        self.acquittes.update(str(e["id"]) for e in lot)
        return True


def play(tirs: int, graine: int | None, say: Callable[[str], None]) -> int:
    """Play the theatre; exit code 0 when nothing is lost and nothing counted twice."""
    graine = random.SystemRandom().randrange(10**6) if graine is None else graine
    hasard = random.Random(graine)  # noqa: S311  # a seed to replay, no secret
    say(f"Théâtre de panne : {tirs} arrêts brutaux (SIGKILL) pendant que des événements arrivent. Graine {graine}.")
    with tempfile.TemporaryDirectory(prefix="ecluse-panne-") as dossier:
        serveur, charge = Serveur(Path(dossier)), Charge(graine)
        serveur.start()
        try:
            for tir in range(1, tirs + 1):
                _shoot(serveur, charge, hasard)
                say(f"  arrêt {tir}/{tirs} : processus tué, relancé ; {len(charge.acquittes)} événements acquittés")
            with serveur.client() as client:
                arrivees, traitees = _count(client)
        finally:
            serveur.stop()
    attendues = sum(1 for i in charge.acquittes if i.startswith("a-"))
    attendu_traitees = len(charge.acquittes) - attendues
    ecart = (arrivees - attendues) + (traitees - attendu_traitees)
    perdus = max(0, attendues - arrivees) + max(0, attendu_traitees - traitees)
    say(
        f"Acquittés : {len(charge.acquittes)}   comptés : {arrivees + traitees}   perdus : {perdus}   "
        f"doublés : {max(0, ecart + perdus)}   (envois recommencés : {charge.reprises})"
    )
    return 0 if arrivees == attendues and traitees == attendu_traitees else 1


def _shoot(serveur: Serveur, charge: Charge, hasard: random.Random) -> None:
    """Send batches, kill at a random one of them, restart, and send again whatever got no answer."""
    tir = hasard.randrange(2, LOTS_PAR_TIR)
    sans_reponse: list[list[dict[str, object]]] = []
    client = serveur.client()
    for rang in range(LOTS_PAR_TIR):
        lot = charge.batch()
        if rang == tir:
            tueur = threading.Timer(hasard.uniform(0, 0.02), serveur.kill)
            tueur.start()
            if not charge.send(client, lot):
                sans_reponse.append(lot)
            tueur.join()
            client.close()
            serveur.start()
            client = serveur.client()
        elif not charge.send(client, lot):
            sans_reponse.append(lot)
    for lot in sans_reponse:
        charge.reprises += 1
        for _ in range(REPRISES_MAX):
            if charge.send(client, lot):
                break
            threading.Event().wait(0.1)
        else:
            raise RuntimeError(f"un lot n'est toujours pas accepté après {REPRISES_MAX} envois")
    client.close()


def _count(client: httpx.Client) -> tuple[int, int]:
    """Pieces arrived and treated, once the figures are up to date."""
    while not client.get("/v1/etat").json()["a_jour"]:
        threading.Event().wait(0.1)
    jour = datetime.now(PARIS).date()
    document = client.get(
        "/v1/indicateurs",
        params={
            "caf": CAF,
            "du": (jour - timedelta(days=7)).isoformat(),
            "au": jour.isoformat(),
            "code": ["PIECES-ARRIVEES", "PIECES-TRAITEES"],
        },
    ).json()
    arrivees, traitees = (int(i["valeur"]) for i in document["indicateurs"])
    return arrivees, traitees


def _piece(piece: str, *, traitee: bool) -> list[dict[str, object]]:
    hier = datetime.now(UTC) - timedelta(days=1)
    commun: dict[str, object] = {"specversion": "1.0", "source": "/theatre", "subject": f"D-{piece}", "caf": CAF}
    arrivee: dict[str, object] = {
        **commun,
        "id": f"a-{piece}",
        "type": "fr.caf.piece.arrivee.v1",
        "time": hier.isoformat(),
        "data": {
            "piece": piece,
            "nature": "justificatif",
            "canal": "web",
            "arrivee_le": hier.isoformat(),
            "minima_sociaux": False,
        },
    }
    traitement: dict[str, object] = {
        **commun,
        "id": f"t-{piece}",
        "type": "fr.caf.piece.traitee.v1",
        "time": hier.isoformat(),
        "data": {"piece": piece, "traitee_le": hier.isoformat(), "issue": "liquidee"},
    }
    return [arrivee, traitement] if traitee else [arrivee]


def _drain(processus: "subprocess.Popen[str]") -> None:
    assert processus.stdout is not None  # noqa: S101  # asked for at start
    with processus.stdout as sortie:
        for _ in sortie:
            pass
