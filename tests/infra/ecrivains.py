"""Several writers of one service on one PostgreSQL database, as several processes would be."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Barrier, Event
from typing import Any, Final, NamedTuple, TypeVar

from sqlalchemy import delete, select, text
from sqlmodel import SQLModel

from services.contacts import handlers as contacts
from services.contacts import models as modeles_contacts
from services.production import handlers as production
from services.production import models as modeles_production
from shared.base import table_of
from shared.migrations import upgrade
from shared.reglages import Reglages
from shared.runtime.journal import JOURNAL
from shared.runtime.lot import Lot, Verdict
from shared.runtime.objets import Genre
from shared.runtime.service import ServiceDeFaits, open_service
from shared.runtime.tables import TABLES_COMMUNES
from tests.fabrique import Brut, receive
from tests.infra.processus import DELAI

T = TypeVar("T")
PATIENCE: Final = DELAI


class Metier(NamedTuple):
    """A service and its objects."""

    nom: str
    deciders: Mapping[str, Genre]
    modeles: tuple[type[SQLModel], ...]


CONTACTS: Final = Metier("contacts", contacts.DECIDEURS, modeles_contacts.MODELES)
PRODUCTION: Final = Metier("production", production.DECIDEURS, modeles_production.MODELES)


def open_writer(metier: Metier, dossier: Path, url: str | None = None) -> ServiceDeFaits:
    """A running service on a PostgreSQL database, or on a file of the folder."""
    reglages = Reglages(dossier, bases={metier.nom: url} if url else {})
    return open_service(metier.nom, reglages, metier.deciders, metier.modeles, lambda: None)


@contextmanager
def writers(metier: Metier, url: str, nombre: int = 2) -> Iterator[list[ServiceDeFaits]]:
    """So many writers on one database, whose tables are created here."""
    upgrade(metier.nom, url)
    with ExitStack() as ouverts:
        services = []
        for _ in range(nombre):
            services.append(open_writer(metier, Path("/nulle-part"), url))
            ouverts.callback(services[-1].close)
        yield services


def together(gestes: Sequence[Callable[[], T]]) -> list[T]:
    """What each gives, all of them begun at the same moment."""
    depart = Barrier(len(gestes))

    def start(geste: Callable[[], T]) -> T:
        depart.wait(PATIENCE)
        return geste()

    with ThreadPoolExecutor(len(gestes)) as fils:
        return [f.result(PATIENCE) for f in [fils.submit(start, g) for g in gestes]]


def take_all(service: ServiceDeFaits, bruts: Sequence[Brut], par: int = 1) -> list[Verdict]:
    """Give events in commits of so many, one after the other."""
    verdicts: list[Verdict] = []
    for debut in range(0, len(bruts), par):
        verdicts += service.submit([receive(b) for b in bruts[debut : debut + par]]).result(PATIENCE)
    return verdicts


@contextmanager
def holding(service: ServiceDeFaits, *bruts: Brut, avant: Callable[[Lot], None] = lambda lot: None) -> Iterator[None]:
    """A transaction of the service has taken these events, and is committed when the context ends.

    ``avant``: what it did before.
    """
    pris, suite = Event(), Event()

    def hold(lot: Lot) -> None:
        avant(lot)
        lot.take([receive(b) for b in bruts])
        pris.set()
        assert suite.wait(PATIENCE)

    tenu = service.ecrivain.order(hold)
    assert pris.wait(PATIENCE)
    try:
        yield
    finally:
        suite.set()
        tenu.result(PATIENCE)


def wait_blocked(service: ServiceDeFaits, futur: "Future[Any]") -> None:
    """Until a transaction waits for another one on the database, or the future has its result."""
    while not wait([futur], 0.01).done:
        with service.ecriture.connect() as connexion:
            if connexion.execute(_BLOQUEES).scalar():
                return


_BLOQUEES: Final = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


def objects(service: ServiceDeFaits, modeles: Sequence[type[SQLModel]]) -> dict[str, list[Mapping[str, Any]]]:
    """The rows of every kind of object, without how often they changed."""
    tables = [table_of(m) for m in modeles]
    with service.lecture.connect() as connexion:
        return {
            t.name: [
                {nom: valeur for nom, valeur in ligne.items() if nom != "version"}
                for ligne in connexion.execute(select(t)).mappings()
            ]
            for t in tables
        }


def by_key(lignes: Mapping[str, list[Mapping[str, Any]]]) -> dict[tuple[str, str], Mapping[str, Any]]:
    """The rows of ``objects`` by table and key."""
    return {(table, ligne["cle"]): ligne for table, siennes in lignes.items() for ligne in siennes}


def published(service: ServiceDeFaits) -> list[tuple[str, str, bytes]]:
    """(key, type, bytes) of the log, in the order in which it will be numbered."""
    requete = select(JOURNAL.c.cle, JOURNAL.c.type, JOURNAL.c.octets).order_by(JOURNAL.c.id)
    with service.lecture.connect() as connexion:
        return [(cle, type_, octets) for cle, type_, octets in connexion.execute(requete)]


def empty(service: ServiceDeFaits, modeles: Sequence[type[SQLModel]]) -> None:
    """Forget everything that was taken."""
    with service.ecriture.begin() as connexion:
        for modele in (*TABLES_COMMUNES, *modeles):
            connexion.execute(delete(table_of(modele)))
