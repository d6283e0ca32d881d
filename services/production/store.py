"""What production reads of its own rows."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, chain
from typing import Final, NamedTuple

from sqlalchemy import Connection, func, or_, select

from services.production.models import LignePiece
from shared.base import table_of
from shared.events.mouvements import DECODEURS, Image, ImagePiece
from shared.runtime.journal import JOURNAL
from shared.temps import from_iso

PIECE: Final = table_of(LignePiece)
MOUVEMENT: Final = "fr.caf.piece.mouvement.v1"
# Whoever is further behind is not asked for a live figure: what has moved since is not read back at each question.
MOUVEMENTS_RELUS: Final = 5_000


class Sejour(NamedTuple):
    """So many pieces in the stock from ``arrivee`` (inclusive) to ``fin`` (exclusive, never before it; None: open)."""

    arrivee: int
    fin: int | None
    nombre: int


def closing_stocks(connection: Connection, caf: str, jours: Sequence[int]) -> list[int]:
    """Pieces of a Caf in the stock at the end of each of these days (ordinals), counted from the rows themselves."""
    return _count(_read_stays(connection, caf, jours), jours)


def closing_stocks_at(connection: Connection, caf: str, jours: Sequence[int], position: int) -> list[int] | None:
    """``closing_stocks`` as they were when the log was at ``position``; None when too much has moved since.

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
    defaits = chain.from_iterable((*_stay(m.avant, 1), *_stay(m.apres, -1)) for m in mouvements)
    return _count(chain(_read_stays(connection, caf, jours), defaits), jours)


def _read_stays(connection: Connection, caf: str, jours: Sequence[int]) -> Iterator[Sejour]:
    """The stays that reach one of these days, those of the same days together."""
    if not jours:
        return
    c = PIECE.c
    sejours = select(c.arrivee, c.fin, func.count()).where(c.caf == caf, c.arrivee <= max(jours))
    # Two questions, each a range of the index ``piece_stock`` read in its order: SQLite reads the whole Caf for an OR
    # of both.
    for fin in (c.fin.is_(None), c.fin > min(jours)):
        for arrivee, dernier, nombre in connection.execute(sejours.where(fin).group_by(c.fin, c.arrivee)):
            yield Sejour(arrivee, dernier, nombre)


def _stay(image: Image | None, nombre: int) -> Iterator[Sejour]:
    if isinstance(image, ImagePiece):
        yield Sejour(from_iso(image.arrivee), None if image.fin is None else from_iso(image.fin), nombre)


def _count(sejours: Iterable[Sejour], jours: Sequence[int]) -> list[int]:
    """How many of these stays hold each day."""
    changements: Counter[int] = Counter()
    for arrivee, fin, nombre in sejours:
        changements[arrivee] += nombre
        if fin is not None:
            changements[fin] -= nombre
    dates = sorted(changements)
    niveaux = [0, *accumulate(changements[jour] for jour in dates)]
    return [niveaux[bisect_right(dates, jour)] for jour in jours]
