"""The rules of pieces: what the facts of a piece say, and in which order pieces are worked. Days are ordinals."""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple, Protocol

from shared.events.base import Liste
from shared.runtime.faits import Fait
from shared.temps import to_iso

ARRIVEE: Final = "fr.caf.piece.arrivee.v1"
SUSPENDUE: Final = "fr.caf.piece.suspendue.v1"
REPRISE: Final = "fr.caf.piece.reprise.v1"
TRAITEE: Final = "fr.caf.piece.traitee.v1"
ROUVERTE: Final = "fr.caf.piece.rouverte.v1"
ANNULEE: Final = "fr.caf.piece.annulee.v1"

# National targets of 2023 for the délai de démarche, in calendar days (source 000, L2166-2167).
DELAI_CIBLE: Final = 16
DELAI_CIBLE_MINIMA: Final = 14

# More days than the years 1970 to 2100 hold, so that a rank can carry two numbers of days.
_ECHELLE: Final = 100_000

_GESTES: Final = {
    SUSPENDUE: ("suspendue", "la suspension"),
    REPRISE: ("reprise", "la reprise"),
    TRAITEE: ("traitée", "le traitement"),
    ROUVERTE: ("rouverte", "la réouverture"),
    ANNULEE: ("annulée", "l'annulation"),
}

Attente = tuple[int, int | None]
"""The days d of a pause with ``du <= d < au``; ``au`` None while it lasts."""


class Corbeille(Liste):
    """The work queues of production."""

    pieces = "pieces", "Pièces à traiter"


class Fin(Liste):
    """How a piece left the stock."""

    traitee = "traitee", "Traitée"
    annulee = "annulee", "Annulée"


class ARanger(Protocol):
    """What the rank of an item needs to know of it (see ``Travail``)."""

    @property
    def priorite(self) -> int: ...
    @property
    def echeance(self) -> int: ...
    @property
    def depuis(self) -> int: ...


class Piece(NamedTuple):
    """A piece as its whole log shows it: in the stock from the day of ``creation`` to ``fin`` (excluded, None: open).

    ``attentes``: disjoint pauses clipped to that stay; ``impossibles``: facts dated on a day before its arrival.
    """

    creation: Fait
    fin: int | None
    fin_genre: Fin | None
    attentes: tuple[Attente, ...]
    impossibles: list[Fait]

    @property
    def suspendue(self) -> bool:
        """It waits on someone now."""
        return bool(self.attentes) and self.attentes[-1][1] is None

    @property
    def jours_attente(self) -> int:
        """Days of pause within the délai of a treated piece, 0 for any other."""
        if not self.attentes or self.fin_genre is not Fin.traitee:
            return 0
        return sum(au - du for du, au in self.attentes if au is not None)


def fold_piece(faits: Sequence[Fait]) -> Piece | None:
    """The piece that facts in their order make; None while its arrival is unknown.

    The arrival takes no place in the order: a treatment of the same day at an earlier hour holds (délai 0).
    """
    creation = next((f for f in faits if f.type == ARRIVEE), None)
    if creation is None:
        return None
    suites = faits
    impossibles: list[Fait] = []
    if faits[0].jour < creation.jour:
        impossibles = [f for f in faits if f.jour < creation.jour]
        suites = faits[len(impossibles) :]
    fin, fin_genre = _end(suites)
    return Piece(creation, fin, fin_genre, tuple(_pauses(suites, fin)), impossibles)


def _end(faits: Sequence[Fait]) -> tuple[int | None, Fin | None]:
    """The last treatment that no reopening undid; a cancellation, the first one, comes before any treatment."""
    traitee: int | None = None
    for fait in faits:
        type_ = fait.type
        if type_ == TRAITEE:
            traitee = fait.jour
        elif type_ == ROUVERTE:
            traitee = None
        elif type_ == ANNULEE:
            return fait.jour, Fin.annulee
    return traitee, None if traitee is None else Fin.traitee


def _pauses(faits: Sequence[Fait], fin: int | None) -> Iterable[Attente]:
    """Pauses of at least a day: one at a time, until a resumption or a treatment, at most until ``fin``."""
    debut: int | None = None
    for fait in faits:
        type_ = fait.type
        if type_ == SUSPENDUE:
            debut = fait.jour if debut is None else debut
        elif debut is not None and type_ in (REPRISE, TRAITEE):
            au = fait.jour if fin is None else min(fait.jour, fin)
            if debut < au:
                yield debut, au
            debut = None
    if debut is not None and (fin is None or debut < fin):
        yield debut, fin


def explain_impossible(fait: Fait, arrivee: int) -> str:
    """Why a fact of a piece that arrived on ``arrivee`` can have no effect, and what to correct (French)."""
    participe, geste = _GESTES[fait.type]
    return (
        f"{participe} le {to_iso(fait.jour)}, avant son arrivée le {to_iso(arrivee)} : "
        f"corriger le jour d'arrivée ou {geste}"
    )


def target_delai(minima_sociaux: bool) -> int:
    """The délai, in calendar days, that a piece should not exceed."""
    return DELAI_CIBLE_MINIMA if minima_sociaux else DELAI_CIBLE


def rank(item: ARanger, today: int) -> tuple[int, str]:
    """The rank of a piece that waits (smaller first) and its reason in French.

    Rupture de droits, then days left to the target délai, then age: on any day, the order in which items are kept.
    """
    reste, age = item.echeance - today, today - item.depuis
    raison = f"arrivée {_since(age)}, {_left(reste)} {_days(item.echeance - item.depuis)}"
    raison = f"Rupture de droits ; {raison}" if item.priorite == 0 else raison.capitalize()
    return (item.priorite * _ECHELLE + reste) * _ECHELLE - age, raison


def _since(age: int) -> str:
    return "aujourd'hui" if age <= 0 else "hier" if age == 1 else f"il y a {_days(age)}"


def _left(reste: int) -> str:
    if reste == 0:
        return "dernier jour du délai cible de"
    return f"{_days(abs(reste))} {'avant' if reste > 0 else 'après'} le délai cible de"


def _days(nombre: int) -> str:
    """``1 jour``, ``12 jours``, ``1 234 jours`` (no-break space)."""
    return f"{nombre:,} jour{'s' if nombre > 1 else ''}".replace(",", "\u00a0")
