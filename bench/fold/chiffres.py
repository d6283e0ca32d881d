"""The figures asked of every contestant: by day and nature, what comes in, what goes out, the délais of it.

They give STOCK, PIECES-ARRIVEES, PIECES-TRAITEES and COG-08-29 of any period, by nature or not.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from functools import lru_cache
from itertools import chain
from typing import Any, Final

MEMBRES: Final = ("arrivees", "traitees", "delais", "annulees")
# « jour|nature », then the members in their order.
Document = dict[str, list[int]]
Quatre = tuple[int, int, int, int]


class Chiffres:
    """Sums by day and nature."""

    def __init__(self, cellules: Mapping[str, Iterable[int]] | None = None) -> None:
        self._sommes: Document = defaultdict(lambda: [0] * len(MEMBRES))
        for cle, sommes in (cellules or {}).items():
            self._sommes[cle] = list(sommes)

    def add(
        self, jour: str, nature: str, *, arrivees: int = 0, traitees: int = 0, delais: int = 0, annulees: int = 0
    ) -> None:
        """Add to a cell."""
        self.add_all(f"{jour}|{nature}", (arrivees, traitees, delais, annulees))

    def add_all(self, cle: str, quatre: Iterable[int]) -> None:
        """Add to the cell of a key."""
        sommes = self._sommes[cle]
        for rang, combien in enumerate(quatre):
            sommes[rang] += combien

    def document(self) -> Document:
        """The cells that count something."""
        return {cle: sommes for cle, sommes in sorted(self._sommes.items()) if any(sommes)}

    def total(self, membre: str, au: str = "9999") -> int:
        """The sum of a member over the days up to ``au``."""
        rang = MEMBRES.index(membre)
        return sum(sommes[rang] for cle, sommes in self._sommes.items() if cle.partition("|")[0] <= au)

    def tell(self) -> str:
        """What they say of the whole, in French."""
        traitees, arrivees = self.total("traitees"), self.total("arrivees")
        stock = arrivees - traitees - self.total("annulees")
        delai = self.total("delais") / traitees if traitees else float("nan")
        return f"{arrivees} arrivées, {traitees} traitées, délai moyen {delai:.3f} jours, stock {stock}"


def differences(attendu: Document, trouve: Document) -> list[str]:
    """The first cells that are not counted alike; none when both are equal."""
    cles = sorted(attendu.keys() | trouve.keys())
    ecarts = ((cle, attendu.get(cle), trouve.get(cle)) for cle in cles)
    return [f"{cle} : attendu {a}, trouvé {t}" for cle, a, t in ecarts if a != t][:5]


def changes(mouvement: Mapping[str, Any]) -> list[tuple[str, Quatre]]:
    """By how much a movement (its ``data``) changes cells; nothing for those that its two images count alike."""
    avant, apres = mouvement["avant"], mouvement["apres"]
    if avant is None:
        return _cells(apres, 1)
    if apres is None:
        return _cells(avant, -1)
    sommes: dict[str, list[int]] = {}
    for cle, quatre in chain(_cells(avant, -1), _cells(apres, 1)):
        ici = sommes.setdefault(cle, [0, 0, 0, 0])
        for rang in range(4):
            ici[rang] += quatre[rang]
    return [(cle, (s[0], s[1], s[2], s[3])) for cle, s in sommes.items() if any(s)]


def _cells(image: Mapping[str, Any], signe: int) -> list[tuple[str, Quatre]]:
    nature, arrivee, fin = image["nature"], image["arrivee"], image.get("fin")
    entree = (f"{arrivee}|{nature}", (signe, 0, 0, 0))
    if fin is None:
        return [entree]
    if image["fin_genre"] == "traitee":
        return [entree, (f"{fin}|{nature}", (0, signe, signe * (_ordinal(fin) - _ordinal(arrivee)), 0))]
    return [entree, (f"{fin}|{nature}", (0, 0, 0, signe))]


@lru_cache(maxsize=10_000)
def _ordinal(jour: str) -> int:
    return date.fromisoformat(jour).toordinal()
