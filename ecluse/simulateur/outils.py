"""What front-office tools make of acts: delays, duplicates, disorder and corrections, never an event to refuse."""

from collections.abc import Iterable, Iterator
from random import Random
from typing import Final

from ecluse.simulateur.actes import Acte, Envoi
from ecluse.simulateur.caisse import Caisse, minutes_after, share
from shared.temps import HEURE, MINUTE, SECONDE

_CORRIGES: Final = frozenset({"piece.arrivee", "piece.traitee"})
_UN_JOUR: Final = 24 * HEURE


class Outils:
    """Turns acts into events on their way. Nothing is emitted from the instant ``limite`` on."""

    def __init__(self, caisse: Caisse, limite: int) -> None:
        self._caisse = caisse
        self._limite = limite
        self._rang = 0

    def send(self, tirage: Random, actes: Iterable[Acte]) -> Iterator[Envoi]:
        """What the tools send for these acts, in no order."""
        profil = self._caisse.profil.outils
        for acte in actes:
            emis = (acte.saisi or acte.instant) + tirage.randrange(1, 90) * SECONDE
            if emis >= self._limite:
                continue
            retard = minutes_after(tirage, 0, 120, 900) if share(tirage, profil.retards) else 0
            envoi = self._envoi(acte, emis, emis + retard)
            yield envoi
            if share(tirage, profil.doublons):
                yield self._again(envoi, minutes_after(tirage, envoi.recu, 1, 300))
            if acte.type in _CORRIGES and share(tirage, profil.corrections):
                corrige = minutes_after(tirage, emis, 60, 900)
                if corrige < self._limite:
                    yield self._envoi(_correct(acte), corrige, corrige)

    def _envoi(self, acte: Acte, emis: int, recu: int) -> Envoi:
        self._rang += 1
        # What is late at the end of the run comes at its end: a fact never stays without the one it rests on.
        return Envoi(
            min(recu, self._limite - SECONDE), self._rang, emis, f"e-{self._caisse.etiquette}-{self._rang}", acte
        )

    def _again(self, envoi: Envoi, recu: int) -> Envoi:
        self._rang += 1
        return envoi._replace(recu=min(recu, self._limite - SECONDE), rang=self._rang)


def _correct(acte: Acte) -> Acte:
    """The same act, at the instant at which it really was: an arrival the day before, a treatment a minute later."""
    if acte.type == "piece.arrivee":
        return acte._replace(instant=acte.instant - _UN_JOUR)
    return acte._replace(instant=acte.instant + MINUTE)
