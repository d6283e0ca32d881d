"""The corbeilles of recovery: créances to notify, late ones, those of dossiers without rights."""

from typing import Final

from services.recovery.rules import Corbeille, rank
from shared.corbeille.regles import ISSUES_APPEL, ISSUES_NOTIFICATION, Definition
from shared.corbeille.service import Corbeilles
from shared.corbeille.veille import Veille
from shared.runtime.service import ServiceDeFaits

DEFINITIONS: Final = tuple(
    Definition(c.value, c.libelle, ISSUES_NOTIFICATION if c is Corbeille.a_notifier else ISSUES_APPEL)
    for c in Corbeille
)


def open_queues(service: ServiceDeFaits, veille: Veille) -> Corbeilles:
    """The work queues of the running service."""
    return Corbeilles(service, DEFINITIONS, rank, veille)
