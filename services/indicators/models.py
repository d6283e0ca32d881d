"""The tables of the indicators: the checkpoint of the fold, values typed in, targets, arrêtés.

Days, categories and keys are as in ``services.indicators.fold``. What people give is in no log: its rows are never
changed nor erased, and a rebuild leaves them as they are.
"""

from sqlalchemy import BigInteger, Double, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from services.indicators.arretes.models import LigneArrete
from shared.base import Grand, TexteLibre


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


class LigneValeur(SQLModel, table=True):
    """A value typed in for the period of days ``du`` to ``au``; the last of a period is in force.

    ``cle``: idempotency key of its author, if there was one; ``saisie_le``: instant (ns).
    """

    __tablename__ = "valeur_saisie"
    __table_args__ = (UniqueConstraint("auteur", "cle"), Index("valeur_saisie_code", "caf", "code", "numero"))
    numero: int | None = Field(default=None, primary_key=True, sa_type=Grand)
    caf: str
    code: str
    du: int
    au: int
    valeur: float = Field(sa_type=Double)
    auteur: str
    commentaire: str | None = Field(default=None, sa_type=TexteLibre)
    cle: str | None = None
    saisie_le: int = Field(sa_type=Grand)


class ImportCibles(SQLModel, table=True):
    """A list of targets that was taken. ``lignes``: how many it had, of which only those that changed are kept.

    ``empreinte``: 16 bytes that stand for the list; ``cle``: idempotency key of its author; ``importe_le``: ns.
    """

    __tablename__ = "import_cibles"
    __table_args__ = (UniqueConstraint("auteur", "cle"),)
    numero: int | None = Field(default=None, primary_key=True, sa_type=Grand)
    auteur: str
    fichier: str | None = Field(default=None, sa_type=TexteLibre)
    lignes: int
    empreinte: bytes
    cle: str | None = None
    importe_le: int = Field(sa_type=Grand)


class LigneCible(SQLModel, table=True):
    """A target as an import gave it; the last of a (Caf, year, code, kind) is in force. ``ligne``: its line there."""

    __tablename__ = "cible"
    __table_args__ = (Index("cible_annee", "caf", "annee", "code"),)
    numero_import: int = Field(primary_key=True, sa_type=BigInteger)
    ligne: int = Field(primary_key=True)
    caf: str
    annee: int
    code: str
    nature: str
    valeur: float | None = Field(default=None, sa_type=Double)
    operateur: str | None = None
    etat_source: str
    source: str


# What a rebuild writes again; the other tables hold what no log says.
TABLES_DU_PLI: tuple[type[SQLModel], ...] = (VersionDuPli, LigneProfil, Cellule)
TABLES_INDICATEURS: tuple[type[SQLModel], ...] = (*TABLES_DU_PLI, LigneValeur, ImportCibles, LigneCible, LigneArrete)
