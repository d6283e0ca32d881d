"""What tests on real servers share."""

from collections.abc import Callable, Iterator

import pytest

from shared.base import open_postgres
from shared.bus.courtier import Courtier
from shared.migrations import upgrade
from shared.partage import ligne
from tests.infra.kafka import Kafka
from tests.infra.lectures import event_loop
from tests.infra.publication import Journal


@pytest.fixture
def redis_attendu(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Redis that a busy machine keeps waiting does not pass for one that is away; one that is frozen still does."""
    monkeypatch.setattr(ligne, "DELAI", 5.0)


@pytest.fixture
def journal(kafka: Kafka, prefixe: str, nouvelle_base: Callable[[str], str]) -> Iterator[Journal]:
    """The empty log of contacts, its topics made."""
    url = nouvelle_base("contacts")
    upgrade("contacts", url)
    moteur = open_postgres(url, ecriture=True)
    with event_loop() as boucle:
        journal = Journal(kafka, Courtier((kafka.adresse,), prefixe), moteur, boucle)
        journal.create_topics()
        yield journal
    moteur.dispose()
