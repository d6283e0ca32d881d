"""How a figure is computed: terms that count, and formulas that make a value of them, each with its parameters.

Every computation takes several periods at once, so that a series costs little more than one figure. An indicator of
the registry names one formula; there is no code for an indicator of its own.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from math import fsum
from typing import ClassVar, Final, NamedTuple, Protocol

import numpy as np

from services.indicators.fold.columns import Booleens, Entiers
from services.indicators.rules import Role
from services.indicators.views import Condition, Filtre, Vue, Vues
from shared.calendar import working_days
from shared.temps import add_months

TRAITEE: Final = Condition("fin_genre", "=", "traitee")
ANNULEE: Final = Condition("fin_genre", "=", "annulee")
# Twenty working days span at most this many calendar days.
_ETENDUE: Final = 60


class Chiffre(NamedTuple):
    """A figure: value, numerator, denominator (None where there is none), and the terms that are shown with it."""

    valeur: float | None
    numerateur: int | None = None
    denominateur: int | None = None
    termes: dict[str, int | None] | None = None


class StockDeProduction(Protocol):
    """Production's own count of its rows: what the balance of the fold is held against."""

    def closing_stocks(self, caf: str, jours: Sequence[int]) -> Sequence[int] | None:
        """Pieces open at the end of each of these days (ordinals); None when production cannot answer."""
        ...


class Periodes(NamedTuple):
    """Several inclusive periods: their first days, their last days."""

    du: Entiers
    au: Entiers


@dataclass(frozen=True, slots=True)
class Population:
    """What a Caf owns, or works on, or the part of it that meets a condition. Lives as long as one question."""

    vues: Vues
    caf: str
    stock: StockDeProduction
    part: Condition | None = None
    role: Role = Role.proprietaire
    _parts: dict[str, Vue] = field(default_factory=dict)

    def view(self, famille: str) -> Vue:
        """The cells of a family in this population."""
        vue = self._parts.get(famille)
        if vue is None:
            vue = self.vues.view(famille, self.caf, self.role)
            vue = self._parts[famille] = vue if self.part is None else vue.part(self.part)
        return vue


class Terme(Protocol):
    """A number for each period."""

    def count(self, population: Population, periodes: Periodes) -> Entiers: ...


class Formule(Protocol):
    """A figure for each period."""

    def compute(self, population: Population, periodes: Periodes) -> list[Chiffre]: ...


@dataclass(frozen=True, slots=True)
class Flux:
    """Sum of a measure over what has its ``jour`` in the period. ``mesure``: ``n`` counts, ``delai`` sums délais."""

    famille: str
    jour: str
    filtre: Filtre = ()
    mesure: str = "n"

    def count(self, population: Population, periodes: Periodes) -> Entiers:
        marge = population.view(self.famille).margin(self.jour, self.mesure, self.filtre)
        return marge.until(periodes.au) - marge.until(periodes.du - 1)


@dataclass(frozen=True, slots=True)
class Niveau:
    """A level at the end of the period, from the daily changes: ``stock``, or the part of it in ``attente``."""

    famille: ClassVar[str] = "niveau"
    mesure: str

    def count(self, population: Population, periodes: Periodes) -> Entiers:
        return population.view(self.famille).margin("jour", self.mesure, ()).until(periodes.au)


@dataclass(frozen=True, slots=True)
class StockAncien:
    """Pieces open at the end of the period for more than ``plus_de`` days, from the flow matrix."""

    famille: ClassVar[str] = "piece"
    plus_de: int

    def count(self, population: Population, periodes: Periodes) -> Entiers:
        vue = population.view("piece")
        filtre = (Condition("delai", ">", self.plus_de),)
        anciennes = vue.margin("arrivee", "n", filtre).until(periodes.au - self.plus_de - 1)
        return anciennes - vue.margin("fin", "n", filtre).until(periodes.au)


