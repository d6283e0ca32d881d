"""Cost per event as the house fills up, each size in a process of its own; memory at the end."""

import json
import subprocess
import sys
from collections.abc import Iterator

from bench.importation import import_once
from bench.mois import RACINE

TAILLES = (10_000, 100_000, 1_000_000)


def run(tailles: tuple[int, ...]) -> Iterator[str]:
    """Markdown lines."""
    yield "## Coût par événement quand la maison se remplit"
    yield ""
    yield "| événements | lignes/s | µs de processeur par ligne | mémoire (Mo) | rapport au premier |"
    yield "|---:|---:|---:|---:|---:|"
    premier = 0.0
    for taille in tailles:
        lues, duree, processeur, memoire = _apart(taille)
        cout = processeur / lues * 1e6
        premier = premier or cout
        ligne = f"| {lues:,} | {lues / duree:,.0f} | {cout:.1f} | {memoire:.0f} | {cout / premier:.2f} |"
        yield ligne.replace(",", " ")


def _apart(taille: int) -> tuple[int, float, float, float]:
    commande = [sys.executable, "-m", "bench.courbe", str(taille)]
    sortie = subprocess.run(commande, cwd=RACINE, check=True, capture_output=True, text=True).stdout
    lues, duree, processeur, memoire = json.loads(sortie)
    return int(lues), float(duree), float(processeur), float(memoire)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(import_once(int(sys.argv[1]))))
