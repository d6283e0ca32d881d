"""What production reads of its own rows."""

from typing import Final

from sqlalchemy import Connection, func, or_, select

from services.production.models import LignePiece
from shared.base import table_of
from shared.events.mouvements import DECODEURS, ImagePiece
from shared.runtime.journal import JOURNAL
from shared.temps import to_iso

PIECE: Final = table_of(LignePiece)
MOUVEMENT: Final = "fr.caf.piece.mouvement.v1"
# Whoever is further behind is not asked for a live figure: what has moved since is not read back at each question.
MOUVEMENTS_RELUS: Final = 5_000


def closing_stock(connection: Connection, caf: str, au: int) -> int:
    """Pieces of a Caf in the stock at the end of day ``au``, counted from the rows themselves."""
    c = PIECE.c
    arrivees = select(func.count()).select_from(PIECE).where(c.caf == caf, c.arrivee <= au)
    # Two counts, each a range of the index ``piece_stock``: SQLite reads the whole Caf for an OR of both.
    ouvertes = connection.execute(arrivees.where(c.fin.is_(None))).scalar_one()
    parties_ensuite = connection.execute(arrivees.where(c.fin > au)).scalar_one()
    return ouvertes + parties_ensuite


def closing_stock_at(connection: Connection, caf: str, au: int, position: int) -> int | None:
    """``closing_stock`` as it was when the log was at ``position``; None when too much has moved since.

    The caller's transaction shows the rows and the log as they are at one moment.
    """
    c = JOURNAL.c
    # What the publisher has not numbered yet is not in the log.
    apres = or_(c.position > position, c.position.is_(None))
    suite = select(c.octets, c.cle).where(apres, c.type == MOUVEMENT).limit(MOUVEMENTS_RELUS + 1)
    lignes = connection.execute(suite).all()
    if len(lignes) > MOUVEMENTS_RELUS:
        return None
    mouvements = [DECODEURS[MOUVEMENT].decode(octets).data for octets, cle in lignes if cle.partition("|")[0] == caf]
    depuis = sum(_counts(m.apres, au) - _counts(m.avant, au) for m in mouvements)
    return closing_stock(connection, caf, au) - depuis


def _counts(image: object, au: int) -> int:
    """1 for an image in the stock at the end of day ``au``."""
    jour = to_iso(au)
    return int(isinstance(image, ImagePiece) and image.arrivee <= jour and (image.fin is None or image.fin > jour))
