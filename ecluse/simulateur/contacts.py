"""Visits, calls, mails and letters of a day, each up to its end: as many in a year as the profile says."""

from collections.abc import Collection, Iterator, Sequence
from math import fsum
from random import Random
from typing import Final

from ecluse.simulateur.actes import Acte
from ecluse.simulateur.caisse import FERMETURE, OUVERTURE, Caisse, Choix, at, share, web_hour
from ecluse.simulateur.conditions import ORDINAIRES, Conditions, factor
from ecluse.simulateur.repetition import Repetition
from ecluse.simulateur.reponses import DERNIERE_PRISE, Reponses
from ecluse.simulateur.volumes import Flux, Rythme

# Whoever comes in by then is received before closing time.
_DERNIERE_ENTREE: Final = FERMETURE - 1.0
SORTS: Final = ("traite", "automate", "abandonne")


class Contacts:
    """Plans contacts by the day on which they are received; days must come in order."""

    def __init__(self, caisse: Caisse) -> None:
        self._caisse = caisse
        profil = caisse.profil.contacts
        self._reponses, self._qui = Reponses(caisse), Repetition(caisse)
        self._natures = {canal: Choix(parts) for canal, parts in profil.natures.items()}
        self._hasards = {canal: caisse.strata(f"natures|{canal}") for canal in profil.natures}
        sur_rdv = received_on_appointment(caisse) / fsum(profil.visites.values())
        self._visites = {
            site: self._flux(f"visites|{site}", par_an * (1 - sur_rdv)) for site, par_an in profil.visites.items()
        }
        recus = profil.appels_traites / profil.part_appels_traites
        automate = recus * profil.part_appels_automate
        par_sort = (profil.appels_traites, automate, max(0.0, recus - profil.appels_traites - automate))
        self._appels = {sort: self._flux(f"appels|{sort}", n) for sort, n in zip(SORTS, par_sort, strict=True)}
        self._sorts = Choix(zip(SORTS, par_sort, strict=True))
        self._aboutis, self._ailleurs = caisse.strata("appels aboutis"), caisse.strata("sites fermés")
        self._courriels = Flux(caisse, "courriels", profil.courriels, Rythme.WEB, "contacts", paie=True)
        self._courriers = Flux(caisse, "courriers", profil.courriers, Rythme.BUREAU, "contacts")

    def of_day(
        self, jour: int, conditions: Conditions = ORDINAIRES, dossiers_en_attente: Sequence[str] = ()
    ) -> Iterator[list[Acte]]:
        """The acts of each contact received on this day.

        ``dossiers_en_attente``: those whose pieces wait for too long, some of whom come to ask.
        """
        tirage = self._caisse.draw_for(jour, "contacts")
        self._qui.open(jour, dossiers_en_attente)
        yield from self._mails(tirage, jour, conditions)
        if not self._caisse.works(jour):
            return
        renvoyes = 0
        ouverts = open_sites(self._caisse, conditions.sites_fermes)
        for site in self._sites_of_day(tirage, jour, conditions, ouverts):
            if site:
                yield self._visit(tirage, jour, site)
            else:
                renvoyes += 1
        for dossier in self._qui.more("accueil"):
            if ouverts is not None:
                yield self._visit(tirage, jour, ouverts.pick(tirage), dossier)
        yield from self._calls(tirage, jour, conditions, renvoyes)
        for _ in range(self._courriers.count(jour, factor(conditions.contacts, "courrier"))):
            recu = self._receive(tirage, at(jour, tirage.uniform(OUVERTURE, DERNIERE_PRISE)), "courrier")
            yield self._reponses.letter(tirage, recu)

    def call(self, tirage: Random, instant: int, *, sort: str = "", dossier: str = "") -> list[Acte]:
        """A call; its fate (one of ``SORTS``) and its dossier are drawn when not given."""
        sort = sort or self._sorts.pick(tirage)
        # A machine answers nothing but general questions.
        nature = "information_generale" if sort == "automate" else ""
        recu = self._receive(tirage, instant, "telephone", nature, dossier)
        return self._reponses.call(tirage, recu, sort)

    def mail(
        self, tirage: Random, instant: int, nature: str = "", *, dossier: str = "", presence: float = 1.0
    ) -> list[Acte]:
        """A mail; ``presence``: of the agents, who are slower when they are few."""
        return self._reponses.mail(tirage, self._receive(tirage, instant, "courriel", nature, dossier), presence)

    def _flux(self, nom: str, par_an: float) -> Flux:
        return Flux(self._caisse, nom, par_an, Rythme.BUREAU, "contacts", paie=True)

    def _receive(self, tirage: Random, instant: int, canal: str, nature: str = "", dossier: str = "") -> Acte:
        nature = nature or self._natures[canal].pick(self._hasards[canal])
        dossier = dossier or self._qui.pick(tirage, nature)
        self._qui.note(dossier)
        data = {"contact": self._caisse.name("C"), "canal": canal, "nature": nature}
        return Acte("contact.recu", dossier, instant, data, canal)

    def _mails(self, tirage: Random, jour: int, conditions: Conditions) -> Iterator[list[Acte]]:
        nombre = self._courriels.count(jour, factor(conditions.contacts, "courriel"))
        for dossier in [*self._qui.more("courriel"), *[""] * nombre]:
            yield self.mail(tirage, web_hour(tirage, jour), dossier=dossier, presence=conditions.presence)

    def _visit(self, tirage: Random, jour: int, site: str, dossier: str = "") -> list[Acte]:
        instant = at(jour, tirage.uniform(OUVERTURE, _DERNIERE_ENTREE))
        recu = self._receive(tirage, instant, "accueil", dossier=dossier)
        recu.data["site"] = site
        return self._reponses.visit(tirage, recu)

    def _sites_of_day(
        self, tirage: Random, jour: int, conditions: Conditions, ouverts: Choix[str] | None
    ) -> Iterator[str]:
        """Where each visitor of the day is received; an empty text for those of a closed site who call instead."""
        for site, flux in self._visites.items():
            nombre = flux.count(jour, factor(conditions.contacts, "accueil"))
            if site not in conditions.sites_fermes:
                yield from [site] * nombre
                continue
            ailleurs = self._caisse.profil.contacts.reports["site_ferme"]
            for _ in range(nombre):
                tire = self._ailleurs.random()
                if ouverts is not None and tire < ailleurs["autre_site"]:
                    yield ouverts.pick(tirage)
                elif ailleurs["autre_site"] <= tire < ailleurs["autre_site"] + ailleurs["telephone"]:
                    yield ""

    def _calls(self, tirage: Random, jour: int, conditions: Conditions, renvoyes: int) -> Iterator[list[Acte]]:
        """The calls of the day; first those of people who call again, then those sent here by a closed site."""
        facteur = factor(conditions.contacts, "telephone")
        sorts = [sort for sort, flux in self._appels.items() for _ in range(flux.count(jour, facteur))]
        tirage.shuffle(sorts)
        rappels = self._qui.recalls()[: len(sorts)]
        en_plus = [*self._qui.more("telephone"), *[""] * renvoyes]
        dossiers = [*rappels, *[""] * (len(sorts) - len(rappels)), *en_plus]
        sorts += [self._sorts.pick(tirage) for _ in en_plus]
        for sort, dossier in zip(sorts, dossiers, strict=True):
            perdu = sort == "traite" and self._is_lost(conditions)
            instant = at(jour, tirage.uniform(OUVERTURE, DERNIERE_PRISE))
            actes = self.call(tirage, instant, sort="abandonne" if perdu else sort, dossier=dossier)
            if perdu:
                self._turn_away(tirage, actes[0].dossier)
            elif sort == "abandonne":
                self._qui.plan_recall(tirage, actes[0].dossier)
            yield actes

    def _is_lost(self, conditions: Conditions) -> bool:
        """Whether a call that an agent would have answered is lost for the conditions of the day."""
        return conditions.appels_aboutis < 1.0 and not share(self._aboutis, conditions.appels_aboutis)

    def _turn_away(self, tirage: Random, dossier: str) -> None:
        """Where someone whose call was lost turns to in the days after, on top of what they bring: or nowhere."""
        profil = self._caisse.profil.contacts
        tire = tirage.random() - profil.rappels
        if tire < 0:
            self._qui.plan_more(tirage, dossier, "telephone")
            return
        for canal, part in profil.reports["appel_perdu"].items():
            if tire < part:
                self._qui.plan_more(tirage, dossier, canal)
                return
            tire -= part


def received_on_appointment(caisse: Caisse) -> float:
    """The yearly visits that are rendez-vous kept on a site, at full scale."""
    profil = caisse.profil.rendez_vous
    return profil.part_visites * profil.honores.get("site", 0.0)


def open_sites(caisse: Caisse, fermes: Collection[str]) -> Choix[str] | None:
    """Draws one of the sites that are open, by their visits; None when none is."""
    ouverts = {site: par_an for site, par_an in caisse.profil.contacts.visites.items() if site not in fermes}
    return Choix(ouverts) if ouverts else None
