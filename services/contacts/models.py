"""The tables of contacts: one row per object, its facts and what they say. Days are ordinals, instants nanoseconds."""

from sqlalchemy import BigInteger, Index
from sqlmodel import Field, SQLModel

from shared.runtime.objets import LigneObjet


class LigneContact(LigneObjet, table=True):
    """A contact received at ``recu`` and closed on day ``clos``. Its own columns are null while it is unknown.

    ``repete``: it repeats another of its dossier.
    """

    __tablename__ = "contact"
    # What is behind a figure is asked for by its days.
    __table_args__ = (Index("contact_dossier", "caf", "dossier", "recu"), Index("contact_jour", "caf", "recu"))
    recu: int | None = Field(default=None, sa_type=BigInteger)
    repete: bool = False
    canal: str | None = None
    nature: str | None = None
    clos: int | None = None
    issue: str | None = None


class LigneRendezVous(LigneObjet, table=True):
    """A rendez-vous asked for on day ``demande``. Its own columns are null while it is unknown.

    ``creneau``: the instant of the slot taken; ``issue``: honore, manque or annule, on day ``issue_le``.
    """

    __tablename__ = "rendez_vous"
    demande: int | None = None
    modalite: str | None = None
    site: str | None = None
    creneau: int | None = Field(default=None, sa_type=BigInteger)
    issue: str | None = None
    issue_le: int | None = None


class LigneCampagne(LigneObjet, table=True):
    """A person reached on ``jour`` by the campaign named ``campagne``."""

    __tablename__ = "campagne"
    jour: int
    campagne: str


MODELES: tuple[type[SQLModel], ...] = (LigneContact, LigneRendezVous, LigneCampagne)
