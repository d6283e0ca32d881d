"""A working day of the simulated Caf that flows in real time, at an even pace.

The day is planned on the calendar like any other, with what the house holds open; its events then take their turn at
so many per second. An event happens and is emitted when its turn comes; what was dated before the day (a letter that
waited for its digitisation) stays as long before. So no instant is ever beyond the clock, and each day goes on with
what the days before left open, in this run or in another.
"""

from bisect import bisect_left
from collections.abc import Iterator
from itertools import chain
from typing import Final, NamedTuple

from ecluse.simulateur.actes import Acte, encode
from ecluse.simulateur.caisse import Caisse, at, midnight
from ecluse.simulateur.conditions import ORDINAIRES, AutreCaf, Conditions
from ecluse.simulateur.generateur import ECHELLE, Journees
from ecluse.simulateur.outils import Outils, without_late_or_refused
from ecluse.simulateur.port import EnCours
from ecluse.simulateur.profil import Profil
from ecluse.simulateur.reprises import Reprises
from ecluse.simulateur.temoins import Temoins
from shared.events.catalogue import TYPES
from shared.temps import SECONDE, to_jour

PAR_SECONDE: Final = 5.0
RIEN: Final = EnCours()
_HEURE_DES_TEMOINS: Final = 5.0
_MILLISECONDE: Final = 1_000_000


class Tour(NamedTuple):
    """An event of the day: the seconds after its start at which it is due, its bytes, the object it tells of."""

    secondes: float
    octets: bytes
    objet: str


def live_day(
    profil: Profil,
    encours: EnCours,
    depart: int,
    *,
    conditions: Conditions = ORDINAIRES,
    autre: AutreCaf | None = None,
    autres: EnCours = RIEN,
    echelle: float = ECHELLE,
    graine: int = 0,
    par_seconde: float = PAR_SECONDE,
    temoins: bool = True,
) -> Iterator[Tour]:
    """The events of a working day that starts at ``depart``, in the order in which they are due.

    Identifiers derive from ``graine`` and ``depart``: two days that start at different instants share none.
    ``encours``: what the house holds open, ``autres``: of the other Caf that the conditions make it work for, or, where
    they no longer do, of ``autre``, whose last pieces are still treated;
    ``temoins``: begin with an example of everything a rate needs.
    """
    caisse = Caisse(without_late_or_refused(profil), echelle, graine, f"direct|{depart}")
    # On a closed day it is the last working day that flows: what it offers for later stays in the future.
    jour = caisse.working_before(to_jour(depart), 0)
    journees = Journees(caisse, jour, lambda _: conditions)
    journees.pieces.go_on_with(encours.pieces, jour)
    if autre := conditions.autre_caf or autre:
        journees.pieces.go_on_for(autre, autres.pieces, jour)
    debuts = list(journees.of_day(jour))
    presents = conditions.presence * (1 - (conditions.autre_caf.part_des_agents if conditions.autre_caf else 0.0))
    reprises = Reprises(caisse, encours, jour, depart, presents).plan(debuts)
    ouverture = at(jour, _HEURE_DES_TEMOINS)
    exemples = Temoins(caisse, ouverture, ouverture).plan() if temoins else ()
    outils, tirage = Outils(caisse, midnight(jour + 1)), caisse.draw_for(jour, "outils")
    envois = sorted(e for actes in chain(exemples, debuts, reprises) for e in outils.send(tirage, actes))
    horaire = Horaire([e.recu for e in envois], depart, par_seconde)
    for rang, envoi in enumerate(envois):
        yield Tour(rang / par_seconde, encode(envoi, profil.caf, horaire.transpose), _object(envoi.acte))


def _object(acte: Acte) -> str:
    """What the act tells of; itself where nothing else follows."""
    membre = TYPES[f"fr.caf.{acte.type}.v1"].objet
    return str(acte.data.get(membre, "")) if membre else ""


class Horaire:
    """Lays planned instants on the real clock: the n-th event of the plan falls n turns after ``depart``."""

    def __init__(self, prevus: list[int], depart: int, par_seconde: float) -> None:
        self._prevus = prevus
        self._depart = depart
        self._tour = SECONDE / par_seconde

    def transpose(self, instant: int) -> int:
        """The real instant of a planned one that is not after the last event; the order is kept (milliseconds)."""
        rang = bisect_left(self._prevus, instant)
        if rang == 0:
            return self._depart - (self._prevus[0] - instant)
        avant, apres = self._prevus[rang - 1], self._prevus[rang]
        tours = rang - 1 + (instant - avant) / (apres - avant)
        reel = self._depart + int(tours * self._tour)
        return reel - reel % _MILLISECONDE
