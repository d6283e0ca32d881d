"""Rendez-vous: asked, offered, booked, moved, then kept, missed or cancelled.

What reports print is how many were kept in a year. So a rendez-vous is drawn by the day on which it ends, some weeks
ahead, and waits for the day on which it is asked for; from there its whole life is known.
"""

from collections.abc import Callable, Iterator
from random import Random
from typing import Final, NamedTuple

from ecluse.simulateur.actes import Acte
from ecluse.simulateur.caisse import FERMETURE, OUVERTURE, Caisse, Choix, at, minutes_after, share
from ecluse.simulateur.conditions import ORDINAIRES, Conditions, factor
from ecluse.simulateur.contacts import open_sites
from ecluse.simulateur.creneaux import AU_PLUS, Creneaux
from ecluse.simulateur.reponses import close, take
from ecluse.simulateur.volumes import Flux, Rythme
from shared.temps import to_jour

_MOTIFS: Final = Choix({"rsa": 0.3, "aide-au-logement": 0.2, "separation": 0.2, "aah": 0.15, "naissance": 0.15})
# What is asked for by then is offered a start before closing time.
_DERNIERE_DEMANDE: Final = FERMETURE - 2.0


class Projet(NamedTuple):
    """A rendez-vous to come.

    ``demande``: the day on which it is asked for; ``debuts``: the instants offered, then moved to; ``issue``: how it
    ends (``honore``, ``manque``, ``annule``).
    """

    demande: int
    debuts: tuple[int, ...]
    modalite: str
    site: str
    issue: str
    dossier: str


class Venue(NamedTuple):
    """A visit that a rendez-vous kept on a site is."""

    debut: int
    site: str
    dossier: str


