"""``python -m tests.chaos --tirs N [--graine S]``: kill the real process under load, then count."""

import argparse
import random
import sys
import tempfile
from pathlib import Path

from tests.chaos.partie import Partie, play


def main() -> int:
    """Read the command line and play; exit code 1 when something is lost or doubled."""
    lecture = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    lecture.add_argument("--tirs", type=int, default=30, help="arrêts à un instant quelconque")
    lecture.add_argument("--graine", type=int, default=None, help="graine d'une partie à rejouer")
    choix = lecture.parse_args()
    graine = random.randrange(1, 10**6) if choix.graine is None else choix.graine
    with tempfile.TemporaryDirectory(prefix="ecluse-chaos-") as dossier:
        compte = play(Partie(Path(dossier), graine), max(1, choix.tirs))
    return 1 if compte.perdus or compte.doubles else 0


if __name__ == "__main__":
    sys.exit(main())
