"""When rendez-vous are asked for, offered and moved: working days, quarters of an hour."""

from random import Random
from typing import Final

from ecluse.simulateur.caisse import OUVERTURE, Caisse, at
from ecluse.simulateur.tirages import Quota
from shared.temps import MINUTE, SECONDE, to_jour

_SEPT_JOURS: Final = 7
_DERNIER_CRENEAU: Final = 20
_DEPLACE_DE: Final = 7
_PREMIER_QUART: Final = OUVERTURE + 0.5
_QUARTS: Final = 35
AU_PLUS: Final = _DERNIER_CRENEAU + _DEPLACE_DE
"""Days between the demand of a rendez-vous and the day set for it, at most; a closed site may add a few."""


class Creneaux:
    """Draws days and hours; of the first offers, the share of the profile is within seven days of the demand."""

    def __init__(self, caisse: Caisse) -> None:
        self._caisse = caisse
        self._part = caisse.profil.rendez_vous.proposes_7j
        self._sous_7j = Quota(caisse.draw_for(0, "quota|rdv sous 7 jours"))

    def offer(self, tirage: Random, demande: int) -> int:
        """The start that is first offered to someone who asks on a day."""
        au_moins, au_plus = self._lead()
        return self.at(tirage, self._working(tirage, demande + au_moins, demande + au_plus))

    def asked_before(self, tirage: Random, premier: int) -> int:
        """The day of the demand to which a start on this day was first offered."""
        au_moins, au_plus = self._lead()
        return self._working(tirage, premier - au_plus, premier - au_moins)

    def before(self, tirage: Random, jour: int) -> int:
        """The start from which someone moved to this day."""
        return self.at(tirage, self._working(tirage, jour - _DEPLACE_DE, jour - 1))

    def after(self, tirage: Random, jour: int) -> int:
        """A start in the days after."""
        return self.at(tirage, self._caisse.next_working(jour + tirage.randrange(1, 4)))

    def at(self, tirage: Random, jour: int) -> int:
        """A start on a day."""
        return at(jour, _PREMIER_QUART + 0.25 * tirage.randrange(_QUARTS))

    def between(self, tirage: Random, jour: int, debut: int) -> int:
        """An office hour after a day and before a start."""
        fin = to_jour(debut)
        choisi = self._working(tirage, min(jour + 1, fin), fin)
        if choisi < fin:
            return at(choisi, tirage.uniform(OUVERTURE, _PREMIER_QUART + 0.25 * _QUARTS))
        ouverture = at(fin, OUVERTURE)
        return ouverture + int(tirage.random() * (debut - 5 * MINUTE - ouverture)) // SECONDE * SECONDE

    def _lead(self) -> tuple[int, int]:
        """Days between the demand and the first start offered: at least, at most."""
        return (1, _SEPT_JOURS) if self._sous_7j.take(self._part) else (_SEPT_JOURS + 1, _DERNIER_CRENEAU)

    def _working(self, tirage: Random, du: int, au: int) -> int:
        """One of the working days between two; the last day itself when there is none."""
        return tirage.choice([j for j in range(du, au + 1) if self._caisse.works(j)] or [au])
