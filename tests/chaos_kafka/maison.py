"""The house under fire: its servers, its processes, and who leads what in it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event
from time import monotonic
from typing import Any, Final, TypeVar

import httpx
import psycopg

from shared.bus.gardien import CODE_IMMOBILE
from shared.bus.sujets import JOURNAUX, Sujet
from shared.runtime.garde import lock_number
from tests.infra.hote import Modeles
from tests.infra.kafka import Kafka
from tests.infra.postgres import Postgres
from tests.infra.redis import Redis
from tests.infra.repartie import FAITS, Processus, Repartie, open_repartie

T = TypeVar("T")
PREFIXE: Final = "chaos"
SESSION: Final = 6.0
_DERNIERS_MOTS: Final = 2_500
PATIENCE: Final = 180.0
ROLES: Final = {**dict.fromkeys(FAITS, ("api", "worker", "worker")), "indicators": ("api", "worker")}
_DEVANCES: Final = re.compile(r"^ecluse_reader_fenced_total(?:\{[^}]*\})? ([0-9.e+]+)$", re.MULTILINE)


def wait(secondes: float) -> None:
    """Let that much time go by: the delay is the fault itself."""
    Event().wait(secondes)


def until(constat: Callable[[], T | None], quoi: str, patience: float = PATIENCE) -> T:
    """The first answer that is not None or False; the game is lost when none comes."""
    fin = monotonic() + patience
    while not (resultat := constat()):
        assert monotonic() < fin, f"après {patience:.0f} s, toujours pas : {quoi}"
        wait(0.1)
    return resultat


@dataclass
class Maison:
    """Two workers for each service that takes facts, an API each, two processes of indicators, the porte.

    ``relances``: how often a process ended by itself, as it should, and was started again.
    """

    kafka: Kafka
    postgres: Postgres
    redis: Redis
    repartie: Repartie
    relances: list[str] = field(default_factory=list)

    @property
    def apis(self) -> dict[str, Processus]:
        """The processes that answer."""
        return {nom: p for nom, p in self.repartie.processus.items() if p.role == "api"}

    def workers(self, service: str) -> list[Processus]:
        """The processes that work for a service."""
        return [p for p in self.repartie.processus.values() if (p.service, p.role) == (service, "worker")]

    def name(self, processus: Processus) -> str:
        """How a process is called here."""
        return next(nom for nom, p in self.repartie.processus.items() if p is processus)

    def of(self, service: str) -> list[Processus]:
        """Every process on the database of a service."""
        return [p for p in self.repartie.processus.values() if p.service == service]

    def leader(self, service: str, sauf: Processus | None = None) -> Processus:
        """The worker that publishes, waited for; ``sauf`` is not asked."""
        candidats = [p for p in self.workers(service) if p is not sauf]
        return until(lambda: next((p for p in candidats if leads(p)), None), f"un publieur mène {service}")

    def cut_seat(self, service: str) -> int:
        """Cut the connection that holds the seat of a publisher; how many there were."""
        base = self.repartie.bases[service].rpartition("/")[2]
        with psycopg.connect(self.postgres.url, autocommit=True) as lien:
            coupes = lien.execute(
                "SELECT pg_terminate_backend(l.pid) FROM pg_locks l JOIN pg_database d ON d.oid = l.database"
                " WHERE l.locktype = 'advisory' AND d.datname = %s AND l.objid::bigint = %s AND l.classid = 0",
                [base, lock_number(f"publieur:{service}")],
            )
            return len(coupes.fetchall())

    def query(self, service: str, requete: str, *parametres: object) -> list[tuple[Any, ...]]:
        """Rows of the database of a service, read by somebody else than the program."""
        with psycopg.connect(self.repartie.bases[service]) as lien:
            return lien.execute(requete.encode(), parametres or None).fetchall()

    def revive(self) -> None:
        """Start again whatever ended by itself, as a supervisor does. Only the watchdog's code is a good reason."""
        for nom, processus in self.repartie.processus.items():
            code = processus.ended()
            if code is not None:
                assert code == CODE_IMMOBILE, f"{nom} s'est arrêté (code {code}) :\n{processus.written()[-3000:]}"
                self.relances.append(nom)
            if not processus.running:
                processus.start()


def log_of(service: str) -> Sujet:
    """The topic of the log of a service."""
    return next(sujet for nom, sujet in JOURNAUX.items() if nom == service)


def told(processus: Processus) -> dict[str, str]:
    """What a process says of its readers and of its publisher; nothing when it does not answer."""
    try:
        ailleurs: dict[str, str] = httpx.get(f"{processus.url}/readyz", timeout=5).json()["ailleurs"]
    except (httpx.HTTPError, ValueError):
        return {}
    return ailleurs


def leads(processus: Processus) -> bool:
    """Whether a process publishes the log of its service now."""
    return told(processus).get("publication") == "meneur"


def fenced(processus: Processus) -> int:
    """How often a process was overtaken since it began, as its metrics tell."""
    mesures = httpx.get(f"{processus.url}/metrics", timeout=30).raise_for_status().text
    return int(sum(float(nombre) for nombre in _DEVANCES.findall(mesures)))


@dataclass(frozen=True)
class Serveurs:
    """Servers that nobody else needs."""

    kafka: Kafka
    postgres: Postgres
    redis: Redis


@contextmanager
def open_house(serveurs: Serveurs) -> Iterator[Maison]:
    """A house on these servers, which say their last words if it goes wrong."""
    modeles = Modeles(serveurs.postgres)
    delai = f"{SESSION * 1000:.0f}"
    with open_repartie(
        serveurs.kafka, modeles.copy, serveurs.redis.url, PREFIXE, ROLES, ECLUSE_SESSION_TIMEOUT_MS=delai
    ) as repartie:
        try:
            yield Maison(serveurs.kafka, serveurs.postgres, serveurs.redis, repartie)
        except BaseException:
            for nom, processus in repartie.processus.items():
                print(f"--- {nom} : {told(processus)}\n{processus.written()[-_DERNIERS_MOTS:]}")
            print(f"--- {_state(repartie)}")
            raise


def _state(repartie: Repartie) -> str:
    try:
        with repartie.porte.client() as client:
            return client.get("/v1/etat").text
    except httpx.HTTPError as erreur:
        return f"la porte ne répond pas ({type(erreur).__name__})"
