"""Daily margins and flow matrices that follow the fold: what has changed is added to them, however much it holds."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, Final, NamedTuple, Protocol, TypeAlias, TypeVar

import numpy as np

from services.indicators.fold.columns import Colonnes, Entiers

# After any day of the contract: the end of what has not ended.
JAMAIS: Final = 1 << 30
# Margins that nobody has asked for since so many others are made again when they are.
GARDES: Final = 1_024
# Days by which a margin is widened at once.
_MARGE_JOURS: Final = 128
_BITS: Final = 31


# Conditions, which whoever weighs the rows understands.
Filtre: TypeAlias = tuple[Any, ...]


class Marge(NamedTuple):
    """Sums by day: the first day, and the running total before it, then after each day."""

    premier: int
    cumuls: Entiers

    def until(self, au: Entiers) -> Entiers:
        """The total of the days up to each ``au``, inclusive."""
        totaux: Entiers = self.cumuls[np.clip(au - self.premier + 1, 0, len(self.cumuls) - 1)]
        return totaux


class Croisement(NamedTuple):
    """How many have each first day and each second day (``JAMAIS``: none), in the order of the second. Both days are
    ordinals; ``n`` may be negative for a moment, never 0."""

    debuts: Entiers
    fins: Entiers
    n: Entiers

    def between(self, du: int, au: int = JAMAIS) -> "Croisement":
        """Those whose second day lies from ``du`` to ``au``, inclusive."""
        bornes = slice(*np.searchsorted(self.fins, [du, au + 1]).tolist())
        return Croisement(self.debuts[bornes], self.fins[bornes], self.n[bornes])


class Lignes(Protocol):
    """Rows to be added."""

    def weigh(self, mesure: str, filtre: Filtre) -> Entiers:
        """What each counts in a measure, 0 where it does not meet the filter."""
        ...

    @property
    def jours(self) -> dict[str, Entiers]: ...


class Lecture(Protocol):
    """Makes rows of cells."""

    def __call__(self, cles: Entiers, valeurs: Entiers) -> Lignes: ...


class _Somme:
    """A margin that grows."""

    def __init__(self, jour: str, mesure: str, filtre: Filtre) -> None:
        self._quoi = jour, mesure, filtre
        self._premier = 0
        self._sommes = np.zeros(0, np.int64)
        self._marge = Marge(0, np.zeros(1, np.int64))

    def add(self, lignes: Lignes) -> None:
        jour, mesure, filtre = self._quoi
        jours, poids = lignes.jours[jour], lignes.weigh(mesure, filtre)
        utiles = (jours > 0) & (poids != 0)
        jours, poids = jours[utiles], poids[utiles]
        if len(jours):
            self._widen(int(jours.min()), int(jours.max()))
            np.add.at(self._sommes, jours - self._premier, poids)
            cumuls = np.concatenate([np.zeros(1, np.int64), np.cumsum(self._sommes)])
            self._marge = Marge(self._premier, cumuls)

    def read(self) -> Marge:
        return self._marge

    def _widen(self, du: int, au: int) -> None:
        premier, taille = self._premier, len(self._sommes)
        if taille and premier <= du and au < premier + taille:
            return
        nouveau = min(du, premier) if taille else du
        dernier = max(au + _MARGE_JOURS, premier + taille - 1) if taille else au + _MARGE_JOURS
        sommes = np.zeros(dernier - nouveau + 1, np.int64)
        sommes[premier - nouveau : premier - nouveau + taille] = self._sommes
        self._premier, self._sommes = nouveau, sommes


class _Matrice:
    """A flow matrix that grows: one number for each pair of days that occurs."""

    def __init__(self, filtre: Filtre) -> None:
        self._filtre = filtre
        self._cles = np.zeros(0, np.int64)
        self._n = np.zeros(0, np.int64)
        self._croisement: Croisement | None = None

    def add(self, lignes: Lignes) -> None:
        debuts, fins = lignes.jours.values()
        n = lignes.weigh("n", self._filtre)
        utiles = n != 0
        cles = np.where(fins > 0, fins, JAMAIS)[utiles] << _BITS | debuts[utiles]
        if len(cles):
            # Both are in order: sorting them together takes little more than reading them.
            self._cles, self._n = _sum_by_key(np.concatenate([self._cles, cles]), np.concatenate([self._n, n[utiles]]))
            self._croisement = None

    def read(self) -> Croisement:
        if self._croisement is None:
            self._croisement = Croisement(self._cles & ((1 << _BITS) - 1), self._cles >> _BITS, self._n)
        return self._croisement


def margin_of(lignes: Lignes, jour: str, mesure: str, filtre: Filtre) -> Marge:
    """Sums of a measure by day over rows that do not change."""
    somme = _Somme(jour, mesure, filtre)
    somme.add(lignes)
    return somme.read()


def matrix_of(lignes: Lignes, filtre: Filtre) -> Croisement:
    """How many of rows that do not change have each first and second day."""
    matrice = _Matrice(filtre)
    matrice.add(lignes)
    return matrice.read()


_S = TypeVar("_S", _Somme, _Matrice)


class Cumuls:
    """The margins and matrices of one family in one population, each as of the last time that it was asked for."""

    def __init__(self, colonnes: Colonnes, read: Lecture) -> None:
        self._colonnes = colonnes
        self._read = read
        self._sommes: OrderedDict[Hashable, tuple[int, _Somme]] = OrderedDict()
        self._matrices: OrderedDict[Hashable, tuple[int, _Matrice]] = OrderedDict()
        # The rows that were read last: from one version (-1: from the beginning) to another.
        self._lues: tuple[int, int, Lignes] | None = None

    def margin(self, jour: str, mesure: str, filtre: Filtre) -> Marge:
        """Sums of a measure by day, as of now."""
        cle = jour, mesure, filtre
        return self._follow(self._sommes, cle, lambda: _Somme(*cle)).read()

    def matrix(self, filtre: Filtre) -> Croisement:
        """How many there are by first and second day, as of now."""
        return self._follow(self._matrices, filtre, lambda: _Matrice(filtre)).read()

    def _follow(self, suivis: "OrderedDict[Hashable, tuple[int, _S]]", cle: Hashable, make: Callable[[], _S]) -> _S:
        version, suivi = suivis.pop(cle) if cle in suivis else (-1, make())
        if version >= 0 and not self._colonnes.remembers(version):
            version, suivi = -1, make()
        if version != self._colonnes.version:
            suivi.add(self._rows_since(version))
        suivis[cle] = self._colonnes.version, suivi
        if len(suivis) > GARDES:
            suivis.popitem(last=False)
        return suivi

    def _rows_since(self, version: int) -> Lignes:
        actuelle = self._colonnes.version
        if self._lues is None or self._lues[:2] != (version, actuelle):
            cellules = self._colonnes.nonzero() if version < 0 else self._colonnes.since(version)
            self._lues = version, actuelle, self._read(*cellules)
        return self._lues[2]


def _sum_by_key(cles: Entiers, n: Entiers) -> tuple[Entiers, Entiers]:
    """Distinct keys in order, and the sums of those that are not 0."""
    ordre = np.argsort(cles, kind="stable")
    triees = cles[ordre]
    debuts = np.flatnonzero(np.concatenate([[True], triees[1:] != triees[:-1]]))
    sommes = np.add.reduceat(n[ordre], debuts)
    vivantes = sommes != 0
    return triees[debuts][vivantes], sommes[vivantes]
