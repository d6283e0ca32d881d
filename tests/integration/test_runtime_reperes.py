"""Watermarks, epochs and freshness: what a consumer may believe of the logs that it reads."""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Semaphore, Thread
from typing import Final, Self

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from ecluse.maison import Maison, open_house
from services.indicators.app import Indicateurs
from services.indicators.app import bootstrap as open_indicators
from shared.base import create_tables, open_sqlite
from shared.reglages import Reglages
from shared.runtime.consommateur import Consommateur
from shared.runtime.journal import Enregistrement
from shared.runtime.reperes import Arret, Avance, PasEncore
from shared.runtime.service import Cloche, MaillonEpoque, Tic
from shared.runtime.tables import Repere
from tests.atelier import Horloge
from tests.maisons import arrivee, deposit, eventually, execute, query, traitee, value

JOUR: Final = "2023-01-10T10:00:00Z"


@dataclass
class FauxJournal:
    """A log that a test holds in its hands. ``lectures``: how many more times it may be read; ``lue``: how many it was
    asked; ``refus``: how many more times it refuses to be read on; ``reprises``: how many times it did not."""

    horloge: Horloge
    nom: str = "production"
    lignee: list[MaillonEpoque] = field(default_factory=lambda: [MaillonEpoque("E1", 0)])
    records: list[Enregistrement] = field(default_factory=list)
    tete: int = 0
    attente: int = 0
    mort: bool = False
    lue: int = 0
    refus: int = 0
    reprises: int = 0
    lectures: Semaphore = field(default_factory=lambda: Semaphore(10**9))

    def tick(self) -> Tic:
        """See ``Source.tick``."""
        if self.mort:
            raise OSError("no publisher")
        if not self.lignee:
            raise PasEncore("no publisher yet")
        return Tic(self.nom, self.tete, self.attente, self.lignee[-1].marque, self.horloge())

    def lineage(self) -> list[MaillonEpoque]:
        """See ``Source.lineage``."""
        return self.lignee

    def read(self, apres: int, limite: int, types: Sequence[str]) -> list[Enregistrement]:
        """See ``Source.read``."""
        del types
        self.lue += 1
        self.lectures.acquire()
        if self.mort:
            raise OSError("no publisher")
        return [r for r in self.records if r.position > apres][:limite]

    def resume(self, avance: Avance) -> None:
        """See ``Source.resume``."""
        del avance
        self.refus -= 1
        if self.refus >= 0:
            raise PasEncore("no reader yet")
        self.reprises += 1

    @contextmanager
    def reread(self, depuis: Avance | None = None, types: Sequence[str] = ()) -> Iterator[Self]:
        """See ``Source.reread``."""
        del depuis, types
        yield self


@dataclass
class Releve:
    """A sink that remembers what was applied."""

    types: Sequence[str] = ("un.type",)
    positions: list[int] = field(default_factory=list)

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

    def forget(self) -> None:
        """See ``Puits.forget``."""
        self.positions = []


@dataclass
class Banc:
    """A consumer on a log held by the test."""

    consommateur: Consommateur
    journal: FauxJournal
    releve: Releve
    cloche: Cloche

    @property
    def a_jour(self) -> bool:
        """What the figures would say of themselves now."""
        return self.consommateur.freshness().a_jour

    def look_again(self) -> None:
        """Let the consumer go round at least twice."""
        vues = self.journal.lue
        while self.journal.lue < vues + 2:
            self.cloche.ring()


@contextmanager
def banc(dossier: Path, journal: FauxJournal, avance: Avance | None = None) -> Iterator[Banc]:
    """A consumer that starts from ``avance`` and stops at the end."""
    moteur = open_sqlite(dossier / "reperes.db", ecriture=True)
    create_tables(moteur, [Repere])
    cloche, releve = Cloche(), Releve()
    charge = {journal.nom: avance} if avance else {}
    consommateur = Consommateur("essai", [journal], releve, moteur, journal.horloge, cloche, charge)
    consommateur.start()
    try:
        yield Banc(consommateur, journal, releve, cloche)
    finally:
        journal.lectures.release(10**6)
        consommateur.stop()
        moteur.dispose()


