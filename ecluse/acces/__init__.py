"""How the command line reaches the house: in this process when its folder is free, over HTTP when another runs it."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from ecluse.acces.contrat import Acces
from ecluse.acces.distant import AccesDistant
from ecluse.acces.local import AccesLocal
from ecluse.client import Client, ServeurInjoignable
from ecluse.dossier import DossierOccupe, own
from ecluse.importation import LOT
from ecluse.maison import open_house
from shared.reglages import Reglages
from shared.systeme import explain_os

__all__ = ["Acces", "AccesDistant", "AccesLocal", "reach", "reach_origin"]


@contextmanager
def reach(chemin: Path) -> Iterator[Acces]:
    """The house of a data folder. Raises ``DossierInutilisable``, ``BaseTropRecente``, ``ServeurInjoignable``."""
    try:
        dossier = own(chemin)
    except DossierOccupe as occupe:
        if occupe.url is None:
            raise ServeurInjoignable(
                f"le dossier {chemin} est utilisé par un autre Écluse qui ne répond pas encore : réessayer bientôt"
            ) from None
        with reach_origin(occupe.url, _local_token(chemin)) as acces:
            yield acces
        return
    with dossier, open_house(Reglages(chemin, lot_max=LOT)) as maison:
        yield AccesLocal(maison)


@contextmanager
def reach_origin(url: str, jeton: str) -> Iterator[Acces]:
    """The house that answers at an origin. Its questions raise ``ServeurInjoignable``."""
    with closing(Client(url, jeton)) as client:
        yield AccesDistant(client)


def _local_token(chemin: Path) -> str:
    try:
        return (chemin / "local-token").read_text().strip()
    except OSError as erreur:
        raise ServeurInjoignable(f"jeton illisible dans {chemin} : {explain_os(erreur)}") from erreur
