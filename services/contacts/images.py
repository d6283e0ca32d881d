"""Where contacts keeps what it publishes to the indicators."""

from collections.abc import Mapping
from typing import Final

from services.contacts.models import LigneCampagne, LigneContact, LigneRendezVous
from shared.base import table_of
from shared.runtime.imagier import ImagierLocal, Rayon
from shared.runtime.service import ServiceDeFaits

RAYONS: Final[Mapping[str, Rayon]] = {
    "contact": Rayon(
        table_of(LigneContact), "fr.caf.contact.mouvement.v1", {"recu": "recu", "clos": "clos"}, frozenset({"recu"})
    ),
    "rendez_vous": Rayon(table_of(LigneRendezVous), "fr.caf.rendez_vous.mouvement.v1", {"issue_le": "issue_le"}),
    "campagne": Rayon(table_of(LigneCampagne), "fr.caf.campagne.mouvement.v1", {"jour": "jour"}),
}


def open_images(service: ServiceDeFaits) -> ImagierLocal:
    """The images of the running service."""
    return ImagierLocal(service, RAYONS)
