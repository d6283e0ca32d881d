"""The table of arrêtés: rows are added, never changed nor removed."""

from sqlmodel import Field, SQLModel

from shared.base import Grand


class LigneArrete(SQLModel, table=True):
    """An arrêté. ``document``: its canonical bytes; ``empreinte``: their SHA-256; ``pris_le``: instant (ns)."""

    __tablename__ = "arrete"
    caf: str = Field(primary_key=True)
    numero: int = Field(primary_key=True)
    periode: str
    provisoire: bool
    pris_le: int = Field(sa_type=Grand)
    empreinte: str
    document: bytes
