"""A history: months of front-office events in the order in which tools would have sent them.

Objects are planned on the day they begin, whole; their events wait in a heap until the clock of the simulation has
passed them. Memory holds what is not over, never what has been sent.
"""

from collections.abc import Callable, Iterator
from datetime import date
from heapq import heappop, heappush
from typing import Final

from ecluse.simulateur.actes import Acte, Envoi, encode
from ecluse.simulateur.caisse import Caisse, at, midnight
from ecluse.simulateur.causes import gather
from ecluse.simulateur.conditions import ORDINAIRES, Conditions
from ecluse.simulateur.contacts import Contacts
from ecluse.simulateur.creances import Creances
from ecluse.simulateur.outils import Outils
from ecluse.simulateur.pieces import Pieces
from ecluse.simulateur.profil import Profil
from ecluse.simulateur.qualite import Qualite
from ecluse.simulateur.rendez_vous import RendezVous
from ecluse.simulateur.temoins import Temoins
from shared.temps import add_months, to_iso

JOURS: Final = 90
ECHELLE: Final = 0.1
# Before the period: long enough that what is still open when it begins is all there.
RODAGE: Final = 110
# A cohort is that of the twelve months that end 24 or 48 months before; one month more at its beginning, for what is
# asked of the month before.
MOIS_DES_INDUS: Final = 24 + 12 + 1
MOIS_DES_FRAUDES: Final = 48 + 12 + 1


class Journees:
    """Plans everything that begins on a day."""

    def __init__(self, caisse: Caisse) -> None:
        self._histoire = caisse.profil.histoire
        self._courant = (Pieces(caisse), Qualite(caisse), Contacts(caisse), RendezVous(caisse))
        self._creances = Creances(caisse)

    def of_day(self, jour: int) -> Iterator[list[Acte]]:
        """The acts of each object that begins on the day."""
        courant = [actes for planificateur in self._courant for actes in planificateur.of_day(jour)]
        yield from courant
        yield from self._creances.of_day(jour, ORDINAIRES, gather(courant))

    def still_open(self, jour: int, debut: int) -> Iterator[list[Acte]]:
        """Of what begins on a day before the period, what goes on within it."""
        for planificateur in self._courant:
            for actes in planificateur.of_day(jour):
                if actes[-1].instant >= debut:
                    yield actes

    def old_debts(self, jour: int, debut: int) -> Iterator[list[Acte]]:
        """What happens to créances on a day before the period, found at the densities that are kept of them."""
        indus = self._histoire.creances_anciennes if jour >= add_months(debut, -MOIS_DES_INDUS) else 0.0
        return self._creances.old_day(jour, indus, self._histoire.fraudes_anciennes)


def history(
    profil: Profil, fin: int, *, jours: int = JOURS, echelle: float = ECHELLE, graine: int = 0
) -> Iterator[bytes]:
    """The events of ``jours`` days that end with the day ``fin``, in order of emission, as JSON.

    The day itself and the last one of the month before each hold an example of everything a rate needs. What was open
    before is carried in, with the créances of five years. Nothing is dated or emitted after ``fin``.
    The same arguments give the same bytes. Raises ``ValueError`` for a scale that is not above 0 and at most 1.
    """
    caisse = Caisse(profil, echelle, graine, f"histoire|{to_iso(fin)}|{jours}")
    for envoi in _flow(caisse, fin - jours + 1, fin):
        yield encode(envoi, profil.caf)


def simulate(
    profil: Profil,
    du: int,
    au: int,
    *,
    echelle: float = 1.0,
    graine: int = 0,
    conditions: Callable[[int], Conditions] = lambda _: ORDINAIRES,
) -> Iterator[Envoi]:
    """What the tools of a Caf emit of the days ``du`` to ``au`` (inclusive, ordinals), in order of emission.

    First, as one load, what was open before ``du`` and the créances that its cohorts rest on: their ``recu`` is before
    the first instant of ``du``. Nothing is dated or emitted after ``au``. ``conditions``: what each day is like.
    The same arguments give the same events. Raises ``ValueError`` for a scale that is not above 0 and at most 1.
    """
    del conditions
    caisse = Caisse(profil, echelle, graine, f"annee|{to_iso(du)}|{to_iso(au)}")
    yield from _flow(caisse, du, au)


def _flow(caisse: Caisse, debut: int, fin: int) -> Iterator[Envoi]:
    outils, journees, file = Outils(caisse, midnight(fin + 1)), Journees(caisse), list[Envoi]()
    for jour in (fin - date.fromordinal(fin).day, fin):
        tirage = caisse.draw_for(jour, "témoins envoyés")
        for actes in Temoins(caisse, at(jour, 10.0)).plan():
            for envoi in outils.send(tirage, actes):
                heappush(file, envoi)
    for jour in range(add_months(debut, -MOIS_DES_FRAUDES), fin + 1):
        tirage = caisse.draw_for(jour, "outils")
        for actes in _begun(journees, jour, debut):
            for envoi in outils.send(tirage, actes):
                heappush(file, envoi)
        while file and file[0].recu < midnight(jour + 1):
            yield heappop(file)


def _begun(journees: Journees, jour: int, debut: int) -> Iterator[list[Acte]]:
    if jour >= debut:
        yield from journees.of_day(jour)
        return
    yield from journees.old_debts(jour, debut)
    if jour >= debut - RODAGE:
        yield from journees.still_open(jour, midnight(debut))
