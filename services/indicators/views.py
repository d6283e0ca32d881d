"""What a question reads: the cells of one Caf as columns, and their daily margins, computed once per state."""

import operator
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np

from services.indicators.fold.columns import Booleens, Colonnes, Entiers, unpack
from services.indicators.fold.families import JOUR_MAX, ORIGINE, Famille
from services.indicators.fold.pli import Pli
from services.indicators.rules import Role

# The category of a cell that names the Caf, for each role.
MEMBRES: Final = {Role.proprietaire: "caf", Role.traitante: "caf_traitante"}
# The délai of what has not ended: longer than any other.
SANS_FIN: Final = 2 * JOUR_MAX
OPERATEURS: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "dans": lambda valeur, valeurs: valeur in valeurs,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
}


class Condition(NamedTuple):
    """``champ`` is a category of the family, or ``delai``: days from its first day to its second."""

    champ: str
    operateur: str
    valeur: Any


Filtre: TypeAlias = tuple[Condition, ...]


class Marge(NamedTuple):
    """Sums by day: distinct days in order, and the running total before each and after the last."""

    jours: Entiers
    cumuls: Entiers

    def until(self, au: Entiers) -> Entiers:
        """The total of the days up to each ``au``, inclusive."""
        totaux: Entiers = self.cumuls[np.searchsorted(self.jours, au, side="right")]
        return totaux


class _Axe(NamedTuple):
    """The rows that have a given day, in its order: distinct days and where each begins."""

    ordre: Entiers
    jours: Entiers
    debuts: Entiers


class Profils:
    """Which profiles of a family meet a condition. The answers grow with the profiles and are kept."""

    def __init__(self, colonnes: Colonnes) -> None:
        self._profils = colonnes.profils
        self._rangs = {nom: rang for rang, nom in enumerate(("caf", *colonnes.famille.dims))}
        self._masques: dict[Condition, Booleens] = {}

    def mask(self, condition: Condition) -> Booleens:
        """One truth value for each profile."""
        masque = self._masques.get(condition, np.zeros(0, np.bool_))
        if len(masque) < len(self._profils):
            rang, tient = self._rangs[condition.champ], OPERATEURS[condition.operateur]
            suite = [bool(tient(p[rang], condition.valeur)) for p in self._profils[len(masque) :]]
            masque = self._masques[condition] = np.concatenate([masque, np.array(suite, np.bool_)])
        return masque

    def values(self, champ: str, numeros: Entiers) -> set[Any]:
        """The distinct values of a category among the profiles given."""
        rang = self._rangs[champ]
        return {self._profils[n][rang] for n in np.flatnonzero(np.bincount(numeros)).tolist()}


