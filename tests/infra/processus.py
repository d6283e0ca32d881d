"""Servers as child processes: started, asked, paused, killed and stopped by id."""

from __future__ import annotations

import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock
from typing import ClassVar, Self

# Below the range from which Linux and macOS draw the ports of outgoing connections: a client that insists while a
# server is away would otherwise end up connected to itself, on the server's own port.
PORTS = range(20_000, 32_000)
# A port is given long before its server listens, and kept while it is down: two processes of pytest that run at once
# draw from ranges of their own, and none gives a port twice.
_PARTS = 8
_DONNES: set[int] = set()
_DONNER = Lock()
DELAI = max(60.0, float(os.environ.get("ECLUSE_PATIENCE", "0")))
# A child is killed when the thread that started it ends (PR_SET_PDEATHSIG): this one lives as long as the process.
_NAISSANCES = ThreadPoolExecutor(max_workers=1, thread_name_prefix="serveurs")


class ServeurAbsent(Exception):
    """A program or a library that a server needs is not on this machine: what is missing, and how to get it."""


class ServeurEnPanne(Exception):
    """A server that was started did not answer; the end of what it wrote is in the message."""


def free_port() -> int:
    """A port of the loopback on which nothing listens, and that nobody else is given."""
    while True:
        port = _draw()
        with socket.socket() as prise:
            try:
                prise.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def _draw() -> int:
    rang = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % _PARTS
    part = PORTS[rang::_PARTS]
    with _DONNER:
        if len(_DONNES) == len(part):
            _DONNES.clear()
        port = random.SystemRandom().choice([p for p in part if p not in _DONNES])
        _DONNES.add(port)
    return port


class Serveur(ABC):
    """One server, with its port and its data for life: it comes back on both after a stop or a kill."""

    nom: ClassVar[str]
    arret: ClassVar[signal.Signals] = signal.SIGTERM
    # What the kernel sends when the test process dies, however it dies.
    orphelin: ClassVar[signal.Signals] = signal.SIGKILL

    def __init__(self) -> None:
        self.port = free_port()
        self.dossier = Path(tempfile.mkdtemp(prefix=f"ecluse-{self.nom}-"))
        self.journal = self.dossier / "sortie.txt"
        self._processus: subprocess.Popen[bytes] | None = None
        self._prete = False

    @abstractmethod
    def prepare(self) -> None:
        """Write what the first start needs."""

    @abstractmethod
    def command(self) -> Sequence[str | Path]:
        """The program and its arguments."""

    @abstractmethod
    def ask(self) -> None:
        """Put a question that a client puts; any exception means that the server is not ready."""

    @property
    def pid(self) -> int:
        """The process, which must run."""
        if self._processus is None:
            raise ServeurEnPanne(f"{self.nom} ne tourne pas.")
        return self._processus.pid

    @property
    def running(self) -> bool:
        """True while the process is there, paused or not."""
        return self._processus is not None and self._processus.poll() is None

    def start(self) -> None:
        """Start it and wait until it answers."""
        if self.running:
            return
        if not self._prete:
            self.prepare()
            self._prete = True
        self._processus = _NAISSANCES.submit(self._spawn).result()
        self._wait_ready()

    def stop(self) -> None:
        """Ask it to end, insist after 30 s, and wait until no process of it is left."""
        if not self.running:
            return
        self.resume()
        famille = self._family()
        os.kill(self.pid, self.arret)
        if not _wait_gone(famille, 30):
            self._end(famille)
        self._reap()

    def kill(self) -> None:
        """End all of its processes at once, as a power cut of its machine would."""
        if self.running:
            # Held first, so that it starts no process while they are counted.
            self._freeze([self.pid])
            self._end(self._family())
            self._reap()

    def restart(self) -> None:
        """Stop, then start on the same port with the same data."""
        self.stop()
        self.start()

    def pause(self) -> None:
        """Freeze every process of it (SIGSTOP), and wait until they are: connections stay open, nothing answers."""
        # The first one held starts no other.
        self._freeze([self.pid])
        self._freeze(self._family())

    def resume(self) -> None:
        """Undo `pause`."""
        _signal(self._family(), signal.SIGCONT)

    def close(self) -> None:
        """Stop it and delete its data."""
        self.stop()
        shutil.rmtree(self.dossier, ignore_errors=True)

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _spawn(self) -> subprocess.Popen[bytes]:
        with self.journal.open("ab") as sortie:
            return subprocess.Popen(
                [*self._guard(), *self.command()],
                cwd=self.dossier,
                stdin=subprocess.DEVNULL,
                stdout=sortie,
                stderr=subprocess.STDOUT,
                # Ctrl-C in a terminal goes to pytest, which stops the servers after the tests that use them.
                start_new_session=True,
            )

    def _guard(self) -> list[str]:
        setpriv = shutil.which("setpriv")
        return [setpriv, "--pdeathsig", self.orphelin.name.removeprefix("SIG")] if setpriv else []

    def _wait_ready(self) -> None:
        fin = time.monotonic() + DELAI
        while True:
            try:
                self.ask()
            except Exception as erreur:
                if not self.running or time.monotonic() > fin:
                    raise ServeurEnPanne(self._account()) from erreur
                time.sleep(0.05)
            else:
                return

    def _account(self) -> str:
        """Why it does not answer, as far as can be told, once it is stopped."""
        code = self._processus.poll() if self._processus is not None else None
        self.kill()
        etat = f"n'a pas répondu en {DELAI:.0f} s" if code is None else f"s'est arrêté (code {code})"
        fin = self.journal.read_text(errors="replace")[-2000:] if self.journal.exists() else ""
        return f"{self.nom} {etat}, port {self.port}. Fin de ce qu'il a écrit :\n{fin}"

    def _freeze(self, famille: Sequence[int]) -> None:
        _signal(famille, signal.SIGSTOP)
        if not _wait(lambda: not any(_active(pid) for pid in famille), DELAI):
            raise ServeurEnPanne(f"{self.nom} : un processus de {list(famille)} ne se fige pas.")

    def _end(self, famille: Sequence[int]) -> None:
        _signal(famille, signal.SIGKILL)
        if not _wait_gone(famille, DELAI):
            raise ServeurEnPanne(f"{self.nom} : un processus de {list(famille)} ne s'arrête pas.")

    def _family(self) -> list[int]:
        return [self.pid, *descendants(self.pid)] if self.running else []

    def _reap(self) -> None:
        if self._processus is not None:
            self._processus.wait(timeout=DELAI)
            self._processus = None


