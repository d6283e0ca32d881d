"""Measures chosen on the command line, printed as Markdown below what the machine is."""

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping

from bench.machine import describe

# Each gives its lines; told whether it runs at its whole size.
Mesures = Mapping[str, Callable[[bool], Iterator[str]]]


def measure(programme: str, description: str | None, mesures: Mesures, entier: str) -> None:
    """Run the measures that are asked for; ``entier``: what their whole size is."""
    analyse = argparse.ArgumentParser(prog=programme, description=description)
    analyse.add_argument("mesures", nargs="*", choices=[[], *mesures], help="mesures à faire ; aucune : toutes")
    analyse.add_argument("--complet", action="store_true", help=f"tailles entières ({entier})")
    choix = analyse.parse_args()
    sys.stdout.write(describe() + "\n")
    for nom in choix.mesures or mesures:
        sys.stdout.write("\n")
        for ligne in mesures[nom](choix.complet):
            sys.stdout.write(ligne + "\n")
            sys.stdout.flush()
