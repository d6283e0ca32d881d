"""The distributed mode on this machine: a worker, an outage caught up, freshness, beside the raw cost of the parts."""

import asyncio
import json
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psutil
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from sqlalchemy import func, select

from bench.choix import Mesures, measure
from shared import migrations
from shared.base import insert_many, open_postgres
from shared.bus.admin import Administration
from shared.bus.courtier import Courtier
from shared.bus.sujets import ENTREES
from shared.partition import partition_of
from shared.runtime.boite import BOITE
from shared.runtime.journal import JOURNAL, PUBLIEUR
from tests.infra.kafka import Kafka
from tests.infra.postgres import Postgres
from tests.infra.redis import Redis
from tests.infra.repartie import Processus, Repartie, open_repartie

PARTITIONS = ENTREES.partitions
LOT = 1_000
ECART = 250


@dataclass
class Serveurs:
    """The three servers of a measure."""

    kafka: Kafka
    postgres: Postgres
    redis: Redis


@contextmanager
def servers() -> Iterator[Serveurs]:
    """Empty servers, on loopback."""
    with ExitStack() as pile:
        yield Serveurs(pile.enter_context(Kafka()), pile.enter_context(Postgres()), pile.enter_context(Redis()))


def run_parts(nombre: int) -> Iterator[str]:
    """What the parts cost alone: the limit that no program on top of them passes."""
    yield f"## Les pièces seules ({_number(nombre)} enregistrements de la taille des nôtres)"
    yield ""
    yield "| mesure | par seconde |"
    yield "|---|---:|"
    octets = json.dumps(_arrival(0, "P")).encode()
    with servers() as serveurs:
        courtier = _cluster(serveurs, "pieces")
        sujet = ENTREES.nom("pieces")
        produits = _timed(lambda: asyncio.run(_produce(courtier, sujet, (octets for _ in range(nombre)))))
        yield _row("Kafka : écrire, acks=all", nombre / produits)
        lus = _timed(lambda: asyncio.run(_count(courtier, sujet, nombre)))
        yield _row("Kafka : lire et compter (getmany)", nombre / lus)
        base = _base(serveurs, "production")
        moteur = open_postgres(base, ecriture=True)
        lignes = [(None, None, n % 12, "091|D", "un.type", octets, n, None) for n in range(LOT)]

        def write() -> None:
            for _ in range(nombre // LOT):
                with moteur.begin() as connexion:
                    insert_many(connexion, JOURNAL, lignes, ("id",))

        yield _row(f"PostgreSQL : insérer au journal, un commit par {LOT}", nombre / _timed(write))
        moteur.dispose()


def run_worker(nombre: int) -> Iterator[str]:
    """One worker of production on a topic that is already full: ingress, decisions, commits, publication."""
    yield f"## Un travailleur de production, {_number(nombre)} événements en attente"
    yield ""
    with servers() as serveurs:
        courtier = _cluster(serveurs, "debit")
        base = _base(serveurs, "production")
        asyncio.run(_produce(courtier, ENTREES.nom("debit"), _story(nombre, "D")))
        with _worker(serveurs, base, "debit") as worker:
            duree, appliques, charge = _follow(base, nombre, psutil.Process(worker.pid))
            suite = _wait_published(base)
    yield "| événements/s appliqués et validés | µs de processeur du travailleur par événement | publié après (s) |"
    yield "|---:|---:|---:|"
    yield f"| {_number(appliques / duree)} | {charge * 1e6 / appliques:.0f} | {suite:.1f} |"


def run_outage(secondes: int, par_seconde: int = 200) -> Iterator[str]:
    """The worker comes back after an outage, while events still flow."""
    nombre = secondes * par_seconde
    yield f"## Rattrapage : {secondes} s d'arrêt à {par_seconde} événements/s, le flux continue"
    yield ""
    with servers() as serveurs:
        courtier = _cluster(serveurs, "panne")
        base = _base(serveurs, "production")
        asyncio.run(_produce(courtier, ENTREES.nom("panne"), _story(nombre, "R")))
        arret, envoyes = threading.Event(), list[float]()
        flux = threading.Thread(target=_flow, args=(courtier, par_seconde, "S", arret, envoyes))
        with _worker(serveurs, base, "panne"), _reading(base) as compte:
            flux.start()
            debut = time.perf_counter()
            while compte() < nombre + len(envoyes) - par_seconde:
                time.sleep(0.5)
            duree = time.perf_counter() - debut
            arret.set()
            flux.join()
    rythme = nombre / duree + par_seconde
    yield "| rattrapé en (s) | événements/s pendant le rattrapage | une heure d'arrêt serait rattrapée en (s) |"
    yield "|---:|---:|---:|"
    yield f"| {duree:.0f} | {_number(rythme)} | {3600 * par_seconde / (rythme - par_seconde):.0f} |"


def run_freshness(secondes: int, par_seconde: int = 500) -> Iterator[str]:
    """From the ingress topic to the figure, through every process of the house on these cores."""
    yield f"## Fraîcheur des indicateurs à {par_seconde} événements/s pendant {secondes} s"
    yield ""
    with servers() as serveurs:

        def base(nom: str) -> str:
            return serveurs.postgres.create_database(nom)

        with open_repartie(serveurs.kafka, base, serveurs.redis.url, "frais") as maison:
            retards = _watch(maison, secondes, par_seconde)
    rangs = statistics.quantiles(retards, n=100)
    yield "| événements vus | p50 (s) | p95 (s) | p99 (s) | max (s) |"
    yield "|---:|---:|---:|---:|---:|"
    yield f"| {len(retards)} | {rangs[49]:.2f} | {rangs[94]:.2f} | {rangs[98]:.2f} | {max(retards):.2f} |"


def _cluster(serveurs: Serveurs, prefixe: str) -> Courtier:
    courtier = Courtier((serveurs.kafka.adresse,), prefixe)
    with Administration(courtier) as administration:
        administration.create()
    return courtier


def _base(serveurs: Serveurs, service: str) -> str:
    base = serveurs.postgres.create_database(service)
    migrations.upgrade(service, base)
    return base


def _worker(serveurs: Serveurs, base: str, prefixe: str) -> Processus:
    return Processus(
        "production",
        "worker",
        {
            "ECLUSE_KAFKA": serveurs.kafka.adresse,
            "ECLUSE_DATABASE_URL": base,
            "ECLUSE_REDIS_URL": serveurs.redis.url,
            "ECLUSE_TOKEN": "mesure-sans-secret-000000000000",
            "ECLUSE_PREFIXE": prefixe,
        },
    )


def _arrival(rang: int, serie: str) -> dict[str, object]:
    quand = (datetime.now(UTC) - timedelta(days=2)).strftime("%Y-%m-%dT%H:%M:%SZ")
    return _event(rang, serie, "arrivee", quand, nature="justificatif", canal="web", minima_sociaux=bool(rang % 3))


def _treatment(rang: int, serie: str) -> dict[str, object]:
    quand = (datetime.now(UTC) - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    return _event(rang, serie, "traitee", quand, issue="liquidee")


def _event(rang: int, serie: str, geste: str, quand: str, **data: object) -> dict[str, object]:
    return {
        "specversion": "1.0",
        "id": f"{serie}-{geste}-{rang}",
        "source": "/bench",
        "type": f"fr.caf.piece.{geste}.v1",
        "subject": f"D-{serie}{rang // 3}",
        "time": quand,
        "caf": "091",
        "data": {"piece": f"{serie}{rang}", f"{geste}_le": quand, **data},
    }


def _story(nombre: int, serie: str) -> Iterator[bytes]:
    """Arrivals, each followed some five hundred events later by its treatment."""
    for rang in range(nombre):
        piece = rang // 2
        if rang % 2 == 0:
            evenement = _arrival(piece, serie)
        elif piece >= ECART:
            evenement = _treatment(piece - ECART, serie)
        else:
            evenement = _arrival(piece, f"{serie}-seule-")
        yield json.dumps(evenement).encode()


async def _produce(courtier: Courtier, sujet: str, octets: Iterator[bytes]) -> None:
    producteur = AIOKafkaProducer(**courtier.options(), acks="all", enable_idempotence=True, linger_ms=5)
    await producteur.start()
    try:
        envois = []
        for rang, valeur in enumerate(octets):
            envois.append(await _send(producteur, sujet, valeur, json.loads(valeur)["subject"]))
            if rang % 5_000 == 4_999:
                await asyncio.gather(*envois)
                envois = []
        await asyncio.gather(*envois)
    finally:
        await producteur.stop()


async def _send(producteur: AIOKafkaProducer, sujet: str, octets: bytes, dossier: str) -> asyncio.Future[Any]:
    """As our own tools do: to the partition of the dossier."""
    cle = f"091|{dossier}"
    futur: asyncio.Future[Any] = await producteur.send(sujet, octets, key=cle.encode(), partition=partition_of(cle))
    return futur


async def _count(courtier: Courtier, sujet: str, nombre: int) -> None:
    consommateur = AIOKafkaConsumer(**courtier.options(), enable_auto_commit=False, auto_offset_reset="earliest")
    await consommateur.start()
    try:
        consommateur.assign([TopicPartition(sujet, p) for p in range(PARTITIONS)])
        lus = 0
        while lus < nombre:
            lus += sum(len(r) for r in (await consommateur.getmany(timeout_ms=500, max_records=5_000)).values())
    finally:
        await consommateur.stop()


def _follow(base: str, nombre: int, processus: psutil.Process) -> tuple[float, int, float]:
    """Seconds, events and processor seconds from the first progress that is seen to the last event."""
    with _reading(base) as compte:
        faits = _until(compte, 1)
        debut, premiers, charge = time.perf_counter(), faits, _cpu(processus)
        _until(compte, nombre)
        return time.perf_counter() - debut, nombre - premiers, _cpu(processus) - charge


@contextmanager
def _reading(base: str) -> Iterator[Callable[[], int]]:
    """What counts the events that have taken effect."""
    moteur = open_postgres(base)

    def count() -> int:
        with moteur.connect() as connexion:
            return int(connexion.execute(select(func.count()).select_from(BOITE)).scalar_one())

    try:
        yield count
    finally:
        moteur.dispose()


def _until(compte: Callable[[], int], voulus: int) -> int:
    while (faits := compte()) < voulus:
        time.sleep(0.2)
    return faits


def _wait_published(base: str) -> float:
    """Seconds until every row of the log is confirmed."""
    debut, moteur = time.perf_counter(), open_postgres(base)
    try:
        while True:
            with moteur.connect() as connexion:
                dernier = connexion.execute(select(func.max(JOURNAL.c.id))).scalar_one()
                confirme = connexion.execute(select(PUBLIEUR.c.confirme)).scalar()
                attente = connexion.execute(
                    select(func.count()).select_from(JOURNAL).where(JOURNAL.c.position.is_(None))
                ).scalar_one()
                tete = connexion.execute(select(PUBLIEUR.c.assigne)).scalar()
            if dernier and attente == 0 and confirme == tete:
                return time.perf_counter() - debut
            time.sleep(0.1)
    finally:
        moteur.dispose()


def _cpu(processus: psutil.Process) -> float:
    temps = processus.cpu_times()
    return float(temps.user + temps.system)


def _flow(courtier: Courtier, par_seconde: int, serie: str, arret: threading.Event, envoyes: list[float]) -> None:
    """Send arrivals at a steady rate until told to stop; ``envoyes`` gets the instant of each."""

    async def run() -> None:
        producteur = AIOKafkaProducer(**courtier.options(), acks="all", linger_ms=5)
        await producteur.start()
        debut = time.perf_counter()
        while not arret.is_set():
            dus = int((time.perf_counter() - debut) * par_seconde)
            for rang in range(len(envoyes), dus):
                octets = json.dumps(_arrival(rang, serie)).encode()
                envoyes.append(time.perf_counter())
                await _send(producteur, ENTREES.nom(courtier.prefixe), octets, f"D-{serie}{rang // 3}")
            await asyncio.sleep(0.01)
        await producteur.stop()

    asyncio.run(run())


def _watch(maison: Repartie, secondes: int, par_seconde: int) -> list[float]:
    """Seconds from the sending of each event to the figure that counts it."""
    jour = (datetime.now(UTC) - timedelta(days=3)).date().isoformat()
    question = f"/v1/indicateurs?caf=091&du={jour}&au={datetime.now(UTC).date().isoformat()}&code=PIECES-ARRIVEES"
    arret, envoyes, retards = threading.Event(), list[float](), list[float]()
    flux = threading.Thread(target=_flow, args=(maison.courtier, par_seconde, "F", arret, envoyes))
    with maison.processus["indicators"].client() as client:
        flux.start()
        try:
            fin = time.perf_counter() + secondes
            while time.perf_counter() < fin or len(retards) < len(envoyes):
                if time.perf_counter() > fin:
                    arret.set()
                vus = int(client.get(question).raise_for_status().json()["indicateurs"][0]["valeur"] or 0)
                instant = time.perf_counter()
                retards += [instant - envoi for envoi in envoyes[len(retards) : vus]]
                time.sleep(0.05)
        finally:
            arret.set()
            flux.join()
    # The first seconds wake every process up.
    return retards[par_seconde * 3 :]


def _timed(geste: Callable[[], object]) -> float:
    debut = time.perf_counter()
    geste()
    return time.perf_counter() - debut


def _row(nom: str, debit: float) -> str:
    return f"| {nom} | {_number(debit)} |"


def _number(valeur: float) -> str:
    return f"{valeur:,.0f}".replace(",", " ")


MESURES: Mesures = {
    "pieces": lambda complet: run_parts(200_000 if complet else 50_000),
    "travailleur": lambda complet: run_worker(200_000 if complet else 40_000),
    "rattrapage": lambda complet: run_outage(3_600 if complet else 300),
    "fraicheur": lambda complet: run_freshness(120 if complet else 30),
}


if __name__ == "__main__":
    measure("bench.kafka", __doc__, MESURES, "une heure d'arrêt")
