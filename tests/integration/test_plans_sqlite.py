"""A writer looks its SQLite file up by key: a batch costs no more on a large base than on a small one."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, event

from shared.ndjson import read_lines
from tests.donnees import PETIT
from tests.maisons import in_process, send_all


@contextmanager
def _plans_of_writers() -> Iterator[dict[str, list[str]]]:
    """The steps that SQLite takes for each statement of a writer, by statement."""
    plans: dict[str, list[str]] = {}

    def explain(connexion: Connection, _: Any, requete: str, valeurs: Any, __: Any, plusieurs: bool) -> None:
        ordinaire = requete.startswith(("SELECT", "INSERT", "UPDATE", "DELETE"))
        if not ordinaire or requete in plans or not threading.current_thread().name.startswith("ecrivain-"):
            return
        curseur: Any = connexion.connection.cursor()
        curseur.execute(f"EXPLAIN QUERY PLAN {requete}", valeurs[0] if plusieurs else valeurs)
        plans[requete] = [etape for *_, etape in curseur.fetchall()]
        curseur.close()

    event.listen(Engine, "before_cursor_execute", explain)
    try:
        yield plans
    finally:
        event.remove(Engine, "before_cursor_execute", explain)


def test_a_writer_reads_no_table_from_end_to_end(tmp_path: Path) -> None:
    with _plans_of_writers() as plans, in_process(tmp_path / "donnees") as acces:
        send_all(acces, read_lines(PETIT), tmp_path / "rejets")

    lus = {requete for requete in plans if requete.startswith(("SELECT", "DELETE"))}
    assert {t for t in ("boite", "piece", "contact", "creance", "element") if not any(t in r for r in lus)} == set()
    entieres = {
        requete: etape
        for requete, etapes in plans.items()
        for etape in etapes
        # The keys that were asked for, and the rows that a statement brings, are read whole.
        if etape.startswith("SCAN") and "VIRTUAL TABLE" not in etape and "CONSTANT ROW" not in etape
    }
    assert entieres == {}
