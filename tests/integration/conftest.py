"""What the tests of this folder share."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.atelier import Atelier


@pytest.fixture(params=["sqlite", "postgresql"])
def atelier(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Atelier]:
    """A work queue on an empty database of each kind, its clock stopped."""
    base = None
    if request.param == "postgresql":
        nouvelle_base: Callable[[str], str] = request.getfixturevalue("nouvelle_base")
        base = nouvelle_base("recovery")
    ouvert = Atelier(tmp_path, base=base)
    yield ouvert
    ouvert.close()
