"""The inbox knows an event again whatever its id is made of, and whichever version of the program took it."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecluse.maison import open_house
from shared.base import open_sqlite
from shared.migrations import downgrade
from shared.reglages import Reglages
from tests.fabrique import Brut
from tests.maisons import arrivee, deposit, query, value

# Whatever JSON can carry, and what a key begins with or is cut at.
IDS = st.lists(
    st.one_of(
        st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=200),
        st.text("~é\x00 e-0", min_size=1, max_size=40),
    ),
    min_size=1,
    max_size=12,
    unique=True,
)


def _pieces(ids: list[str]) -> list[Brut]:
    return [arrivee(f"P-{n}", id=identifiant) for n, identifiant in enumerate(ids)]


@settings(max_examples=25)
@given(ids=IDS)
def test_an_event_is_taken_once_whatever_its_id(ids: list[str]) -> None:
    with TemporaryDirectory() as dossier, open_house(Reglages(Path(dossier))) as maison:
        assert deposit(maison, *_pieces(ids)) == ["accepte"] * len(ids)
        assert deposit(maison, *_pieces(ids)) == ["doublon"] * len(ids)
        assert deposit(maison, *(arrivee("P-autre", id=i) for i in ids)) == ["refuse"] * len(ids)
        assert value(maison, "PIECES-ARRIVEES") == len(ids)


@pytest.mark.parametrize("ids", [["e-1", "e-2"], ["é", "e" * 200]])
def test_what_the_version_before_took_is_known_again(tmp_path: Path, ids: list[str]) -> None:
    base = tmp_path / "production.db"
    with open_house(Reglages(tmp_path)) as maison:
        deposit(maison, *_pieces(ids))
    moteur = open_sqlite(base, ecriture=True)
    downgrade("production", moteur, "0003")
    moteur.dispose()
    assert query(base, "SELECT DISTINCT length(cle) FROM boite") == [(22,)]
    with open_house(Reglages(tmp_path)) as maison:
        assert deposit(maison, *_pieces([*ids, "e-3"])) == ["doublon"] * len(ids) + ["accepte"]
        assert deposit(maison, *(arrivee("P-autre", id=i) for i in ids)) == ["refuse"] * len(ids)
        assert value(maison, "PIECES-ARRIVEES") == len(ids) + 1


def test_events_that_follow_each_other_lie_side_by_side(tmp_path: Path) -> None:
    with open_house(Reglages(tmp_path)) as maison:
        for source in ("/ged", "/cristal"):
            ids = [f"{source}-{n}" for n in range(100, 200)]
            deposit(maison, *(arrivee(f"P-{i[1:]}", id=i, source=source) for i in ids))
    rangees = [cle[1:-22] for (cle,) in query(tmp_path / "production.db", "SELECT cle FROM boite ORDER BY cle")]
    assert rangees == [f"{source}-{n}" for source in ("/cristal", "/ged") for n in range(100, 200)]
