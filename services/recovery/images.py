"""Where recovery keeps what it publishes to the indicators: encaissements and remises in the row of their créance."""

from collections.abc import Mapping
from typing import Final

from services.recovery.models import LigneCreance
from shared.base import table_of
from shared.runtime.imagier import ImagierLocal, Rayon
from shared.runtime.service import ServiceDeFaits

_CREANCE: Final = table_of(LigneCreance)
RAYONS: Final[Mapping[str, Rayon]] = {
    "creance": Rayon(_CREANCE, "fr.caf.creance.mouvement.v1", {"constat": "constat", "qualifiee": "qualifiee"}),
    "encaissement": Rayon(_CREANCE, "fr.caf.encaissement.mouvement.v1"),
    "remise": Rayon(_CREANCE, "fr.caf.remise.mouvement.v1"),
}


def open_images(service: ServiceDeFaits) -> ImagierLocal:
    """The images of the running service."""
    return ImagierLocal(service, RAYONS)
