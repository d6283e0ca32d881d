"""What the publisher of a log says of the log itself, for whoever reads the topics.

These events belong to no Caf and no dossier. Positions and instants (ns since 1970) are whole numbers.
"""

from typing import Annotated, Final, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from shared.events.base import FIN, Instant

EPOQUE: Final = "fr.caf.journal.epoque.v1"
TIC: Final = "fr.caf.journal.tic.v1"
LIGNEE_MAX: Final = 64

Position = Annotated[int, Meta(ge=0, description="Position dans le journal d'un service ; 0 : rien encore")]
NumeroEpoque = Annotated[int, Meta(ge=1, description="Rang de l'époque dans le journal du service")]
MarqueEpoque = Annotated[
    str, Meta(pattern=r"^[0-9A-Za-z]{1,64}" + FIN, description="Marque de l'époque, tirée au sort à son ouverture")
]
InstantNs = Annotated[int, Meta(ge=0, description="Nanosecondes depuis le 1er janvier 1970, temps universel")]


class Maillon(Struct, frozen=True):
    """An epoch of the log: it continues the one before from position ``depuis``, the head of the log when it began.

    ``tete``: the head of one partition then, in what is told of that partition.
    """

    numero: NumeroEpoque
    marque: MarqueEpoque
    depuis: Position
    tete: Position | UnsetType = UNSET


Lignee = Annotated[tuple[Maillon, ...], Meta(min_length=1, max_length=LIGNEE_MAX)]


class EpoqueOuverte(Struct, frozen=True):
    """Une nouvelle époque du journal commence dans cette partition ; elle continue la précédente.

    ``lignee``: the last epochs, oldest first, this one included.
    """

    numero: NumeroEpoque
    marque: MarqueEpoque
    lignee: Lignee


class TicPublie(Struct, frozen=True):
    """Où en est le journal d'un service : ce qui a été validé avant l'instant est dans la tête, ou attend.

    ``tetes``: last position of each partition; ``lignee``: as in ``EpoqueOuverte``.
    """

    numero: NumeroEpoque
    marque: MarqueEpoque
    instant: InstantNs
    tete: Position
    tetes: tuple[Position, ...]
    attente: Annotated[int, Meta(ge=0)]
    lignee: Lignee


class Annonce(Struct, frozen=True, tag_field="type", kw_only=True):
    """The attributes of such an event: those of CloudEvents alone."""

    specversion: Literal["1.0"] = "1.0"
    id: str
    source: Annotated[str, Meta(pattern=rf"^/ecluse/[a-z]+{FIN}")]
    time: Instant
    datacontenttype: Literal["application/json"] = "application/json"


class AnnonceEpoque(Annonce, frozen=True, tag=EPOQUE, kw_only=True):
    """The event that opens an epoch."""

    data: EpoqueOuverte


class AnnonceTic(Annonce, frozen=True, tag=TIC, kw_only=True):
    """The event of a tick."""

    data: TicPublie


PUBLIES: Final[dict[str, type[Struct]]] = {EPOQUE: EpoqueOuverte, TIC: TicPublie}
