"""One piece: the set of its facts folded into an arrival day, an end and its pauses."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from tests.oracle.calendar import jours
from tests.oracle.door import Evenement

RANGS = {
    "piece.arrivee": 0,
    "piece.suspendue": 1,
    "piece.reprise": 2,
    "piece.traitee": 3,
    "piece.rouverte": 4,
    "piece.annulee": 5,
}


@dataclass(frozen=True, slots=True)
class Pause:
    """The days d with `debut <= d < fin`; `fin` None while nobody resumed or treated the piece."""

    debut: date
    fin: date | None

    def couvre(self, d: date) -> bool:
        return self.debut <= d and (self.fin is None or d < self.fin)


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece as its whole log shows it. `traitee` is the day of its last treatment if that one holds."""

    caf: str
    id: str
    dossier: str
    nature: str
    canal: str
    minima_sociaux: bool
    teleservice: str
    pole: str
    site: str
    caf_traitante: str
    arrivee: date
    traitee: date | None
    annulee: date | None
    pauses: tuple[Pause, ...]

    @property
    def fin(self) -> date | None:
        """The first day at the end of which it is in the stock no more."""
        return self.annulee or self.traitee

    @property
    def delai(self) -> int:
        """Calendar days from arrival to the last treatment; only for a treated piece."""
        assert self.traitee is not None
        return (self.traitee - self.arrivee).days

    @property
    def jours_en_pause(self) -> int:
        """Days of [arrival, last treatment) that lie in at least one pause."""
        assert self.traitee is not None
        veille = self.traitee - timedelta(days=1)
        return sum(any(pause.couvre(d) for pause in self.pauses) for d in jours(self.arrivee, veille))

    def en_stock(self, d: date) -> bool:
        """Open at the end of the day."""
        return self.arrivee <= d and (self.fin is None or d < self.fin)

    def en_attente(self, d: date) -> bool:
        """Open at the end of the day and waiting on someone."""
        return self.en_stock(d) and any(pause.couvre(d) for pause in self.pauses)


def partage(faits: Iterable[Evenement]) -> tuple[Evenement | None, list[Evenement], list[Evenement]]:
    """(creating fact that holds, facts that apply in their order, dead letters) among the facts of one piece.

    Without a creating fact the others wait: they come back as facts that apply, to nothing yet.
    """
    ranges = sorted(faits, key=lambda fait: (fait.instant, RANGS[fait.type], fait.source, fait.id))
    arrivees = [fait for fait in ranges if fait.type == "piece.arrivee"]
    suites = [fait for fait in ranges if fait.type != "piece.arrivee"]
    if not arrivees:
        return None, suites, []
    premiere = arrivees[0]
    mortes = [fait for fait in suites if fait.jour < premiere.jour]
    return premiere, [fait for fait in suites if fait.jour >= premiere.jour], mortes


def replie_piece(faits: Iterable[Evenement]) -> Piece | None:
    """The piece that its facts make, in any order; None while its arrival is unknown."""
    arrivee, suites, _ = partage(faits)
    if arrivee is None:
        return None
    traitee: date | None = None
    annulee: date | None = None
    pauses: list[Pause] = []
    debut: date | None = None
    for fait in suites:
        match fait.type:
            case "piece.traitee":
                traitee = fait.jour
            case "piece.rouverte":
                traitee = None
            case "piece.annulee":
                annulee = annulee or fait.jour
            case "piece.suspendue":
                debut = debut or fait.jour
        if fait.type in ("piece.reprise", "piece.traitee") and debut is not None:
            pauses.append(Pause(debut, fait.jour))
            debut = None
    if debut is not None:
        pauses.append(Pause(debut, None))
    data = arrivee.data
    return Piece(
        caf=arrivee.caf, id=data["piece"], dossier=arrivee.dossier, nature=data["nature"], canal=data["canal"],
        minima_sociaux=data["minima_sociaux"], teleservice=data.get("teleservice", ""), pole=data.get("pole", ""),
        site=data.get("site", ""), caf_traitante=data.get("caf_traitante", arrivee.caf), arrivee=arrivee.jour,
        traitee=None if annulee else traitee, annulee=annulee, pauses=tuple(pauses),
    )  # fmt: skip
