"""The tables of each service, brought to what this program reads."""

from collections.abc import Sequence

from sqlalchemy import Engine
from sqlmodel import SQLModel

from shared.base import create_tables


def prepare_base(moteur: Engine, service: str, modeles: Sequence[type[SQLModel]]) -> None:
    """Have the tables of a service. Raises ``BaseInutilisable``."""
    del service
    create_tables(moteur, modeles)
