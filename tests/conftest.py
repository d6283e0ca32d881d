"""What every folder of tests shares."""

import pytest
from hypothesis import settings

from tests.maisons import HOTES, Hote

REPARTI = "réparti"

pytest_plugins = ["tests.infra.fixtures"]

# How long an example takes depends on the machine; what fails is printed with what replays it.
settings.register_profile("ecluse", deadline=None, print_blob=True)
settings.load_profile("ecluse")


@pytest.fixture(scope="session", params=[*HOTES, REPARTI])
def hote(request: pytest.FixtureRequest) -> Hote:
    """Each place where a house can run: a contract suite passes in all of them."""
    if request.param != REPARTI:
        return HOTES[request.param]
    reparti: Hote = request.getfixturevalue("hote_reparti")
    return reparti


@pytest.fixture(scope="session")
def hote_reparti(request: pytest.FixtureRequest) -> Hote:
    """The distributed house, on real servers."""
    # What it needs is loaded, and the servers started, for whoever asks for them.
    from tests.infra.hote import distributed

    return distributed(*map(request.getfixturevalue, ("kafka", "postgres", "redis")))
