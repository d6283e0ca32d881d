"""A publisher of contacts as a process of its own: ``… DATABASE_URL BROKER PREFIX ROWS``. Ends once as many rows are
confirmed."""

import asyncio
import sys

from shared.base import open_postgres
from shared.bus.courtier import Courtier
from shared.bus.mandat import ReglagesPublication
from shared.bus.publieur import Publieur
from shared.reglages import read_clock


async def publish(url: str, serveur: str, prefixe: str, lignes: int) -> None:
    """Publish until the last row is confirmed."""
    reglages = ReglagesPublication(lot=20, pause=0.01, tic=0.1, releve=0.1)
    publieur = Publieur(
        "contacts", open_postgres(url, ecriture=True), Courtier((serveur,), prefixe), read_clock, reglages
    )
    await publieur.start()
    while publieur.mesures.confirme < lignes:
        await asyncio.sleep(0.01)
    await publieur.stop()


if __name__ == "__main__":
    asyncio.run(publish(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])))
