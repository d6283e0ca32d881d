"""The log of a service on real servers: rows that transactions commit, publishers beside the test, the topic as kcat
shows it."""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any, Final, NamedTuple

from kafka.admin import ConfigResource, ConfigResourceType
from sqlalchemy import Connection, Engine, func, select

from shared.bus.admin import Administration
from shared.bus.courtier import Courtier
from shared.bus.mandat import ReglagesPublication
from shared.bus.publieur import Publieur
from shared.bus.sujets import JOURNAUX, TICS
from shared.events.base import Service
from shared.events.catalogue import TYPES
from shared.events.docs.exemples import front_office_example
from shared.reglages import PARTITIONS, read_clock
from shared.runtime.journal import JOURNAL, PUBLIEUR, AJournaliser, PlumeDifferee
from tests.infra.clients import kcat
from tests.infra.kafka import Kafka
from tests.infra.lectures import Boucle
from tests.maisons import eventually

TYPE: Final = "fr.caf.contact.recu.v1"
TRACE: Final = f"00-{'4b' * 16}-{'a1' * 8}-01"
# Fast enough for tests; a delivery may take longer than they wait for one.
VITE: Final = ReglagesPublication(pause=0.01, tic=0.1, releve=0.1, delai_ms=20_000)
_NUMEROS: Final = count(1)


class Releve(NamedTuple):
    """A record as kcat shows it."""

    partition: int
    offset: int
    cle: str | None
    entetes: dict[str, str]
    valeur: str

    @property
    def type(self) -> str:
        return self.entetes["ecluse-type"]

    @property
    def epoque(self) -> int:
        return int(self.entetes["ecluse-epoque"].partition(".")[0])

    @property
    def position(self) -> int | None:
        texte = self.entetes.get("ecluse-position")
        return None if texte is None else int(texte)


def read_topic(kafka: Kafka, sujet: str) -> list[Releve]:
    """Everything that a topic holds, in order within each partition."""
    # Short waits: where ticks keep coming, a long one never ends without a record, and the end is never seen.
    mots = ("-X", "fetch.wait.max.ms=5", "-C", "-t", sujet, "-e", "-o", "beginning", "-J")
    lignes = kcat(kafka, *mots).split("\n")
    return [_record(json.loads(ligne)) for ligne in lignes if ligne]


def _record(lu: dict[str, Any]) -> Releve:
    brut = lu["headers"]
    entetes = dict(zip(brut[::2], brut[1::2], strict=True))
    return Releve(lu["partition"], lu["offset"], lu["key"], entetes, lu["payload"])


@dataclass
class Journal:
    """The log of a service. Publishers run in ``boucle``."""

    kafka: Kafka
    courtier: Courtier
    moteur: Engine
    boucle: Boucle
    service: Service = "contacts"

    @property
    def sujet(self) -> str:
        return JOURNAUX[self.service].nom(self.courtier.prefixe)

    def create_topics(self) -> None:
        with Administration(self.courtier) as administration:
            administration.create()

    def limit(self, octets: int) -> None:
        """From now on the broker takes no larger batch."""
        reglage = "max.message.bytes"
        with self.kafka.admin() as admin:
            admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, self.sujet, {reglage: str(octets)})])

            def is_known() -> bool:
                lus = admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, self.sujet)])
                return bool(lus["topic"][self.sujet][reglage]["value"] == str(octets))

            # The broker hears of it a moment after it was taken.
            eventually(is_known)

    def write(self, connexion: Connection, dossiers: Iterable[str]) -> None:
        """Rows of an open transaction."""
        evenements = [AJournaliser(f"091|{d}", TYPE, _event(d), TRACE) for d in dossiers]
        PlumeDifferee(self.service).append(connexion, evenements, read_clock())

    def append(self, dossiers: Iterable[str]) -> None:
        """Rows of a transaction of their own."""
        with self.moteur.begin() as connexion:
            self.write(connexion, dossiers)

    @contextmanager
    def publisher(self, reglages: ReglagesPublication = VITE, moteur: Engine | None = None) -> Iterator[Publieur]:
        """A publisher that runs beside the test."""
        publieur = Publieur(self.service, moteur or self.moteur, self.courtier, read_clock, reglages)
        self.boucle.run(_start(publieur))
        try:
            yield publieur
        finally:
            self.boucle.run(_stop(publieur))

    def wait_published(self) -> None:
        """Until every committed row is confirmed."""
        eventually(lambda: self.confirmed() == self.committed())

    def publish(self) -> None:
        """Let a publisher deliver all that is committed, then end."""
        with self.publisher():
            self.wait_published()

    def committed(self) -> int:
        with self.moteur.connect() as connexion:
            return connexion.execute(select(func.count()).select_from(JOURNAL)).scalar_one()

    def confirmed(self) -> int:
        with self.moteur.connect() as connexion:
            return connexion.execute(select(PUBLIEUR.c.confirme)).scalar() or 0

    def records(self) -> list[Releve]:
        """The topic of the log."""
        return read_topic(self.kafka, self.sujet)

    def ticks(self) -> list[dict[str, Any]]:
        """The data of each tick of the log, oldest first."""
        return [json.loads(r.valeur)["data"] for r in read_topic(self.kafka, TICS.nom(self.courtier.prefixe))]

    def check(self) -> list[Releve]:
        """Hold the topic against the database: every committed row is in it, in the order of commits for its key,
        without a hole that a reader would see. The records, each once, in the order in which a reader applies them."""
        appliques = [r for p in range(PARTITIONS) for r in apply(r for r in self.records() if r.partition == p)]
        with self.moteur.connect() as connexion:
            c = JOURNAL.c
            lignes = connexion.execute(select(c.position, c.partition, c.cle, c.octets).order_by(c.id)).all()
        assert sorted(r.position or 0 for r in appliques) == list(range(1, len(lignes) + 1))
        lus = {r.position: (r.partition, r.cle, r.valeur) for r in appliques}
        assert lus == {position: (p, cle, octets.decode()) for position, p, cle, octets in lignes}
        par_cle: dict[str, list[int]] = {}
        for position, _, cle, _ in lignes:
            par_cle.setdefault(cle, []).append(position)
        assert all(positions == sorted(positions) for positions in par_cle.values())
        return appliques


def apply(partition: Iterable[Releve]) -> list[Releve]:
    """What a reader of one partition applies: what it has seen is skipped, a deposed publisher is not heard."""
    tete, epoque, appliques = 0, 0, []
    for record in partition:
        if record.position is None:
            epoque = max(epoque, record.epoque)
        elif record.epoque >= epoque and record.position > tete:
            assert int(record.entetes["ecluse-precedent"]) == tete, record
            tete = record.position
            appliques.append(record)
    return appliques


def _event(dossier: str) -> bytes:
    evenement = front_office_example(TYPES[TYPE])
    evenement |= {"id": f"e-{next(_NUMEROS)}", "subject": dossier, "datacontenttype": "application/json"}
    return json.dumps(evenement, ensure_ascii=False, separators=(",", ":")).encode()


def dossiers(nombre: int, parmi: int = 40) -> Sequence[str]:
    """So many dossiers, which come back."""
    return [f"D-{n % parmi}" for n in range(nombre)]


async def _start(publieur: Publieur) -> None:
    await publieur.start()


async def _stop(publieur: Publieur) -> None:
    await publieur.stop()
