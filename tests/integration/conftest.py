"""What the tests of this folder share."""

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from ecluse.maison import Maison, open_house
from shared.migrations import upgrade
from shared.reglages import Reglages
from tests.atelier import Atelier, Horloge
from tests.pilotage import SAISIE, served


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


@pytest.fixture(params=["sqlite", "postgresql"])
def reglages_pilotes(request: pytest.FixtureRequest, tmp_path: Path) -> Reglages:
    """Settings of a house whose indicators are kept on each kind of database."""
    if request.param == "sqlite":
        return Reglages(tmp_path, Horloge())
    nouvelle_base: Callable[[str], str] = request.getfixturevalue("nouvelle_base")
    url = nouvelle_base("indicators")
    upgrade("indicators", url)
    return Reglages(tmp_path, Horloge(), bases={"indicators": url})


@pytest.fixture
def pilotee(reglages_pilotes: Reglages) -> Iterator[Maison]:
    """An open house."""
    with open_house(reglages_pilotes) as ouverte:
        yield ouverte


@pytest.fixture
def pilote(pilotee: Maison) -> Iterator[httpx.Client]:
    """A client of the house, over HTTP."""
    with served(pilotee) as ouvert:
        yield ouvert


@pytest.fixture(scope="module")
def gardee(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Maison]:
    """A house that refuses: nothing of it changes."""
    with open_house(Reglages(tmp_path_factory.mktemp("gardee"), Horloge())) as ouverte:
        yield ouverte


@pytest.fixture(scope="module")
def demandeur(gardee: Maison) -> Iterator[httpx.Client]:
    """Somebody who asks what is refused, once a value is known."""
    with served(gardee) as ouvert:
        ouvert.post("/v1/valeurs", json=SAISIE)
        yield ouvert
