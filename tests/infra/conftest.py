"""What tests on real servers share."""

from collections.abc import Callable, Iterator

import pytest

from shared.base import create_tables, open_postgres
from shared.bus.courtier import Courtier
from shared.runtime.tables import TABLES_COMMUNES
from tests.infra.kafka import Kafka
from tests.infra.lectures import event_loop
from tests.infra.publication import Journal


@pytest.fixture
def journal(kafka: Kafka, prefixe: str, nouvelle_base: Callable[[str], str]) -> Iterator[Journal]:
    """The empty log of contacts, its topics made."""
    moteur = open_postgres(nouvelle_base("contacts"), ecriture=True)
    create_tables(moteur, TABLES_COMMUNES)
    with event_loop() as boucle:
        journal = Journal(kafka, Courtier((kafka.adresse,), prefixe), moteur, boucle)
        journal.create_topics()
        yield journal
    moteur.dispose()
