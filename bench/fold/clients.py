"""Live pages: many watchers of one process while events come in. None is late for the others, none loses an image."""

import asyncio
import json
import re
import statistics
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import httpx
import psutil

from bench.service import CAF, LOT, piece_of_now, server
from ecluse.panne import Serveur

_PAR_SECONDE: Final = 200
_FIN: Final = 15.0


@dataclass
class Suivi:
    """What one watcher saw. ``vus``: events counted by its last image; ``retards``: seconds, of each event."""

    vus: int = 0
    images: int = 0
    retards: list[float] = field(default_factory=list)


def run(clients: int, secondes: int) -> Iterator[str]:
    """Markdown lines."""
    yield f"## {clients} écrans en direct sur un processus, {_PAR_SECONDE} événements/s pendant {secondes} s"
    yield ""
    with server() as serveur:
        assert serveur.processus is not None
        processus = psutil.Process(serveur.processus.pid)
        avant, debut = processus.cpu_times(), time.perf_counter()
        suivis, envoyes = asyncio.run(_watch(serveur, clients, secondes))
        apres, duree = processus.cpu_times(), time.perf_counter() - debut
        memoire = processus.memory_info().rss / 1e6
    consomme = (apres.user + apres.system - avant.user - avant.system) / duree
    complets = sum(suivi.vus >= envoyes for suivi in suivis)
    retards = [retard for suivi in suivis for retard in suivi.retards]
    rangs = statistics.quantiles(retards, n=100)
    yield "| écrans à jour à la fin | images par écran | p50 (s) | p95 (s) | p99 (s) | max (s) | cœurs | mémoire (Mo) |"
    yield "|---:|---:|---:|---:|---:|---:|---:|---:|"
    images = statistics.mean(suivi.images for suivi in suivis)
    yield (
        f"| {complets} / {clients} | {images:.0f} | {rangs[49]:.2f} | {rangs[94]:.2f} | {rangs[98]:.2f} | "
        f"{max(retards):.2f} | {consomme:.2f} | {memoire:.0f} |"
    )


async def _watch(serveur: Serveur, clients: int, secondes: int) -> tuple[list[Suivi], int]:
    partis: list[float] = []
    suivis = [Suivi() for _ in range(clients)]
    with serveur.client() as client:
        lien = client.post("/v1/liens").json()["lien"]
    limites = httpx.Limits(max_connections=clients + 5)
    async with httpx.AsyncClient(base_url=serveur.url, timeout=30, follow_redirects=True, limits=limites) as ecran:
        (await ecran.get(lien)).raise_for_status()
        taches = [asyncio.create_task(_follow(ecran, suivi, partis)) for suivi in suivis]
        emetteur = threading.Thread(target=_post, args=(serveur, secondes, partis))
        emetteur.start()
        await asyncio.to_thread(emetteur.join)
        fin = time.perf_counter() + _FIN
        while time.perf_counter() < fin and any(suivi.vus < len(partis) for suivi in suivis):
            await asyncio.sleep(0.1)
        for tache in taches:
            tache.cancel()
        await asyncio.gather(*taches, return_exceptions=True)
    return suivis, len(partis)


async def _follow(ecran: httpx.AsyncClient, suivi: Suivi, partis: list[float]) -> None:
    async with ecran.stream("GET", f"/flux?caf={CAF}") as flux:
        async for ligne in flux.aiter_lines():
            if not ligne.startswith("data:"):
                continue
            suivi.images += 1
            texte = json.loads(ligne[5:]).get("textes", {}).get("j.PIECES-ARRIVEES.valeur", "")
            compte = int(re.sub(r"\D", "", texte) or 0)
            if compte > suivi.vus:
                recu = time.perf_counter()
                suivi.retards += [recu - parti for parti in partis[suivi.vus : compte]]
                suivi.vus = min(compte, len(partis))


def _post(serveur: Serveur, secondes: int, partis: list[float]) -> None:
    lot = _PAR_SECONDE // 20
    depart = time.perf_counter()
    with serveur.client() as client:
        for tour in range(secondes * 20):
            threading.Event().wait(max(0.0, depart + tour * 0.05 - time.perf_counter()))
            evenements = [piece_of_now(len(partis) + n) for n in range(lot)]
            instant = time.perf_counter()
            client.post("/v1/evenements", content=json.dumps(evenements).encode(), headers=LOT).raise_for_status()
            partis.extend([instant] * lot)
