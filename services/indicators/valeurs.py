"""Values that people type in for what no event feeds: what is refused of one, which is in force. Pure."""

from collections.abc import Iterable
from datetime import date
from typing import Final, TypeAlias

from msgspec import Struct

from services.indicators.registre.base import Indicateur, Unite
from services.indicators.rules import Periode

# Beyond, doubles no longer tell whole numbers apart.
PLAFOND: Final = 1e15
_ENTIERES: Final[frozenset[Unite]] = frozenset({"nombre", "centimes"})
_ECRITURE: Final[dict[Unite, str]] = {
    "taux": "un taux est une fraction, 80 % s'écrit 0.80",
    "centimes": "un montant est en centimes, entier",
    "nombre": "un nombre entier",
}
Cle: TypeAlias = tuple[str, str, Periode]


class HorsBornes(Exception):
    """The value is not one that the indicator can have; the message says what one can be (French)."""


class Saisie(Struct, frozen=True):
    """A value that somebody gives. ``periode``: the days that it speaks of; ``auteur``: opaque identifier."""

    caf: str
    code: str
    periode: Periode
    valeur: float
    auteur: str
    commentaire: str | None = None


class ValeurSaisie(Struct, frozen=True):
    """A value that was recorded. ``numero`` grows; ``saisie_le``: instant (ns)."""

    numero: int
    saisie: Saisie
    saisie_le: int

    @property
    def cle(self) -> Cle:
        """What it is the value of."""
        return self.saisie.caf, self.saisie.code, self.saisie.periode


def check_range(valeur: float, indicateur: Indicateur) -> float:
    """The value, as an integer where it is whole. Raises ``HorsBornes``."""
    plafond = 1.0 if indicateur.unite == "taux" else PLAFOND
    dedans = indicateur.plancher <= valeur <= plafond
    entiere = dedans and float(valeur).is_integer()
    if not dedans or (indicateur.unite in _ENTIERES and not entiere):
        quoi = _ECRITURE.get(indicateur.unite, f"au moins {indicateur.plancher:g}")
        raise HorsBornes(f"hors de ce qui se mesure pour {indicateur.code} ({quoi})")
    return int(valeur) if entiere else valeur


class Valeurs:
    """The values in force: of each period, the last one recorded. One writer, readers at any time."""

    def __init__(self, valeurs: Iterable[ValeurSaisie] = ()) -> None:
        self._par_indicateur: dict[tuple[str, str], dict[Periode, ValeurSaisie]] = {}
        self.receive(valeurs)

    def receive(self, valeurs: Iterable[ValeurSaisie]) -> None:
        """Put each in the place of the one of the same period. In the order of their numbers."""
        for valeur in valeurs:
            caf, code, periode = valeur.cle
            # A new dictionary: a reader may be going through the old one.
            anciennes = self._par_indicateur.get((caf, code), {})
            self._par_indicateur[caf, code] = {**anciennes, periode: valeur}

    def of(self, caf: str, code: str, periode: Periode) -> ValeurSaisie | None:
        """What answers for a period: its own value, else of those that end within its last year and no later than it
        does, the one that ends last, the longest of these."""
        connues = self._par_indicateur.get((caf, code), {})
        if periode in connues:
            return connues[periode]
        premier = date(date.fromordinal(periode.au).year, 1, 1).toordinal()
        finies = [p for p in connues if premier <= p.au <= periode.au]
        return connues[max(finies, key=lambda p: (p.au, -p.du))] if finies else None

    def exactly(self, caf: str, code: str, periode: Periode) -> ValeurSaisie | None:
        """The value in force of just this period."""
        return self._par_indicateur.get((caf, code), {}).get(periode)
