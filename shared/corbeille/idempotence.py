"""A command that comes back with the same idempotency key gets the same answer, and has its effect once."""

from collections.abc import Callable
from hashlib import blake2b
from typing import Any, Final, NamedTuple, TypeVar

import msgspec
from sqlalchemy import delete, insert, select

from shared.base import table_of
from shared.corbeille.refus import CleReutilisee
from shared.corbeille.tables import ReponseGardee
from shared.runtime.lot import Lot
from shared.runtime.verrous import hold_name
from shared.temps import to_jour

T = TypeVar("T")
# A client that has not come back for its answer after a week has lost its key as well.
JOURS_GARDES: Final = 7
REPONSE: Final = table_of(ReponseGardee)


class Cle(NamedTuple):
    """An idempotency key. ``portee``: who uses it; ``commande``: everything that the command says."""

    portee: str
    cle: str
    commande: tuple[Any, ...]

    @property
    def empreinte(self) -> bytes:
        """16 bytes that stand for the command."""
        return blake2b(msgspec.json.encode(self.commande), digest_size=16).digest()


def run_once(lot: Lot, cle: Cle | None, type_: type[T], geste: Callable[[], T | None]) -> T | None:
    """What ``geste`` gives, or gave when the key first came. Raises ``CleReutilisee``.

    An answer None is not kept: nothing was done, so that asking again is no repetition.
    """
    if cle is None:
        return geste()
    # The same command may have come to another process at once: its answer is there when its turn is over.
    hold_name(lot.connexion, f"{cle.portee}|{cle.cle}")
    c = REPONSE.c
    ici = (c.portee == cle.portee, c.cle == cle.cle)
    deja = lot.connexion.execute(select(c.empreinte, c.contenu).where(*ici)).first()
    if deja is not None:
        if deja.empreinte != cle.empreinte:
            raise CleReutilisee("cette clé d'idempotence a déjà servi à une autre commande : en donner une nouvelle")
        return msgspec.json.decode(deja.contenu, type=type_)
    resultat = geste()
    if resultat is not None:
        _keep(lot, cle, msgspec.json.encode(resultat))
    return resultat


def _keep(lot: Lot, cle: Cle, contenu: bytes) -> None:
    jour = to_jour(lot.maintenant)
    lot.connexion.execute(delete(REPONSE).where(REPONSE.c.jour < jour - JOURS_GARDES))
    lot.connexion.execute(
        insert(REPONSE).values(portee=cle.portee, cle=cle.cle, empreinte=cle.empreinte, jour=jour, contenu=contenu)
    )
