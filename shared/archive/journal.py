"""The log of a service as its database holds it: what is archived, in both modes.

The database and not the topic: it is the same in both modes, it holds the whole lineage and the instants of recording,
its rows come in the order of positions, and a topic is filled from it.
"""

from bisect import bisect_left
from collections.abc import Iterator
from typing import Final

from sqlalchemy import Engine, select

from shared.archive.colonnes import Ligne
from shared.base import fetch_raw
from shared.runtime.journal import EPOQUE, JOURNAL, PUBLIEUR
from shared.runtime.service import MaillonEpoque

# Records read at once.
LOT = 2_000
_MEMBRES: Final = ("position", "precedent", "partition", "cle", "type", "octets", "enregistre_le", "trace")
_REQUETE: Final = select(*(JOURNAL.c[nom] for nom in _MEMBRES)).order_by(JOURNAL.c.position)


class JournalEnBase:
    """The confirmed records of a log. ``tete``: the last of them, as it was when this was made."""

    def __init__(self, service: str, lecture: Engine) -> None:
        self.service = service
        self._lecture = lecture
        with lecture.connect() as connexion:
            confirme = select(PUBLIEUR.c.confirme).where(PUBLIEUR.c.service == service)
            self.tete: int = connexion.execute(confirme).scalar() or 0
            epoques = select(EPOQUE.c.marque, EPOQUE.c.depuis).order_by(EPOQUE.c.numero)
            self.lignee = [MaillonEpoque(marque, depuis) for marque, depuis in connexion.execute(epoques)]
        self._depuis = [maillon.depuis for maillon in self.lignee]

    def read(self, apres: int) -> Iterator[list[Ligne]]:
        """The records after a position, a batch at a time: each is a moment of its own, so that nobody waits."""
        while apres < self.tete:
            requete = _REQUETE.where(JOURNAL.c.position > apres, JOURNAL.c.position <= self.tete).limit(LOT)
            with self._lecture.connect() as connexion:
                lignes = [
                    Ligne._make((*valeurs, self.epoch_of(valeurs[0]).marque))
                    for valeurs in fetch_raw(connexion, requete, {})
                ]
            if not lignes:
                return
            yield lignes
            apres = lignes[-1].position

    def epoch_of(self, position: int) -> MaillonEpoque:
        """The epoch in which a position was given: the last that begins before it."""
        return self.lignee[max(bisect_left(self._depuis, position) - 1, 0)]
