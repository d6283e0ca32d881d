"""What production reads of its own rows."""

from typing import Final

from sqlalchemy import Connection, func, select

from services.production.models import LignePiece
from shared.base import table_of

PIECE: Final = table_of(LignePiece)


def closing_stock(connection: Connection, caf: str, au: int) -> int:
    """Pieces of a Caf in the stock at the end of day ``au``, counted from the rows themselves."""
    c = PIECE.c
    arrivees = select(func.count()).select_from(PIECE).where(c.caf == caf, c.arrivee <= au)
    # Two counts, each a range of the index ``piece_stock``: SQLite reads the whole Caf for an OR of both.
    ouvertes = connection.execute(arrivees.where(c.fin.is_(None))).scalar_one()
    parties_ensuite = connection.execute(arrivees.where(c.fin > au)).scalar_one()
    return ouvertes + parties_ensuite
