"""What a work queue keeps: the items that wait, derived from the facts, who holds which, and which are asleep."""

from msgspec import Struct
from sqlalchemy import BigInteger, Index
from sqlmodel import Field, SQLModel

from shared.base import Trie


class Travail(Struct, frozen=True, array_like=True):
    """One stay of an item in a corbeille, as the rules of a service derive it from the facts of an object.

    In the corbeille from day ``du`` (inclusive) to day ``au`` (exclusive, None: until the facts say otherwise).
    Order within a corbeille: ``priorite`` (0 first), ``echeance`` (day), ``montant`` (cents, largest first),
    ``depuis`` (day), key. The order does not depend on today, so that an item that waits always reaches the head.
    """

    corbeille: str
    du: int
    au: int | None
    priorite: int
    echeance: int
    depuis: int
    montant: int = 0


class Element(SQLModel, table=True):
    """A stay of an item in a corbeille (see ``Travail``). ``cle``: ``caf|objet``."""

    __tablename__ = "element"
    __table_args__ = (Index("element_ordre", "corbeille", "priorite", "echeance", "montant_inverse", "depuis", "cle"),)
    cle: str = Field(primary_key=True, sa_type=Trie)
    corbeille: str = Field(primary_key=True)
    caf: str
    objet: str
    dossier: str
    du: int
    au: int | None = None
    priorite: int
    echeance: int
    depuis: int
    montant: int = Field(sa_type=BigInteger)
    montant_inverse: int = Field(sa_type=BigInteger)


class Bail(SQLModel, table=True):
    """Who holds an item, until the instant ``fin`` (ns): one row per held item, whatever corbeilles it is in.

    It outlives the item: when facts take an item out of every corbeille and bring it back, its holder still holds it.
    ``jeton``: fencing token, ever growing within the service; ``corbeille``: where it was taken.
    """

    __tablename__ = "bail"
    cle: str = Field(primary_key=True)
    jeton: int = Field(sa_type=BigInteger)
    titulaire: str
    corbeille: str
    dossier: str
    prise_le: int = Field(sa_type=BigInteger)
    fin: int = Field(sa_type=BigInteger)


class Report(SQLModel, table=True):
    """An item asleep in one corbeille: ready there again on day ``reporte``. ``motif``: code of the outcome or hold.

    The runtime deletes the rows of an item that leaves every corbeille.
    """

    __tablename__ = "report"
    cle: str = Field(primary_key=True)
    corbeille: str = Field(primary_key=True)
    reporte: int
    motif: str


class Compteur(SQLModel, table=True):
    """Counters that only grow, by name."""

    __tablename__ = "compteur"
    nom: str = Field(primary_key=True)
    valeur: int = Field(sa_type=BigInteger)


class ReponseGardee(SQLModel, table=True):
    """The answer given to a command that carried an idempotency key, by caller (``portee``) and key.

    ``empreinte``: 16 bytes that stand for the command, so that a key reused for another one is told apart.
    """

    __tablename__ = "reponse_gardee"
    __table_args__ = (Index("reponse_gardee_jour", "jour"),)
    portee: str = Field(primary_key=True)
    cle: str = Field(primary_key=True)
    empreinte: bytes
    jour: int
    contenu: bytes


TABLES_CORBEILLE: tuple[type[SQLModel], ...] = (Element, Bail, Report, Compteur, ReponseGardee)
