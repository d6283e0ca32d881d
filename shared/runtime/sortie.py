"""Events of a service's own, as they enter the log."""

from typing import Any, Final

from msgspec import Raw, Struct
from msgspec.json import Encoder


class Mouvement(Struct):
    """What a counted thing was and is, as JSON; None: it was not, or is no more."""

    objet: str
    avant: Raw | None
    apres: Raw | None


class Sortie(Struct):
    """The CloudEvent."""

    specversion: str
    id: str
    source: str
    type: str
    subject: str
    time: str
    caf: str
    datacontenttype: str = "application/json"
    data: Any = None


write_output: Final = Encoder().encode
