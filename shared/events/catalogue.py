"""The catalogue: every front-office type, by name. Importing it declares them all."""

from typing import Final

from msgspec.json import Decoder, Encoder

import shared.events.contacts
import shared.events.production
import shared.events.recovery  # noqa: F401
from shared.events.base import CATALOGUE, Donnees, Service, TypeEvenement

TYPES: Final[dict[str, TypeEvenement]] = CATALOGUE
SERVICES: Final[tuple[Service, ...]] = ("contacts", "production", "recovery")
ENCODER: Final = Encoder()
# Tolerant: members that the reader does not know are ignored.
DECODERS: Final[dict[str, Decoder[Donnees]]] = {nom: Decoder(t.donnees) for nom, t in TYPES.items()}


def types_of(service: Service) -> list[TypeEvenement]:
    """The types that a service owns, in the order of the contract."""
    return [t for t in TYPES.values() if t.service == service]
