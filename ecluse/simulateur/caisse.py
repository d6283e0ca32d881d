"""The simulated Caf that the planners share: its dossiers, identifiers, draws and hours."""

from bisect import bisect
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from functools import lru_cache
from hashlib import blake2b
from itertools import accumulate
from random import Random
from typing import Final, Generic, TypeVar

from ecluse.simulateur.profil import Profil
from ecluse.simulateur.tirages import Hasard, Strates
from shared.calendar import is_working_day
from shared.temps import PARIS, SECONDE, from_datetime

T = TypeVar("T")
OUVERTURE: Final = 8.0
FERMETURE: Final = 18.0


class Choix(Generic[T]):
    """Draws one of several values by weight."""

    def __init__(self, poids: Mapping[T, float] | Iterable[tuple[T, float]]) -> None:
        paires: list[tuple[T, float]] = list(poids.items() if isinstance(poids, Mapping) else poids)
        self._valeurs = [valeur for valeur, _ in paires]
        self._cumuls = list(accumulate(p for _, p in paires))

    def pick(self, tirage: Hasard) -> T:
        """One value."""
        rang = bisect(self._cumuls, tirage.random() * self._cumuls[-1])
        return self._valeurs[min(rang, len(self._valeurs) - 1)]


class Caisse:
    """One run of the simulated Caf.

    ``echelle``: share of the real volumes; ``graine``: draws everything; ``etiquette``: what sets the identifiers of
    this run apart from those of any other (the dossiers are the same in every run of a seed).
    """

    def __init__(self, profil: Profil, echelle: float, graine: int, etiquette: str) -> None:
        if not 0 < echelle <= 1:
            raise ValueError(f"l'échelle est plus grande que 0 et au plus 1, reçu {echelle}")
        self.profil = profil
        self.caf = profil.caf
        self.echelle = echelle
        self._graine = f"{graine}|{profil.caf}"
        self.etiquette = digest(f"{self._graine}|{echelle}|{etiquette}")
        self._numero = 0
        population = profil.population
        self._nombre_dossiers = max(10, round(population.dossiers * echelle))
        self._frequents = max(1, round(self._nombre_dossiers * population.dossiers_frequents))
        self._noms: dict[int, str] = {}

    def draw_for(self, jour: int, objet: str) -> Random:
        """The draws of one kind of object on one day: they depend on nothing that was drawn before."""
        return Random(f"{self.etiquette}|{jour}|{objet}")  # noqa: S311  # a simulation that must be repeatable, no secret

    def strata(self, objet: str) -> Strates:
        """Draws of one kind of decision whose share must come out over the whole run."""
        return Strates(self.draw_for(0, f"strates|{objet}"))

    def name(self, lettre: str) -> str:
        """A new identifier; it starts with a letter and can not look like a NIR."""
        self._numero += 1
        return f"{lettre}-{self.etiquette}-{self._numero:06d}"

    def dossier(self, tirage: Random) -> tuple[str, bool]:
        """Any dossier, and whether it draws a minimum social."""
        rang = tirage.randrange(self._nombre_dossiers)
        # The pseudonym scatters the ranks, so that dossiers with minima are not the frequent ones.
        return self._dossier(rang), rang % 100 < 100 * self.profil.population.part_minima

    def contacting_dossier(self, tirage: Random) -> str:
        """A dossier that contacts the Caf: some do it often."""
        if tirage.random() < self.profil.population.contacts_frequents:
            return self._dossier(tirage.randrange(self._frequents))
        return self._dossier(tirage.randrange(self._nombre_dossiers))

    def _dossier(self, rang: int) -> str:
        nom = self._noms.get(rang)
        if nom is None:
            nom = self._noms[rang] = f"D-{digest(f'{self._graine}|dossier|{rang}')}"
        return nom

    def works(self, jour: int) -> bool:
        """A working day of this Caf."""
        return is_working_day(jour, self.caf)

    def next_working(self, jour: int) -> int:
        """The first working day from this one."""
        while not self.works(jour):
            jour += 1
        return jour

    def working_before(self, jour: int, nombre: int) -> int:
        """The working day so many working days before; 0: this day or the last working day before it."""
        while True:
            if self.works(jour):
                if nombre <= 0:
                    return jour
                nombre -= 1
            jour -= 1


@lru_cache(maxsize=4096)
def midnight(jour: int) -> int:
    """The instant at which a Paris day begins."""
    lu = date.fromordinal(jour)
    return from_datetime(datetime(lu.year, lu.month, lu.day, tzinfo=PARIS))


def at(jour: int, heure: float) -> int:
    """The instant of a day at an hour (whole seconds)."""
    return midnight(jour) + int(heure * 3600) * SECONDE


def office_hour(tirage: Random, jour: int) -> int:
    """An instant of the day at which an agent works."""
    return at(jour, tirage.uniform(OUVERTURE, FERMETURE))


def web_hour(tirage: Random, jour: int) -> int:
    """An instant of the day at which a person is on line."""
    return at(jour, tirage.triangular(6.0, 22.5, 13.0))


def minutes_after(tirage: Random, instant: int, au_moins: float, au_plus: float) -> int:
    """Some minutes later, in whole seconds."""
    return instant + int(tirage.uniform(au_moins, au_plus) * 60) * SECONDE


def share(tirage: Hasard, part: float) -> bool:
    """True for this share of the draws."""
    return tirage.random() < part


def of(parts: Mapping[str, float], nom: str) -> float:
    """The value of a name, else that of ``autres``, else 0."""
    return parts.get(nom, parts.get("autres", 0.0))


def digest(texte: str) -> str:
    """Ten hexadecimal digits that stand for a text."""
    return blake2b(texte.encode(), digest_size=5).hexdigest()
