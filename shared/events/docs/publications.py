"""What the services publish of their own: movements for the indicators, gestures of the queues, news of the logs."""

from typing import Any, Final, TypeAlias

from msgspec import Struct

from shared.events.base import Service
from shared.events.catalogue import SERVICES
from shared.events.docs.sens import FAMILLES, IMAGES, JOURNAL, TRAVAIL
from shared.events.journal import PUBLIES as ANNONCES
from shared.events.mouvements import MOUVEMENTS, Mouvement, TypeMouvement
from shared.events.travail import PUBLIES

# Named here: within a class that has a member ``type``, that name is the member.
ClassePubliee: TypeAlias = type[Struct]


class Publication(Struct, frozen=True):
    """A type that services publish: ``donnees`` is the class of its ``data``, ``sens`` what its members mean.

    ``d_un_dossier``: it belongs to a dossier of a Caf, as everything but the news of the logs themselves.
    """

    type: str
    services: tuple[Service, ...]
    resume: str
    donnees: ClassePubliee
    sens: dict[str, str]
    d_un_dossier: bool = True


def _movement(type_: TypeMouvement) -> Publication:
    resume = f"Ce que les indicateurs comptent pour {FAMILLES[type_.famille]}, avant et après une décision."
    classe: Any = Mouvement[type_.image]  # type: ignore[name-defined]  # the class is a value of the table
    return Publication(type_.type, (type_.service,), resume, classe, IMAGES)


def _gesture(type_: str, classe: ClassePubliee) -> Publication:
    resume = (classe.__doc__ or "").strip().splitlines()[0]
    return Publication(type_, ("production", "recovery"), resume, classe, TRAVAIL)


def _announcement(type_: str, classe: ClassePubliee) -> Publication:
    resume = (classe.__doc__ or "").strip().splitlines()[0]
    return Publication(type_, SERVICES, resume, classe, JOURNAL, d_un_dossier=False)


PUBLICATIONS: Final[dict[str, Publication]] = (
    {nom: _movement(t) for nom, t in MOUVEMENTS.items()}
    | {nom: _gesture(nom, classe) for nom, classe in PUBLIES.items()}
    | {nom: _announcement(nom, classe) for nom, classe in ANNONCES.items()}
)
