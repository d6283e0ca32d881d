"""What a file of events is worth: the report of ``ecluse verify``, for people and as JSON."""

from msgspec import Struct

ILLISIBLE = "(source illisible)"


class Motif(Struct):
    """A reason of refusal: how many lines, and the first of them."""

    nombre: int
    ligne: int
    detail: str


class Retard(Struct):
    """Seconds from the business instant to ``time`` among accepted events; None without any.

    ``mediane`` and ``p90``: the smallest value that at least 50 and 90 percent of the events do not exceed. A negative
    value is an emission up to 5 minutes before the instant that it tells.
    """

    mediane: float | None = None
    p90: float | None = None
    max: float | None = None


class Desordre(Struct):
    """Accepted events whose ``time`` is before one already seen of their source; ``max``: by how many seconds."""

    nombre: int = 0
    part: float | None = None
    max: float = 0.0


class Etape(Struct):
    """A step that events of one type suppose and that is not there: how many events, on how many objects."""

    evenement: str
    manque: str
    evenements: int
    objets: int


class RapportSource(Struct):
    """One source. ``contradictoires``: lines with a (source, id) already accepted with another content, refused too."""

    source: str
    acceptes: int
    doublons: int
    refuses: int
    contradictoires: int
    motifs: dict[str, Motif]
    desordre: Desordre
    retard: Retard
    etapes_absentes: list[Etape]


class Objets(Struct):
    """Objects of one kind: ``connus`` have their creating fact, ``attendus`` only others."""

    genre: str
    connus: int
    attendus: int


class Rapport(Struct):
    """The whole file. ``lignes``: those that are not blank."""

    lignes: int
    acceptes: int
    doublons: int
    refuses: int
    objets: list[Objets]
    sources: list[RapportSource]
