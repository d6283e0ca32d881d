"""Production's closing stocks on PostgreSQL: exact at any position, and counted in one reading of the rows."""

from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from sqlalchemy import Connection, Engine, text

from services.production.store import closing_stocks
from shared.base import open_postgres
from shared.migrations import upgrade
from tests.fabrique import Brut, undone
from tests.stocks import JOURS, agree, batches

LIGNES = 20_000
REMPLIR = """INSERT INTO piece
  (cle, caf, objet, dossier, version, faits, images, impossibles, travaux, arrivee, fin, suspendue, caf_traitante)
SELECT '091|' || n, '091', n, 'D' || n, 1, '', '', '', '', n / 40, CASE WHEN n % 7 > 0 THEN n / 40 + n % 30 END, false,
  '091' FROM generate_series(1, :n) n"""


@pytest.fixture
def moteur(nouvelle_base: Callable[[str], str]) -> Iterator[Engine]:
    """The database of production, empty."""
    url = nouvelle_base("production")
    upgrade("production", url)
    ouvert = open_postgres(url, ecriture=True)
    yield ouvert
    ouvert.dispose()


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(batches(), JOURS)
def test_the_stocks_of_many_days_are_those_of_the_slow_definition(
    moteur: Engine, lots: list[list[Brut]], jours: list[int]
) -> None:
    with undone(moteur) as connexion:
        agree(connexion, lots, jours)


def _read(connexion: Connection) -> int:
    """Rows of pieces that were read up to now, from end to end or where an index led."""
    connexion.execute(text("SELECT pg_stat_force_next_flush()"))
    connexion.commit()
    compte = "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_user_tables WHERE relname = 'piece'"
    lues = connexion.execute(text(compte)).scalar_one()
    connexion.commit()
    return int(lues)


def test_a_year_is_counted_in_one_reading_of_the_rows(moteur: Engine) -> None:
    with moteur.begin() as connexion:
        connexion.execute(text("ALTER TABLE piece SET (autovacuum_enabled = off)"))
        connexion.execute(text(REMPLIR), {"n": LIGNES})
    with moteur.connect() as connexion:
        avant = _read(connexion)
        stocks = closing_stocks(connexion, "091", [*range(100, 465)])
        # Those that are open and those that have left are asked for one after the other.
        assert 0 < _read(connexion) - avant <= 2 * LIGNES
        un_par_un = "SELECT count(*) FROM piece WHERE arrivee <= :au AND (fin IS NULL OR fin > :au)"
        for rang in (0, 182, 364):
            assert stocks[rang] == connexion.execute(text(un_par_un), {"au": 100 + rang}).scalar_one()
