"""What the tests of this folder share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.atelier import Atelier


@pytest.fixture
def atelier(tmp_path: Path) -> Iterator[Atelier]:
    """A work queue on an empty database, its clock stopped."""
    ouvert = Atelier(tmp_path)
    yield ouvert
    ouvert.close()
