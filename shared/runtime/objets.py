"""Objects in memory during a batch, and what a service declares of each kind of object."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from operator import itemgetter
from typing import Any, Final, NamedTuple

from msgspec import Raw, Struct
from msgspec.json import Decoder, Encoder
from sqlalchemy import Table
from sqlmodel import Field, SQLModel

from shared.base import table_of
from shared.corbeille.tables import Travail
from shared.events.mouvements import Image
from shared.runtime.faits import Fait


class LigneObjet(SQLModel):
    """Columns that every kind of object has. ``cle``: ``caf|objet``; ``version`` grows with each change.

    ``images``: what was last published of it, so that the next movement takes back exactly that; ``impossibles``:
    facts that are dead letters today; ``travaux``: its stays in corbeilles.
    """

    cle: str = Field(primary_key=True)
    caf: str
    objet: str
    dossier: str | None = None
    version: int
    faits: bytes
    images: bytes = b"[]"
    impossibles: bytes = b"[]"
    travaux: bytes = b"[]"


class Forme(NamedTuple):
    """How the rows of a kind are written: ``propres`` takes the values of its own columns out of ``Etat.colonnes``."""

    table: Table
    propres: Callable[[Mapping[str, Any]], tuple[Any, ...]]


_COMMUNES: Final = len(LigneObjet.model_fields)


@cache
def form_of(modele: type[SQLModel]) -> Forme:
    """The form of the rows of a model; the columns that every kind has come first."""
    table = table_of(modele)
    propres = tuple(table.c.keys())[_COMMUNES:]
    if len(propres) > 1:
        return Forme(table, itemgetter(*propres))
    return Forme(table, lambda colonnes: tuple(colonnes[n] for n in propres))


class Comptee(NamedTuple):
    """One counted thing of an object: family of movement, its identifier, its image."""

    famille: str
    objet: str
    image: Image


class Impossible(NamedTuple):
    """A fact that can have no effect, and why (French)."""

    fait: Fait
    detail: str


class Etat(Struct, frozen=True):
    """What the facts of an object say: a pure function of the set.

    ``dossier``: that of the creating fact, None while it is unknown ("en attente d'arrivée"); ``colonnes``: the
    kind's own columns.
    """

    dossier: str | None
    colonnes: Mapping[str, Any]
    images: Sequence[Comptee] = ()
    impossibles: Sequence[Impossible] = ()
    travaux: Sequence[Travail] = ()


class _ImageGardee(Struct, array_like=True):
    famille: str
    objet: str
    image: Raw


_IMAGES = Decoder(list[_ImageGardee])
_PAIRES = Decoder(list[tuple[str, str]])
_ENCODER = Encoder()


class Objet(Struct):
    """An object of the batch: its facts, and what was kept of it at the last change."""

    genre: "Genre"
    cle: str
    caf: str
    id: str
    faits: list[Fait] = []
    version: int = 0
    dossier: str | None = None
    images: bytes = b"[]"
    impossibles: bytes = b"[]"
    travaux: bytes = b"[]"
    voisinage: Any = None

    def published(self) -> dict[tuple[str, str], bytes]:
        """Images last published, by (family, identifier)."""
        if self.images == b"[]":
            return {}
        return {(i.famille, i.objet): bytes(i.image) for i in _IMAGES.decode(self.images)}

    def impossible_ids(self) -> set[tuple[str, str]]:
        """(source, id) of the facts that were dead letters at the last change."""
        return set() if self.impossibles == b"[]" else set(_PAIRES.decode(self.impossibles))


Charge = Callable[["Genre", Iterable[str]], list[Objet]]


class Genre(ABC):
    """A kind of object: its table and the pure function from facts to state."""

    nom: str
    modele: type[SQLModel]

    @abstractmethod
    def reduce(self, objet: Objet) -> Etat:
        """The state that the facts (in their order) give. Pure."""

    def widen(self, touches: list[Objet], lecture: "Lecture") -> list[Objet]:
        """The objects whose state may change with these, these included; most kinds have none."""
        del lecture
        return touches


class Lecture(ABC):
    """What ``Genre.widen`` may ask of the open transaction."""

    @abstractmethod
    def load(self, genre: Genre, cles: Iterable[str]) -> list[Objet]:
        """The objects with these keys, new ones where none is kept; the same key gives the same object."""

    @abstractmethod
    def rows(self, requete: Any, parametres: Mapping[str, Any]) -> Sequence[Any]:
        """Rows of a read-only select within the transaction."""


def encode_pairs(paires: Iterable[tuple[str, str]]) -> bytes:
    """Pairs (source, id) as kept in a row, sorted."""
    return _ENCODER.encode(sorted(paires))
