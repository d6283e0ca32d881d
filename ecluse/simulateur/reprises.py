"""Going on with what is open: créances, contacts and rendez-vous that began before the day."""

from collections.abc import Iterator, Sequence
from random import Random

from ecluse.simulateur.actes import Acte
from ecluse.simulateur.caisse import Caisse, midnight, office_hour
from ecluse.simulateur.creances import Creances
from ecluse.simulateur.port import EnCours
from ecluse.simulateur.rendez_vous import outcome

_JOURS_OUVRES_PAR_MOIS = 21


class Reprises:
    """Plans, for one day, what happens to what the house holds open.

    ``capacite``: of the agents at work, 1 on an ordinary day; what others do, answer or pay, does not depend on it.
    """

    def __init__(self, caisse: Caisse, encours: EnCours, jour: int, depart: int, capacite: float = 1.0) -> None:
        self._caisse = caisse
        self._encours = encours
        self._jour = jour
        self._depart = depart
        self._capacite = capacite
        self._tirage: Random = caisse.draw_for(jour, "reprises")

    def plan(self, debuts: Sequence[list[Acte]]) -> Iterator[list[Acte]]:
        """The acts of each object carried on, given those of what begins on the same day."""
        yield from self._contacts(_left(debuts, "contact.recu", ("contact.clos",), self._jour))
        yield from self._rendez_vous()
        yield from self._creances()

    def _office(self) -> int:
        return office_hour(self._tirage, self._jour)

    def _contacts(self, nombre: int) -> Iterator[list[Acte]]:
        for contact in self._encours.contacts[: round(self._capacite * nombre)]:
            data = {"contact": contact.contact, "issue": "repondu"}
            yield [Acte("contact.clos", contact.dossier, self._office(), data, contact.canal)]

    def _rendez_vous(self) -> Iterator[list[Acte]]:
        for rdv in self._encours.rendez_vous:
            if rdv.debut <= self._depart:
                yield [outcome(self._caisse, self._tirage, rdv.rdv, rdv.dossier, self._office())]

    def _creances(self) -> Iterator[list[Acte]]:
        """One open créance out of those of a month's working days pays."""
        creances, tirage = Creances(self._caisse), self._tirage
        ouvertes = [c for c in self._encours.creances if c.reste_centimes > 0]
        mensualite = 100 * self._caisse.profil.creances.mensualite_euros
        for creance in tirage.sample(ouvertes, len(ouvertes) // _JOURS_OUVRES_PAR_MOIS):
            verse = min(creance.reste_centimes, round(tirage.uniform(0.5, 1.5) * mensualite))
            mode = creances.mode(tirage)
            yield [creances.collect(creance.creance, creance.dossier, verse, mode, self._office())]


def _left(debuts: Sequence[list[Acte]], debut: str, fins: Sequence[str], jour: int) -> int:
    """How many of the objects that begin are not over at the end of the day."""
    soir = midnight(jour + 1)
    return sum(
        actes[0].type == debut and not any(a.type in fins and a.instant < soir for a in actes) for actes in debuts
    )
