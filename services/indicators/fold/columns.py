"""The cells of a family as growing numpy columns, found again by a packed integer key."""

from collections import deque
from collections.abc import Sequence
from typing import Any, Final, NamedTuple, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from services.indicators.fold.families import JOUR_MAX, Categorie, Famille

Entiers: TypeAlias = NDArray[np.int64]
Booleens: TypeAlias = NDArray[np.bool_]

_N = TypeVar("_N", int, Entiers)

# (Caf, categories in the order of the family's ``dims``).
Profil: TypeAlias = tuple[Categorie, ...]

_BITS_JOUR: Final = 16
_BITS_PROFIL: Final = 2 * _BITS_JOUR
_RECENTES_MIN: Final = 4_096
# Cells whose last changes are kept, for whoever follows.
CHANGEMENTS_MAX: Final = 200_000


class Modifiees(NamedTuple):
    """What changed in a family since the last checkpoint. Cells whose measures are all 0 exist no more."""

    famille: str
    version: int
    premier_profil: int
    profils: list[Profil]
    cles: Entiers
    valeurs: Entiers


def pack(profil: _N, jour: _N, second: _N) -> _N:
    """The key of a cell, or of each cell: number of its profile, its two days."""
    return profil << _BITS_PROFIL | jour << _BITS_JOUR | second


def unpack(cles: Entiers) -> tuple[Entiers, Entiers, Entiers]:
    """Profile numbers and both days of keys."""
    return cles >> _BITS_PROFIL, cles >> _BITS_JOUR & JOUR_MAX, cles & JOUR_MAX


class Ordre:
    """Keys in order, each with its row."""

    def __init__(self, cles: Entiers | None = None, lignes: Entiers | None = None) -> None:
        self._cles = np.zeros(0, np.int64) if cles is None else cles
        self._lignes = np.zeros(0, np.int64) if lignes is None else lignes

    def __len__(self) -> int:
        return len(self._cles)

    def find(self, cles: Entiers) -> Entiers:
        """The row of each key, -1 where it has none."""
        if not len(self._cles):
            return np.full(len(cles), -1, np.int64)
        rangs = np.minimum(np.searchsorted(self._cles, cles), len(self._cles) - 1)
        return np.where(self._cles[rangs] == cles, self._lignes[rangs], -1)

    def insert(self, cles: Entiers, lignes: Entiers) -> None:
        """Take keys that are not there, in order."""
        rangs = np.searchsorted(self._cles, cles)
        self._cles, self._lignes = np.insert(self._cles, rangs, cles), np.insert(self._lignes, rangs, lignes)


