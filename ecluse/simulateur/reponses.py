"""What becomes of a contact once received: taken up, transferred, answered, given up. Agents keep office hours."""

from random import Random
from typing import Final

from ecluse.simulateur.actes import Acte
from ecluse.simulateur.caisse import FERMETURE, OUVERTURE, Caisse, Choix, at, minutes_after, share
from ecluse.simulateur.tirages import Quota
from shared.temps import HEURE, MINUTE, SECONDE, to_jour

_POLES: Final = Choix({"insertion": 0.4, "logement": 0.3, "famille": 0.2, "handicap": 0.1})
_DEUX_JOURS: Final = 48 * HEURE
# What is taken up by then is dealt with before closing time.
DERNIERE_PRISE: Final = FERMETURE - 0.5
_AU_PLUS_TARD_JOURS: Final = 90


class Reponses:
    """Plans what follows the reception of a contact. The published shares come out, whatever the day."""

    def __init__(self, caisse: Caisse) -> None:
        self._caisse = caisse
        profil = caisse.profil.contacts
        generaux = profil.natures["courriel"]["information_generale"]
        # What the other mails must do for all of them to reach the printed share.
        self._autres_48h = max(0.0, profil.courriels_48h - generaux * profil.courriels_generaux_48h) / (1 - generaux)
        self._quotas = {
            nom: Quota(caisse.draw_for(0, f"quota|{nom}")) for nom in ("généraux", "autres", "réclamations")
        }
        self._transferts, self._departs = caisse.strata("transferts"), caisse.strata("départs")

    def visit(self, tirage: Random, recu: Acte) -> list[Acte]:
        """Someone is received after a wait, or leaves."""
        appel = minutes_after(tirage, recu.instant, 2, 35)
        if share(self._departs, self._caisse.profil.contacts.visites_abandonnees):
            return [recu, close(recu, appel, "abandonne")]
        return [recu, take(recu, appel), self._answer(tirage, recu, minutes_after(tirage, appel, 4, 25))]

    def call(self, tirage: Random, recu: Acte, sort: str) -> list[Acte]:
        """A call that meets this fate: ``traite`` by an agent, ``automate`` (the machine answers) or ``abandonne``."""
        decroche = minutes_after(tirage, recu.instant, 0.5, 7)
        if sort == "traite":
            return [recu, take(recu, decroche), self._answer(tirage, recu, minutes_after(tirage, decroche, 3, 15))]
        if sort == "automate":
            return [recu, close(recu, decroche, "repondu", par="automate")]
        return [recu, close(recu, decroche, "abandonne")]

    def mail(self, tirage: Random, recu: Acte, presence: float = 1.0) -> list[Acte]:
        """A mail: answered at once when it is taken up, or transferred and answered later; complaints take days."""
        profil, nature = self._caisse.profil.contacts, recu.data["nature"]
        general = nature == "information_generale"
        part = profil.courriels_generaux_48h if general else self._autres_48h
        pris = self._within_48h(tirage, recu.instant)
        quota = self._quotas["généraux" if general else "autres"]
        if not quota.take(part * min(1.0, presence), possible=pris is not None) or pris is None:
            pris = self._after_48h(tirage, recu.instant)
        if nature == "reclamation":
            return self._complain(tirage, recu, pris)
        if not general and share(self._transferts, profil.courriels_transferes):
            data = {"contact": recu.data["contact"], "pole": _POLES.pick(tirage)}
            transfere = Acte("contact.transfere", recu.dossier, pris, data)
            return [recu, transfere, close(recu, self._days_after(tirage, pris, tirage.uniform(2, 12)), "repondu")]
        issue = "repondu" if share(tirage, 0.97) else "sans_suite"
        return [recu, take(recu, pris), close(recu, minutes_after(tirage, pris, 3, 25), issue)]

    def letter(self, tirage: Random, recu: Acte) -> list[Acte]:
        """A letter is taken up within days and answered in writing."""
        pris = self._days_after(tirage, recu.instant, tirage.uniform(1, 4))
        if recu.data["nature"] == "reclamation":
            return self._complain(tirage, recu, pris)
        return [recu, take(recu, pris), close(recu, self._days_after(tirage, pris, tirage.uniform(1, 12)), "repondu")]

    def _complain(self, tirage: Random, recu: Acte, pris: int) -> list[Acte]:
        """A complaint is taken up before its answer, however late other contacts are."""
        fin = self._complaint(tirage, recu.instant)
        return [recu, take(recu, min(pris, minutes_after(tirage, fin, -50, -10))), close(recu, fin, "repondu")]

    def _answer(self, tirage: Random, recu: Acte, fin: int) -> Acte:
        """The end of what is said face to face or by phone: now, or the written answer that a complaint gets."""
        if recu.data["nature"] == "reclamation":
            fin = self._complaint(tirage, recu.instant)
        return close(recu, fin, "repondu")

    def _complaint(self, tirage: Random, instant: int) -> int:
        """When a complaint is answered: within ten days for the share of the profile."""
        a_temps = self._quotas["réclamations"].take(self._caisse.profil.contacts.reclamations_10j)
        jours = tirage.randrange(3, 8) if a_temps else tirage.randrange(11, 26)
        jour = self._caisse.next_working(to_jour(instant) + jours)
        return at(jour, tirage.uniform(OUVERTURE + 1, FERMETURE))

    def _within_48h(self, tirage: Random, instant: int) -> int | None:
        """An office hour less than 48 h after; None when there is none, as over a week-end."""
        premier, dernier = instant + 10 * MINUTE, instant + _DEUX_JOURS - 30 * MINUTE
        plages: list[tuple[int, int]] = []
        for jour in range(to_jour(instant), to_jour(instant) + 3):
            if self._caisse.works(jour):
                debut, fin = max(premier, at(jour, OUVERTURE)), min(dernier, at(jour, DERNIERE_PRISE))
                if fin > debut:
                    plages.append((debut, fin - debut))
        if not plages:
            return None
        debut, duree = tirage.choices(plages, [duree for _, duree in plages])[0]
        return debut + int(tirage.random() * duree) // SECONDE * SECONDE

    def _after_48h(self, tirage: Random, instant: int) -> int:
        """Some days after, with a long tail; never within 48 h."""
        moyenne = self._caisse.profil.contacts.courriels_tardifs_jours - 2
        jours = 2 + min(tirage.expovariate(1 / moyenne), _AU_PLUS_TARD_JOURS)
        pris = self._days_after(tirage, instant, jours)
        return pris if pris - instant >= _DEUX_JOURS else self._days_after(tirage, pris, 1)

    def _days_after(self, tirage: Random, instant: int, jours: float) -> int:
        jour = self._caisse.next_working(to_jour(instant) + max(1, int(jours)))
        return at(jour, tirage.uniform(OUVERTURE, DERNIERE_PRISE))


def take(recu: Acte, instant: int) -> Acte:
    """Someone takes up the contact."""
    return Acte("contact.pris_en_charge", recu.dossier, instant, {"contact": recu.data["contact"]}, recu.canal)


def close(recu: Acte, instant: int, issue: str, *, par: str = "") -> Acte:
    """The contact ends."""
    data = {"contact": recu.data["contact"], "issue": issue}
    if par:
        data["par"] = par
    return Acte("contact.clos", recu.dossier, instant, data, recu.canal)
