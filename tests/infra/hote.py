"""The distributed house as one of the places where a contract suite passes (see ``tests.maisons``)."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from ecluse.acces import Acces, reach_origin
from shared import migrations
from tests.infra.kafka import Kafka
from tests.infra.postgres import Postgres
from tests.infra.redis import Redis
from tests.infra.repartie import SERVICES, open_repartie
from tests.maisons import Hote

_RANGS = itertools.count(1)


def distributed(kafka: Kafka, postgres: Postgres, redis: Redis) -> Hote:
    """Houses of ``ecluse serve`` on these servers, each with its own databases and topics, reached at the porte."""
    modeles = Modeles(postgres)

    @contextmanager
    def open_house(dossier: Path) -> Iterator[Acces]:
        del dossier  # nothing of this mode is kept in a folder
        prefixe = f"maison{next(_RANGS)}"
        redis.flush()
        with ExitStack() as pile:
            pile.callback(kafka.delete_topics, f"{prefixe}.")

            def create(nom: str) -> str:
                base = modeles.copy(nom)
                pile.callback(postgres.drop_database, base)
                return base

            maison = pile.enter_context(open_repartie(kafka, create, redis.url, prefixe))
            yield pile.enter_context(reach_origin(maison.porte.url, maison.jeton))

    return open_house


class Modeles:
    """A database of each service, brought to its last revision once, then copied."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres
        self._modeles: dict[str, str] = {}

    def copy(self, service: str) -> str:
        """The address of a new database of a service, at its last revision."""
        if not self._modeles:
            for nom in SERVICES:
                self._modeles[nom] = self._postgres.create_database(f"modele_{nom}")
                migrations.upgrade(nom, self._modeles[nom])
        return self._postgres.create_database(service, self._modeles[service])
