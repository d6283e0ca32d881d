"""Readers of topics that a test runs beside itself, and topics that kcat fills."""

import asyncio
import json
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from threading import Thread
from typing import Any, Final, TypeVar

from kafka.admin import NewTopic
from sqlalchemy import func, select, text

from shared.bus.courtier import Courtier
from shared.bus.entrees import Entrees, topic_identity
from shared.bus.lecteur import LecteurParLots
from shared.bus.reglages import ReglagesLecture
from shared.runtime.journal import JOURNAL
from shared.runtime.lettres import list_letters
from shared.runtime.reperes import REPERE
from shared.runtime.service import ServiceDeFaits
from tests.fabrique import Brut
from tests.infra.clients import kcat
from tests.infra.kafka import Kafka
from tests.infra.processus import DELAI
from tests.maisons import eventually

T = TypeVar("T")
COURTE: Final = ReglagesLecture(session_timeout_ms=6_000)


@dataclass
class Boucle:
    """An event loop in a thread of its own."""

    boucle: asyncio.AbstractEventLoop

    def run(self, suite: Coroutine[Any, Any, T]) -> T:
        """The result of a coroutine that runs there."""
        return asyncio.run_coroutine_threadsafe(suite, self.boucle).result(DELAI)


@contextmanager
def event_loop() -> Iterator[Boucle]:
    """A running loop, closed at the end."""
    boucle = asyncio.new_event_loop()
    fil = Thread(target=boucle.run_forever, daemon=True)
    fil.start()
    try:
        yield Boucle(boucle)
    finally:
        boucle.call_soon_threadsafe(boucle.stop)
        fil.join()
        boucle.run_until_complete(boucle.shutdown_default_executor())
        boucle.close()


@dataclass(frozen=True)
class Sujet:
    """A topic of a broker, filled by kcat."""

    kafka: Kafka
    nom: str
    partitions: int = 12

    @property
    def courtier(self) -> Courtier:
        """How our programs reach its broker."""
        return Courtier((self.kafka.adresse,))

    def create(self, **reglages: str) -> None:
        """Make the topic; ``reglages`` are its settings, their dots written as underscores."""
        configs = {nom.replace("_", "."): valeur for nom, valeur in reglages.items()}
        with self.kafka.admin() as admin:
            admin.create_topics([NewTopic(self.nom, self.partitions, 1, topic_configs=configs)])
            # A topic is there a moment after it was made.
            eventually(lambda: self.nom in admin.list_topics() or None)

    def put(self, octets: bytes, cle: str, partition: int | None = None) -> None:
        """One record; an empty key or value is none at all."""
        ou = [] if partition is None else ["-p", str(partition)]
        entree = cle.encode() + b"\x02" + octets
        kcat(self.kafka, "-P", "-t", self.nom, *ou, "-K", "\x02", "-D", "\x01", "-Z", entree=entree)

    def send(self, bruts: Sequence[Brut]) -> None:
        """Events as a tool sends them: one line each, with their key."""
        lignes = (f"{b['caf']}|{b['subject']}\t{json.dumps(b, ensure_ascii=False)}\n" for b in bruts)
        kcat(self.kafka, "-P", "-t", self.nom, "-K", "\t", entree="".join(lignes).encode())


@contextmanager
def entering(
    boucle: Boucle,
    sujet: Sujet,
    service: ServiceDeFaits,
    reglages: ReglagesLecture = COURTE,
    identite: Callable[[], str] | None = None,
    **options: Any,
) -> Iterator[LecteurParLots]:
    """A reader of the ingress topic for a service, in its group."""
    groupe = f"{sujet.nom}.{service.nom}"

    async def build() -> LecteurParLots:
        entrees = Entrees(service, sujet.nom, identite or partial(topic_identity, sujet.courtier, sujet.nom))
        lecteur = LecteurParLots(sujet.courtier, sujet.nom, entrees, reglages=reglages, groupe=groupe, **options)
        await lecteur.start()
        return lecteur

    lecteur = boucle.run(build())
    try:
        yield lecteur
    finally:
        boucle.run(lecteur.stop())


def journal_ids(service: ServiceDeFaits) -> list[str]:
    """Ids of the front-office events that the journal holds, in order: whatever took effect, as often as it did."""
    with service.lecture.connect() as connexion:
        lignes = connexion.execute(select(JOURNAL.c.octets).order_by(JOURNAL.c.id)).scalars()
        evenements = [json.loads(octets) for octets in lignes]
    return [e["id"] for e in evenements if not e["source"].startswith("/ecluse/")]


def letters(service: ServiceDeFaits) -> list[Mapping[str, Any]]:
    """Its open letters."""
    with service.lecture.connect() as connexion:
        return [dict(ligne) for ligne in list_letters(connexion)]


def taken(service: ServiceDeFaits) -> int:
    """Records of the ingress that are behind the watermarks, all partitions together, where they begin at 0."""
    with service.lecture.connect() as connexion:
        return int(connexion.execute(select(func.coalesce(func.sum(REPERE.c.offset), 0))).scalar_one())


def execute(service: ServiceDeFaits, ordre: str) -> None:
    """A statement that someone types into the database."""
    with service.ecriture.begin() as connexion:
        connexion.execute(text(ordre))
