"""What a question reads: the cells of one Caf as columns, and their daily margins, computed once per state."""

import operator
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np

from services.indicators.cumuls import Croisement, Cumuls, Marge, margin_of, matrix_of
from services.indicators.fold.columns import Booleens, Colonnes, Entiers, unpack
from services.indicators.fold.families import JOUR_MAX, ORIGINE, Famille
from services.indicators.fold.pli import Pli
from services.indicators.rules import Role
from shared.runtime.imagier import Membre

# The category of a cell that names the Caf, for each role.
MEMBRES: Final[Mapping[Role, Membre]] = {Role.proprietaire: "caf", Role.traitante: "caf_traitante"}
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

    def weigh(self, mesure: str, filtre: Filtre) -> Entiers:
        """What each row counts in ``mesure``, 0 where it does not meet ``filtre``; ``delai`` sums the délais."""
        poids = self.mesures["n"] * self.delai if mesure == "delai" else self.mesures[mesure]
        return np.where(self.mask(filtre), poids, 0) if filtre else poids

    def margin(self, jour: str, mesure: str, filtre: Filtre) -> Marge:
        """Sums of ``mesure`` by ``jour`` over the rows that meet ``filtre`` (see ``weigh``)."""
        return margin_of(self, jour, mesure, filtre)

    def matrix(self, filtre: Filtre) -> Croisement:
        """How many of the rows that meet ``filtre`` have each first and second day."""
        return matrix_of(self, filtre)

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


class VueVive(Vue):
    """The cells of a family that a Caf owns, as the fold has them now. Its rows are read when they are asked for: the
    margins follow the fold without them."""

    def __init__(self, cumuls: Cumuls, profils: Profils, caf: Condition, read: Callable[[], Vue], filtre: Filtre = ()):
        self._cumuls = cumuls
        self._profils = profils
        self._caf = caf
        self._read = read
        self._filtre = filtre

    def __getattr__(self, nom: str) -> Any:
        """Members of the rows, before they are read."""
        if nom not in ("_numeros", "jours", "mesures", "delai"):
            raise AttributeError(nom)
        lignes = self._read()
        for condition in self._filtre:
            lignes = lignes.part(condition)
        self.__dict__ |= lignes.__dict__
        return self.__dict__[nom]

    def margin(self, jour: str, mesure: str, filtre: Filtre) -> Marge:
        """See ``Vue.margin``."""
        return self._cumuls.margin(jour, mesure, (*self._filtre, *filtre))

    def matrix(self, filtre: Filtre) -> Croisement:
        """See ``Vue.matrix``."""
        return self._cumuls.matrix((*self._filtre, *filtre))

    def part(self, condition: Condition) -> "VueVive":
        """See ``Vue.part``."""
        return VueVive(self._cumuls, self._profils, self._caf, self._read, (*self._filtre, condition))

    def values(self, champ: str) -> set[Any]:
        """The distinct values of a category, of cells that count nothing any more too."""
        return self._profils.values(champ, np.flatnonzero(self._profils.mask(self._caf)))


class Vues:
    """The views of a fold: one for each of its states, all of them on margins that follow it."""

    def __init__(self, pli: Pli) -> None:
        self._pli = pli
        self._profils = {nom: Profils(colonnes) for nom, colonnes in pli.colonnes.items()}
        self._cumuls: dict[tuple[str, str, Role], Cumuls] = {}
        self._vues: dict[tuple[str, str, Role], tuple[int, Vue]] = {}

    def view(self, famille: str, caf: str, role: Role = Role.proprietaire) -> Vue:
        """The cells of a family that a Caf owns, or those whose work it does (see ``families``)."""
        colonnes = self._pli.colonnes[famille]
        version, vue = self._vues.get((famille, caf, role), (-1, None))
        if vue is None or version != colonnes.version:
            vue = self._make(colonnes, caf, role)
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

    def _make(self, colonnes: Colonnes, caf: str, role: Role) -> Vue:
        famille = colonnes.famille.nom
        siennes, profils = Condition(MEMBRES[role], "=", caf), self._profils[famille]
        read = partial(_read, colonnes.famille, profils, siennes)
        cumuls = self._cumuls.get((famille, caf, role))
        if cumuls is None:
            cumuls = self._cumuls[famille, caf, role] = Cumuls(colonnes, read)
        return VueVive(cumuls, profils, siennes, lambda: read(*colonnes.nonzero()))


def _read(famille: Famille, profils: Profils, siennes: Condition, cles: Entiers, valeurs: Entiers) -> Vue:
    """The cells of a Caf among those given."""
    numeros, premiers, seconds = unpack(cles)
    lignes = profils.mask(siennes)[numeros]
    return read_rows(famille, profils, numeros[lignes], (premiers[lignes], seconds[lignes]), valeurs[lignes])


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
