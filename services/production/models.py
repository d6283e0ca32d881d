"""The tables of production: one row per object, its facts and what they say. Days are ordinals."""

from sqlalchemy import Index, text
from sqlmodel import SQLModel

from shared.runtime.objets import LigneObjet

_POUR_UNE_AUTRE = text("caf_traitante <> caf")


class LignePiece(LigneObjet, table=True):
    """A piece. Its own columns are null while its arrival is unknown.

    In the stock from ``arrivee`` (inclusive) to ``fin`` (exclusive, null: open); ``suspendue``: it waits on someone.
    """

    __tablename__ = "piece"
    # What is open, or left the stock lately, is little beside what ever arrived: ``fin`` comes first.
    # A Caf mostly works on its own pieces: the few that it does for others have an index that holds nothing else.
    __table_args__ = (
        Index("piece_stock", "caf", "fin", "arrivee"),
        Index(
            "piece_entraide",
            "caf_traitante",
            "fin",
            "arrivee",
            sqlite_where=_POUR_UNE_AUTRE,
            postgresql_where=_POUR_UNE_AUTRE,
        ),
    )
    arrivee: int | None = None
    fin: int | None = None
    fin_genre: str | None = None
    suspendue: bool = False
    nature: str | None = None
    canal: str | None = None
    minima_sociaux: bool | None = None
    urgence: str | None = None
    caf_traitante: str | None = None
    pole: str | None = None
    site: str | None = None


class LigneCourrier(LigneObjet, table=True):
    """A courrier that arrived on ``jour``."""

    __tablename__ = "courrier"
    jour: int


class LigneVerification(LigneObjet, table=True):
    """A verification of quality done on ``jour``."""

    __tablename__ = "verification"
    jour: int
    moment: str
    conforme: bool


class LigneControle(LigneObjet, table=True):
    """A control finished on ``jour``."""

    __tablename__ = "controle"
    jour: int
    type_controle: str


MODELES: tuple[type[SQLModel], ...] = (LignePiece, LigneCourrier, LigneVerification, LigneControle)
