"""The ingress topic, made for a test and read back by kcat, a client that is not ours."""

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from shared.bus.sujets import ENTREES
from tests.infra.clients import kcat
from tests.infra.kafka import Kafka


@dataclass(frozen=True)
class Lu:
    """A record as kcat shows it."""

    partition: int
    cle: str
    entetes: dict[str, str]
    evenement: dict[str, Any]


@dataclass(frozen=True)
class Entrees:
    """An ingress topic of a broker."""

    kafka: Kafka
    sujet: str

    @property
    def adresse(self) -> str:
        """Where an emitter sends."""
        return f"kafka://{self.kafka.adresse}"

    def create(self, **reglages: str) -> None:
        """Make the topic as it is declared, but for ``reglages``, written with underscores for dots."""
        configs = ENTREES.reglages() | {nom.replace("_", "."): valeur for nom, valeur in reglages.items()}
        with self.kafka.admin() as admin:
            admin.create_topics({self.sujet: {"num_partitions": 12, "replication_factor": 1, "configs": configs}})

    def read(self) -> list[Lu]:
        """Everything that the topic holds, in order within each partition."""
        texte = kcat(self.kafka, "-C", "-t", self.sujet, "-e", "-J")
        return [_read_line(ligne) for ligne in texte.split("\n") if ligne]


def _read_line(ligne: str) -> Lu:
    lu = json.loads(ligne)
    entetes = lu["headers"]
    return Lu(
        lu["partition"], lu["key"], dict(zip(entetes[::2], entetes[1::2], strict=True)), json.loads(lu["payload"])
    )


def first_ids(lus: Iterable[Lu]) -> dict[str, list[str]]:
    """By key, the ids in the order in which each came first: what came again counts once."""
    ordre: dict[str, dict[str, None]] = defaultdict(dict)
    for lu in lus:
        ordre[lu.cle][lu.evenement["id"]] = None
    return {cle: list(ids) for cle, ids in ordre.items()}
