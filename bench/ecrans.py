"""Many live screens on one process: what they cost it, and how late the last of them sees an event."""

import asyncio
import json
import re
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

import httpx
import psutil

from bench.service import CAF, LOT, piece_of_now, server
from ecluse.panne import Serveur

PAR_SECONDE: Final = 200
PAS: Final = 0.25
_VUES: Final = re.compile(rb'"j\.PIECES-ARRIVEES\.valeur":"([^"]*)"')


@dataclass
class Partie:
    """What the screens share: when each number of pieces was reached at the door, and what they saw how late."""

    secondes: int
    partis: list[tuple[int, float]] = field(default_factory=list)
    retards: list[float] = field(default_factory=list)
    images: int = 0
    octets: int = 0


def run(ecrans: Sequence[int], secondes: int) -> Iterator[str]:
    """Markdown lines: the same flow of events before more and more screens."""
    yield f"## Écrans en direct sur un seul processus, {PAR_SECONDE} événements/s pendant {secondes} s"
    yield ""
    yield "| écrans | processeur du serveur (% d'un cœur) | images/s | Mo/s | p50 (s) | p99 (s) | max (s) |"
    yield "|---:|---:|---:|---:|---:|---:|---:|"
    for combien in ecrans:
        partie = Partie(secondes)
        with server() as serveur:
            charge = asyncio.run(_play(serveur, combien, partie))
        rangs = statistics.quantiles(partie.retards, n=100) if len(partie.retards) > 1 else [0.0] * 99
        yield (
            f"| {combien} | {100 * charge / secondes:.0f} | {partie.images / secondes:.0f} "
            f"| {partie.octets / secondes / 1e6:.1f} | {rangs[49]:.2f} | {rangs[98]:.2f} "
            f"| {max(partie.retards, default=0.0):.2f} |"
        )


async def _play(serveur: Serveur, combien: int, partie: Partie) -> float:
    """Processor seconds of the server while the events flow."""
    assert serveur.processus is not None
    processus = psutil.Process(serveur.processus.pid)
    temoin = await _enter(serveur)
    lecteurs = [asyncio.create_task(_watch(serveur, temoin, partie)) for _ in range(combien)]
    # The flow begins once every screen has shown something.
    while partie.images < combien:
        await asyncio.sleep(0.05)
    partie.images = partie.octets = 0
    debut = _cpu(processus)
    await _post(serveur, partie)
    charge = _cpu(processus) - debut
    await asyncio.sleep(1.0)
    for lecteur in lecteurs:
        lecteur.cancel()
    await asyncio.gather(*lecteurs, return_exceptions=True)
    return charge


async def _enter(serveur: Serveur) -> str:
    """The cookie of somebody who has come in."""
    with serveur.client() as client:
        lien = client.post("/v1/liens").json()["lien"]
    async with httpx.AsyncClient(timeout=30) as ecran:
        await ecran.get(lien)
        return "; ".join(f"{nom}={valeur}" for nom, valeur in ecran.cookies.items())


async def _post(serveur: Serveur, partie: Partie) -> None:
    envoyes, lot = 0, int(PAR_SECONDE * PAS)
    with serveur.client() as modele:
        jeton = modele.headers["Authorization"]
    entetes = {**LOT, "Authorization": jeton}
    async with httpx.AsyncClient(base_url=serveur.url, headers=entetes, timeout=30) as client:
        depart = time.perf_counter()
        for tour in range(int(partie.secondes / PAS)):
            await asyncio.sleep(max(0.0, depart + tour * PAS - time.perf_counter()))
            corps = json.dumps([piece_of_now(envoyes + n) for n in range(lot)]).encode()
            envoyes += lot
            partie.partis.append((envoyes, time.perf_counter()))
            (await client.post("/v1/evenements", content=corps)).raise_for_status()


async def _watch(serveur: Serveur, temoin: str, partie: Partie) -> None:
    hote, port = serveur.url.removeprefix("http://").split(":")
    lit, ecrit = await asyncio.open_connection(hote, int(port), limit=2**20)
    vus = 0
    try:
        ecrit.write(f"GET /flux?caf={CAF} HTTP/1.1\r\nHost: {hote}:{port}\r\nCookie: {temoin}\r\n\r\n".encode())
        while ligne := await lit.readline():
            if not ligne.startswith(b'data: {"'):
                continue
            partie.images += 1
            partie.octets += len(ligne)
            recu, compte = time.perf_counter(), _read_count(ligne)
            while vus < len(partie.partis) and partie.partis[vus][0] <= compte:
                partie.retards.append(recu - partie.partis[vus][1])
                vus += 1
    finally:
        ecrit.close()
        with suppress(OSError):
            await ecrit.wait_closed()


def _read_count(ligne: bytes) -> int:
    """The pieces arrived today, of which the text holds thin spaces."""
    trouve = _VUES.search(ligne)
    return int(re.sub(rb"\D", b"", trouve[1]) or 0) if trouve else 0


def _cpu(processus: psutil.Process) -> float:
    temps = processus.cpu_times()
    return float(temps.user + temps.system)
