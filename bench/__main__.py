"""``python -m bench [measure…]``: prints Markdown. Without a name, all of them, at a size that ends in minutes."""

import argparse
import sys
from collections.abc import Callable, Iterator

from bench import courbe, importation, service
from bench.machine import describe

MESURES: dict[str, Callable[[bool], Iterator[str]]] = {
    "import": lambda complet: importation.run(None),
    "http": lambda complet: service.run_http(200_000 if complet else 50_000),
    "direct": lambda complet: service.run_direct(120 if complet else 30),
    "questions": lambda complet: service.run_questions(None if complet else 60_000),
    "corbeille": lambda complet: service.run_queue(),
    "courbe": lambda complet: courbe.run(courbe.TAILLES if complet else courbe.TAILLES[:2]),
}


def main() -> None:
    """Run the measures that are asked for."""
    analyse = argparse.ArgumentParser(prog="bench", description=__doc__)
    analyse.add_argument("mesures", nargs="*", choices=[[], *MESURES], help="mesures à faire ; aucune : toutes")
    analyse.add_argument("--complet", action="store_true", help="tailles entières (un million d'événements)")
    choix = analyse.parse_args()
    sys.stdout.write(describe() + "\n")
    for nom in choix.mesures or MESURES:
        sys.stdout.write("\n")
        for ligne in MESURES[nom](choix.complet):
            sys.stdout.write(ligne + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
