"""``ecluse import``: from file to indicators, durable; beside it the cost of its parts alone."""

import sqlite3
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from bench.mois import lines, month
from ecluse.acces import reach
from ecluse.importation import Rejets, import_lines
from shared.events.porte import judge
from shared.reglages import read_clock


def run(nombre: int | None) -> Iterator[str]:
    """Markdown lines."""
    yield f"## Import de {month().name}, du fichier aux indicateurs"
    yield ""
    yield "| mesure | lignes/s | µs de processeur par ligne | mémoire (Mo) |"
    yield "|---|---:|---:|---:|"
    yield _row("import entier, durable, indicateurs à jour", *import_once(nombre))
    yield _row("dont lecture seule du fichier", *_alone(nombre, lambda _: None))
    maintenant = read_clock()
    yield _row("dont jugement de la porte seul (lecture comprise)", *_alone(nombre, lambda o: judge(o, maintenant)))
    yield _row("SQLite seul : mêmes octets, une table, mêmes commits", *_sqlite(nombre))


def import_once(nombre: int | None) -> tuple[int, float, float, float]:
    """(lines, seconds, CPU seconds, peak memory in MB) of one import into an empty folder."""
    processus = psutil.Process()
    with tempfile.TemporaryDirectory() as dossier:
        debut, processeur = time.perf_counter(), time.process_time()
        with reach(Path(dossier) / "donnees") as acces:
            bilan = import_lines(lines(nombre), acces.send, Rejets(Path(dossier) / "rejets"), lot=acces.lot)
            if not acces.wait():
                raise RuntimeError("les indicateurs ne sont pas à jour")
            duree, consomme = time.perf_counter() - debut, time.process_time() - processeur
            memoire = processus.memory_info().rss / 1e6
    return bilan.lus, duree, consomme, memoire


def _alone(nombre: int | None, geste: object) -> tuple[int, float, float, float]:
    debut, processeur, lues = time.perf_counter(), time.process_time(), 0
    for _, octets in lines(nombre):
        geste(octets)  # type: ignore[operator]  # a function of bytes
        lues += 1
    return lues, time.perf_counter() - debut, time.process_time() - processeur, _memory()


def _sqlite(nombre: int | None) -> tuple[int, float, float, float]:
    with tempfile.TemporaryDirectory() as dossier:
        base = sqlite3.connect(Path(dossier) / "brut.db", isolation_level=None)
        for pragma in ("journal_mode=WAL", "synchronous=FULL"):
            base.execute(f"PRAGMA {pragma}")
        base.execute("CREATE TABLE brut (id INTEGER PRIMARY KEY, octets BLOB)")
        debut, processeur, lues = time.perf_counter(), time.process_time(), 0
        lot: list[tuple[bytes]] = []
        for _, octets in lines(nombre):
            lot.append((octets,))
            if len(lot) == 2_000:
                lues += _insert(base, lot)
                lot = []
        lues += _insert(base, lot)
        base.close()
        return lues, time.perf_counter() - debut, time.process_time() - processeur, _memory()


def _insert(base: sqlite3.Connection, lot: list[tuple[bytes]]) -> int:
    base.execute("BEGIN IMMEDIATE")
    base.executemany("INSERT INTO brut (octets) VALUES (?)", lot)
    base.execute("COMMIT")
    return len(lot)


def _memory() -> float:
    return float(psutil.Process().memory_info().rss) / 1e6


def _row(nom: str, lues: int, duree: float, processeur: float, memoire: float) -> str:
    debit = f"{lues / duree:,.0f}".replace(",", " ")
    return f"| {nom} | {debit} | {processeur / lues * 1e6:.1f} | {memoire:.0f} |"
