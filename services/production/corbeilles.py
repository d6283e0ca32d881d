"""The corbeille of production: pieces to treat."""

from typing import Final

from services.production.rules import Corbeille, rank
from shared.corbeille.regles import ISSUES_PIECE, Definition
from shared.corbeille.service import Corbeilles
from shared.corbeille.veille import Veille
from shared.runtime.service import ServiceDeFaits

DEFINITIONS: Final = (Definition(Corbeille.pieces.value, Corbeille.pieces.libelle, ISSUES_PIECE),)


def open_queues(service: ServiceDeFaits, veille: Veille) -> Corbeilles:
    """The work queues of the running service."""
    return Corbeilles(service, DEFINITIONS, rank, veille)
