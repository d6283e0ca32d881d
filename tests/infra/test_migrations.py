"""The tables of a service from one release to the next, on both databases."""

import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, MetaData, Table, func, inspect, select
from sqlmodel import SQLModel

from ecluse.maison import open_house
from services.contacts.models import MODELES as CONTACTS
from services.indicators.models import TABLES_INDICATEURS
from services.production.models import MODELES as PRODUCTION
from services.recovery.models import MODELES as RECOVERY
from shared.base import BaseInutilisable, BaseTropRecente, create_tables, declared_tables, open_postgres, open_sqlite
from shared.corbeille.tables import TABLES_CORBEILLE
from shared.migrations import current, downgrade, head_of, is_at_head, prepare_base, revisions_of, upgrade
from shared.reglages import Reglages
from shared.runtime.tables import TABLES_COMMUNES, TABLES_DE_LECTURE
from tests.donnees import RACINE
from tests.infra.ecrivains import together
from tests.infra.premiere_version import write_first_release
from tests.maisons import arrivee, deposit, execute, query, traitee, value

COMMUNES: Final = (*TABLES_COMMUNES, *TABLES_CORBEILLE)
MODELES: Final[Mapping[str, Sequence[type[SQLModel]]]] = {
    "contacts": (*COMMUNES, *CONTACTS),
    "production": (*COMMUNES, *PRODUCTION),
    "recovery": (*COMMUNES, *RECOVERY),
    "indicators": (*TABLES_DE_LECTURE, *TABLES_INDICATEURS),
}
par_service = pytest.mark.parametrize("service", MODELES)
VERSION: Final = "alembic_version"


@pytest.fixture(params=["sqlite", "postgresql"])
def vide(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], Engine]]:
    """Makes empty databases, of each kind in turn."""
    ouverts: list[Engine] = []

    def create() -> Engine:
        if request.param == "sqlite":
            moteur = open_sqlite(tmp_path / f"base{len(ouverts)}.db", ecriture=True)
        else:
            nouvelle_base: Callable[[str], str] = request.getfixturevalue("nouvelle_base")
            moteur = open_postgres(nouvelle_base("migrations"), ecriture=True)
        ouverts.append(moteur)
        return moteur

    yield create
    for moteur in ouverts:
        moteur.dispose()


@pytest.fixture
def base(vide: Callable[[], Engine]) -> Engine:
    """An empty database of each kind."""
    return vide()


def differences(service: str, base: Engine) -> list[Any]:
    """What Alembic would still change for the tables to be those of the models."""
    attendues = MetaData()
    for table in declared_tables(MODELES[service]):
        table.to_metadata(attendues)
    options = {
        "compare_type": True,
        "compare_server_default": True,
        "include_object": lambda _, nom, type_, *__: (type_, nom) != ("table", VERSION),
    }
    with base.connect() as connexion:
        ecarts: list[Any] = compare_metadata(MigrationContext.configure(connexion, opts=options), attendues)
        return ecarts


def reflected(base: Engine) -> dict[str, Table]:
    """The tables that are there."""
    tables = MetaData()
    tables.reflect(base)
    return {nom: table for nom, table in tables.tables.items() if nom != VERSION}


def fill(base: Engine) -> dict[str, list[tuple[Any, ...]]]:
    """Put three rows in every table; the rows of each."""
    tables = reflected(base)
    with base.begin() as connexion:
        for table in tables.values():
            for n in range(1, 4):
                connexion.execute(table.insert().values({c.name: _value(c.type.python_type, n) for c in table.c}))
    return rows(base, {nom: list(table.c.keys()) for nom, table in tables.items()})


def _value(type_: type, n: int) -> Any:
    return {int: n, str: f"texte {n}", bytes: b"octets %d" % n, bool: n % 2 == 0, float: n / 4}[type_]


def rows(base: Engine, colonnes: Mapping[str, Sequence[str]]) -> dict[str, list[tuple[Any, ...]]]:
    """The rows of these tables and columns, sorted."""
    tables = reflected(base)
    with base.connect() as connexion:
        return {
            nom: sorted(tuple(r) for r in connexion.execute(select(*(tables[nom].c[c] for c in siennes))))
            for nom, siennes in colonnes.items()
        }


