"""Real servers for tests. Each process of pytest has its own, started by the first test that asks for one."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from typing import TypeVar

import pytest

from tests.infra.kafka import Kafka
from tests.infra.postgres import Postgres
from tests.infra.processus import Serveur, ServeurAbsent
from tests.infra.redis import Redis

S = TypeVar("S", bound=Serveur)
_PREFIXES = itertools.count(1)


def launch(fabrique: Callable[[], S]) -> Iterator[S]:
    """A running server, closed at the end; where it cannot be had the test is skipped, and in CI fails."""
    with ExitStack() as pile:
        try:
            serveur = fabrique()
            pile.enter_context(serveur)
        except ServeurAbsent as absence:
            if os.environ.get("CI"):
                pytest.fail(str(absence), pytrace=False)
            raise pytest.skip.Exception(str(absence)) from absence
        yield serveur


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(call: pytest.CallInfo[None]) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """One line for each missing server, however many tests it makes pytest skip."""
    compte_rendu = yield
    if call.excinfo is not None and compte_rendu.skipped and isinstance(call.excinfo.value.__cause__, ServeurAbsent):
        compte_rendu.longrepr = ("tests/infra", 0, str(call.excinfo.value))
    return compte_rendu


@pytest.fixture(scope="session")
def kafka() -> Iterator[Kafka]:
    """A broker without topics of ours. A test that stops it starts it again."""
    yield from launch(Kafka)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL without databases of ours. A test that stops it starts it again."""
    yield from launch(Postgres)


@pytest.fixture(scope="session")
def redis() -> Iterator[Redis]:
    """A Redis. A test that stops it starts it again."""
    yield from launch(Redis)


@pytest.fixture
def prefixe(kafka: Kafka) -> Iterator[str]:
    """What the names of this test's topics begin with; they are deleted after it."""
    prefixe = f"essai{next(_PREFIXES)}"
    yield prefixe
    kafka.delete_topics(f"{prefixe}.")


@pytest.fixture
def nouvelle_base(postgres: Postgres) -> Iterator[Callable[[str], str]]:
    """Makes databases and gives their addresses; they are deleted after the test."""
    urls: list[str] = []

    def create(nom: str) -> str:
        urls.append(postgres.create_database(nom))
        return urls[-1]

    yield create
    for url in urls:
        postgres.drop_database(url)


@pytest.fixture
def redis_url(redis: Redis) -> str:
    """The address of an empty Redis."""
    redis.flush()
    return redis.url