def record(position: int, precedent: int, partition: int = 0) -> Enregistrement:
    """A record of the log."""
    return Enregistrement("production", partition, position, precedent, "un.type", b"{}", 0)


def test_a_quiet_day_is_up_to_date(tmp_path: Path) -> None:
    with banc(tmp_path, FauxJournal(Horloge())) as essai:
        eventually(lambda: essai.a_jour)
        essai.journal.horloge.advance(3_600)
        essai.look_again()
        assert eventually(lambda: essai.a_jour)


def test_a_publisher_that_has_not_spoken_yet_is_waited_for(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    journal = FauxJournal(Horloge(), lignee=[])
    with banc(tmp_path, journal) as essai:
        essai.cloche.ring()
        assert not essai.a_jour
        journal.lignee = [MaillonEpoque("E1", 0)]
        assert eventually(lambda: essai.a_jour)
    assert caplog.records == []


def test_a_log_that_can_not_be_read_on_yet_is_asked_again(tmp_path: Path) -> None:
    journal = FauxJournal(Horloge(), refus=3, records=[record(1, 0)], tete=1)
    with banc(tmp_path, journal) as essai:
        eventually(lambda: essai.a_jour)
        assert (essai.releve.positions, journal.reprises) == ([1], 1)


def test_a_dead_publisher_does_not_look_like_a_quiet_day(tmp_path: Path) -> None:
    with banc(tmp_path, FauxJournal(Horloge())) as essai:
        eventually(lambda: essai.a_jour)
        essai.journal.mort = True
        essai.journal.horloge.advance(6)
        essai.cloche.ring()
        fraicheur = essai.consommateur.freshness()
        assert not fraicheur.a_jour
        assert fraicheur.retard_secondes == pytest.approx(6, abs=0.1)
        essai.journal.mort = False
        assert eventually(lambda: essai.a_jour)


def test_up_to_date_is_seen_on_two_successive_reads(tmp_path: Path) -> None:
    journal = FauxJournal(Horloge(), lectures=Semaphore(1))
    with banc(tmp_path, journal) as essai:
        eventually(lambda: journal.lue == 2)
        assert not essai.a_jour
        journal.lectures.release(10**6)
        assert eventually(lambda: essai.a_jour)


def test_a_consumer_that_no_longer_reads_is_not_up_to_date(tmp_path: Path) -> None:
    journal = FauxJournal(Horloge(), lectures=Semaphore(2))
    with banc(tmp_path, journal) as essai:
        eventually(lambda: journal.lue == 3)
        assert essai.a_jour
        journal.horloge.advance(6)
        assert not essai.a_jour


@pytest.mark.parametrize("manque", [{"attente": 1}, {"tete": 1}], ids=["en attente d'un commit", "tête non lue"])
def test_what_is_not_in_the_log_or_not_read_yet_is_not_up_to_date(manque: dict[str, int], tmp_path: Path) -> None:
    with banc(tmp_path, FauxJournal(Horloge(), **manque)) as essai:  # type: ignore[arg-type]  # one of its integers
        essai.look_again()
        assert not essai.a_jour
        essai.journal.attente = essai.journal.tete = 0
        assert eventually(lambda: essai.a_jour)


def test_a_record_delivered_again_is_applied_once(tmp_path: Path) -> None:
    records = [record(1, 0), record(2, 0, 1), record(1, 0), record(3, 1), record(2, 0, 1), record(3, 1)]
    with banc(tmp_path, FauxJournal(Horloge(), records=records, tete=3)) as essai:
        assert essai.consommateur.wait_for({"production": 3}, 60)
        assert essai.releve.positions == [1, 2, 3]


def test_a_hole_holds_the_source_until_it_is_filled(tmp_path: Path) -> None:
    journal = FauxJournal(Horloge(), records=[record(1, 0), record(3, 2), record(4, 0, 1)], tete=4)
    with banc(tmp_path, journal) as essai:
        avance = essai.consommateur.avances["production"]
        assert eventually(lambda: avance.trou).endswith("après 1, attendu 2 avant 3")
        essai.look_again()
        assert (avance.curseur, essai.releve.positions, essai.a_jour) == (1, [1], False)
        journal.records.insert(1, record(2, 1))
        essai.cloche.ring()
        eventually(lambda: essai.a_jour)
        assert (avance.trou, essai.releve.positions) == (None, [1, 2, 3, 4])


def epochs(**depuis: int) -> list[MaillonEpoque]:
    """A lineage: each epoch and the position that it continues from."""
    return [MaillonEpoque(marque, position) for marque, position in depuis.items()]


@pytest.mark.parametrize(
    ("lignee", "tete", "suite"),
    [
        pytest.param(epochs(E1=0), 5, True, id="the same epoch, where it was"),
        pytest.param(epochs(E1=0), 8, True, id="the same epoch, further"),
        pytest.param(epochs(E1=0), 4, False, id="the same epoch, shorter than what was read"),
        pytest.param(epochs(E1=0, E2=5), 9, True, id="a next epoch from what was read"),
        pytest.param(epochs(E1=0, E2=7, E3=7), 9, True, id="next epochs from beyond what was read"),
        pytest.param(epochs(E1=0, E2=4), 9, False, id="a next epoch from before what was read"),
        pytest.param(epochs(E0=0, E2=5), 9, False, id="the epoch that was read is unknown"),
    ],
)
def test_the_log_must_continue_the_one_that_was_read(
    lignee: list[MaillonEpoque], tete: int, suite: bool, tmp_path: Path
) -> None:
    journal = FauxJournal(Horloge(), lignee=lignee, tete=tete)
    with banc(tmp_path, journal, Avance(marque="E1", curseur=5)) as essai:
        avance = essai.consommateur.avances["production"]
        assert ("rebuild --accepter-restauration" in (avance.arret or "")) == (not suite)
        if suite:
            assert avance.marque == lignee[-1].marque


def test_an_epoch_that_changes_under_way_is_looked_at(tmp_path: Path) -> None:
    journal = FauxJournal(Horloge(), records=[record(1, 0), record(2, 1)], tete=2)
    with banc(tmp_path, journal) as essai:
        eventually(lambda: essai.a_jour)
        journal.lignee = epochs(E1=0, E2=1)
        essai.cloche.ring()
        assert eventually(lambda: essai.consommateur.avances["production"].arret)
        assert not essai.a_jour


@pytest.fixture
def maison(tmp_path: Path) -> Iterator[Maison]:
    """Its clock stands still: no checkpoint is written but those that a test asks for."""
    with open_house(Reglages(tmp_path, Horloge())) as ouverte:
        yield ouverte


def open_second(maison: Maison) -> Indicateurs:
    """Another consumer of the same logs on the same checkpoint, as a second process would be."""
    premier = maison.indicateurs
    return open_indicators(maison.reglages, premier.sources, Cloche(), premier.stock.rangees, premier.files)


def dump(base: Path) -> list[str]:
    """Everything that a database holds."""
    with closing(sqlite3.connect(base)) as connexion:
        return list(connexion.iterdump())


@pytest.mark.parametrize("deja_un_point", [False, True], ids=["sans point de reprise", "du même point de reprise"])
def test_of_two_consumers_on_one_checkpoint_the_slower_stops_and_writes_nothing(
    deja_un_point: bool, maison: Maison
) -> None:
    if deja_un_point:
        deposit(maison, arrivee("P-1", JOUR))
        assert maison.wait_until_current(60)
        maison.consommateur.checkpoint()
    second = open_second(maison)
    deposit(maison, arrivee("P-2", JOUR), arrivee("P-3", JOUR))
    cibles = {"production": maison.services["production"].publication().tete}
    assert maison.consommateur.wait_for(cibles, 60)
    assert second.consommateur.wait_for(cibles, 60)
    maison.consommateur.checkpoint()
    avant = dump(maison.reglages.base("indicators"))
    with pytest.raises(Arret, match="un autre processus a écrit le point de reprise"):
        second.consommateur.checkpoint()
    second.close()
    assert {a.arret is None for a in second.consommateur.avances.values()} == {False}
    assert dump(maison.reglages.base("indicators")) == avant
    assert value(maison, "PIECES-ARRIVEES") == 2 + deja_un_point


TABLES: Final[Mapping[str, str]] = {"pli_cellule": "SELECT * FROM repere", "repere": "SELECT * FROM pli_cellule"}


@pytest.mark.parametrize(("table", "autres"), TABLES.items())
def test_cells_and_watermarks_are_saved_together_or_not_at_all(table: str, autres: str, tmp_path: Path) -> None:
    base = tmp_path / "indicators.db"
    with open_house(Reglages(tmp_path)) as maison:
        deposit(maison, arrivee("P-1", JOUR))
        assert maison.wait_until_current(60)
    for geste in ("INSERT", "UPDATE"):
        execute(base, f"CREATE TRIGGER no_{geste} BEFORE {geste} ON {table} BEGIN SELECT RAISE(ABORT, 'no'); END")
    gardees = query(base, autres)
    with open_house(Reglages(tmp_path)) as maison:
        deposit(maison, traitee("P-1", JOUR), arrivee("P-2", JOUR))
        assert maison.wait_until_current(60)
        with pytest.raises((IntegrityError, Arret)):
            maison.consommateur.checkpoint()
        assert query(base, autres) == gardees
    assert query(base, autres) == gardees
    for geste in ("INSERT", "UPDATE"):
        execute(base, f"DROP TRIGGER no_{geste}")
    with open_house(Reglages(tmp_path)) as maison:
        assert (value(maison, "PIECES-TRAITEES"), value(maison, "PIECES-ARRIVEES")) == (1, 2)
        assert maison.indicateurs.rebuild().egal


class PuitsLent(Releve):
    """A sink whose checkpoint lasts until the test lets it end."""

    def __init__(self) -> None:
        super().__init__()
        self.commence, self.continue_ = Event(), Event()

    def save(self, connexion: Connection) -> None:
        """See ``Puits.save``."""
        del connexion
        self.commence.set()
        assert self.continue_.wait(30)


def test_figures_are_served_while_a_checkpoint_is_written(tmp_path: Path) -> None:
    """A disk that is slow, or held by another, must not freeze the screens."""
    moteur = open_sqlite(tmp_path / "reperes.db", ecriture=True)
    create_tables(moteur, [Repere])
    journal, puits = FauxJournal(Horloge()), PuitsLent()
    consommateur = Consommateur("essai", [journal], puits, moteur, journal.horloge, Cloche(), {})
    point = Thread(target=consommateur.checkpoint)
    point.start()
    try:
        assert puits.commence.wait(30)
        assert consommateur.verrou.acquire(timeout=10), "les chiffres attendent la fin du point de reprise"
        consommateur.verrou.release()
    finally:
        puits.continue_.set()
        point.join()
        moteur.dispose()


def test_a_wrong_cell_of_the_checkpoint_is_seen_by_a_rebuild(tmp_path: Path) -> None:
    with open_house(Reglages(tmp_path)) as maison:
        deposit(maison, arrivee("P-1"))
        assert maison.wait_until_current(30)
        assert maison.indicateurs.rebuild().egal
        with maison.indicateurs.moteur.begin() as connexion:
            connexion.exec_driver_sql("UPDATE pli_cellule SET mesures = '[7, 0]' WHERE famille = 'piece'")
        comparaison = maison.indicateurs.rebuild()
    assert not comparaison.egal
    assert {e["famille"] for e in comparaison.ecarts} == {"piece"}
