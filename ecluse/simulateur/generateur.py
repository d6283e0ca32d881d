"""A simulated Caf, day by day: the events that its front-office tools emit, in the order in which they emit them.

What has its own end soon (a contact, a rendez-vous) is planned whole on the day it begins, and waits in a heap until
the clock of the simulation has passed it; what waits for an agent or for a debtor stays with whom it waits for.
Memory holds what is not over, never what has been sent.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from heapq import heappop, heappush
from itertools import chain
from typing import Final

from ecluse.simulateur.actes import Acte, Envoi, encode
from ecluse.simulateur.caisse import Caisse, at, midnight
from ecluse.simulateur.causes import gather
from ecluse.simulateur.conditions import ORDINAIRES, Conditions
from ecluse.simulateur.contacts import Contacts
from ecluse.simulateur.creances import Creances
from ecluse.simulateur.marques import ProfilRefuse
from ecluse.simulateur.outils import Outils, without_late_or_refused
from ecluse.simulateur.pieces import Pieces
from ecluse.simulateur.profil import Profil
from ecluse.simulateur.qualite import Qualite
from ecluse.simulateur.rendez_vous import RendezVous
from ecluse.simulateur.temoins import Temoins
from shared.temps import add_months, to_iso

JOURS: Final = 90
ECHELLE: Final = 0.1
# Days that the workshop lives through before the period: longer than the longest pause, so that what is open when the
# period begins is what years of work would have left.
RODAGE: Final = 250
# Of contacts and rendez-vous, which are shorter.
RODAGE_COURT: Final = 110
# Days before the period that are told whole: the solde of its first day looks back on twenty working days.
AVANT: Final = 35
# How many of the pieces that are first in line are asked about.
_TARDIFS: Final = 200
# A cohort is that of the twelve months that end 24 or 48 months before; one month more at its beginning, for what is
# asked of the month before.
MOIS_DES_INDUS: Final = 24 + 12 + 1
MOIS_DES_FRAUDES: Final = 48 + 12 + 1


def ordinary(jour: int) -> Conditions:
    """Every day is like any other."""
    del jour
    return ORDINAIRES


class Journees:
    """Plans what happens on each day; days come in order."""

    def __init__(self, caisse: Caisse, repere: int, conditions: Callable[[int], Conditions] = ordinary) -> None:
        self.profil = caisse.profil
        self.pieces = Pieces(caisse, repere)
        self.creances = Creances(caisse)
        self.conditions = conditions
        self._qualite, self._contacts = Qualite(caisse), Contacts(caisse)
        self._rendez_vous = RendezVous(caisse, conditions)

    def of_day(self, jour: int) -> Iterator[list[Acte]]:
        """The acts of the day, and those after it of what is planned whole."""
        conditions = self.conditions(jour)
        yield from self.pieces.of_day(jour, conditions)
        qualite = list(self._qualite.of_day(jour))
        yield from qualite
        yield from self._meetings(jour)
        yield from self.creances.of_day(jour, conditions, gather(qualite, self.pieces.declarations))

    def short_ones(self, jour: int) -> Iterator[list[Acte]]:
        """What begins on a day and is soon over."""
        yield from self._qualite.of_day(jour)
        yield from self._meetings(jour)

    def _meetings(self, jour: int) -> Iterator[list[Acte]]:
        tardifs = [piece.dossier for piece in self.pieces.atelier.first(_TARDIFS)]
        yield from self._contacts.of_day(jour, self.conditions(jour), tardifs)
        yield from self._rendez_vous.of_day(jour)


class Passe:
    """What a period finds when it begins: what is open, its last days, the créances that its cohorts rest on.

    ``indus``, ``fraudes``: the share of these créances that is kept; ``avant``: how many days are told whole.
    """

    def __init__(self, journees: Journees, debut: int, indus: float, fraudes: float, avant: int) -> None:
        attentes = journees.profil.attentes
        if max(attentes.jours.au_plus, attentes.jours_longues.au_plus) > RODAGE:
            raise ProfilRefuse(f"attentes : au plus {RODAGE} jours, que l'atelier vit avant la période")
        self._journees = journees
        self._debut = debut
        self._indus = indus
        self._fraudes = fraudes
        self._entier = debut - avant

    def days(self) -> Iterable[int]:
        """The days that it takes, in order: those of the oldest cohort, more than the workshop needs."""
        return range(add_months(self._debut, -MOIS_DES_FRAUDES), self._debut)

    def of_day(self, jour: int) -> Iterator[list[Acte]]:
        """What a day before the period leaves to it."""
        pieces = self._journees.pieces
        indus = self._indus if jour >= add_months(self._debut, -MOIS_DES_INDUS) else 0.0
        yield from self._journees.creances.old_day(jour, indus, self._fraudes)
        if jour == self._entier:
            yield from pieces.opening()
        objets = list[Iterable[list[Acte]]]()
        if jour >= self._debut - RODAGE:
            pieces.garder = jour < self._entier
            objets.append(pieces.of_day(jour, self._journees.conditions(jour)))
        if jour >= self._debut - RODAGE_COURT:
            objets.append(self._journees.short_ones(jour))
        for actes in chain.from_iterable(objets):
            if jour >= self._entier or actes[-1].instant >= midnight(self._entier):
                yield actes
        if jour == self._debut - 1:
            yield from pieces.opening()


def simulate(
    profil: Profil,
    du: int,
    au: int,
    *,
    echelle: float = 1.0,
    graine: int = 0,
    conditions: Callable[[int], Conditions] = ordinary,
) -> Iterator[Envoi]:
    """What the tools of a Caf emit of the days ``du`` to ``au`` (inclusive, ordinals).

    First, as one load, what was open before ``du``, the days just before it and the créances that its cohorts rest on:
    they happened before the first instant of ``du``. Then, in order of emission, the period. Nothing is dated or
    emitted after ``au``. ``conditions``: what each day is like. The same arguments give the same events.

    Raises ``ValueError`` for a scale that is not above 0 and at most 1, and ``ProfilRefuse`` for pauses that last
    longer than the workshop lives before the period.
    """
    caisse = Caisse(profil, echelle, graine, f"annee|{to_iso(du)}|{to_iso(au)}")
    journees = Journees(caisse, du, conditions)
    return _flow(caisse, journees, Passe(journees, du, 1.0, 1.0, AVANT), au)


def history(
    profil: Profil, fin: int, *, jours: int = JOURS, echelle: float = ECHELLE, graine: int = 0
) -> Iterator[bytes]:
    """The events of ``jours`` days that end with the day ``fin``, as JSON: the small past of a demonstration.

    Of older créances it keeps what the profile says; the day itself and the last one of the month before each hold an
    example of everything a rate needs. Otherwise as ``simulate``.
    """
    caisse = Caisse(without_late_or_refused(profil), echelle, graine, f"histoire|{to_iso(fin)}|{jours}")
    debut, histoire = fin - jours + 1, profil.histoire
    journees = Journees(caisse, debut)
    passe = Passe(journees, debut, histoire.creances_anciennes, histoire.fraudes_anciennes, 0)
    exemples = [Temoins(caisse, at(jour, 10.0)) for jour in (fin - date.fromordinal(fin).day, fin)]
    for envoi in _flow(caisse, journees, passe, fin, chain.from_iterable(t.plan() for t in exemples)):
        yield encode(envoi, profil.caf)


def _flow(
    caisse: Caisse,
    journees: Journees,
    passe: Passe,
    au: int,
    exemples: Iterable[list[Acte]] = (),
) -> Iterator[Envoi]:
    outils, file, debut = Outils(caisse, midnight(au + 1)), list[Envoi](), 0
    for envoi in outils.send(caisse.draw_for(au, "témoins envoyés"), chain.from_iterable(exemples)):
        heappush(file, envoi)
    for jour in passe.days():
        tirage = caisse.draw_for(jour, "outils")
        for envoi in outils.send(tirage, chain.from_iterable(passe.of_day(jour))):
            heappush(file, envoi)
        yield from _due(file, midnight(jour + 1))
        debut = jour + 1
    for jour in range(debut, au + 1):
        tirage = caisse.draw_for(jour, "outils")
        for envoi in outils.send(tirage, chain.from_iterable(journees.of_day(jour))):
            heappush(file, envoi)
        yield from _due(file, midnight(jour + 1))


def _due(file: list[Envoi], avant: int) -> Iterator[Envoi]:
    """What is emitted before an instant."""
    while file and file[0].recu < avant:
        yield heappop(file)
