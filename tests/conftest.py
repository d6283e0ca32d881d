"""What every folder of tests shares."""

import pytest
from hypothesis import settings

from tests.maisons import HOTES, Hote

pytest_plugins = ["tests.infra.fixtures"]

# How long an example takes depends on the machine; what fails is printed with what replays it.
settings.register_profile("ecluse", deadline=None, print_blob=True)
settings.load_profile("ecluse")


@pytest.fixture(scope="session", params=HOTES)
def hote(request: pytest.FixtureRequest) -> Hote:
    """Each place where a house can run: a contract suite passes in all of them."""
    return HOTES[request.param]
