"""Moving a data folder to PostgreSQL: every row of the four services, compared once it is there.

The log keeps its positions and its lineage; the publisher of each service then sends all of it to Kafka, from the
first position, so that the topics hold what a rebuild needs.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, Table, func, insert, inspect, select, text, update
from sqlmodel import SQLModel

from services.contacts.models import MODELES as CONTACTS
from services.indicators.models import TABLES_INDICATEURS
from services.production.models import MODELES as PRODUCTION
from services.recovery.models import MODELES as RECOVERY
from shared.base import declared_tables, open_engine, open_postgres, table_of
from shared.corbeille.tables import TABLES_CORBEILLE
from shared.migrations import prepare_base, upgrade
from shared.pannes import crash_point, declare_point
from shared.reglages import Reglages
from shared.runtime.journal import EPOQUE, PUBLIEUR
from shared.runtime.tables import TABLES_COMMUNES, Repere

SERVICES: Final[Mapping[str, Sequence[type[SQLModel]]]] = {
    "contacts": (*TABLES_COMMUNES, *TABLES_CORBEILLE, *CONTACTS),
    "production": (*TABLES_COMMUNES, *TABLES_CORBEILLE, *PRODUCTION),
    "recovery": (*TABLES_COMMUNES, *TABLES_CORBEILLE, *RECOVERY),
    "indicators": (Repere, *TABLES_INDICATEURS),
}
PAQUET: Final = 2_000
AVANT_COMMIT: Final = declare_point("demenagement.avant_commit", "un service est copié, rien n'est validé")
APRES_COMMIT: Final = declare_point(
    "demenagement.apres_commit", "un service est copié et validé, le dossier reste ouvert"
)
_REPERE: Final = table_of(Repere)


class DemenagementRefuse(Exception):
    """The move can not be done; the message says why, and nothing was left half done."""


@dataclass(frozen=True)
class Deplacee:
    """A table that was moved. ``deja``: an earlier run had moved it."""

    service: str
    table: str
    lignes: int
    deja: bool


def move_folder(dossier: Path, adresse: Callable[[str], str], tell: Callable[[Deplacee], None]) -> None:
    """Copy every service of an owned folder to the database that ``adresse`` gives for it.

    One transaction per service: a run that was interrupted goes on with the services that are not there yet.
    Raises ``DemenagementRefuse``, ``BaseInutilisable``.
    """
    reglages = Reglages(dossier)
    for service, modeles in SERVICES.items():
        cible = open_postgres(adresse(service), ecriture=True, silence=None)
        source = open_engine(reglages, service, ecriture=True)
        try:
            prepare_base(source, service, modeles)
            upgrade(service, cible)
            for deplacee in _move_service(service, declared_tables(modeles), source, cible):
                tell(deplacee)
        finally:
            source.dispose()
            cible.dispose()


def _move_service(service: str, tables: Sequence[Table], source: Engine, cible: Engine) -> Iterator[Deplacee]:
    with source.connect() as lecture, cible.begin() as ecriture:
        # A large table takes as long as it takes, to write here and to read there.
        ecriture.execute(text("SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0"))
        deja = _is_there(service, tables, lecture, ecriture)
        for table in tables:
            if not deja:
                _copy(table, lecture, ecriture)
            yield Deplacee(service, table.name, _compare(service, table, lecture, ecriture), deja)
        if not deja:
            _renumber(tables, ecriture)
            _send_all_again(service, ecriture)
        crash_point(AVANT_COMMIT)
    crash_point(APRES_COMMIT)


def _is_there(service: str, tables: Sequence[Table], lecture: Connection, ecriture: Connection) -> bool:
    """Whether an earlier run has moved this service. Raises ``DemenagementRefuse`` on a base that serves otherwise."""
    pleines = [t.name for t in tables if ecriture.execute(select(1).select_from(t).limit(1)).first()]
    if not pleines:
        return False
    temoin = EPOQUE if EPOQUE in tables else _REPERE
    ici = {tuple(ligne) for ligne in lecture.execute(select(temoin.c.marque))}
    if ici and ici == {tuple(ligne) for ligne in ecriture.execute(select(temoin.c.marque))}:
        return True
    raise DemenagementRefuse(
        f"la base PostgreSQL de {service} n'est pas vide ({', '.join(pleines)}) : en donner une vide ; "
        "rien n'y a été écrit"
    )


def _copy(table: Table, lecture: Connection, ecriture: Connection) -> None:
    lues = lecture.execute(select(table).execution_options(yield_per=PAQUET))
    for paquet in lues.mappings().partitions():
        ecriture.execute(insert(table), [_adapt(table, dict(ligne)) for ligne in paquet])


def _adapt(table: Table, ligne: dict[str, Any]) -> dict[str, Any]:
    """A row as the distributed mode needs it: a log that is read by offset is read from its beginning."""
    return ligne | {"offset": 0} if table is _REPERE else ligne


def _compare(service: str, table: Table, lecture: Connection, ecriture: Connection) -> int:
    """The number of rows, the same on both sides with the same content. Raises ``DemenagementRefuse``."""
    if table is PUBLIEUR:
        return 1
    ici, la = _digest(table, lecture), _digest(table, ecriture)
    if ici != la:
        raise DemenagementRefuse(
            f"la table {table.name} de {service} n'est pas la même des deux côtés ({ici[0]} lignes ici, "
            f"{la[0]} là-bas) : rien n'a été gardé de ce service, recommencer"
        )
    return ici[0]


def _digest(table: Table, connexion: Connection) -> tuple[int, int]:
    """Rows and a sum of their fingerprints, which does not depend on their order."""
    nombre = somme = 0
    for ligne in connexion.execute(select(table).execution_options(yield_per=PAQUET)).mappings():
        octets = repr(sorted(_adapt(table, dict(ligne)).items())).encode()
        somme = (somme + int.from_bytes(blake2b(octets, digest_size=8).digest(), "big")) % 2**64
        nombre += 1
    return nombre, somme


def _renumber(tables: Sequence[Table], ecriture: Connection) -> None:
    """The numbers that the database gives go on after those that were moved."""
    for table in tables:
        for colonne in inspect(ecriture).get_columns(table.name):
            suite = ecriture.execute(select(func.pg_get_serial_sequence(table.name, colonne["name"]))).scalar()
            if suite:
                dernier = ecriture.execute(select(func.max(table.c[colonne["name"]]))).scalar()
                if dernier:
                    ecriture.execute(select(func.setval(suite, dernier)))


def _send_all_again(service: str, ecriture: Connection) -> None:
    """Nothing of the log is on Kafka yet."""
    if service != "indicators":
        ecriture.execute(update(PUBLIEUR).values(confirme=0))
