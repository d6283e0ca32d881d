"""What a formula is made of: its terms by name, each with the days over which it counts."""

from typing import Final, NamedTuple

from services.indicators.figures import (
    TRAITEE,
    AgeMax,
    Balance,
    Cohorte,
    DerniersOuvres,
    Difference,
    Flux,
    Fois,
    Formule,
    MoyenneOuvree,
    Niveau,
    Nombre,
    RangDelai,
    Rapport,
    Terme,
)
from services.indicators.registre.base import Unite
from services.indicators.rules import Periode
from services.indicators.seuils import EnFin, ParJour
from shared.calendar import working_days

LIBELLES: Final = {
    "numerateur": "Numérateur",
    "denominateur": "Dénominateur",
    "population": "Population",
    "ouverture": "Stock d'ouverture",
    "arrivees": "Arrivées",
    "traitees": "Traitées",
    "annulees": "Annulées",
    "cloture": "Stock de clôture",
}
_EN_JOURS: Final = frozenset({"delai", "jours_attente"})


class TermeNomme(NamedTuple):
    """A term of a figure. ``periode``: the days that it is asked for."""

    nom: str
    terme: Terme
    periode: Periode

    @property
    def libelle(self) -> str:
        """Its name for people."""
        return LIBELLES[self.nom]

    @property
    def unite(self) -> Unite:
        """What it counts: things, days, cents."""
        return _unit_of(self.terme)


def name_terms(formule: Formule, periode: Periode, caf: str) -> list[TermeNomme]:
    """The terms of a figure over a period; none for a mean over days, each of which has its own, unless it has one."""
    match formule:
        case Nombre(terme):
            return [TermeNomme("numerateur", terme, periode)]
        case Rapport(numerateur, denominateur):
            return [TermeNomme("numerateur", numerateur, periode), TermeNomme("denominateur", denominateur, periode)]
        case RangDelai():
            return [TermeNomme("population", Flux("piece", "fin", (TRAITEE,)), periode)]
        case AgeMax():
            return [TermeNomme("population", Niveau("stock"), periode)]
        case MoyenneOuvree(rapport):
            jours = days_of(periode, caf)
            return name_terms(rapport, jours[0], caf) if len(jours) == 1 else []
        case Balance(arrivees, traitees, annulees):
            veille = Periode(periode.du - 1, periode.du - 1)
            return [
                TermeNomme("ouverture", Niveau("stock"), veille),
                TermeNomme("arrivees", arrivees, periode),
                TermeNomme("traitees", traitees, periode),
                TermeNomme("annulees", annulees, periode),
                TermeNomme("cloture", Niveau("stock"), periode),
            ]
        case _:
            return []


def _unit_of(terme: Terme) -> Unite:
    match terme:
        case Flux(_, _, _, mesure) | Cohorte(_, mesure, _, _):
            return "centimes" if mesure.endswith("_centimes") else "jours" if mesure in _EN_JOURS else "nombre"
        case Difference(seul, _) | Fois(_, seul) | DerniersOuvres(seul, _):
            return _unit_of(seul)
        case ParJour(choix) | EnFin(choix):
            return _unit_of(choix[0][1])
        case _:
            return "nombre"


def days_of(periode: Periode, caf: str) -> list[Periode]:
    """The working days of a period, each as a period of its own."""
    return [Periode(jour, jour) for jour in working_days(periode.du, periode.au, caf)]
