"""A consumer of one log on a real Kafka, which remembers what it has applied."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import Connection

from shared.base import open_engine
from shared.bus.lancement import Lancement
from shared.bus.source import SourceKafka
from shared.bus.sujets import JOURNAUX, TICS
from shared.bus.tics import TicsLus
from shared.events.base import Service
from shared.migrations import prepare_base
from shared.reglages import Reglages, read_clock
from shared.runtime.consommateur import Consommateur
from shared.runtime.journal import Enregistrement
from shared.runtime.reperes import load_marks
from shared.runtime.service import Cloche
from shared.runtime.tables import Repere
from tests.maisons import eventually

TYPE: Final = "un.type"


@dataclass
class Releve:
    """A sink that remembers what was applied."""

    types: Sequence[str] = (TYPE,)
    positions: list[int] = field(default_factory=list)
    remplacements: int = 0

    def apply(self, records: Sequence[Enregistrement]) -> None:
        """See ``Puits.apply``."""
        self.positions += [r.position for r in records]

    def collect(self) -> None:
        """See ``Puits.collect``."""

    def save(self, connexion: Connection) -> None:
        """See ``Puits.save``."""

    def saved(self) -> None:
        """See ``Puits.saved``."""

    def start_over(self) -> None:
        """See ``Puits.start_over``."""
        self.remplacements += 1

    def forget(self) -> None:
        """See ``Puits.forget``."""
        self.positions = []


@dataclass
class Suivi:
    """A consumer of the log."""

    consommateur: Consommateur
    releve: Releve
    source: SourceKafka

    @property
    def arret(self) -> str | None:
        """Why it stopped."""
        return self.consommateur.avances[self.source.nom].arret

    def wait_for(self, positions: Sequence[int]) -> None:
        """Wait until exactly these were applied, in this order."""
        eventually(lambda: len(self.releve.positions) >= len(positions))
        assert self.releve.positions == list(positions)


@contextmanager
def follow(nom: Service, reglages: Reglages, lance: Lancement) -> Iterator[Suivi]:
    """A consumer of the log of a service, which goes on from the last checkpoint in the folder of ``reglages``."""
    cloche, releve, tics = Cloche(), Releve(), TicsLus([nom])
    moteur = open_engine(reglages, "indicators", ecriture=True)
    prepare_base(moteur, "indicators", [Repere])
    with moteur.connect() as connexion:
        reperes = load_marks(connexion, "essai")
    source = SourceKafka(nom, releve.types, tics, cloche, lambda recue: lance(JOURNAUX[nom], recue))
    with ExitStack() as pile:
        pile.callback(moteur.dispose)
        pile.enter_context(lance(TICS, tics))
        consommateur = Consommateur("essai", [source], releve, moteur, read_clock, cloche, reperes)
        consommateur.start()
        pile.callback(source.close)
        pile.callback(consommateur.stop)
        yield Suivi(consommateur, releve, source)
