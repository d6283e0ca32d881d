"""A young table, not analysed yet, grows under statements that were prepared when it was empty: keys are looked up."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, text

from services.contacts.rules import Fenetre
from services.contacts.store import kept_within
from services.production.images import RAYONS as PIECES
from services.recovery.images import RAYONS as CREANCES
from services.recovery.store import creances_of
from shared.base import bind_keys, open_postgres, select_keys
from shared.bus.attribution import Attribution, has_rows
from shared.bus.siege import Siege
from shared.events.base import Service
from shared.migrations import upgrade
from shared.runtime.boite import BOITE
from shared.runtime.imagier import Borne, Depart, select_rows
from shared.runtime.imagier import Demande as DemandeDImages
from shared.runtime.journal import take_lead
from shared.runtime.objets import Genre, Lecture, Objet

LIGNES = 20_000
FOIS = 12


# Rows of dossiers D0, D1…, of the tables that batches ask by key.
REMPLIR: dict[str, tuple[Service, str]] = {
    "boite": ("contacts", "INSERT INTO boite SELECT 'L' || n, '' FROM generate_series(1, :n) n"),
    "contact": (
        "contacts",
        (
            "INSERT INTO contact (cle, caf, objet, dossier, version, faits, images, impossibles, travaux, recu, repete)"
            " SELECT '091|' || n, '091', n, 'D' || n, 1, '', '', '', '', n, false FROM generate_series(1, :n) n"
        ),
    ),
    "creance": (
        "recovery",
        (
            "INSERT INTO creance (cle, caf, objet, dossier, version, faits, images, impossibles, travaux) "
            "SELECT '091|' || n, '091', n, 'D' || n, 1, '', '', '', '' FROM generate_series(1, :n) n"
        ),
    ),
}


@dataclass(frozen=True)
class Demande(Lecture):
    """What a batch asks of an open transaction."""

    connexion: Connection

    def load(self, genre: Genre, cles: Iterable[str]) -> list[Objet]:
        """Not asked for here."""
        raise NotImplementedError

    def rows(self, requete: Any, parametres: Mapping[str, Any]) -> Sequence[Any]:
        """See ``Lecture``."""
        return self.connexion.execute(requete, dict(parametres)).all()


def _open(service: Service, nouvelle_base: Callable[[str], str], *tables: str) -> Engine:
    """A writer on tables that nobody analyses."""
    url = nouvelle_base(service)
    upgrade(service, url)
    moteur = open_postgres(url, ecriture=True)
    with moteur.begin() as connexion:
        for table in tables:
            connexion.execute(text(f"ALTER TABLE {table} SET (autovacuum_enabled = off)"))
    return moteur


def _statistic(connexion: Connection, requete: str, table: str) -> int:
    """What the server has counted up to now."""
    connexion.execute(text("SELECT pg_stat_force_next_flush()"))
    connexion.commit()
    compte = connexion.execute(text(requete), {"table": table}).scalar_one()
    connexion.commit()
    return int(compte)


def _scanned(connexion: Connection, table: str) -> int:
    """Rows that were read from end to end, all scans together."""
    return _statistic(connexion, "SELECT seq_tup_read FROM pg_stat_user_tables WHERE relname = :table", table)


def _fetched(connexion: Connection, table: str) -> int:
    """Rows that an index led to."""
    return _statistic(connexion, "SELECT idx_tup_fetch FROM pg_stat_user_tables WHERE relname = :table", table)


def _visited(connexion: Connection) -> int:
    """Pages of the log that were looked at."""
    requete = "SELECT heap_blks_hit + heap_blks_read FROM pg_statio_user_tables WHERE relname = :table"
    return _statistic(connexion, requete, "journal")


def _look(connexion: Connection, table: str) -> None:
    """What a batch asks of the table."""
    lecture = Demande(connexion)
    dossiers = [("091", f"D{n}") for n in range(10)]
    if table == "boite":
        connexion.execute(select_keys(BOITE, BOITE.c.cle, [BOITE.c.cle]), bind_keys(d for _, d in dossiers))
    elif table == "contact":
        kept_within(lecture, [Fenetre(caf, dossier, 0, 10) for caf, dossier in dossiers])
    else:
        creances_of(lecture, dossiers)
    connexion.commit()


@pytest.mark.parametrize("table", REMPLIR)
def test_keys_are_looked_up_in_a_table_that_has_grown(table: str, nouvelle_base: Callable[[str], str]) -> None:
    service, remplir = REMPLIR[table]
    moteur = _open(service, nouvelle_base, table)
    with moteur.connect() as connexion:
        for _ in range(FOIS):
            _look(connexion, table)
        connexion.execute(text(remplir), {"n": LIGNES})
        connexion.commit()
        avant = _scanned(connexion, table)
        for _ in range(FOIS):
            _look(connexion, table)
        assert _scanned(connexion, table) - avant < LIGNES
    moteur.dispose()


# Of the rows of 091, which its own work fills, one in a thousand is worked by 681.
ENTRAIDE: dict[str, tuple[Service, str]] = {
    "piece": (
        "production",
        (
            "INSERT INTO piece (cle, caf, objet, dossier, version, faits, images, impossibles, travaux, arrivee, fin, "
            "suspendue, caf_traitante) SELECT '091|' || n, '091', n, 'D' || n, 1, '', '', '', '', n, "
            "CASE WHEN n % 7 > 0 THEN n + 10 END, false, CASE WHEN n % 1000 = 0 THEN '681' ELSE '091' END "
            "FROM generate_series(1, :n) n"
        ),
    ),
    "creance": (
        "recovery",
        (
            "INSERT INTO creance (cle, caf, objet, dossier, version, faits, images, impossibles, travaux, constat, "
            "caf_traitante) SELECT '091|' || n, '091', n, 'D' || n, 1, '', '', '', '', n, "
            "CASE WHEN n % 1000 = 0 THEN '681' ELSE '091' END FROM generate_series(1, :n) n"
        ),
    ),
}
_AU_STOCK = (Borne("arrivee", None, LIGNES), Borne("fin", LIGNES + 1, None, ou_rien=True))
_TRAITEES = (Borne("fin", 1, LIGNES),)
_CONSTATEES = (Borne("constat", 1, LIGNES),)


@pytest.mark.parametrize(
    ("table", "famille", "bornes", "apres"),
    [
        ("piece", "piece", _AU_STOCK, None),
        ("piece", "piece", _TRAITEES, None),
        ("piece", "piece", _TRAITEES, Depart(500, "091|490")),
        ("creance", "creance", _CONSTATEES, None),
        ("creance", "encaissement", (), None),
    ],
)
def test_what_a_caf_does_for_others_is_read_alone(
    table: str, famille: str, bornes: tuple[Borne, ...], apres: Depart | None, nouvelle_base: Callable[[str], str]
) -> None:
    service, remplir = ENTRAIDE[table]
    moteur = _open(service, nouvelle_base, table)
    tri = bornes[0].jour if bornes else None
    requete = select_rows(
        {**PIECES, **CREANCES}[famille], DemandeDImages("681", famille, bornes, tri, apres, membre="caf_traitante")
    )
    with moteur.connect() as connexion:
        connexion.execute(text(remplir), {"n": LIGNES})
        connexion.commit()
        avant = _scanned(connexion, table) + _fetched(connexion, table)
        rangees = connexion.execute(requete).all()
        connexion.commit()
        assert {rangee.cle.partition("|")[0] for rangee in rangees} == {"091"}
        assert len(rangees) <= LIGNES / 1000
        assert _scanned(connexion, table) + _fetched(connexion, table) - avant < LIGNES / 100
    moteur.dispose()


@contextmanager
def _seat(moteur: Engine) -> Iterator[Siege]:
    siege = Siege(moteur, "contacts", 60)
    assert siege.take()
    yield siege
    siege.leave()


def test_rows_that_have_their_position_are_not_visited_again(nouvelle_base: Callable[[str], str]) -> None:
    moteur = _open("contacts", nouvelle_base, "journal")
    with moteur.begin() as connexion:
        connexion.execute(
            text(
                "INSERT INTO journal (partition, cle, type, octets, enregistre_le) "
                "SELECT n % 12, '091|D', 'un.type', decode(repeat(md5(n::text), 10), 'hex'), n "
                "FROM generate_series(1, :n) n"
            ),
            {"n": LIGNES},
        )
        attribution = Attribution("contacts", take_lead(connexion, "contacts", "a" * 32).epoque)
    with _seat(moteur) as siege, moteur.connect() as autre:

        def run_round() -> int:
            """Pages that one more round visits."""
            avant = _visited(autre)
            with siege.transaction() as connexion:
                has_rows(connexion)
                attribution.assign(connexion, LIGNES)
                connexion.execute(text("SELECT pg_stat_force_next_flush()"))
            return _visited(autre) - avant

        run_round()
        # The first look at what was numbered marks it in the index.
        run_round()
        assert run_round() < LIGNES / 100
    moteur.dispose()
