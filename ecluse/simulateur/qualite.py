"""Courriers, verifications, controls and campaigns of a day."""

from collections.abc import Iterator
from random import Random
from typing import Final

from ecluse.simulateur.actes import Acte
from ecluse.simulateur.caisse import Caisse, at, count, office_hour, share

_CANAUX_CAMPAGNE: Final = {"separation": "courriel", "impayes_de_loyer": "appel", "bienvenue": "sms"}


class Qualite:
    """Plans what is counted by the day and has no life of its own."""

    def __init__(self, caisse: Caisse) -> None:
        self._caisse = caisse

    def of_day(self, jour: int) -> Iterator[list[Acte]]:
        """The acts of the day; none when the Caf is closed."""
        if not self._caisse.works(jour):
            return
        tirage = self._caisse.draw_for(jour, "qualite")
        for acte in self._acts(tirage, jour):
            yield [acte]

    def _acts(self, tirage: Random, jour: int) -> Iterator[Acte]:
        profil = self._caisse.profil.qualite
        for _ in self._times(tirage, profil.courriers):
            dossier = self._caisse.dossier(tirage)[0]
            # Mail comes early and is opened all day long.
            instant = at(jour, tirage.uniform(7.0, 8.0))
            saisi = office_hour(tirage, jour)
            yield Acte("courrier.arrive", dossier, instant, {"courrier": self._caisse.name("L")}, saisi=saisi)
        for moment, verifications in (("iql0", profil.iql0), ("iql6", profil.iql6)):
            for _ in self._times(tirage, verifications.nombre):
                yield self.verify(tirage, office_hour(tirage, jour), moment, verifications.conformes)
        for type_, nombre, indus, rappels in self._controls():
            for _ in self._times(tirage, nombre):
                yield self._control(tirage, jour, type_, indus / nombre, rappels / nombre)
        campagnes = {**profil.campagnes, "bienvenue": profil.bienvenue}
        for theme, nombre in campagnes.items():
            for _ in self._times(tirage, nombre):
                yield self._campaign(tirage, jour, theme)

    def _times(self, tirage: Random, par_an: float) -> range:
        return range(count(tirage, self._caisse.per_working_day(par_an)))

    def verify(self, tirage: Random, instant: int, moment: str, conformes: float) -> Acte:
        """A liquidation is verified."""
        data = {"verification": self._caisse.name("V"), "moment": moment, "conforme": share(tirage, conformes)}
        return Acte("verification.realisee", self._caisse.dossier(tirage)[0], instant, data)

    def _controls(self) -> list[tuple[str, float, float, float]]:
        """Type, yearly number, euros of indus and of rappels."""
        profil = self._caisse.profil.qualite
        pieces, part = profil.controles_pieces, profil.controles_pieces_part_indus
        autres = {
            "place": profil.controles_place,
            "echange": profil.controles_echange,
            "metier": profil.controles_metier,
        }
        return [
            ("pieces", pieces.nombre, pieces.impact_euros * part, pieces.impact_euros * (1 - part)),
            *((type_, c.nombre, c.indus_euros, c.rappels_euros) for type_, c in autres.items()),
        ]

    def _control(self, tirage: Random, jour: int, type_: str, indus: float, rappels: float) -> Acte:
        """A control whose effects have these means (euros); a control has one of the two effects, or none."""
        avec = 1 - self._caisse.profil.qualite.controles_sans_effet
        part_indus = avec * indus / (indus + rappels)
        tire = tirage.random()
        moyenne = 100 * (indus + rappels) / avec
        montant = max(1, round(tirage.gammavariate(1.5, moyenne / 1.5)))
        data = {
            "controle": self._caisse.name("T"),
            "type_controle": type_,
            "indu_centimes": montant if tire < part_indus else 0,
            "rappel_centimes": montant if part_indus <= tire < avec else 0,
        }
        return Acte("controle.realise", self._caisse.dossier(tirage)[0], office_hour(tirage, jour), data)

    def _campaign(self, tirage: Random, jour: int, theme: str) -> Acte:
        data = {"campagne": f"{theme}-{jour}", "theme": theme, "canal": _CANAUX_CAMPAGNE.get(theme, "courriel")}
        return Acte("campagne.envoyee", self._caisse.dossier(tirage)[0], office_hour(tirage, jour), data)
