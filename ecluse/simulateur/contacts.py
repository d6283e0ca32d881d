"""Visits, calls, mails and letters of a day, each up to its end."""

from collections.abc import Iterator
from random import Random
from typing import Final

from ecluse.simulateur.actes import Acte
from ecluse.simulateur.caisse import (
    Caisse,
    Choix,
    count,
    minutes_after,
    office_hour,
    share,
    web_hour,
    within_office,
)
from shared.temps import HEURE, MINUTE, to_jour

_POLES: Final = Choix({"insertion": 0.4, "logement": 0.3, "famille": 0.2, "handicap": 0.1})
_DEUX_JOURS: Final = 48 * HEURE


class Contacts:
    """Plans contacts by the day on which they are received."""

    def __init__(self, caisse: Caisse) -> None:
        self._caisse = caisse
        profil = caisse.profil.contacts
        self._natures = {canal: Choix(parts) for canal, parts in profil.natures.items()}
        self._sites = Choix(profil.visites)
        generaux = profil.natures["courriel"]["information_generale"]
        # What the other mails must do for all of them to reach the printed share.
        self._autres_48h = max(0.0, profil.courriels_48h - generaux * profil.courriels_generaux_48h) / (1 - generaux)

    def of_day(self, jour: int) -> Iterator[list[Acte]]:
        """The acts of each contact received on this day."""
        caisse, profil = self._caisse, self._caisse.profil.contacts
        tirage = caisse.draw_for(jour, "contacts")
        for _ in range(count(tirage, caisse.per_web_day(profil.courriels, jour))):
            yield self.mail(tirage, web_hour(tirage, jour))
        if not caisse.works(jour):
            return
        for _ in range(count(tirage, caisse.per_working_day(sum(profil.visites.values())))):
            yield self.visit(tirage, office_hour(tirage, jour))
        for _ in range(count(tirage, caisse.per_working_day(profil.appels_traites / profil.part_appels_traites))):
            yield self.call(tirage, office_hour(tirage, jour))
        for _ in range(count(tirage, caisse.per_working_day(profil.courriers))):
            yield self._letter(tirage, office_hour(tirage, jour))

    def _receive(self, tirage: Random, instant: int, canal: str, nature: str) -> Acte:
        data = {"contact": self._caisse.name("C"), "canal": canal, "nature": nature}
        if canal == "accueil":
            data["site"] = self._sites.pick(tirage)
        return Acte("contact.recu", self._caisse.contacting_dossier(tirage), instant, data, canal)

    def visit(self, tirage: Random, instant: int) -> list[Acte]:
        """Someone comes: received after a wait, or gone."""
        recu = self._receive(tirage, instant, "accueil", self._natures["accueil"].pick(tirage))
        appel = minutes_after(tirage, instant, 2, 35)
        if share(tirage, self._caisse.profil.contacts.visites_abandonnees):
            return [recu, close(recu, appel, "abandonne")]
        return [recu, take(recu, appel), close(recu, minutes_after(tirage, appel, 4, 25), "repondu")]

    def call(self, tirage: Random, instant: int) -> list[Acte]:
        """A call: answered by an agent, by the machine, or given up."""
        profil = self._caisse.profil.contacts
        recu = self._receive(tirage, instant, "telephone", self._natures["telephone"].pick(tirage))
        tire, decroche = tirage.random(), minutes_after(tirage, instant, 0.5, 7)
        if tire < profil.part_appels_traites:
            return [recu, take(recu, decroche), close(recu, minutes_after(tirage, decroche, 3, 15), "repondu")]
        if tire < profil.part_appels_traites + profil.part_appels_automate:
            return [recu, close(recu, decroche, "repondu", par="automate")]
        return [recu, close(recu, decroche, "abandonne")]

    def mail(self, tirage: Random, instant: int, nature: str = "") -> list[Acte]:
        """A mail: answered at once when it is taken up, or transferred and answered later."""
        profil = self._caisse.profil.contacts
        recu = self._receive(tirage, instant, "courriel", nature or self._natures["courriel"].pick(tirage))
        nature = recu.data["nature"]
        general = nature == "information_generale"
        pris = self._taken_up(tirage, instant, profil.courriels_generaux_48h if general else self._autres_48h)
        if nature == "reclamation":
            return [recu, take(recu, pris), close(recu, self._complaint(tirage, instant, pris), "repondu")]
        if not general and share(tirage, profil.courriels_transferes):
            data = {"contact": recu.data["contact"], "pole": _POLES.pick(tirage)}
            transfere = Acte("contact.transfere", recu.dossier, pris, data)
            return [recu, transfere, close(recu, self._days_after(tirage, pris, tirage.uniform(2, 12)), "repondu")]
        issue = "repondu" if share(tirage, 0.97) else "sans_suite"
        return [recu, take(recu, pris), close(recu, minutes_after(tirage, pris, 3, 25), issue)]

    def _letter(self, tirage: Random, instant: int) -> list[Acte]:
        recu = self._receive(tirage, instant, "courrier", self._natures["courrier"].pick(tirage))
        pris = self._days_after(tirage, instant, tirage.uniform(1, 4))
        return [recu, take(recu, pris), close(recu, self._complaint(tirage, instant, pris), "repondu")]

    def _taken_up(self, tirage: Random, instant: int, dans_les_48h: float) -> int:
        """An office hour less than 48 h after, for this share of the mails, else some days after."""
        if share(tirage, dans_les_48h):
            for _ in range(40):
                essai = minutes_after(tirage, instant, 10, 47.5 * 60)
                if self._caisse.works(to_jour(essai)) and within_office(essai):
                    return essai
        pris = self._days_after(tirage, instant, tirage.uniform(2, 7))
        return pris if pris - instant >= _DEUX_JOURS else self._days_after(tirage, pris, 1)

    def _complaint(self, tirage: Random, instant: int, pris: int) -> int:
        """When a complaint is answered: within ten days for the share of the profile."""
        a_temps = share(tirage, self._caisse.profil.contacts.reclamations_10j)
        jours = tirage.uniform(2, 8) if a_temps else tirage.uniform(11, 25)
        return max(self._days_after(tirage, instant, jours), pris + 20 * MINUTE)

    def _days_after(self, tirage: Random, instant: int, jours: float) -> int:
        return office_hour(tirage, self._caisse.next_working(to_jour(instant) + max(1, int(jours))))


def take(recu: Acte, instant: int) -> Acte:
    """Someone takes up the contact."""
    return Acte("contact.pris_en_charge", recu.dossier, instant, {"contact": recu.data["contact"]}, recu.canal)


def close(recu: Acte, instant: int, issue: str, *, par: str = "") -> Acte:
    """The contact ends."""
    data = {"contact": recu.data["contact"], "issue": issue}
    if par:
        data["par"] = par
    return Acte("contact.clos", recu.dossier, instant, data, recu.canal)
