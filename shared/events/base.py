"""The pieces that every event type is made of: field types with their rules, and the declaration of a type."""

from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Any, Final, Literal, Self, TypeVar

import msgspec
from msgspec import Meta, Struct

from shared.temps import INSTANT

Service = Literal["production", "contacts", "recovery"]

# `$(?!\n)` because Python's `$` also matches before a final line feed; other engines read it as plain `$`.
Identifiant = Annotated[
    str,
    Meta(pattern=r"^[A-Za-z0-9._-]{1,64}$(?!\n)", description="Identifiant opaque", extra={"genre": "identifiant"}),
]
Texte = Annotated[
    str,
    Meta(
        pattern="^[^\\u0000-\\u001f\\u007f-\\u009f]{1,200}$(?!\\n)",
        description="Texte court sans caractère de contrôle",
        extra={"genre": "texte"},
    ),
]
Instant = Annotated[
    str,
    Meta(
        description="Instant ISO 8601 avec fuseau",
        extra_json_schema={"pattern": INSTANT, "format": "date-time"},
        extra={"genre": "instant"},
    ),
]
CodeCaf = Annotated[str, Meta(pattern=r"^[0-9]{3}$(?!\n)", description="Numéro de Caf, trois chiffres")]
Montant = Annotated[int, Meta(ge=1, le=10**12, description="Centimes d'euro")]
MontantOuZero = Annotated[int, Meta(ge=0, le=10**12, description="Centimes d'euro, zéro admis")]
Niveau = Annotated[int, Meta(ge=1, le=2)]


class Liste(StrEnum):
    """A closed list of the contract; each member carries its French label.

    The name of a member is its value, so that its hash is that of the plain string.
    """

    libelle: str

    def __new__(cls, valeur: str, libelle: str) -> Self:
        membre = str.__new__(cls, valeur)
        membre._value_ = valeur
        membre.libelle = libelle
        return membre


class Donnees(Struct, frozen=True, omit_defaults=True):
    """What the ``data`` member of an event holds. Readers inside ignore members that they do not know."""


class TypeEvenement(Struct, frozen=True):
    """What the catalogue knows of a front-office type.

    ``objet``: member of ``data`` that identifies the object, ``subject`` for the dossier itself, None for an event that is
    its own object;
    ``instant``: member that holds the business instant; ``rang``: order between facts of the same instant;
    ``cree``: True for the fact without which the object is "en attente d'arrivée".
    """

    type: str
    service: Service
    genre: str
    objet: str | None
    instant: str
    rang: int
    cree: bool
    resume: str
    donnees: type[Donnees]
    instants: tuple[str, ...]
    surveilles: tuple[str, ...]


CATALOGUE: Final[dict[str, TypeEvenement]] = {}
_D = TypeVar("_D", bound=type[Donnees])


def evenement(
    type_: str, service: Service, genre: str, *, instant: str, objet: str | None, rang: int, cree: bool = False
) -> Callable[[_D], _D]:
    """Declare the class as the ``data`` of ``type_``; its docstring's first line says what the event means."""

    def declare(classe: _D) -> _D:
        champs = msgspec.structs.fields(classe)
        CATALOGUE[type_] = TypeEvenement(
            type=type_,
            service=service,
            genre=genre,
            objet=objet,
            instant=instant,
            rang=rang,
            cree=cree,
            resume=(classe.__doc__ or "").strip().splitlines()[0],
            donnees=classe,
            instants=tuple(c.encode_name for c in champs if _genre(c.type) == "instant"),
            surveilles=tuple(c.encode_name for c in champs if _genre(c.type) in ("identifiant", "texte")),
        )
        return classe

    return declare


def _genre(annotation: Any) -> str | None:
    """The ``genre`` that the Meta of an annotation carries, also inside ``X | UnsetType``."""
    info = msgspec.inspect.type_info(annotation)
    candidats = info.types if isinstance(info, msgspec.inspect.UnionType) else (info,)
    for candidat in candidats:
        if isinstance(candidat, msgspec.inspect.Metadata) and candidat.extra:
            return str(candidat.extra.get("genre")) if "genre" in candidat.extra else None
    return None
