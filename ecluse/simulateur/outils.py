"""What front-office tools make of acts: delays, duplicates, disorder, corrections, late facts and refusals.

What goes wrong adds to the flow and takes nothing from it: the other events of a run are the same at any rate, but for
late facts, which come later. Each rate is a parameter of the profile; 0 draws nothing.
"""

from collections.abc import Iterable, Iterator
from random import Random
from typing import Final

from msgspec.structs import replace

from ecluse.simulateur.actes import Acte, Envoi
from ecluse.simulateur.caisse import Caisse, minutes_after, office_hour
from ecluse.simulateur.fautes import pick_fault
from ecluse.simulateur.profil import Profil
from shared.temps import HEURE, MINUTE, SECONDE, to_jour

_CORRIGES: Final = frozenset({"piece.arrivee", "piece.traitee"})
# Other facts rest on these. Without its creation an object would wait for it, in no figure, when a period ends before
# it is keyed in: they are never days late, but for the digitisation of paper, which their planner knows.
_FONDATEURS: Final = frozenset(
    {"piece.arrivee", "contact.recu", "rendez_vous.demande", "indu.constate", "encaissement.constate"}
)
_UN_JOUR: Final = 24 * HEURE


class Outils:
    """Turns acts into events on their way. Nothing is emitted from the instant ``limite`` on."""

    def __init__(self, caisse: Caisse, limite: int) -> None:
        self._caisse = caisse
        self._taux = caisse.profil.outils
        self._limite = limite
        self._dernier = limite - SECONDE
        self._prefixe = f"e-{caisse.etiquette}-"
        # Draws apart, so that a rate changes nothing of what is sent besides.
        self._defauts = caisse.draw_for(0, "défauts des outils")
        self._rang = 0
        self._acte = 0

    def send(self, tirage: Random, actes: Iterable[Acte]) -> Iterator[Envoi]:
        """What the tools send for these acts, in no order."""
        taux, hasard = self._taux, self._defauts.random
        for acte in actes:
            self._acte += 1
            id_ = f"{self._prefixe}{self._acte}"
            emis = (acte.saisi or acte.instant) + (1 + int(tirage.random() * 89)) * SECONDE
            if hasard() < taux.tardifs and acte.type not in _FONDATEURS:
                emis = self._days_after(emis)
            # Drawn whether it is sent or not: the end of a period changes nothing of what comes before.
            retenu, renvoye, corrige, refuse = hasard(), hasard(), hasard(), hasard()
            if emis >= self._limite:
                continue
            recu = minutes_after(self._defauts, emis, 120, 900) if retenu < taux.retards else emis
            yield self._envoi(acte, recu, emis, id_)
            if renvoye < taux.doublons:
                yield self._envoi(acte, minutes_after(self._defauts, recu, 1, 300), emis, id_)
            if corrige < taux.corrections and acte.type in _CORRIGES:
                instant = minutes_after(self._defauts, emis, 60, 900)
                if instant < self._limite:
                    yield self._envoi(_correct(acte), instant, instant, f"{id_}-c")
            if refuse < taux.refuses:
                yield self._envoi(acte, emis, emis, f"{id_}-r", pick_fault(self._defauts, acte.data))

    def _envoi(self, acte: Acte, recu: int, emis: int, id_: str, faute: str = "") -> Envoi:
        self._rang += 1
        # What is late at the end of the run comes at its end: a fact never stays without the one it rests on.
        return Envoi(min(recu, self._dernier), self._rang, emis, id_, acte, faute)

    def _days_after(self, emis: int) -> int:
        """When somebody keys in what was forgotten."""
        jours = max(1, int(self._defauts.expovariate(1.0) * self._taux.tardifs_jours))
        return office_hour(self._defauts, self._caisse.next_working(to_jour(emis) + jours))


def without_late_or_refused(profil: Profil) -> Profil:
    """The same Caf, whose tools key in nothing days later and send nothing to refuse: what a demonstration shows."""
    return replace(profil, outils=replace(profil.outils, tardifs=0.0, refuses=0.0))


def _correct(acte: Acte) -> Acte:
    """The same act, at the instant at which it really was: an arrival the day before, a treatment a minute later."""
    if acte.type == "piece.arrivee":
        return acte._replace(instant=acte.instant - _UN_JOUR)
    return acte._replace(instant=acte.instant + MINUTE)
