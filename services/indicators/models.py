"""The checkpoint of the fold, as rows. Days, categories and keys are as in ``services.indicators.fold``."""

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel


class VersionDuPli(SQLModel, table=True):
    """Which version of the fold wrote the cells. One row, or none before the first checkpoint."""

    __tablename__ = "pli_version"
    nom: str = Field(primary_key=True)
    version: int


class LigneProfil(SQLModel, table=True):
    """A numbered profile of a family. ``valeurs``: JSON list of the Caf and the categories."""

    __tablename__ = "pli_profil"
    __table_args__ = {"sqlite_with_rowid": False}
    famille: str = Field(primary_key=True)
    numero: int = Field(primary_key=True)
    valeurs: bytes


class Cellule(SQLModel, table=True):
    """A cell that counts something. ``cle``: packed profile and days; ``mesures``: JSON list of integers."""

    __tablename__ = "pli_cellule"
    __table_args__ = {"sqlite_with_rowid": False}
    famille: str = Field(primary_key=True)
    cle: int = Field(primary_key=True, sa_type=BigInteger)
    mesures: bytes


TABLES_INDICATEURS: tuple[type[SQLModel], ...] = (VersionDuPli, LigneProfil, Cellule)
