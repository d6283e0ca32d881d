"""The tables that every service's database holds beside its own."""

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from shared.base import Grand, TexteLibre


class LigneJournal(SQLModel, table=True):
    """One event of the service's log. ``position`` orders the log; ``precedent`` is the previous one of its partition.

    Both are null until the publisher gives them, where it works apart from the writers. ``octets`` is the event as
    published; ``enregistre_le`` the instant of the transaction (ns); ``trace``: W3C ``traceparent`` of its coming.
    """

    __tablename__ = "journal"
    __table_args__ = (
        Index(
            "journal_sans_position",
            "id",
            sqlite_where=text("position IS NULL"),
            postgresql_where=text("position IS NULL"),
        ),
    )
    id: int | None = Field(default=None, primary_key=True, sa_type=Grand)
    position: int | None = Field(default=None, unique=True, sa_type=Grand)
    precedent: int | None = Field(default=None, sa_type=Grand)
    partition: int
    cle: str
    type: str
    octets: bytes
    enregistre_le: int = Field(sa_type=Grand)
    trace: str | None = None


class Publieur(SQLModel, table=True):
    """The fenced publisher row: one leader, known by its ``epoque``. ``tetes``: last position of each partition.

    ``sujet``: identifier of the Kafka topic that the log goes to, null where there is none; ``annoncee``: the last
    epoch whose opening every partition of that topic has acknowledged.
    """

    __tablename__ = "publieur"
    service: str = Field(primary_key=True)
    epoque: int
    assigne: int = Field(default=0, sa_type=Grand)
    confirme: int = Field(default=0, sa_type=Grand)
    tetes: bytes = b"[]"
    sujet: str | None = None
    annoncee: int | None = None


class Epoque(SQLModel, table=True):
    """The lineage of the log: each start of the publisher continues the one before it from ``depuis``.

    ``tetes``: JSON list of the head of each partition then; null in an epoch older than this column.
    """

    __tablename__ = "epoque"
    numero: int = Field(primary_key=True)
    marque: str
    depuis: int = Field(sa_type=Grand)
    tetes: bytes | None = None


class Repere(SQLModel, table=True):
    """Watermark: how far a consumer has applied a partition of a source's log, and in which epoch."""

    __tablename__ = "repere"
    consommateur: str = Field(primary_key=True)
    source: str = Field(primary_key=True)
    generation: int = Field(primary_key=True)
    partition: int = Field(primary_key=True)
    position: int = Field(sa_type=Grand)
    offset: int = Field(default=0, sa_type=Grand)
    marque: str


class Presence(SQLModel, table=True):
    """What a worker process of the service last told of itself (``shared.runtime.presence``).

    ``vu_le``: when (ns); ``lues``: ingress partitions that it reads; ``retard``: records of them still to read.
    """

    __tablename__ = "presence"
    processus: str = Field(primary_key=True)
    vu_le: int = Field(sa_type=Grand)
    lues: int
    retard: int = Field(sa_type=Grand)
    arret: str | None = None


class LigneBoite(SQLModel, table=True):
    """Inbox: (source, id) already taken, with the fingerprint of the event (see ``shared.runtime.boite``)."""

    __tablename__ = "boite"
    __table_args__ = {"sqlite_with_rowid": False}
    cle: str = Field(primary_key=True)
    empreinte: bytes


class LettreMorte(SQLModel, table=True):
    """An accepted event that can have no effect, kept with its bytes until it is replayed or becomes possible."""

    __tablename__ = "lettre_morte"
    __table_args__ = (
        Index(
            "lettre_morte_ouverte",
            "numero",
            sqlite_where=text("close_le IS NULL"),
            postgresql_where=text("close_le IS NULL"),
        ),
        Index("lettre_morte_evenement", "evenement_source", "evenement_id"),
    )
    numero: int | None = Field(default=None, primary_key=True, sa_type=Grand)
    evenement_source: str = Field(sa_type=TexteLibre)
    evenement_id: str = Field(sa_type=TexteLibre)
    type: str
    caf: str
    objet: str
    motif: str
    detail: str = Field(sa_type=TexteLibre)
    octets: bytes
    recue_le: int = Field(sa_type=Grand)
    essais: int = 1
    close_le: int | None = Field(default=None, sa_type=Grand)
    close_par: str | None = None


# What a consumer keeps of the logs that it reads.
TABLES_DE_LECTURE: tuple[type[SQLModel], ...] = (Repere,)
TABLES_COMMUNES: tuple[type[SQLModel], ...] = (
    LigneJournal,
    Publieur,
    Epoque,
    Presence,
    *TABLES_DE_LECTURE,
    LigneBoite,
    LettreMorte,
)
