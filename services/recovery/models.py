"""The tables of recovery: one row per object, its facts and what they say. Days are ordinals, amounts cents."""

from sqlalchemy import BigInteger, Index, text
from sqlmodel import Field, SQLModel

from shared.runtime.objets import LigneObjet

_POUR_UNE_AUTRE = text("caf_traitante <> caf")


class LigneCreance(LigneObjet, table=True):
    """A créance and its ledger. Its own columns are null while its constat is unknown.

    ``du``: montant less cancellations and remises; ``solde_du``: what is still to be paid of it.
    """

    __tablename__ = "creance"
    # A Caf mostly works on its own créances: the few that it does for others have an index that holds nothing else.
    __table_args__ = (
        Index("creance_dossier", "caf", "dossier"),
        # What is behind a figure is asked for by its days.
        Index("creance_jour", "caf", "constat"),
        Index("creance_entraide", "caf_traitante", sqlite_where=_POUR_UNE_AUTRE, postgresql_where=_POUR_UNE_AUTRE),
    )
    constat: int | None = None
    notifiee: int | None = None
    qualifiee: int | None = None
    montant: int | None = Field(default=None, sa_type=BigInteger)
    du: int | None = Field(default=None, sa_type=BigInteger)
    encaisse: int | None = Field(default=None, sa_type=BigInteger)
    solde_du: int | None = Field(default=None, sa_type=BigInteger)
    trop_rembourse: int | None = Field(default=None, sa_type=BigInteger)
    prestation: str | None = None
    cause: str | None = None
    debiteur: str | None = None
    caf_traitante: str | None = None


class LigneDroits(LigneObjet, table=True):
    """A dossier that draws nothing any more since day ``clos``."""

    __tablename__ = "droits"
    clos: int


MODELES: tuple[type[SQLModel], ...] = (LigneCreance, LigneDroits)
