"""Why there are indus: how many of each cause on a day, and whose, from what happened that day."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from math import floor, fsum
from random import Random
from typing import Final, NamedTuple

from ecluse.simulateur.actes import Acte
from ecluse.simulateur.caisse import Caisse, midnight, minutes_after, office_hour, share
from ecluse.simulateur.conditions import Conditions, factor
from ecluse.simulateur.controles import yearly_indus
from ecluse.simulateur.fraudes import Fraude, Fraudes
from ecluse.simulateur.marques import ProfilRefuse
from ecluse.simulateur.montants import Enveloppe
from ecluse.simulateur.volumes import Flux, Rythme
from shared.temps import SECONDE

FRAUDE: Final = "fraude"
_PAR_UN_CONTROLE: Final = "erreur_declaration"
_CONTROLES: Final = {
    "place": "contrôle sur place",
    "pieces": "contrôle sur pièces",
    "echange": "échange de données",
    "metier": "contrôle métier",
}
# Controls whose indu waits to be found: those of some days; the oldest are left without one.
_EN_ATTENTE: Final = 1000
_SOUPCONS: Final = 100
# Some of the controls are kept for frauds, and controls together leave some of the euros to what they did not find.
_PRISE_AU_PLUS: Final = 0.9
_PART_DES_CONTROLES: Final = 0.7
# A fraud is laid to a control that found between this share of its préjudice and the whole: what is prescribed counts
# in the préjudice, and is not claimed.
_PART_RECLAMEE: Final = 0.8


class Origines(NamedTuple):
    """What happened on a day that indus are born of. ``declarations``: late ones, by their dossier."""

    controles: Sequence[Acte] = ()
    declarations: Sequence[Acte] = ()
    verifications: Sequence[Acte] = ()


def gather(qualite: Iterable[Sequence[Acte]], declarations: Sequence[Acte]) -> Origines:
    """What of a day indus are born of: its controls and verifications, and the declarations that were treated."""
    actes = [acte for objet in qualite for acte in objet]
    return Origines(
        [a for a in actes if a.type == "controle.realise"],
        declarations,
        [a for a in actes if a.type == "verification.realisee"],
    )


class Constat(NamedTuple):
    """An indu to be. ``montant``: cents; ``origine``: a text, or none; ``fraude``: what will be qualified of it."""

    cause: str
    dossier: str
    instant: int
    montant: int
    origine: str = ""
    fraude: Fraude | None = None


class Causes:
    """The indus of a day.

    Numbers and euros of a calendar year are those of the profile, frauds included. A day of which nothing is told
    (``origines`` None) takes dossiers at random and amounts at the mean.
    """

    def __init__(self, caisse: Caisse) -> None:
        profil = caisse.profil
        indus, fraudes = profil.creances.indus, profil.fraudes.qualifiees
        nombre = indus.nombre - fraudes.nombre
        euros = indus.nombre * indus.euros_en_moyenne - fraudes.euros
        if nombre <= 0 or euros <= 0:
            raise ProfilRefuse("creances.indus : moins nombreux, ou moins chers, que les fraudes qui en font partie")
        self._caisse = caisse
        self._fraudes = Fraudes(caisse)
        parts = profil.creances.causes
        self._flux = {
            cause: Flux(caisse, f"indus|{cause}", nombre * part, Rythme.BUREAU) for cause, part in parts.items()
        }
        self._par_indu = 100 * indus.euros_en_moyenne
        self._moyenne = 100 * euros / nombre
        controles = yearly_indus(profil)
        self._prise = min(
            _PRISE_AU_PLUS,
            nombre * parts.get(_PAR_UN_CONTROLE, 0.0) / controles.nombre,
            _PART_DES_CONTROLES * euros / controles.euros,
        )
        pris, apportes = self._prise * controles.nombre, self._prise * controles.euros
        self._enveloppe = Enveloppe(
            caisse,
            100 * (euros - apportes) / (nombre - pris),
            pris / nombre,
            100 * controles.euros / controles.nombre,
            profil.creances.dispersion,
        )
        self._retenus = caisse.strata("indus des contrôles")
        self._controles: deque[Acte] = deque(maxlen=_EN_ATTENTE)
        self._soupcons: deque[Acte] = deque(maxlen=_SOUPCONS)
        self._annee = 0

    def factor(self, conditions: Conditions) -> float:
        """What the conditions of a day make of its indus, frauds aside."""
        if not conditions.indus:
            return 1.0
        parts = self._caisse.profil.creances.causes
        return fsum(part * factor(conditions.indus, cause) for cause, part in parts.items()) / fsum(parts.values())

    def of_day(
        self, tirage: Random, jour: int, conditions: Conditions, origines: Origines | None, indus: float, fraudes: float
    ) -> Iterator[Constat]:
        """The indus of a day, at these densities."""
        trouvees = self._fraudes.found(jour)
        if not self._caisse.works(jour):
            return
        if origines is not None:
            self._open_year(jour, trouvees)
            self._keep(tirage, origines.controles)
        for fraude in trouvees:
            for _ in range(floor(fraudes * factor(conditions.indus, FRAUDE) + tirage.random())):
                yield self._find_fraud(tirage, jour, fraude)
        for cause, flux in self._flux.items():
            nombre = flux.count(jour, indus * factor(conditions.indus, cause))
            if origines is None:
                for _ in range(nombre):
                    montant = self._enveloppe.unit(date.fromordinal(jour).year, self._moyenne)
                    yield Constat(cause, self._caisse.dossier(tirage)[0], office_hour(tirage, jour), montant)
                continue
            en_plus = nombre - flux.count(jour)
            self._enveloppe.add(en_plus * self._moyenne, en_plus)
            yield from self._find(tirage, jour, cause, nombre, origines)

    def _open_year(self, jour: int, trouvees: Sequence[Fraude]) -> None:
        annee = date.fromordinal(jour).year
        if annee == self._annee:
            return
        self._annee = annee
        nombre = sum(flux.left(jour) for flux in self._flux.values())
        fraudes, centimes = self._fraudes.left(jour)
        fraudes, centimes = fraudes + len(trouvees), centimes + sum(f.prejudice for f in trouvees)
        self._enveloppe.fill(self._par_indu * (nombre + fraudes) - centimes, nombre)

    def _keep(self, tirage: Random, controles: Sequence[Acte]) -> None:
        """Of the controls of the day that found something, those whose indu will be an error; a fraud, of the rest."""
        utiles = [c for c in controles if c.data["indu_centimes"]]
        tirage.shuffle(utiles)
        for controle in utiles:
            retenu = share(self._retenus, self._prise)
            (self._controles if retenu else self._soupcons).append(controle)

    def _find_fraud(self, tirage: Random, jour: int, fraude: Fraude) -> Constat:
        au_moins = _PART_RECLAMEE * fraude.prejudice
        trouve = [c for c in self._soupcons if au_moins <= c.data["indu_centimes"] <= fraude.prejudice]
        if not trouve:
            return Constat(
                FRAUDE, self._caisse.dossier(tirage)[0], office_hour(tirage, jour), fraude.prejudice, fraude=fraude
            )
        controle = max(trouve, key=lambda c: c.data["indu_centimes"])
        self._soupcons.remove(controle)
        self._enveloppe.add(fraude.prejudice - controle.data["indu_centimes"], 0)
        return self._from_control(tirage, jour, FRAUDE, controle)._replace(fraude=fraude)

    def _find(self, tirage: Random, jour: int, cause: str, nombre: int, origines: Origines) -> Iterator[Constat]:
        candidats, origine = _candidates(cause, origines)
        vivier = tirage.sample(candidats, min(nombre, len(candidats)))
        for _ in range(nombre):
            controle = self._next_control() if cause == _PAR_UN_CONTROLE else None
            if controle:
                self._enveloppe.spend(controle.data["indu_centimes"])
                yield self._from_control(tirage, jour, cause, controle)
                continue
            montant = self._enveloppe.draw(self._annee)
            if vivier:
                acte = vivier.pop()
                yield Constat(cause, acte.dossier, _after(tirage, jour, acte.instant), montant, origine)
            else:
                yield Constat(cause, self._caisse.dossier(tirage)[0], office_hour(tirage, jour), montant)

    def _next_control(self) -> Acte | None:
        """The oldest control whose indu the year can bear: late in a year, the largest wait for the next."""
        for controle in self._controles:
            if self._enveloppe.bears(controle.data["indu_centimes"]):
                self._controles.remove(controle)
                return controle
        return None

    def _from_control(self, tirage: Random, jour: int, cause: str, controle: Acte) -> Constat:
        origine = _CONTROLES[controle.data["type_controle"]]
        instant = _after(tirage, jour, controle.instant)
        return Constat(cause, controle.dossier, instant, controle.data["indu_centimes"], origine)


def _candidates(cause: str, origines: Origines) -> tuple[Sequence[Acte], str]:
    if cause == "declaration_tardive":
        return origines.declarations, "déclaration tardive"
    if cause == "erreur_traitement":
        return [v for v in origines.verifications if not v.data["conforme"]], "vérification"
    return (), ""


def _after(tirage: Random, jour: int, instant: int) -> int:
    """An instant of the day, after this one, which is not after the day."""
    trouve = office_hour(tirage, jour)
    if trouve > instant:
        return trouve
    return min(minutes_after(tirage, instant, 1, 20), midnight(jour + 1) - SECONDE)
