"""Courriers, verifications, controls and campaigns of a day."""

from collections.abc import Iterator
from datetime import date
from random import Random
from typing import Final

from ecluse.simulateur.actes import Acte
from ecluse.simulateur.caisse import Caisse, at, office_hour, share
from ecluse.simulateur.controles import by_type, effects
from ecluse.simulateur.volumes import Flux, Rythme

_CANAUX_CAMPAGNE: Final = {"separation": "courriel", "impayes_de_loyer": "appel", "bienvenue": "sms"}


class Qualite:
    """Plans what is counted by the day and has no life of its own."""

    def __init__(self, caisse: Caisse) -> None:
        self._caisse = caisse
        profil = caisse.profil.qualite
        self._courriers = self._flux("courriers", profil.courriers)
        self._verifications = [
            (moment, self._flux(moment, v.nombre), caisse.strata(moment), v.conformes)
            for moment, v in (("iql0", profil.iql0), ("iql6", profil.iql6))
        ]
        self._controles = [
            (type_, self._flux(f"contrôles|{type_}", c.nombre), effects(caisse, type_, c))
            for type_, c in by_type(caisse.profil).items()
        ]
        campagnes = {**profil.campagnes, "bienvenue": profil.bienvenue}
        self._campagnes = [(theme, self._flux(f"campagne|{theme}", nombre)) for theme, nombre in campagnes.items()]

    def of_day(self, jour: int) -> Iterator[list[Acte]]:
        """The acts of the day; none when the Caf is closed."""
        if not self._caisse.works(jour):
            return
        tirage = self._caisse.draw_for(jour, "qualite")
        for acte in self._acts(tirage, jour):
            yield [acte]

    def _flux(self, nom: str, par_an: float) -> Flux:
        return Flux(self._caisse, nom, par_an, Rythme.BUREAU)

    def _acts(self, tirage: Random, jour: int) -> Iterator[Acte]:
        for _ in range(self._courriers.count(jour)):
            dossier = self._caisse.dossier(tirage)[0]
            # Mail comes early and is opened all day long.
            instant = at(jour, tirage.uniform(7.0, 8.0))
            saisi = office_hour(tirage, jour)
            yield Acte("courrier.arrive", dossier, instant, {"courrier": self._caisse.name("L")}, saisi=saisi)
        for moment, flux, strates, conformes in self._verifications:
            for _ in range(flux.count(jour)):
                yield self.verify(tirage, office_hour(tirage, jour), moment, conforme=share(strates, conformes))
        annee = date.fromordinal(jour).year
        for type_, flux, effets in self._controles:
            for _ in range(flux.count(jour)):
                yield self._control(tirage, jour, type_, effets.draw(annee))
        for theme, flux in self._campagnes:
            for _ in range(flux.count(jour)):
                yield self._campaign(tirage, jour, theme)

    def verify(self, tirage: Random, instant: int, moment: str, *, conforme: bool) -> Acte:
        """A liquidation is verified."""
        data = {"verification": self._caisse.name("V"), "moment": moment, "conforme": conforme}
        return Acte("verification.realisee", self._caisse.dossier(tirage)[0], instant, data)

    def _control(self, tirage: Random, jour: int, type_: str, effet: int) -> Acte:
        data = {
            "controle": self._caisse.name("T"),
            "type_controle": type_,
            "indu_centimes": max(effet, 0),
            "rappel_centimes": max(-effet, 0),
        }
        return Acte("controle.realise", self._caisse.dossier(tirage)[0], office_hour(tirage, jour), data)

    def _campaign(self, tirage: Random, jour: int, theme: str) -> Acte:
        data = {"campagne": f"{theme}-{jour}", "theme": theme, "canal": _CANAUX_CAMPAGNE.get(theme, "courriel")}
        return Acte("campagne.envoyee", self._caisse.dossier(tirage)[0], office_hour(tirage, jour), data)
