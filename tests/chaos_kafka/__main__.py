"""``python -m tests.chaos_kafka --tirs N [--graine S]``: break everything under load, then count."""

import argparse
import random
import sys
from functools import partial

from tests.chaos_kafka.maison import Serveurs
from tests.chaos_kafka.partie import play
from tests.infra.kafka import Kafka
from tests.infra.postgres import Postgres
from tests.infra.redis import Redis


def main() -> int:
    """Read the command line and play; exit code 1 when something is lost or doubled."""
    lecture = argparse.ArgumentParser(prog="python -m tests.chaos_kafka", description=__doc__)
    lecture.add_argument("--tirs", type=int, default=0, help="pannes sous charge ; chaque genre deux fois au moins")
    lecture.add_argument("--graine", type=int, default=None, help="graine d'une partie à rejouer")
    choix = lecture.parse_args()
    graine = random.randrange(1, 10**6) if choix.graine is None else choix.graine
    with Kafka() as kafka, Postgres() as postgres, Redis() as redis:
        bilan = play(Serveurs(kafka, postgres, redis), graine, choix.tirs, partial(print, flush=True))
    print(bilan.table())
    return 1 if bilan.compte.perdus or bilan.compte.doubles else 0


if __name__ == "__main__":
    sys.exit(main())
