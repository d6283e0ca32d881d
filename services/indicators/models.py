"""The tables of the indicators: the checkpoint of the fold (days, categories and keys as in ``fold``), the arrêtés."""

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel

from services.indicators.arretes.models import LigneArrete


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


# What a rebuild writes again; the other tables hold what no log says.
TABLES_DU_PLI: tuple[type[SQLModel], ...] = (VersionDuPli, LigneProfil, Cellule)
TABLES_INDICATEURS: tuple[type[SQLModel], ...] = (*TABLES_DU_PLI, LigneArrete)