@dataclass(frozen=True, slots=True)
class DerniersOuvres:
    """A flow over the ``jours`` last working days up to the end of the period, and the days off between them."""

    flux: Flux
    jours: int

    def widen(self, caf: str, au: Entiers) -> Periodes:
        """The periods of the flow that end on these days."""
        ouvres = np.array(working_days(int(au.min()) - _ETENDUE, int(au.max()), caf), np.int64)
        return Periodes(ouvres[np.searchsorted(ouvres, au, side="right") - self.jours], au)

    def count(self, population: Population, periodes: Periodes) -> Entiers:
        return self.flux.count(population, self.widen(population.caf, periodes.au))


@dataclass(frozen=True, slots=True)
class Cohorte:
    """Sum over the créances of the twelve months that end ``mois`` months before the end of the period.

    ``frauduleuses``: by their cause, or qualified by the end of the period; otherwise the others.
    """

    famille: ClassVar[str] = "creance"
    mois: int
    mesure: str
    frauduleuses: bool
    filtre: Filtre = ()

    def bounds(self, au: int) -> tuple[int, int]:
        """First and last day of the constats, both included."""
        return add_months(au, -self.mois - 12) + 1, add_months(au, -self.mois)

    def masks(self, vue: Vue, jours: Iterable[int]) -> Iterator[Booleens]:
        """For each day, which rows are of the cohort at its end."""
        constat, qualifiee = vue.jours["constat"], vue.jours["qualifiee"]
        utiles, cause = vue.mask(self.filtre), vue.mask((Condition("cause", "=", "fraude"),))
        for au in jours:
            premier, dernier = self.bounds(au)
            fraude = cause | ((qualifiee > 0) & (qualifiee <= au))
            yield utiles & (constat >= premier) & (constat <= dernier) & (fraude == self.frauduleuses)

    def count(self, population: Population, periodes: Periodes) -> Entiers:
        vue = population.view("creance")
        montants = vue.mesures[self.mesure]
        return np.array([montants[m].sum() for m in self.masks(vue, periodes.au.tolist())], np.int64)


@dataclass(frozen=True, slots=True)
class Difference:
    """``de`` less ``moins``."""

    de: Terme
    moins: Terme

    def count(self, population: Population, periodes: Periodes) -> Entiers:
        return self.de.count(population, periodes) - self.moins.count(population, periodes)


@dataclass(frozen=True, slots=True)
class Fois:
    """A term multiplied."""

    facteur: int
    terme: Terme

    def count(self, population: Population, periodes: Periodes) -> Entiers:
        return self.facteur * self.terme.count(population, periodes)


@dataclass(frozen=True, slots=True)
class Nombre:
    """A count or a sum: its own numerator, no denominator."""

    terme: Terme

    def compute(self, population: Population, periodes: Periodes) -> list[Chiffre]:
        return [Chiffre(n, n) for n in self.terme.count(population, periodes).tolist()]


@dataclass(frozen=True, slots=True)
class Rapport:
    """A mean, a rate or a ratio; no value where the denominator is 0."""

    numerateur: Terme
    denominateur: Terme

    def compute(self, population: Population, periodes: Periodes) -> list[Chiffre]:
        numerateurs = self.numerateur.count(population, periodes).tolist()
        denominateurs = self.denominateur.count(population, periodes).tolist()
        return [Chiffre(n / d if d else None, n, d) for n, d in zip(numerateurs, denominateurs, strict=True)]


@dataclass(frozen=True, slots=True)
class MoyenneOuvree:
    """Mean of a ratio over the working days of the period that have a value."""

    rapport: Rapport

    def compute(self, population: Population, periodes: Periodes) -> list[Chiffre]:
        jours = np.array(working_days(int(periodes.du.min()), int(periodes.au.max()), population.caf), np.int64)
        chiffres = self.rapport.compute(population, Periodes(jours, jours)) if len(jours) else []
        debuts, fins = np.searchsorted(jours, periodes.du), np.searchsorted(jours, periodes.au, side="right")
        return [_mean(chiffres[debut:fin]) for debut, fin in zip(debuts.tolist(), fins.tolist(), strict=True)]


