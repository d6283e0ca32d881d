"""The game: the real process is killed again and again while load pours in, and must have lost and doubled nothing."""

import os
import random
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from time import monotonic
from typing import Final, NamedTuple

import httpx
import pytest

import ecluse.maison  # noqa: F401  # every point of the house is declared once this is imported
from ecluse.panne import DepartManque, Serveur
from shared.pannes import POINTS
from shared.pannes import VARIABLE as PANNE
from shared.runtime.temoin import VARIABLE as TEMOIN
from tests.chaos.charge import IMPOSSIBLE, Charge
from tests.chaos.clients import PATIENCE, POINTS_DU_RELAIS, Emetteur, ParRelais, Serveurs
from tests.chaos.compte import Compte, check_house, count_logs, judge_sent
from tests.infra.processus import free_port
from tests.maisons import eventually

CLIENTS: Final = 3
REJEU: Final = "rejeu.avant_commit"
# Points that tests of points declare for themselves are none of the program.
POINTS_DE_LA_MAISON: Final = sorted(n for n in POINTS if n.partition(".")[0] in ("consommateur", "ecrivain", "rejeu"))


class Tir(NamedTuple):
    """How a life of the process ends: at a named point, or at some instant after ``attente`` seconds of load.

    ``vise``: the instant is the first one from there at which a batch is open.
    """

    point: str | None = None
    passage: int = 1
    attente: float = 0.0
    vise: bool = False

    def __str__(self) -> str:
        if self.point:
            return f"{self.point}, passage {self.passage}"
        return f"{'lot ouvert' if self.vise else 'instant'} après {self.attente:.2f} s"


def plan(graine: int, tirs: int) -> list[Tir]:
    """Every point of the house once, and ``tirs`` instants, in any order; first an instant: no point is armed yet."""
    hasard = random.Random(f"plan {graine}")
    passages = {nom: hasard.randint(1, 20) if nom.startswith("ecrivain.") else 1 for nom in POINTS_DE_LA_MAISON}
    points = [Tir(nom, passage) for nom, passage in passages.items()]
    instants = [Tir(attente=hasard.uniform(0.0, 0.5), vise=rang % 3 > 0) for rang in range(tirs)]
    suite = [*points, *instants[1:]]
    return [*instants[:1], *hasard.sample(suite, len(suite))]