def schema(base: Engine) -> dict[str, Any]:
    """Columns, keys and indexes of every table."""
    regard = inspect(base)
    return {
        nom: (
            sorted((c["name"], repr(c["type"]), c["nullable"]) for c in regard.get_columns(nom)),
            regard.get_pk_constraint(nom)["constrained_columns"],
            sorted(str(u["column_names"]) for u in regard.get_unique_constraints(nom)),
            sorted(
                (i["name"], str(i["column_names"]), str({k: str(v) for k, v in i["dialect_options"].items()}))
                for i in regard.get_indexes(nom)
            ),
        )
        for nom in regard.get_table_names()
        if nom != VERSION
    }


@par_service
def test_from_nothing_the_revisions_give_the_tables_that_the_models_declare(
    service: str, vide: Callable[[], Engine]
) -> None:
    base, declaree = vide(), vide()
    assert current(service, base) is None
    upgrade(service, base)
    assert is_at_head(service, base)
    assert differences(service, base) == []
    create_tables(declaree, MODELES[service])
    # Where conditions of indexes and the order of text are, which Alembic does not compare.
    assert schema(base) == schema(declaree)
    upgrade(service, base)
    assert current(service, base) == head_of(service)


@par_service
def test_each_earlier_revision_comes_up_with_its_rows_and_goes_back_down(service: str, base: Engine) -> None:
    for revision in revisions_of(service)[:-1]:
        upgrade(service, base, revision)
        avant, lignes = schema(base), fill(base)
        colonnes = {nom: list(table.c.keys()) for nom, table in reflected(base).items()}
        upgrade(service, base)
        assert differences(service, base) == []
        assert rows(base, colonnes) == lignes
        downgrade(service, base, revision)
        assert current(service, base) == revision
        assert schema(base) == avant
        assert rows(base, colonnes) == lignes
        downgrade(service, base, "base")
        assert (current(service, base), reflected(base)) == (None, {})


@par_service
def test_a_number_is_given_to_the_rows_that_come_after_a_revision(service: str, base: Engine) -> None:
    upgrade(service, base, "0001")
    upgrade(service, base)
    numerotees = [t for t in reflected(base).values() if t.name in ("journal", "lettre_morte")]
    with base.begin() as connexion:
        for table in numerotees:
            cle = next(iter(table.primary_key))
            autres = {c.name: _value(c.type.python_type, 1) for c in table.c if c is not cle}
            connexion.execute(table.insert().values(autres))
            assert connexion.execute(select(func.count()).select_from(table)).scalar() == 1
    assert len(numerotees) == (0 if service == "indicators" else 2)


@par_service
def test_the_first_revision_is_the_schema_of_the_first_release(service: str, tmp_path: Path) -> None:
    base = open_sqlite(tmp_path / "base.db", ecriture=True)
    upgrade(service, base, "0001")
    base.dispose()
    livree = tmp_path / "livree.db"
    write_first_release(livree, service)
    assert _statements(tmp_path / "base.db") == _statements(livree)


def _statements(chemin: Path) -> dict[str, str]:
    lignes = query(chemin, "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name <> ?", VERSION)
    return {nom: re.sub(r"\s+", " ", sql).replace(" ,", ",").strip() for nom, sql in lignes}


def test_a_folder_of_the_first_release_goes_on_where_it_was(tmp_path: Path) -> None:
    nouveau, ancien = tmp_path / "nouveau", tmp_path / "ancien"
    nouveau.mkdir()
    bruts = [arrivee("P-1"), traitee("P-1"), arrivee("P-2"), traitee("P-3", id="T-3")]
    with open_house(Reglages(nouveau)) as maison:
        deposit(maison, *bruts)
        assert value(maison, "PIECES-ARRIVEES") == 2
    ancien.mkdir()
    for service in MODELES:
        write_first_release(ancien / f"{service}.db", service)
        _copy_rows(nouveau / f"{service}.db", ancien / f"{service}.db")
    with open_house(Reglages(ancien)) as maison:
        assert value(maison, "PIECES-ARRIVEES") == 2
        assert deposit(maison, *bruts, arrivee("P-3")) == ["doublon"] * 4 + ["accepte"]
        assert value(maison, "PIECES-TRAITEES") == 2
        assert maison.indicateurs.rebuild().egal
    for service in MODELES:
        moteur = open_sqlite(ancien / f"{service}.db", ecriture=True)
        assert differences(service, moteur) == []
        assert current(service, moteur) == head_of(service)
        moteur.dispose()
        assert query(ancien / f"{service}.db", "PRAGMA integrity_check") == [("ok",)]