@dataclass(frozen=True, slots=True)
class RangDelai:
    """The smallest délai such that at least ``pourcents`` of the pieces treated in the period have at most that."""

    famille: ClassVar[str] = "piece"
    pourcents: int

    def compute(self, population: Population, periodes: Periodes) -> list[Chiffre]:
        traitees = population.view("piece").matrix((TRAITEE,)).between(int(periodes.du.min()), int(periodes.au.max()))
        jours, delais, nombres = traitees.fins, traitees.fins - traitees.debuts, traitees.n
        debuts, fins = np.searchsorted(jours, periodes.du), np.searchsorted(jours, periodes.au, side="right")
        return [
            Chiffre(_rank(delais[debut:fin], nombres[debut:fin], self.pourcents))
            for debut, fin in zip(debuts.tolist(), fins.tolist(), strict=True)
        ]


@dataclass(frozen=True, slots=True)
class AgeMax:
    """Days from the oldest arrival among the pieces open at the end of the period."""

    famille: ClassVar[str] = "piece"

    def compute(self, population: Population, periodes: Periodes) -> list[Chiffre]:
        au = periodes.au
        encore = population.view("piece").matrix(()).between(int(au.min()) + 1)
        arrivees = encore.debuts[encore.n > 0]
        if not len(arrivees):
            return [Chiffre(None)] * len(au)
        # For each day of arrival, the last day on which one that came then leaves.
        jours, rangs = np.unique(arrivees, return_inverse=True)
        derniers = np.zeros(len(jours), np.int64)
        np.maximum.at(derniers, rangs, encore.fins[encore.n > 0])
        ouverts = (jours <= au[:, None]) & (derniers > au[:, None])
        ages, vides = au - jours[ouverts.argmax(axis=1)], np.count_nonzero(ouverts, axis=1) == 0
        return [Chiffre(None if vide else age) for age, vide in zip(ages.tolist(), vides.tolist(), strict=True)]


@dataclass(frozen=True, slots=True)
class Balance:
    """Opening + arrivals − treatments − cancellations − closing, the closing stock as production counts its rows."""

    arrivees: Terme
    traitees: Terme
    annulees: Terme

    def compute(self, population: Population, periodes: Periodes) -> list[Chiffre]:
        termes = (self.arrivees, self.traitees, self.annulees)
        ouvertures = Niveau("stock").count(population, Periodes(periodes.du, periodes.du - 1))
        flux = [terme.count(population, periodes).tolist() for terme in termes]
        jours = periodes.au.tolist()
        comptees = population.stock.closing_stocks(population.caf, jours)
        clotures: Sequence[int | None] = [None] * len(jours) if comptees is None else comptees
        return [
            _balance(quatre, cloture) for cloture, *quatre in zip(clotures, ouvertures.tolist(), *flux, strict=True)
        ]


def walk(formule: object) -> Iterator[object]:
    """A formula, and all the terms that it is made of."""
    if isinstance(formule, tuple):
        suite: Iterable[object] = formule
    elif is_dataclass(formule):
        yield formule
        suite = (getattr(formule, champ.name) for champ in fields(formule))
    else:
        return
    for partie in suite:
        yield from walk(partie)


def families_of(formule: object) -> set[str]:
    """The families of cells that a formula, or a term of one, counts."""
    familles = (getattr(terme, "famille", None) for terme in walk(formule))
    return {famille for famille in familles if isinstance(famille, str)}


def _balance(termes: list[int], cloture: int | None) -> Chiffre:
    ouverture, arrivees, traitees, annulees = termes
    ecart = None if cloture is None else ouverture + arrivees - traitees - annulees - cloture
    noms = ("ouverture", "arrivees", "traitees", "annulees", "cloture")
    return Chiffre(ecart, termes=dict(zip(noms, (*termes, cloture), strict=True)))


def _mean(chiffres: Sequence[Chiffre]) -> Chiffre:
    valeurs = [chiffre.valeur for chiffre in chiffres if chiffre.valeur is not None]
    return Chiffre(fsum(valeurs) / len(valeurs) if valeurs else None)


def _rank(delais: Entiers, nombres: Entiers, pourcents: int) -> int | None:
    cumuls = np.cumsum(np.bincount(delais, nombres)).astype(np.int64)
    if not len(cumuls) or cumuls[-1] <= 0:
        return None
    return int(np.argmax(100 * cumuls >= pourcents * cumuls[-1]))
