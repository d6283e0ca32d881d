"""Production's closing stocks held against the slow definition: each piece looked at on each day, by the oracle."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from hypothesis import strategies as st
from sqlalchemy import Connection

from services.production.handlers import DECIDEURS
from services.production.store import closing_stocks, closing_stocks_at
from shared.runtime.journal import take_lead
from shared.temps import to_iso
from tests.fabrique import Brut, evenement, for_oracle, jour, take
from tests.oracle import state

CAFS: Final = ("091", "681")
SUITES: Final[list[tuple[str, dict[str, str]]]] = [
    ("traitee", {"issue": "classee"}),
    ("rouverte", {}),
    ("annulee", {"motif": "doublon"}),
]
PREMIER: Final = jour("2023-10-20")
# Few and close together, so that the days asked for are often those on which pieces come and go.
_JOURS: Final = st.integers(PREMIER, PREMIER + 7)
# In any order, some twice.
JOURS: Final = st.lists(_JOURS.map(lambda au: au - 1), max_size=6) | st.permutations(range(PREMIER - 1, PREMIER + 9))


@st.composite
def batches(draw: st.DrawFn) -> list[list[Brut]]:
    """The events of pieces of two Cafs, in batches."""
    bruts = []
    for n in range(draw(st.integers(1, 5))):
        caf = draw(st.sampled_from(CAFS))
        bruts.append(_event(caf, n, "arrivee", draw(_JOURS), nature="autre", canal="web", minima_sociaux=False))
        for type_, donnees in draw(st.lists(st.sampled_from(SUITES), max_size=3)):
            bruts.append(_event(caf, n, type_, draw(_JOURS), **donnees))
    lots = draw(st.integers(1, 3))
    melanges = draw(st.permutations(bruts))
    return [melanges[rang::lots] for rang in range(lots)]


def _event(caf: str, n: int, type_: str, au: int, **donnees: Any) -> Brut:
    instant = f"{to_iso(au)}T10:00:00Z"
    return evenement(f"piece.{type_}", instant, caf=caf, dossier=f"D-{n}", piece=f"P-{n}", **donnees)


def count_slowly(bruts: Sequence[Brut], caf: str, jours: Sequence[int]) -> list[int]:
    """What is in the stock at the end of each day."""
    pieces = state.etat(for_oracle(bruts)).pieces
    return [sum(p.caf == caf and p.en_stock(date.fromordinal(au)) for p in pieces) for au in jours]


def agree(connexion: Connection, lots: Sequence[Sequence[Brut]], jours: Sequence[int]) -> None:
    """Every state of the log, from before the first batch on, has the stocks that its events have."""
    plume = take_lead(connexion, "production", "a" * 32)
    positions, connus = [plume.position], [list[Brut]()]
    for lot in lots:
        for pris in take(connexion, "production", DECIDEURS, lot):
            plume = plume.append(connexion, pris.journal, 0)
        positions.append(plume.position)
        connus.append([*connus[-1], *lot])
    for caf in CAFS:
        for position, bruts in zip(positions, connus, strict=True):
            assert closing_stocks_at(connexion, caf, jours, position) == count_slowly(bruts, caf, jours)
        assert closing_stocks(connexion, caf, jours) == count_slowly(connus[-1], caf, jours)
