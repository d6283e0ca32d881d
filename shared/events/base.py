"""The pieces that every event type is made of: field types with their rules, and the declaration of a type."""

from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Final, Literal, Self, TypeAlias, TypeVar, cast

import msgspec
from msgspec import NODEFAULT, UNSET, Meta, Struct

from shared.events.nir import NIR
from shared.temps import INSTANT

Service = Literal["production", "contacts", "recovery"]

# Python's `$` also matches before a final line feed; other engines need no such tail, and the documents drop it.
FIN: Final = r"$(?!\n)"
_PAS_UN_NIR: Final = rf"(?!{NIR}$)"
Identifiant = Annotated[
    str,
    Meta(
        pattern=rf"^{_PAS_UN_NIR}[A-Za-z0-9._-]{{1,64}}{FIN}",
        description="Identifiant opaque, qui ne ressemble pas à un NIR",
        extra={"genre": "identifiant"},
    ),
]
Texte = Annotated[
    str,
    Meta(
        pattern=rf"^{_PAS_UN_NIR}[^\u0000-\u001f\u007f-\u009f]{{1,200}}{FIN}",
        description="Texte court sans caractère de contrôle, qui ne ressemble pas à un NIR",
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
CodeCaf = Annotated[
    str, Meta(pattern=rf"^[0-9]{{3}}{FIN}", description="Numéro de Caf, trois chiffres", extra={"genre": "caf"})
]
Montant = Annotated[int, Meta(ge=1, le=10**12, description="Centimes d'euro", extra={"genre": "montant"})]
MontantOuZero = Annotated[
    int, Meta(ge=0, le=10**12, description="Centimes d'euro, zéro admis", extra={"genre": "montant ou zéro"})
]
Niveau = Annotated[int, Meta(ge=1, le=2, description="1 ou 2", extra={"genre": "niveau"})]


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


# Named here: within a class that has a member ``type``, that name is the member.
ClasseDeDonnees: TypeAlias = type[Donnees]


class Membre(Struct, frozen=True):
    """A member of ``data``. ``genre``: which rule it follows; ``valeurs``: those of a closed list."""

    nom: str
    genre: str
    requis: bool
    defaut: object = None
    valeurs: tuple[Liste, ...] = ()


class TypeEvenement(Struct, frozen=True):
    """What the catalogue knows of a front-office type.

    ``objet``: member of ``data`` that identifies the object, ``subject`` for the dossier itself, None for an event that
    is its own object;
    ``instant``: member that holds the business instant; ``rang``: order between facts of the same instant;
    ``cree``: True for the fact without which the object is "en attente d'arrivée"; ``autres_instants``: members that
    hold an instant which is not when the event happened (``debut``); ``avec_defaut``: an absent member has a value.
    """

    type: str
    service: Service
    genre: str
    objet: str | None
    instant: str
    rang: int
    cree: bool
    resume: str
    donnees: ClasseDeDonnees
    autres_instants: tuple[str, ...]
    avec_defaut: bool


CATALOGUE: Final[dict[str, TypeEvenement]] = {}
_D = TypeVar("_D", bound=type[Donnees])


def evenement(
    type_: str, service: Service, genre: str, *, instant: str, objet: str | None, rang: int, cree: bool = False
) -> Callable[[_D], _D]:
    """Declare the class as the ``data`` of ``type_``; its docstring's first line says what the event means."""

    def declare(classe: _D) -> _D:
        membres = members_of(classe)
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
            autres_instants=tuple(m.nom for m in membres if m.genre == "instant" and m.nom != instant),
            avec_defaut=any(m.defaut is not None for m in membres),
        )
        return classe

    return declare


def members_of(classe: type[Donnees]) -> tuple[Membre, ...]:
    """The members of a type's ``data``, in the order of the contract."""
    return tuple(_member(champ) for champ in msgspec.structs.fields(classe))


_VALUE: Final = (msgspec.inspect.Metadata, msgspec.inspect.EnumType, msgspec.inspect.BoolType)


def _member(champ: msgspec.structs.FieldInfo) -> Membre:
    info = msgspec.inspect.type_info(champ.type)
    if isinstance(info, msgspec.inspect.UnionType):
        info = next(i for i in info.types if isinstance(i, _VALUE))
    valeurs: tuple[Liste, ...] = ()
    if isinstance(info, msgspec.inspect.Metadata):
        genre = str((info.extra or {})["genre"])
    elif isinstance(info, msgspec.inspect.EnumType):
        genre, valeurs = "liste", tuple(cast("type[Liste]", info.cls))
    else:
        genre = "booléen"
    defaut = None if champ.default in (NODEFAULT, UNSET) else champ.default
    return Membre(champ.encode_name, genre, champ.required, defaut, valeurs)
