"""A Faust agent that keeps the sums in a Table in memory, with its changelog.

Faust would have a stream whose table has other keys than its records go through a topic again (``group_by``). One
worker that has every partition adds up the same without: it is spared that here.
"""

import asyncio
import os
import sys
import warnings
from typing import Any

from bench.fold.chiffres import Chiffres, changes
from bench.fold.demande import Chrono, Demande, Reponse, answer

with warnings.catch_warnings():
    # mode and faust use what Python 3.12 deprecates.
    warnings.simplefilter("ignore", DeprecationWarning)
    import faust


def run(demande: Demande) -> Reponse:
    """See ``answer``."""
    boucle = asyncio.new_event_loop()
    asyncio.set_event_loop(boucle)
    return boucle.run_until_complete(_run(demande))


async def _run(demande: Demande) -> Reponse:
    fini = asyncio.Event()
    vus = 0
    app = faust.App(
        demande.essai,
        broker=f"kafka://{demande.courtier}",
        store="memory://",
        web_enabled=False,
        datadir=demande.dossier,
        topic_partitions=12,
        topic_replication_factor=1,
        consumer_auto_offset_reset="earliest",
        stream_wait_empty=False,
        broker_max_poll_records=5_000,
    )
    sujet = app.topic(demande.sujet, key_type=bytes, value_serializer="json")
    table = app.Table("sommes", default=_empty, partitions=12)

    @app.agent(sujet)
    async def add(records: Any) -> None:
        nonlocal vus
        # One at a time: a table can not be changed from a ``take``, which has no current event.
        async for evenement in records:
            if evenement["type"].endswith(".mouvement.v1"):
                vus += 1
                for cle, quatre in changes(evenement["data"]):
                    # A value is given anew: the table cannot see a list that changes.
                    table[cle] = [a + b for a, b in zip(table[cle], quatre, strict=True)]
                if vus >= demande.nombre:
                    fini.set()

    chrono = Chrono()
    await app.start()
    await fini.wait()
    secondes = chrono.secondes
    chiffres = Chiffres({str(cle): sommes for cle, sommes in table.items()}).document()
    return Reponse(secondes, vus, chiffres)


def _empty() -> list[int]:
    return [0, 0, 0, 0]


if __name__ == "__main__":
    answer(run)
    sys.stdout.flush()
    # What an application waits for at its end is not measured.
    os._exit(0)
