"""The real server: throughput of the door, time to the live page, questions, work queue."""

import json
import re
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import httpx

from bench.mois import lines
from ecluse.panne import Serveur

CAF = "091"
LOT = {"Content-Type": "application/cloudevents-batch+json"}


@contextmanager
def server() -> Iterator[Serveur]:
    """An ``ecluse up`` of its own on an empty folder."""
    with tempfile.TemporaryDirectory(prefix="ecluse-bench-") as dossier:
        serveur = Serveur(Path(dossier))
        serveur.start()
        try:
            yield serveur
        finally:
            serveur.stop()


def run_http(nombre: int) -> Iterator[str]:
    """The door over HTTP."""
    yield "## Porte HTTP (le serveur dans un autre processus de la même machine)"
    yield ""
    yield "| lots de | connexions | événements/s | p50 (ms) | p99 (ms) |"
    yield "|---:|---:|---:|---:|---:|"
    for taille, connexions, total in (
        (1000, 1, nombre),
        (1000, 4, nombre),
        (100, 4, nombre // 2),
        (1, 8, nombre // 50),
    ):
        with server() as serveur:
            debit, durees = _send(serveur, taille, connexions, total)
        yield f"| {taille} | {connexions} | {debit:,.0f} | {_ms(durees, 50)} | {_ms(durees, 99)} |".replace(",", " ")
    with server() as serveur, serveur.client() as client:
        durees = [_timed(lambda: client.get("/healthz")) for _ in range(500)]
    debit = 1 / statistics.mean(durees)
    yield f"| (réponse vide : /healthz) | 1 | {debit:,.0f} | {_ms(durees, 50)} | {_ms(durees, 99)} |".replace(",", " ")


def run_direct(secondes: int, par_seconde: int = 200) -> Iterator[str]:
    """From the post of an event to the live page that counts it."""
    yield f"## Visible en direct, {par_seconde} événements/s pendant {secondes} s"
    yield ""
    with server() as serveur:
        retards = _watch(serveur, secondes, par_seconde)
    yield "| événements vus | p50 (s) | p95 (s) | p99 (s) | max (s) |"
    yield "|---:|---:|---:|---:|---:|"
    rangs = statistics.quantiles(retards, n=100)
    yield f"| {len(retards)} | {rangs[49]:.2f} | {rangs[94]:.2f} | {rangs[98]:.2f} | {max(retards):.2f} |"


def run_questions(nombre: int | None) -> Iterator[str]:
    """What it costs to ask, on the month."""
    yield "## Questions sur le mois importé"
    yield ""
    yield "| question | médiane (ms) |"
    yield "|---|---:|"
    base = f"caf={CAF}&du=2023-01-01"
    questions = {
        "tous les indicateurs, un mois": f"/v1/indicateurs?{base}&au=2023-01-31",
        "tous les indicateurs, un an": f"/v1/indicateurs?caf={CAF}&du=2022-02-01&au=2023-01-31",
        "série de STOCK par jour, un an": f"/v1/indicateurs/STOCK/serie?caf={CAF}&du=2022-02-01&au=2023-01-31&pas=jour",
        "délai par nature": f"/v1/indicateurs/COG-08-29/coupe?{base}&au=2023-01-31&par=nature",
    }
    with server() as serveur, serveur.client() as client:
        for lot in _batches(nombre, 1000):
            client.post("/v1/evenements", content=lot, headers=LOT)
        _wait(client)
        for nom, adresse in questions.items():
            durees = [_timed(partial(client.get, adresse)) for _ in range(20)]
            yield f"| {nom} | {statistics.median(durees) * 1000:.1f} |"
        refait = client.post("/v1/reconstruction").json()
        yield f"| reconstruction de {refait['evenements']:,} événements | {refait['secondes'] * 1000:,.0f} |"
        debut = time.perf_counter()
        serveur.stop()
        serveur.start()
        yield f"| arrêt propre et redémarrage | {(time.perf_counter() - debut) * 1000:,.0f} |".replace(",", " ")


def run_queue(consommateurs: int = 50, elements: int = 500) -> Iterator[str]:
    """Claims by many consumers at once."""
    yield f"## Corbeille : {consommateurs} consommateurs à la fois"
    yield ""
    with server() as serveur, serveur.client() as client:
        evenements = [piece_of_now(n) for n in range(elements)]
        client.post("/v1/evenements", content=json.dumps(evenements).encode(), headers=LOT).raise_for_status()
        debut = time.perf_counter()
        with ThreadPoolExecutor(consommateurs) as fils:
            prises = sum(fils.map(lambda n: _claim(serveur, f"agent-{n}"), range(consommateurs)))
        duree = time.perf_counter() - debut
    yield f"{prises} prises par HTTP en {duree:.1f} s : {prises / duree:,.0f} prises/s, chacune durable."


def _send(serveur: Serveur, taille: int, connexions: int, total: int) -> tuple[float, list[float]]:
    lots, verrou, durees = _batches(total, taille), threading.Lock(), []

    def work(_: int) -> int:
        envoyes = 0
        with serveur.client() as client:
            while True:
                with verrou:
                    lot = next(lots, None)
                if lot is None:
                    return envoyes
                durees.append(_timed(partial(client.post, "/v1/evenements", content=lot, headers=LOT)))
                envoyes += taille

    debut = time.perf_counter()
    with ThreadPoolExecutor(connexions) as fils:
        envoyes = sum(fils.map(work, range(connexions)))
    return envoyes / (time.perf_counter() - debut), durees


def _watch(serveur: Serveur, secondes: int, par_seconde: int) -> list[float]:
    partis: list[float] = []
    retards: list[float] = []
    vus, fini = 0, threading.Event()

    def post() -> None:
        pas, lot = 0.05, max(1, par_seconde // 20)
        with serveur.client() as client:
            depart = time.perf_counter()
            for tour in range(secondes * 20):
                fini.wait(max(0.0, depart + tour * pas - time.perf_counter()))
                evenements = [piece_of_now(len(partis) + n) for n in range(lot)]
                instant = time.perf_counter()
                client.post("/v1/evenements", content=json.dumps(evenements).encode(), headers=LOT).raise_for_status()
                partis.extend([instant] * lot)

    with serveur.client() as client:
        lien = client.post("/v1/liens").json()["lien"]
    with httpx.Client(base_url=serveur.url, timeout=30, follow_redirects=True) as ecran:
        ecran.get(lien).raise_for_status()
        emetteur = threading.Thread(target=post)
        emetteur.start()
        with ecran.stream("GET", f"/flux?caf={CAF}") as flux:
            for ligne in flux.iter_lines():
                compte = _read_count(ligne)
                if compte > vus:
                    recu = time.perf_counter()
                    retards += [recu - parti for parti in partis[vus:compte]]
                    vus = min(compte, len(partis))
                if not emetteur.is_alive() and vus >= len(partis):
                    break
        fini.set()
        emetteur.join()
    return retards


def _read_count(ligne: str) -> int:
    """The pieces arrived today, in a line of the stream; 0 in a line that tells none."""
    if not ligne.startswith("data:"):
        return 0
    texte = json.loads(ligne[5:]).get("textes", {}).get("j.PIECES-ARRIVEES.valeur", "")
    return int(re.sub(r"\D", "", texte) or 0)


def _claim(serveur: Serveur, agent: str) -> int:
    prises = 0
    with serveur.client() as client:
        while client.post("/v1/corbeilles/pieces/prochain", json={"titulaire": agent}).status_code == 200:
            prises += 1
    return prises


def _batches(nombre: int | None, taille: int) -> Iterator[bytes]:
    """Bodies of batches of valid JSON lines of the month."""
    lot: list[bytes] = []
    for _, octets in lines(nombre):
        if octets.startswith(b"{") and octets.endswith(b"}"):
            lot.append(octets)
            if len(lot) == taille:
                yield b"[" + b",".join(lot) + b"]"
                lot = []


def piece_of_now(numero: int) -> dict[str, object]:
    """A piece that arrives now."""
    instant = (datetime.now(UTC) - timedelta(seconds=1)).isoformat()
    return {
        "specversion": "1.0",
        "id": f"b-{numero}",
        "source": "/bench",
        "type": "fr.caf.piece.arrivee.v1",
        "subject": f"D-{numero}",
        "time": instant,
        "caf": CAF,
        "data": {
            "piece": f"P-{numero}",
            "nature": "justificatif",
            "canal": "web",
            "arrivee_le": instant,
            "minima_sociaux": False,
        },
    }


def _wait(client: httpx.Client) -> None:
    while not client.get("/v1/etat").json()["a_jour"]:
        threading.Event().wait(0.1)


def _timed(geste: Callable[[], object]) -> float:
    debut = time.perf_counter()
    geste()
    return time.perf_counter() - debut


def _ms(durees: Sequence[float], rang: int) -> str:
    return f"{statistics.quantiles(durees, n=100)[rang - 1] * 1000:.1f}" if len(durees) > 1 else "-"