def descendants(pid: int) -> list[int]:
    """The processes that come from one, nearest first (Linux; none elsewhere)."""
    enfants: dict[int, list[int]] = {}
    for dossier in Path("/proc").glob("[0-9]*"):
        etat = state_of(int(dossier.name))
        if etat:
            enfants.setdefault(etat[1], []).append(int(dossier.name))
    trouves = [pid]
    for parent in trouves:
        trouves += enfants.get(parent, [])
    return trouves[1:]


def alive(pid: int) -> bool:
    """True for a process that runs; one that ended and that nobody has read yet counts as gone."""
    etat = state_of(pid)
    if etat is not None:
        return etat[0] != "Z"
    if Path("/proc/self").exists():
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def unprivileged_user() -> str | None:
    """For root, the user that runs what refuses root; None for anyone else, who needs no other.

    Raises:
        ServeurAbsent: root has none, or no setpriv to become it.
    """
    if os.getuid() != 0:
        return None
    if shutil.which("setpriv") is None:
        raise ServeurAbsent("setpriv manque pour lancer PostgreSQL sans être root : apt-get install util-linux")
    connus = {compte.pw_name for compte in pwd.getpwall()}
    for nom in ("postgres", "nobody"):
        if nom in connus:
            return nom
    raise ServeurAbsent("PostgreSQL refuse d'être lancé par root : créez un utilisateur postgres ou nobody.")


def state_of(pid: int) -> tuple[str, int] | None:
    """State letter and parent of a process; None when there is none, or no /proc to tell."""
    try:
        texte = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return None
    # The name, between parentheses, may hold anything, spaces and parentheses included.
    lettre, parent = texte.rpartition(")")[2].split()[:2]
    return lettre, int(parent)


def _signal(famille: Sequence[int], signe: signal.Signals) -> None:
    for pid in famille:
        try:
            os.kill(pid, signe)
        except ProcessLookupError:
            continue


def _active(pid: int) -> bool:
    """False for a process that is frozen or gone; False too where there is no /proc to tell."""
    etat = state_of(pid)
    return etat is not None and etat[0] not in "TtZX"


def _wait_gone(famille: Sequence[int], delai: float) -> bool:
    return _wait(lambda: not any(alive(pid) for pid in famille), delai)


def _wait(condition: Callable[[], bool], delai: float) -> bool:
    """Wait until it holds; False when it does not within ``delai`` seconds."""
    fin = time.monotonic() + delai
    while not condition():
        if time.monotonic() > fin:
            return False
        time.sleep(0.01)
    return True
