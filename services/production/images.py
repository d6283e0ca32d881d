"""Where production keeps what it publishes to the indicators."""

from collections.abc import Mapping
from typing import Final

from services.production.models import LigneControle, LigneCourrier, LignePiece, LigneVerification
from shared.base import table_of
from shared.runtime.imagier import ImagierLocal, Rayon
from shared.runtime.service import ServiceDeFaits

_JOUR: Final = {"jour": "jour"}
RAYONS: Final[Mapping[str, Rayon]] = {
    "piece": Rayon(table_of(LignePiece), "fr.caf.piece.mouvement.v1", {"arrivee": "arrivee", "fin": "fin"}),
    "courrier": Rayon(table_of(LigneCourrier), "fr.caf.courrier.mouvement.v1", _JOUR),
    "verification": Rayon(table_of(LigneVerification), "fr.caf.verification.mouvement.v1", _JOUR),
    "controle": Rayon(table_of(LigneControle), "fr.caf.controle.mouvement.v1", _JOUR),
}


def open_images(service: ServiceDeFaits) -> ImagierLocal:
    """The images of the running service."""
    return ImagierLocal(service, RAYONS)