class RendezVous:
    """Plans rendez-vous by the day on which they are asked for; days must come in order.

    ``conditions``: what each day is like, days to come included: a rendez-vous is moved before its site closes.
    """

    def __init__(self, caisse: Caisse, conditions: Callable[[int], Conditions] = lambda _: ORDINAIRES) -> None:
        self._caisse = caisse
        self._conditions = conditions
        self._creneaux = Creneaux(caisse)
        profil = caisse.profil.rendez_vous
        honores = {**profil.honores, "visio": profil.visio}
        # Those missed and those cancelled come on top of those kept.
        venus = 1 / (1 - profil.absence)
        parts = {"honore": 1.0, "manque": venus - 1, "annule": venus / (1 - profil.annules) - venus}
        self._flux = {
            (modalite, issue): Flux(caisse, f"rdv|{modalite}|{issue}", par_an * part, Rythme.BUREAU, "contacts")
            for modalite, par_an in honores.items()
            for issue, part in parts.items()
        }
        self._modalites, self._issues = Choix(honores), Choix(parts)
        self._sites, self._hasard_site = Choix(caisse.profil.contacts.visites), caisse.strata("rdv|site")
        self._deplaces, self._comptees = caisse.strata("rdv|déplacés"), caisse.strata("rdv|visites")
        self._prevus: dict[int, list[Projet]] = {}
        self._venues: dict[int, list[Venue]] = {}
        self._horizon = 0

    def of_day(self, jour: int) -> Iterator[list[Acte]]:
        """The acts of each rendez-vous asked for on this day, and the visits that those of the day are."""
        for fin in range(max(jour, self._horizon + 1), jour + AU_PLUS + 1):
            self._draw(fin, jour)
        self._horizon = jour + AU_PLUS
        tirage = self._caisse.draw_for(jour, "rendez-vous")
        facteur = factor(self._conditions(jour).contacts, "rendez_vous")
        for projet in self._prevus.pop(jour, ()):
            for _ in range(int(facteur + tirage.random()) if facteur != 1.0 else 1):
                instant = at(jour, tirage.uniform(OUVERTURE, _DERNIERE_DEMANDE))
                yield self._live(tirage, instant, projet)
        for venue in self._venues.pop(jour, ()):
            yield self._visit(tirage, venue)

    def plan(self, tirage: Random, instant: int) -> list[Acte]:
        """A rendez-vous asked for now, up to its outcome."""
        debut = self._creneaux.offer(tirage, to_jour(instant))
        modalite, dossier = self._modalites.pick(tirage), self._caisse.contacting_dossier(tirage)
        site = self._sites.pick(tirage) if modalite == "site" else ""
        return self._live(
            tirage, instant, Projet(to_jour(instant), (debut,), modalite, site, self._issues.pick(tirage), dossier)
        )

    def _draw(self, fin: int, jour: int) -> None:
        """Draws the rendez-vous that end on a day; of those asked for before ``jour``, only the visits are planned."""
        tirage = self._caisse.draw_for(fin, "rendez-vous prévus")
        for (modalite, issue), flux in self._flux.items():
            for _ in range(flux.count(fin)):
                projet = self._project(tirage, fin, modalite, issue)
                if projet.demande >= jour:
                    self._prevus.setdefault(projet.demande, []).append(projet)
                elif issue == "honore" and projet.site not in self._conditions(fin).sites_fermes:
                    self._come(projet.debuts[-1], projet.site, projet.dossier)

    def _project(self, tirage: Random, fin: int, modalite: str, issue: str) -> Projet:
        creneaux = self._creneaux
        site = self._sites.pick(self._hasard_site) if modalite == "site" else ""
        debuts: tuple[int, ...] = (creneaux.at(tirage, fin),)
        if share(self._deplaces, self._caisse.profil.rendez_vous.deplaces):
            debuts = (creneaux.before(tirage, fin), *debuts)
        demande = creneaux.asked_before(tirage, to_jour(debuts[0]))
        return Projet(demande, debuts, modalite, site, issue, self._caisse.contacting_dossier(tirage))

    def _come(self, debut: int, site: str, dossier: str) -> None:
        """A rendez-vous is kept: it is a visit when it takes place on a site that counts it so."""
        if site and share(self._comptees, self._caisse.profil.rendez_vous.part_visites):
            self._venues.setdefault(to_jour(debut), []).append(Venue(debut, site, dossier))

    def _live(self, tirage: Random, instant: int, projet: Projet) -> list[Acte]:
        """The acts of a rendez-vous asked for at an instant."""
        rdv, dossier = self._caisse.name("R"), projet.dossier
        base = {"rdv": rdv}
        debut, *suivants = projet.debuts
        lieu = {"modalite": projet.modalite, **({"site": projet.site} if projet.site else {})}
        if self._is_closed(lieu, to_jour(instant)) and self._is_closed(lieu, to_jour(debut)):
            # Nobody is offered a site that is known to be closed.
            lieu = self._elsewhere(tirage, debut)
        propose = minutes_after(tirage, instant, 5, 90)
        actes = [
            Acte("rendez_vous.demande", dossier, instant, {**base, "motif": _MOTIFS.pick(tirage), **lieu}),
            Acte("rendez_vous.propose", dossier, propose, {**base, "debut": debut, **lieu}),
            Acte("rendez_vous.pris", dossier, minutes_after(tirage, propose, 3, 120), {**base, "debut": debut}),
        ]
        for suivant in suivants:
            actes.append(self._move(tirage, actes[-1], debut, suivant, _who(tirage)))
            debut = suivant
        if self._is_closed(lieu, to_jour(debut)):
            deplacement = self._move(tirage, actes[-1], debut, self._creneaux.after(tirage, to_jour(debut)), "caf")
            debut = deplacement.data["debut"]
            lieu = self._elsewhere(tirage, debut)
            nouveau = Acte("rendez_vous.propose", dossier, deplacement.instant, {**base, "debut": debut, **lieu})
            actes += [nouveau, deplacement]
        if projet.issue == "annule":
            instant = self._creneaux.between(tirage, to_jour(actes[-1].instant), debut)
            return [*actes, Acte("rendez_vous.annule", dossier, instant, {**base, "par": _who(tirage)})]
        if projet.issue == "honore":
            self._come(debut, lieu.get("site", ""), dossier)
        return [*actes, _end(tirage, projet.issue, rdv, dossier, debut)]

    def _move(self, tirage: Random, avant: Acte, debut: int, nouveau: int, par: str) -> Acte:
        instant = self._creneaux.between(tirage, to_jour(avant.instant), debut)
        data = {"rdv": avant.data["rdv"], "debut": nouveau, "par": par}
        return Acte("rendez_vous.deplace", avant.dossier, instant, data)

    def _is_closed(self, lieu: dict[str, str], jour: int) -> bool:
        return lieu.get("site") in self._conditions(jour).sites_fermes

    def _elsewhere(self, tirage: Random, debut: int) -> dict[str, str]:
        """Where a rendez-vous of a closed site takes place: on another site, or by telephone."""
        ouverts = open_sites(self._caisse, self._conditions(to_jour(debut)).sites_fermes)
        parts = self._caisse.profil.contacts.reports["site_ferme"]
        if ouverts is not None and share(tirage, parts["autre_site"] / (parts["autre_site"] + parts["telephone"])):
            return {"modalite": "site", "site": ouverts.pick(tirage)}
        return {"modalite": "telephone"}

    def _visit(self, tirage: Random, venue: Venue) -> list[Acte]:
        """From the arrival to the departure of someone who has a rendez-vous."""
        data = {"contact": self._caisse.name("C"), "canal": "accueil", "nature": "dossier", "site": venue.site}
        recu = Acte("contact.recu", venue.dossier, minutes_after(tirage, venue.debut, -10, -1), data, "accueil")
        pris = minutes_after(tirage, venue.debut, 0, 10)
        return [recu, take(recu, pris), close(recu, minutes_after(tirage, pris, 15, 35), "repondu")]


def outcome(caisse: Caisse, tirage: Random, rdv: str, dossier: str, debut: int) -> Acte:
    """A rendez-vous whose hour has come was kept or missed."""
    issue = "manque" if share(tirage, caisse.profil.rendez_vous.absence) else "honore"
    return _end(tirage, issue, rdv, dossier, debut)


def _end(tirage: Random, issue: str, rdv: str, dossier: str, debut: int) -> Acte:
    if issue == "manque":
        data = {"rdv": rdv, "excuse": share(tirage, 0.3)}
        return Acte("rendez_vous.manque", dossier, minutes_after(tirage, debut, 15, 30), data)
    return Acte("rendez_vous.honore", dossier, minutes_after(tirage, debut, 0, 10), {"rdv": rdv})


def _who(tirage: Random) -> str:
    return "usager" if share(tirage, 0.7) else "caf"
