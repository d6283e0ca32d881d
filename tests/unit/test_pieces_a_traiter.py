"""The order in which pieces are worked, and the reason given for it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.production.rules import rank
from shared.corbeille.tables import Travail
from tests.fabrique import jour


def travail(*, urgence: bool = False, minima: bool = False, arrivee: str = "2024-02-20") -> Travail:
    du = jour(arrivee)
    return Travail("pieces", du, None, 0 if urgence else 1, du + (14 if minima else 16), du)


@pytest.mark.parametrize(
    ("item", "today", "raison"),
    [
        (
            travail(urgence=True),
            "2024-03-03",
            "Rupture de droits ; arrivée il y a 12 jours, 4 jours avant le délai cible de 16 jours",
        ),
        (travail(), "2024-02-20", "Arrivée aujourd'hui, 16 jours avant le délai cible de 16 jours"),
        (travail(), "2024-02-21", "Arrivée hier, 15 jours avant le délai cible de 16 jours"),
        (travail(minima=True), "2024-03-05", "Arrivée il y a 14 jours, dernier jour du délai cible de 14 jours"),
        (travail(minima=True), "2024-03-06", "Arrivée il y a 15 jours, 1 jour après le délai cible de 14 jours"),
        (
            travail(arrivee="2020-02-29"),
            "2023-03-01",
            "Arrivée il y a 1\u00a0096 jours, 1\u00a0080 jours après le délai cible de 16 jours",
        ),
    ],
)
def test_the_reason_of_a_rank_is_in_french_with_its_numbers(item: Travail, today: str, raison: str) -> None:
    assert rank(item, jour(today))[1] == raison


def test_rupture_de_droits_then_days_to_the_target_then_age() -> None:
    attendu = [
        travail(urgence=True, arrivee="2024-03-01"),
        travail(arrivee="2024-02-10"),
        travail(arrivee="2024-02-18"),
        travail(minima=True, arrivee="2024-02-20"),
        travail(arrivee="2024-02-20"),
    ]
    melange = [attendu[n] for n in (3, 1, 4, 0, 2)]
    assert sorted(melange, key=lambda i: rank(i, jour("2024-03-02"))[0]) == attendu


TRAVAUX = st.builds(
    lambda jour_, priorite, delai: Travail("pieces", jour_, None, priorite, jour_ + delai, jour_),
    st.integers(jour("1970-01-01"), jour("2100-12-31")) | st.integers(jour("2024-02-20"), jour("2024-03-10")),
    st.sampled_from([0, 1]),
    st.sampled_from([14, 16]),
)


@given(st.lists(TRAVAUX, min_size=2, max_size=6), st.integers(jour("1970-01-01"), jour("2100-12-31")))
def test_on_any_day_the_rank_keeps_the_order_in_which_items_are_stored(items: list[Travail], today: int) -> None:
    def stored(item: Travail) -> tuple[int, int, int, int]:
        return (item.priorite, item.echeance, -item.montant, item.depuis)

    rangs = [rank(i, today)[0] for i in sorted(items, key=stored)]
    assert rangs == sorted(rangs)
    assert len(set(rangs)) == len({stored(i) for i in items})
