"""Rendez-vous: asked, offered, booked, moved, then kept, missed or cancelled."""

from collections.abc import Iterator
from random import Random
from typing import Final

from ecluse.simulateur.actes import Acte
from ecluse.simulateur.caisse import Caisse, Choix, count, minutes_after, office_hour, share
from shared.temps import MINUTE, to_jour

_MOTIFS: Final = Choix({"rsa": 0.3, "aide-au-logement": 0.2, "separation": 0.2, "aah": 0.15, "naissance": 0.15})
_DELAI_PROPOSE: Final = 7


class RendezVous:
    """Plans rendez-vous by the day on which they are asked for."""

    def __init__(self, caisse: Caisse) -> None:
        self._caisse = caisse
        profil = caisse.profil.rendez_vous
        self._honores = {**profil.honores, "visio": profil.visio}
        self._modalites = Choix(self._honores)
        self._sites = Choix(caisse.profil.contacts.visites)

    def of_day(self, jour: int) -> Iterator[list[Acte]]:
        """The acts of each rendez-vous asked for on this day; as many as it takes to keep those of the profile."""
        if not self._caisse.works(jour):
            return
        profil = self._caisse.profil.rendez_vous
        tirage = self._caisse.draw_for(jour, "rendez-vous")
        demandes = sum(self._honores.values()) / (1 - profil.absence) / (1 - profil.annules)
        for _ in range(count(tirage, self._caisse.per_working_day(demandes))):
            yield self.plan(tirage, office_hour(tirage, jour))

    def plan(self, tirage: Random, instant: int) -> list[Acte]:
        """A rendez-vous asked for now, up to its outcome."""
        profil = self._caisse.profil.rendez_vous
        rdv, dossier = self._caisse.name("R"), self._caisse.contacting_dossier(tirage)
        lieu = {"modalite": self._modalites.pick(tirage)}
        if lieu["modalite"] == "site":
            lieu["site"] = self._sites.pick(tirage)
        propose, debut = minutes_after(tirage, instant, 5, 90), self._slot(tirage, instant)
        pris = minutes_after(tirage, propose, 3, 120)
        base = {"rdv": rdv}
        actes = [
            Acte("rendez_vous.demande", dossier, instant, {**base, "motif": _MOTIFS.pick(tirage), **lieu}),
            Acte("rendez_vous.propose", dossier, propose, {**base, "debut": debut, **lieu}),
            Acte("rendez_vous.pris", dossier, pris, {**base, "debut": debut}),
        ]
        if share(tirage, profil.deplaces):
            deplace, par = minutes_after(tirage, pris, 30, 400), _who(tirage)
            debut = self._later(tirage, debut)
            actes.append(Acte("rendez_vous.deplace", dossier, deplace, {**base, "debut": debut, "par": par}))
        if share(tirage, profil.annules):
            data = {**base, "par": _who(tirage)}
            return [*actes, Acte("rendez_vous.annule", dossier, actes[-1].instant + 60 * MINUTE, data)]
        return [*actes, outcome(self._caisse, tirage, rdv, dossier, debut)]

    def _slot(self, tirage: Random, demande: int) -> int:
        """The start that is offered: less than seven days after the demand, or later. Quarters of an hour."""
        profil, jour = self._caisse.profil.rendez_vous, to_jour(demande)
        if share(tirage, profil.proposes_7j):
            choix = [j for j in range(jour + 1, jour + _DELAI_PROPOSE) if self._caisse.works(j)]
            if choix:
                return _quarter(office_hour(tirage, tirage.choice(choix)))
        plus_tard = jour + _DELAI_PROPOSE + 1 + int(tirage.uniform(0, 12))
        return _quarter(office_hour(tirage, self._caisse.next_working(plus_tard)))

    def _later(self, tirage: Random, debut: int) -> int:
        jour = self._caisse.next_working(to_jour(debut) + int(tirage.uniform(1, 8)))
        return _quarter(office_hour(tirage, jour))


def outcome(caisse: Caisse, tirage: Random, rdv: str, dossier: str, debut: int) -> Acte:
    """A rendez-vous whose hour has come was kept or missed."""
    if share(tirage, caisse.profil.rendez_vous.absence):
        data = {"rdv": rdv, "excuse": share(tirage, 0.3)}
        return Acte("rendez_vous.manque", dossier, minutes_after(tirage, debut, 15, 30), data)
    return Acte("rendez_vous.honore", dossier, minutes_after(tirage, debut, 0, 10), {"rdv": rdv})


def _who(tirage: Random) -> str:
    return "usager" if share(tirage, 0.7) else "caf"


def _quarter(instant: int) -> int:
    return instant - instant % (15 * MINUTE)
