"""The tables that every service's database holds beside its own."""

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel


class LigneJournal(SQLModel, table=True):
    """One event of the service's log. ``position`` orders the log; ``precedent`` is the previous one of its partition.

    ``octets`` is the event as published; ``enregistre_le`` the instant of the commit (ns).
    """

    __tablename__ = "journal"
    id: int | None = Field(default=None, primary_key=True)
    position: int | None = Field(default=None, unique=True)
    precedent: int = 0
    partition: int
    cle: str
    type: str
    octets: bytes
    enregistre_le: int


class Publieur(SQLModel, table=True):
    """The fenced publisher row: one leader, known by its ``epoque``. ``tetes``: last position of each partition."""

    __tablename__ = "publieur"
    service: str = Field(primary_key=True)
    epoque: int
    assigne: int = 0
    confirme: int = 0
    tetes: bytes = b"[]"


class Epoque(SQLModel, table=True):
    """The lineage of the log: each start of the publisher continues the one before it from ``depuis``."""

    __tablename__ = "epoque"
    numero: int = Field(primary_key=True)
    marque: str
    depuis: int


class Repere(SQLModel, table=True):
    """Watermark: how far a consumer has applied a partition of a source's log, and in which epoch."""

    __tablename__ = "repere"
    consommateur: str = Field(primary_key=True)
    source: str = Field(primary_key=True)
    generation: int = Field(primary_key=True)
    partition: int = Field(primary_key=True)
    position: int
    offset: int = 0
    marque: str


class LigneBoite(SQLModel, table=True):
    """Inbox: (source, id) already taken, with the fingerprint of the event."""

    __tablename__ = "boite"
    __table_args__ = {"sqlite_with_rowid": False}
    cle: str = Field(primary_key=True)
    empreinte: bytes


class LettreMorte(SQLModel, table=True):
    """An accepted event that can have no effect, kept with its bytes until it is replayed or becomes possible."""

    __tablename__ = "lettre_morte"
    __table_args__ = (
        Index("lettre_morte_ouverte", "numero", sqlite_where=text("close_le IS NULL")),
        Index("lettre_morte_evenement", "evenement_source", "evenement_id"),
    )
    numero: int | None = Field(default=None, primary_key=True)
    evenement_source: str
    evenement_id: str
    type: str
    caf: str
    objet: str
    motif: str
    detail: str
    octets: bytes
    recue_le: int
    essais: int = 1
    close_le: int | None = None
    close_par: str | None = None


TABLES_COMMUNES: tuple[type[SQLModel], ...] = (LigneJournal, Publieur, Epoque, Repere, LigneBoite, LettreMorte)
