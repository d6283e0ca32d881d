"""The machine that the figures hold for."""

import os
import platform
import sqlite3
import sys
import tempfile
import time
from pathlib import Path

import psutil


def describe() -> str:
    """One Markdown paragraph: processor, cores, memory, versions, and what a durable write costs here."""
    modele = next(
        (
            ligne.split(":", 1)[1].strip()
            for ligne in Path("/proc/cpuinfo").read_text().splitlines()
            if ligne.startswith("model name")
        ),
        platform.processor(),
    )
    memoire = psutil.virtual_memory().total / 2**30
    charge = os.getloadavg()[0]
    return (
        f"Machine : {modele}, {os.cpu_count()} cœurs, {memoire:.0f} Gio ; {platform.system()} {platform.release()} ; "
        f"Python {sys.version.split()[0]}, SQLite {sqlite3.sqlite_version} ; fsync {_fsync() * 1000:.1f} ms ; "
        f"charge au départ {charge:.1f}"
    )


def _fsync() -> float:
    """Median seconds of a small durable write."""
    durees = []
    with tempfile.NamedTemporaryFile() as fichier:
        for _ in range(30):
            debut = time.perf_counter()
            fichier.write(b"x" * 4096)
            fichier.flush()
            os.fsync(fichier.fileno())
            durees.append(time.perf_counter() - debut)
    return sorted(durees)[len(durees) // 2]