class Vue:
    """Cells as columns: number of the profile, days (ordinals, 0 for none), measures. Immutable."""

    def __init__(
        self, profils: Profils, numeros: Entiers, jours: dict[str, Entiers], mesures: dict[str, Entiers]
    ) -> None:
        self._profils = profils
        self._numeros = numeros
        self.jours = jours
        self.mesures = mesures
        self._axes: dict[str, _Axe] = {}
        self._marges: dict[tuple[str, str, Filtre], Marge] = {}
        if len(jours) == 2:
            debut, fin = jours.values()
            self.delai = np.where(fin > 0, fin - debut, SANS_FIN)

    def mask(self, filtre: Filtre) -> Booleens:
        """Which rows meet every condition."""
        masque = np.ones(len(self._numeros), np.bool_)
        for condition in filtre:
            if condition.champ == "delai":
                masque &= OPERATEURS[condition.operateur](self.delai, condition.valeur)
            else:
                masque &= self._profils.mask(condition)[self._numeros]
        return masque

    def margin(self, jour: str, mesure: str, filtre: Filtre) -> Marge:
        """Sums of ``mesure`` by ``jour`` over the rows that meet ``filtre``; ``delai`` sums the délais."""
        marge = self._marges.get((jour, mesure, filtre))
        if marge is None:
            poids = self.mesures["n"] * self.delai if mesure == "delai" else self.mesures[mesure]
            axe = self._axis(jour)
            poids = np.where(self.mask(filtre), poids, 0)[axe.ordre]
            sommes = np.add.reduceat(poids, axe.debuts) if len(axe.debuts) else poids
            marge = Marge(axe.jours, np.concatenate([np.zeros(1, np.int64), np.cumsum(sommes)]))
            self._marges[jour, mesure, filtre] = marge
        return marge

    def part(self, condition: Condition) -> "Vue":
        """The rows that meet the condition, as a view of their own."""
        lignes = self.mask((condition,))
        return Vue(
            self._profils,
            self._numeros[lignes],
            {nom: jours[lignes] for nom, jours in self.jours.items()},
            {nom: valeurs[lignes] for nom, valeurs in self.mesures.items()},
        )

    def values(self, champ: str) -> set[Any]:
        """The distinct values of a category."""
        return self._profils.values(champ, self._numeros)

    def _axis(self, jour: str) -> _Axe:
        axe = self._axes.get(jour)
        if axe is None:
            jours = self.jours[jour]
            # Sorting 16-bit numbers is linear.
            ordre = np.argsort(np.where(jours > 0, jours - ORIGINE, 0).astype(np.uint16), kind="stable")
            ordre = ordre[np.count_nonzero(jours == 0) :]
            tries = jours[ordre]
            debuts = np.flatnonzero(np.diff(tries, prepend=0))
            axe = self._axes[jour] = _Axe(ordre, tries[debuts], debuts)
        return axe


class Vues:
    """The views of a fold, made again when the family has changed since."""

    def __init__(self, pli: Pli) -> None:
        self._pli = pli
        self._profils = {nom: Profils(colonnes) for nom, colonnes in pli.colonnes.items()}
        self._vues: dict[tuple[str, str, Role], tuple[int, Vue]] = {}

    def view(self, famille: str, caf: str, role: Role = Role.proprietaire) -> Vue:
        """The cells of a family that a Caf owns, or those whose work it does (see ``families``)."""
        colonnes = self._pli.colonnes[famille]
        version, vue = self._vues.get((famille, caf, role), (-1, None))
        if vue is None or version != colonnes.version:
            vue = self._read(colonnes, caf, role)
            self._vues[famille, caf, role] = colonnes.version, vue
        return vue

    def families(self, role: Role) -> list[str]:
        """The families whose cells name the Caf of this role."""
        membre = MEMBRES[role]
        return [n for n, c in self._pli.colonnes.items() if membre == "caf" or membre in c.famille.dims]

    @property
    def versions(self) -> tuple[int, ...]:
        """What changes with any change of the fold."""
        return tuple(colonnes.version for colonnes in self._pli.colonnes.values())

    def _read(self, colonnes: Colonnes, caf: str, role: Role) -> Vue:
        profils = self._profils[colonnes.famille.nom]
        numeros, premiers, seconds = unpack(colonnes.cles)
        lignes = profils.mask(Condition(MEMBRES[role], "=", caf))[numeros] & colonnes.valeurs.any(axis=1)
        jours = (premiers[lignes], seconds[lignes])
        return read_rows(colonnes.famille, profils, numeros[lignes], jours, colonnes.valeurs[lignes])


def read_rows(
    famille: Famille, profils: Profils, numeros: Entiers, jours: tuple[Entiers, Entiers], valeurs: Entiers
) -> Vue:
    """Rows of a family as a view: numbers of profiles, both days from ``ORIGINE``, measures in columns."""
    ordinaux = [np.where(j > 0, j + ORIGINE, 0) for j in jours]
    return Vue(
        profils,
        numeros,
        dict(zip(famille.jours, ordinaux, strict=False)),
        dict(zip(famille.mesures, _columns(valeurs), strict=True)),
    )


def _columns(valeurs: Entiers) -> Iterator[Entiers]:
    return iter(np.ascontiguousarray(valeurs.T))
