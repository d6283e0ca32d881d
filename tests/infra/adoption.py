"""Topics that are made again, and the command that goes on with them."""

from __future__ import annotations

from typing import Final

import pytest

from shared.bus.admin import Administration
from shared.bus.courtier import Courtier
from shared.bus.sujets import Sujet
from tests.commandes import ecluse
from tests.infra.kafka import Kafka
from tests.maisons import eventually

CONTACTS: Final = ("topics", "adopter", "contacts")
PRODUCTION: Final = ("topics", "adopter", "production")
INDICATEURS: Final = ("topics", "adopter", "indicators")


def name(monkeypatch: pytest.MonkeyPatch, kafka: Kafka, prefixe: str, base: str) -> None:
    """What the environment of the command says."""
    monkeypatch.setenv("ECLUSE_KAFKA", kafka.adresse)
    monkeypatch.setenv("ECLUSE_PREFIXE", prefixe)
    monkeypatch.setenv("ECLUSE_DATABASE_URL", base)


def recreate(kafka: Kafka, prefixe: str, sujet: Sujet) -> None:
    kafka.delete_topics(sujet.nom(prefixe))
    with Administration(Courtier((kafka.adresse,), prefixe)) as administration:
        eventually(lambda: administration.look_at(sujet.nom(prefixe)) is None)
    create()


def create() -> None:
    """As the person does, until the broker has done with what it deletes."""
    eventually(lambda: ecluse("topics", "create").code == 0)
