"""The distributed house is broken in every way under load: what was acknowledged is there, once, in order."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import pytest

from tests.chaos_kafka.fautes_processus import POINTS_DU_MODE
from tests.chaos_kafka.maison import Serveurs
from tests.chaos_kafka.partie import BASE_RESTAUREE, FAUTES, MORT_A, TOPIC_RECREE, play
from tests.infra.fixtures import launch
from tests.infra.kafka import Kafka
from tests.infra.postgres import Postgres
from tests.infra.redis import Redis
from tests.maisons import draw_seed

pytestmark = [pytest.mark.chaos, pytest.mark.longue, pytest.mark.timeout(1_200)]
# With two of each kind and a death at each named point there are more.
PANNES: Final = 25


@pytest.fixture
def serveurs() -> Iterator[Serveurs]:
    """Servers for this game alone: it stops them, kills them and deletes their topics."""
    lance = contextmanager(launch)
    with lance(Kafka) as kafka, lance(Postgres) as postgres, lance(Redis) as redis:
        yield Serveurs(kafka, postgres, redis)


def test_broken_over_and_over_under_load_it_loses_and_doubles_nothing(serveurs: Serveurs) -> None:
    bilan = play(serveurs, draw_seed(), PANNES, print)
    print(bilan.table())
    assert (bilan.compte.perdus, bilan.compte.doubles) == (0, 0)
    assert bilan.fautes.total() >= PANNES
    assert set(bilan.fautes) == {*FAUTES, MORT_A, TOPIC_RECREE, BASE_RESTAUREE}
    assert min(bilan.fautes.values()) >= 2
    assert bilan.fautes[MORT_A] >= len(POINTS_DU_MODE) >= 6
    # The faults have bitten: leads changed, records came again, ids came out of order.
    assert all(journal.epoques > 1 for journal in bilan.journaux.values())
    assert sum(journal.redites for journal in bilan.journaux.values()) > 0
    assert sum(journal.desordres for journal in bilan.journaux.values()) > 0
