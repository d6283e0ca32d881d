"""A whole distributed house: every process that ``ecluse serve`` may be, on real servers."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx

from shared import migrations
from shared.bus.admin import Administration
from shared.bus.courtier import Courtier
from tests.infra.kafka import Kafka
from tests.infra.processus import Serveur

FAITS: Final = ("contacts", "production", "recovery")
SERVICES: Final = (*FAITS, "indicators")


class Processus(Serveur):
    """One ``ecluse serve``, which can be stopped, killed, frozen and started again on its port.

    ``dernier_code``: the exit code of its last life that was ended from here.
    """

    nom = "ecluse"

    def __init__(self, service: str, role: str, environ: Mapping[str, str]) -> None:
        super().__init__()
        self.service = service
        self.role = role
        self.dernier_code: int | None = None
        self.environ = {**environ, "ECLUSE_PORT": str(self.port), "PYTHONUNBUFFERED": "1"}

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    def prepare(self) -> None:
        """Nothing is kept beside the databases."""

    def command(self) -> Sequence[str | Path]:
        """See ``Serveur``."""
        variables = [f"{nom}={valeur}" for nom, valeur in self.environ.items()]
        return ["env", *variables, sys.executable, "-m", "ecluse", "serve", self.service, "--role", self.role]

    def ask(self) -> None:
        """See ``Serveur``."""
        httpx.get(f"{self.url}/readyz", timeout=5).raise_for_status()

    def client(self) -> httpx.Client:
        """A client with the token of the house."""
        entetes = {"Authorization": f"Bearer {self.environ['ECLUSE_TOKEN']}"}
        return httpx.Client(base_url=self.url, headers=entetes, timeout=60)

    def ended(self) -> int | None:
        """Its exit code when it has ended by itself, and has not been started again."""
        return None if self._processus is None else self._processus.poll()

    def written(self) -> str:
        """What it has written so far."""
        return self.journal.read_text(errors="replace")

    def _reap(self) -> None:
        processus = self._processus
        super()._reap()
        if processus is not None:
            self.dernier_code = processus.returncode


@dataclass
class Repartie:
    """The processes of a house, by name (``production``, ``production-worker``, ``porte``)."""

    jeton: str
    bases: dict[str, str]
    courtier: Courtier
    processus: dict[str, Processus] = field(default_factory=dict)

    @property
    def porte(self) -> Processus:
        """The one origin."""
        return self.processus["porte"]


@contextmanager
def open_repartie(
    kafka: Kafka,
    nouvelle_base: Callable[[str], str],
    redis_url: str,
    prefixe: str,
    roles: Mapping[str, Sequence[str]] | None = None,
    **variables: str,
) -> Iterator[Repartie]:
    """A running house with empty databases and topics of its own.

    ``roles``: the processes of each service, by default one that does all.
    """
    courtier = Courtier((kafka.adresse,), prefixe)
    with Administration(courtier) as administration:
        administration.create()
    bases = {nom: nouvelle_base(nom) for nom in SERVICES}
    for nom, base in bases.items():
        migrations.upgrade(nom, base)
    maison = Repartie(secrets.token_urlsafe(24), bases, courtier)
    commun = {
        "ECLUSE_KAFKA": kafka.adresse,
        "ECLUSE_REDIS_URL": redis_url,
        "ECLUSE_TOKEN": maison.jeton,
        "ECLUSE_PREFIXE": prefixe,
        "ECLUSE_SESSION_TIMEOUT_MS": "6000",
        **variables,
    }
    with ExitStack() as pile:
        for nom in SERVICES:
            for role in (roles or {}).get(nom, ("all",)):
                rang = sum(p.service == nom for p in maison.processus.values())
                environ = {**commun, "ECLUSE_DATABASE_URL": bases[nom]}
                maison.processus[nom if rang == 0 else f"{nom}-{rang}"] = Processus(nom, role, environ)
        maison.processus["porte"] = Processus("porte", "api", commun)
        for nom in SERVICES:
            for processus in maison.processus.values():
                processus.environ[f"ECLUSE_URL_{nom.upper()}"] = maison.processus[nom].url
        pile.callback(_all_at_once, maison, Processus.close)
        _all_at_once(maison, Processus.start)
        yield maison


def _all_at_once(maison: Repartie, geste: Callable[[Processus], None]) -> None:
    """Each process spends its first seconds loading its program, and its last ones taking leave."""
    with ThreadPoolExecutor() as fils:
        list(fils.map(geste, maison.processus.values()))