@dataclass
class Partie:
    """One game in a folder. ``morts``: each kill, and whether a batch was open at that instant."""

    dossier: Path
    graine: int
    say: Callable[[str], None] = print
    morts: list[tuple[Tir, bool]] = field(default_factory=list)
    emetteurs: list[Emetteur] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.dossier.mkdir(parents=True, exist_ok=True)
        self.data = self.dossier / "data"
        self.temoin = self.dossier / "temoin"
        self.charge = Charge(self.graine)
        self.serveur = Serveur(self.data, free_port())
        self.serveurs = Serveurs(f"http://127.0.0.1:{self.serveur.port}", "")
        self.par_relais = ParRelais(self.serveurs, self.dossier / "relais", self.graine)

    @property
    def ouverts(self) -> int:
        """Kills while a batch was open."""
        return sum(ouvert for _, ouvert in self.morts)

    @property
    def points(self) -> list[str]:
        """The named points at which something was killed."""
        return sorted([tir.point for tir, _ in self.morts if tir.point] + self.par_relais.atteints)

    @property
    def reprises(self) -> int:
        """Batches that got no answer and were sent again."""
        return sum(e.reprises for e in self.emetteurs)

    @property
    def acquittes(self) -> int:
        """Events that a tool was told are taken, repeats included."""
        return sum(e.acquittes for e in self.emetteurs) + self.par_relais.acquittes

    @contextmanager
    def load(self, *, relais: bool) -> Iterator[None]:
        """Load that pours in from the first life of the house to the end of the context, through any number of lives.

        At the end every batch handed out has been answered for.
        """
        with ThreadPoolExecutor(CLIENTS + 1) as fils:
            try:
                self.start()
                taches = self._pour(fils, relais)
                yield
                if relais:
                    assert self.par_relais.fini.wait(PATIENCE), self.par_relais.atteints
                self.charge.finish()
                for tache in taches:
                    tache.result()
            except BaseException:
                self.serveur.kill()
                raise
            finally:
                self.charge.finish()
                self.serveurs.give_up()

    def _pour(self, fils: ThreadPoolExecutor, relais: bool) -> list[Future[None]]:
        premier = Emetteur(self.serveurs)
        with self.serveur.client() as client:
            premier.hand_over(client, self.charge.start())
        autres = [Emetteur(self.serveurs) for _ in range(CLIENTS)]
        self.emetteurs = [premier, *autres]
        outils = [e.run for e in autres] + ([self.par_relais.run] if relais else [])
        return [fils.submit(run, self.charge) for run in outils]

    def start(self, **variables: str) -> None:
        """A new life of the house, on the same folder and the same port."""
        self.serveur.start(**{TEMOIN: str(self.temoin)}, **variables)
        self.serveurs.jeton = (self.data / "local-token").read_text().strip()
        self.serveurs.vivant.set()

    def shoot(self, tirs: list[Tir]) -> None:
        """Kill the house so many times, the life that runs first; a new one runs in the end."""
        for rang, tir in enumerate(tirs, start=1):
            statut = self._live_until(tir)
            self.serveurs.vivant.clear()
            assert statut == -signal.SIGKILL, f"{tir} : statut {statut}"
            ouvert = self._is_open()
            self.morts.append((tir, ouvert))
            self.say(f"  {rang}/{len(tirs)} {tir} : {'un lot était ouvert' if ouvert else 'aucun lot ouvert'}")
        self.start()

    def wait_for(self, evenements: int) -> None:
        """Wait until so many more events are acknowledged."""
        cible = self.acquittes + evenements
        eventually(lambda: self.acquittes >= cible)

    def stop_politely(self, secondes: float) -> None:
        """SIGTERM: the house must have ended, well, within so many seconds. It is not started again."""
        assert self.serveur.processus is not None
        self.serveur.processus.terminate()
        statut = self.serveur.wait(secondes)
        self.serveurs.vivant.clear()
        assert statut == 0

    def _live_until(self, tir: Tir) -> int:
        """The life of the house that the shot ends, begun if there is none; its exit status."""
        if not self.serveurs.vivant.is_set():
            try:
                self.start(**({PANNE: f"{tir.point}:{tir.passage}"} if tir.point else {}))
            except DepartManque as manque:
                if tir.point is None:
                    raise
                # On a slow machine the point can be passed before the house says where it answers.
                return manque.statut
        return self._kill(tir)

    def _kill(self, tir: Tir) -> int:
        """Let the house die as the shot says; its exit status."""
        if tir.point == REJEU:
            self._replay()
        if tir.point is None:
            # The instant is the fault itself: nothing is waited for.
            Event().wait(tir.attente)
            if tir.vise:
                self._freeze_with_an_open_batch()
            self.serveur.kill()
        return self.serveur.wait(PATIENCE)

    def _freeze_with_an_open_batch(self) -> None:
        """Stop the process, as it is, at an instant at which a batch is open."""
        assert self.serveur.processus is not None
        fin = monotonic() + PATIENCE
        while True:
            while not self._is_open():
                assert monotonic() < fin, "no batch is ever open"
            self.serveur.processus.send_signal(signal.SIGSTOP)
            os.waitid(os.P_PID, self.serveur.processus.pid, os.WSTOPPED)
            if self._is_open():
                return
            self.serveur.processus.send_signal(signal.SIGCONT)

    def _replay(self) -> None:
        """Replay the dead letter that is always there; the house dies of it."""
        with self.serveur.client() as client:
            lettres = client.get("/v1/lettres-mortes").raise_for_status().json()
            numero = next(lettre["numero"] for lettre in lettres if lettre["id"] == IMPOSSIBLE[1]["id"])
            with pytest.raises(httpx.TransportError):
                client.post(f"/v1/lettres-mortes/production/{numero}/rejeu")

    def _is_open(self) -> bool:
        """Whether a batch is open, or was at the instant of the kill."""
        return self.temoin.read_bytes()[:1] > b"\0"


def play(partie: Partie, tirs: int) -> Compte:
    """Play a whole game: every point once and ``tirs`` other kills; then hold the house against the oracle."""
    choisis, say = plan(partie.graine, tirs), partie.say
    say(f"{len(choisis)} arrêts brutaux de la maison, {len(POINTS_DU_RELAIS)} du relais ; graine {partie.graine}")
    with partie.load(relais=True):
        partie.shoot(choisis)
    partie.stop_politely(PATIENCE)
    say(f"lot ouvert à {partie.ouverts} arrêts sur {len(partie.morts)} ; points atteints :")
    for point in partie.points:
        say(f"  {point} : {POINTS[point]}")
    return settle(partie)


def settle(partie: Partie) -> Compte:
    """The account of a house that is stopped; its files and figures are those of the oracle, or an assertion fails."""
    acceptes = judge_sent(partie.charge.distribues)
    compte = count_logs(partie.data, acceptes)
    partie.say(
        f"acquittés : {compte.acquittes} événements distincts ({partie.acquittes} avec leurs répétitions, "
        f"{partie.reprises} envois sans réponse) ; perdus : {compte.perdus} ; doublés : {compte.doubles}"
    )
    check_house(partie.data, acceptes)
    partie.say("chiffres, lettres mortes et reconstruction égaux à l'oracle ; integrity_check ok")
    return compte