class Colonnes:
    """The cells of one family.

    ``version`` grows with each change, so that what is derived from the cells knows when it is out of date. Profiles
    are numbered in the order in which they come, and never forgotten.
    """

    def __init__(self, famille: Famille) -> None:
        self.famille = famille
        self.version = 0
        self.profils: list[Profil] = []
        self._numeros: dict[Profil, int] = {}
        self._gardee = 0
        self._profils_gardes = 0
        self._taille = 0
        self._cles = np.zeros(0, np.int64)
        self._valeurs = np.zeros((0, len(famille.mesures)), np.int64)
        self._touchees = np.zeros(0, np.int64)
        # Rows are found in the sorted keys; those added since they were sorted, in an order of their own, which is
        # short, so that inserting there costs little.
        self._triees = Ordre()
        self._recentes = Ordre()
        # What was added last, by version, and the version after which all of it is here.
        self._journal: deque[tuple[int, Entiers, Entiers]] = deque()
        self._memoire = 0
        self._depuis = 0

    @property
    def cles(self) -> Entiers:
        """The packed keys of all rows."""
        return self._cles[: self._taille]

    @property
    def valeurs(self) -> Entiers:
        """The measures of all rows, one column for each."""
        return self._valeurs[: self._taille]

    def number(self, profil: Profil) -> int:
        """The number of a profile, a new one if it is not known yet."""
        numero = self._numeros.get(profil)
        if numero is None:
            numero = self._numeros[profil] = len(self.profils)
            self.profils.append(profil)
        return numero

    def add(self, cles: Entiers, valeurs: Entiers) -> None:
        """Add measures to cells; a key may come several times."""
        if not len(cles):
            return
        ordre = np.argsort(cles, kind="stable")
        triees = cles[ordre]
        debuts = np.flatnonzero(np.concatenate([[True], triees[1:] != triees[:-1]]))
        uniques, sommes = triees[debuts], np.add.reduceat(valeurs[ordre], debuts, axis=0)
        utiles = sommes.any(axis=1)
        if not utiles.any():
            return
        lignes = self._rows(uniques[utiles])
        self._valeurs[lignes] += sommes[utiles]
        self.version += 1
        self._touchees[lignes] = self.version
        self._remember(uniques[utiles], sommes[utiles])

    def remembers(self, version: int) -> bool:
        """Whether ``since`` can tell what has changed after this version."""
        return self._depuis <= version <= self.version

    def since(self, version: int) -> tuple[Entiers, Entiers]:
        """Keys, and what was added to their measures after a version that is remembered; a key may come again."""
        suite = [(cles, sommes) for v, cles, sommes in self._journal if v > version]
        if not suite:
            return self._cles[:0], self._valeurs[:0]
        return np.concatenate([cles for cles, _ in suite]), np.concatenate([sommes for _, sommes in suite])

    def _remember(self, cles: Entiers, sommes: Entiers) -> None:
        self._journal.append((self.version, cles, sommes))
        self._memoire += len(cles)
        while self._memoire > CHANGEMENTS_MAX:
            self._depuis, oubliees, _ = self._journal.popleft()
            self._memoire -= len(oubliees)

    def nonzero(self) -> tuple[Entiers, Entiers]:
        """Keys and measures of the cells that count something."""
        vivantes = self.valeurs.any(axis=1)
        return self.cles[vivantes], self.valeurs[vivantes]

    def copy(self) -> "Colonnes":
        """The same cells, on their own."""
        copie = Colonnes(self.famille)
        copie.profils, copie._numeros = list(self.profils), dict(self._numeros)
        copie._cles, copie._valeurs = self.cles.copy(), self.valeurs.copy()
        copie._touchees = self._touchees[: self._taille].copy()
        copie._taille, copie.version, copie._depuis = self._taille, self.version, self.version
        copie._gardee, copie._profils_gardes = self._gardee, self._profils_gardes
        copie._sort()
        return copie

    def modified(self) -> Modifiees:
        """A copy of what changed since the last checkpoint."""
        lignes = self._touchees[: self._taille] > self._gardee
        debut = self._profils_gardes
        return Modifiees(
            self.famille.nom, self.version, debut, self.profils[debut:], self.cles[lignes], self.valeurs[lignes]
        )

    def mark_saved(self, modifiees: Modifiees) -> None:
        """What ``modified`` gave is kept for good; what changed since then is still to be saved."""
        self._gardee = modifiees.version
        self._profils_gardes = modifiees.premier_profil + len(modifiees.profils)

    def forget_saved(self) -> None:
        """Nothing is kept any more: the next checkpoint must save every row."""
        self._gardee = -1
        self._profils_gardes = 0

    def restore(self, profils: Sequence[Profil], cles: Entiers, valeurs: Entiers) -> None:
        """Take the cells of a checkpoint, into empty columns."""
        for profil in profils:
            self.number(profil)
        self.add(cles, valeurs)
        self.mark_saved(self.modified())

    def _rows(self, cles: Entiers) -> Entiers:
        """The rows of distinct keys in order, created where there is none."""
        if len(self._recentes) > max(_RECENTES_MIN, len(self._triees) // 8):
            self._sort()
        lignes = self._triees.find(cles)
        lignes = np.where(lignes < 0, self._recentes.find(cles), lignes)
        inconnues = lignes < 0
        nouvelles = cles[inconnues]
        if len(nouvelles):
            lignes[inconnues] = np.arange(self._taille, self._taille + len(nouvelles))
            self._recentes.insert(nouvelles, lignes[inconnues])
            self._extend(nouvelles)
        return lignes

    def _extend(self, cles: Entiers) -> None:
        taille = self._taille + len(cles)
        if taille > len(self._cles):
            place = max(1_024, taille * 3 // 2)
            self._cles = grow(self._cles, place)
            self._valeurs = grow(self._valeurs, place)
            self._touchees = grow(self._touchees, place)
        self._cles[self._taille : taille] = cles
        self._taille = taille

    def _sort(self) -> None:
        """Sort the keys again, without the rows that count nothing any more and are saved as such."""
        utiles = np.flatnonzero(self.valeurs.any(axis=1) | (self._touchees[: self._taille] > self._gardee))
        self._cles, self._valeurs, self._touchees = self._cles[utiles], self._valeurs[utiles], self._touchees[utiles]
        self._taille = len(utiles)
        ordre = np.argsort(self._cles, kind="stable")
        self._triees, self._recentes = Ordre(self._cles[ordre], ordre), Ordre()


def grow(colonne: NDArray[Any], place: int) -> NDArray[Any]:
    """The same column with more room."""
    grande = np.zeros((place, *colonne.shape[1:]), colonne.dtype)
    grande[: len(colonne)] = colonne
    return grande
