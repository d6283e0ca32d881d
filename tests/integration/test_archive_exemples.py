"""The very queries that the guide shows, on a real archive: DuckDB and pandas read it, and find what is in the log."""

import json
import re
import subprocess
import sys
import warnings
from collections import Counter
from pathlib import Path
from typing import Any, Final

import pytest

from shared.ndjson import read_lines
from shared.temps import parse_instant, to_iso, to_jour
from tests.archives import import_over_months
from tests.commandes import ecluse, write_clean
from tests.donnees import RACINE
from tests.maisons import query

GUIDE: Final = (RACINE / "docs" / "guide" / "exploiter.md").read_text()
SECTION: Final = GUIDE.split("## Archiver les journaux\n")[1].split("\n## ")[0]
REQUETES: Final = re.findall(r"^```sql\n(.+?)^```", SECTION, re.MULTILINE | re.DOTALL)
PROGRAMMES: Final = re.findall(r"^```python\n(.+?)^```", SECTION, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def maison(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds data and their archive."""
    dossier = tmp_path_factory.mktemp("exemples")
    write_clean(dossier / "lot.ndjson")
    import_over_months(dossier / "data", list(read_lines(str(dossier / "lot.ndjson"))))
    assert ecluse("archive", "--vers", dossier / "archive", "--data-dir", dossier / "data").code == 0
    return dossier


@pytest.fixture
def journal(maison: Path, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The events of production's log; the archive is in the current folder."""
    monkeypatch.chdir(maison)
    return [json.loads(octets) for (octets,) in query(maison / "data" / "production.db", "SELECT octets FROM journal")]


def ask(requete: str) -> list[list[Any]]:
    """What DuckDB answers, in a process of its own, as a reader of the guide has it."""
    fin = subprocess.run(
        [
            sys.executable,
            "-c",
            "import duckdb, json, sys; print(json.dumps(duckdb.sql(sys.argv[1]).fetchall()))",
            requete,
        ],
        capture_output=True,
        check=False,
        timeout=120,
    )
    assert fin.returncode == 0, fin.stderr.decode()
    lignes: list[list[Any]] = json.loads(fin.stdout)
    return lignes


def by_canal(journal: list[dict[str, Any]]) -> dict[str, int]:
    arrivees = {
        (e["data"]["canal"], e["data"]["piece"])
        for e in journal
        if e["type"] == "fr.caf.piece.arrivee.v1" and e["caf"] == "091"
    }
    return dict(Counter(canal for canal, _ in arrivees))


def test_the_guide_shows_these_and_no_other() -> None:
    assert (len(REQUETES), len(PROGRAMMES)) == (3, 1)


def test_events_by_month_and_type(journal: list[dict[str, Any]]) -> None:
    comptes = Counter((to_iso(to_jour(parse_instant(e["time"])))[:7], e["type"]) for e in journal)
    assert ask(REQUETES[0]) == [[*cle, nombre] for cle, nombre in sorted(comptes.items())]


def test_pieces_by_canal(journal: list[dict[str, Any]]) -> None:
    canaux = ask(REQUETES[1])
    assert canaux == [list(paire) for paire in sorted(by_canal(journal).items())]
    assert len(canaux) > 3


@pytest.mark.usefixtures("journal")
def test_what_files_say_of_themselves() -> None:
    comptees = ask(
        "SELECT filename, count(*) FROM read_parquet('archive/*/*.parquet', filename = true) GROUP BY 1 ORDER BY 1"
    )
    assert [[f, Path(f).stem, nombre] for f, nombre in comptees] == ask(REQUETES[2])


def test_pandas_gives_the_same_pieces_by_canal(journal: list[dict[str, Any]]) -> None:
    noms: dict[str, Any] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        exec(PROGRAMMES[0], noms)  # noqa: S102  # the guide's own example
    assert noms["par_canal"].to_dict() == by_canal(journal)
