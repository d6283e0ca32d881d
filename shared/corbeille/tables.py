"""What a work queue keeps: the items that wait, derived from the facts, and who holds or sleeps on which."""

from msgspec import Struct
from sqlalchemy import Index
from sqlmodel import Field, SQLModel


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
    cle: str = Field(primary_key=True)
    corbeille: str = Field(primary_key=True)
    caf: str
    objet: str
    dossier: str
    du: int
    au: int | None = None
    priorite: int
    echeance: int
    depuis: int
    montant: int
    montant_inverse: int


class Prise(SQLModel, table=True):
    """Who holds an item, or until when it sleeps. One row per item, whatever corbeille it is in.

    ``jeton``: fencing token of the last claim, ever growing within the service; ``bail``: instant (ns) at which the
    lease ends (0: not held); ``reporte``: first day on which it is ready again (0: now).
    """

    __tablename__ = "prise"
    cle: str = Field(primary_key=True)
    jeton: int
    titulaire: str
    corbeille: str
    prise_le: int
    bail: int
    reporte: int = 0
    motif: str = ""


class Compteur(SQLModel, table=True):
    """Counters that only grow, by name."""

    __tablename__ = "compteur"
    nom: str = Field(primary_key=True)
    valeur: int


TABLES_CORBEILLE: tuple[type[SQLModel], ...] = (Element, Prise, Compteur)