def _copy_rows(origine: Path, copie: Path) -> None:
    with closing(sqlite3.connect(copie)) as connexion:
        connexion.execute("ATTACH ? AS nouveau", [str(origine)])
        for (table,) in connexion.execute("SELECT name FROM main.sqlite_master WHERE type = 'table'").fetchall():
            noms = ", ".join(f'"{c[1]}"' for c in connexion.execute(f"PRAGMA main.table_info({table})"))
            connexion.execute(f"INSERT INTO main.{table} ({noms}) SELECT {noms} FROM nouveau.{table}")  # noqa: S608  # names of ours
        connexion.commit()


def test_a_revision_that_fails_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    write_first_release(tmp_path / "contacts.db", "contacts")
    execute(tmp_path / "contacts.db", "CREATE TABLE presence (autre TEXT)")
    avant = _statements(tmp_path / "contacts.db")
    with pytest.raises(BaseInutilisable, match=r"contacts\.db est inutilisable"), open_house(Reglages(tmp_path)):
        pass
    assert _statements(tmp_path / "contacts.db") == avant
    assert query(tmp_path / "contacts.db", "PRAGMA user_version") == [(1,)]


@pytest.mark.parametrize("service", ["contacts", "production", "recovery"])
def test_a_log_on_postgresql_is_vacuumed_by_what_is_new_in_it(
    service: str, nouvelle_base: Callable[[str], str]
) -> None:
    base = open_postgres(nouvelle_base("migrations"), ecriture=True)
    reglages: list[Any] = []
    for geste, revision in ((upgrade, "0001"), (upgrade, "head"), (downgrade, "0001")):
        geste(service, base, revision)
        with base.connect() as connexion:
            lu = connexion.exec_driver_sql("SELECT reloptions FROM pg_class WHERE relname = 'journal'").scalar()
        reglages.append(lu)
    base.dispose()
    assert reglages == [None, ["autovacuum_vacuum_scale_factor=0.01"], None]


def test_rows_that_wait_for_their_position_are_not_taken_back_to_the_first_release(base: Engine) -> None:
    upgrade("production", base)
    journal = reflected(base)["journal"]
    valeurs = {"partition": 0, "cle": "091|D", "type": "t", "octets": b"", "enregistre_le": 1}
    with base.begin() as connexion:
        connexion.execute(journal.insert().values(valeurs))
    with pytest.raises(BaseInutilisable):
        downgrade("production", base, "0001")
    assert is_at_head("production", base)


def test_a_newer_database_is_neither_read_nor_moved(base: Engine) -> None:
    upgrade("production", base)
    with base.begin() as connexion:
        connexion.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    for geste in (upgrade, lambda s, b: downgrade(s, b, "base")):
        with pytest.raises(BaseTropRecente, match="vient d'une version plus récente d'Écluse"):
            geste("production", base)
    assert current("production", base) == "9999"


@par_service
@pytest.mark.parametrize("revision", ["0001", "head"])
def test_the_database_of_another_service_is_neither_taken_nor_moved(service: str, revision: str, base: Engine) -> None:
    autre = "recovery" if service == "contacts" else "contacts"
    upgrade(autre, base, revision)
    avant = schema(base)
    gestes: list[Callable[[], object]] = [
        lambda: prepare_base(base, service, MODELES[service]),
        lambda: is_at_head(service, base),
        lambda: upgrade(service, base),
        lambda: downgrade(service, base, "base"),
    ]
    ou = "ECLUSE_DATABASE_URL" if base.dialect.name == "postgresql" else f"{service}.db"
    for geste in gestes:
        with pytest.raises(BaseInutilisable, match=f"est celle du service {autre}, pas de {service} : .*{ou}"):
            geste()
    assert schema(base) == avant


def test_two_processes_that_bring_the_same_database_up_at_once_both_succeed(
    nouvelle_base: Callable[[str], str],
) -> None:
    url = nouvelle_base("migrations")
    together([lambda: upgrade("recovery", url)] * 2)
    assert is_at_head("recovery", url)


def test_a_house_that_starts_on_an_empty_folder_does_not_load_what_migrations_need(tmp_path: Path) -> None:
    essai = (
        "import sys; from pathlib import Path; from ecluse.maison import open_house; "
        "from shared.reglages import Reglages\n"
        "for _ in range(2):\n    with open_house(Reglages(Path(sys.argv[1]))): pass\n"
        "print({'alembic', 'psycopg'} & set(sys.modules))"
    )
    fin = subprocess.run(
        [sys.executable, "-c", essai, str(tmp_path)], cwd=RACINE, capture_output=True, text=True, check=False
    )
    assert (fin.stdout.strip(), fin.stderr) == ("set()", "")
