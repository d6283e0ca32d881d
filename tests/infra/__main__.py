"""Which real servers the tests find on this machine: starts each, and says what is missing.

``python -m tests.infra``; exit status 1 when one is missing. Kafka is fetched if need be.
"""

from __future__ import annotations

import sys

from tests.infra.kafka import Kafka
from tests.infra.postgres import Postgres
from tests.infra.processus import ServeurAbsent, ServeurEnPanne
from tests.infra.redis import Redis


def main() -> int:
    """Try the three; 0 when all answer."""
    manques = 0
    for fabrique in (Postgres, Redis, Kafka):
        try:
            with fabrique():
                print(f"{fabrique.nom} répond.")
        except (ServeurAbsent, ServeurEnPanne) as probleme:
            print(probleme, file=sys.stderr)
            manques += 1
    return min(manques, 1)


if __name__ == "__main__":
    sys.exit(main())
