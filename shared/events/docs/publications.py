"""What the services publish of their own: movements for the indicators, and the gestures of the work queues."""

from typing import Any, Final, TypeAlias

from msgspec import Struct

from shared.events.base import Service
from shared.events.docs.sens import FAMILLES, IMAGES, TRAVAIL
from shared.events.mouvements import MOUVEMENTS, Mouvement, TypeMouvement
from shared.events.travail import PUBLIES

# Named here: within a class that has a member ``type``, that name is the member.
ClassePubliee: TypeAlias = type[Struct]


class Publication(Struct, frozen=True):
    """A type that services publish: ``donnees`` is the class of its ``data``, ``sens`` what its members mean."""

    type: str
    services: tuple[Service, ...]
    resume: str
    donnees: ClassePubliee
    sens: dict[str, str]


def _movement(type_: TypeMouvement) -> Publication:
    resume = f"Ce que les indicateurs comptent pour {FAMILLES[type_.famille]}, avant et après une décision."
    classe: Any = Mouvement[type_.image]  # type: ignore[name-defined]  # the class is a value of the table
    return Publication(type_.type, (type_.service,), resume, classe, IMAGES)


def _gesture(type_: str, classe: ClassePubliee) -> Publication:
    resume = (classe.__doc__ or "").strip().splitlines()[0]
    return Publication(type_, ("production", "recovery"), resume, classe, TRAVAIL)


PUBLICATIONS: Final[dict[str, Publication]] = {nom: _movement(t) for nom, t in MOUVEMENTS.items()} | {
    nom: _gesture(nom, classe) for nom, classe in PUBLIES.items()
}
