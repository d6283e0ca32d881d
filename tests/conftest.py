"""What every folder of tests shares."""

import pytest

from tests.maisons import HOTES, Hote


@pytest.fixture(scope="session", params=HOTES)
def hote(request: pytest.FixtureRequest) -> Hote:
    """Each place where a house can run: a contract suite passes in all of them."""
    return HOTES[request.param]
