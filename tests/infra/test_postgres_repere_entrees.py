"""How far the ingress is read, on PostgreSQL: whoever comes after another one changes nothing."""

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Engine

from shared.base import open_postgres
from shared.migrations import upgrade
from shared.runtime.repere_entrees import Devance, load_offsets, move_offset

SUJET = "identifiant-du-sujet"


@pytest.fixture
def moteur(nouvelle_base: Callable[[str], str]) -> Iterator[Engine]:
    url = nouvelle_base("production")
    upgrade("production", url)
    ouvert = open_postgres(url, ecriture=True)
    yield ouvert
    ouvert.dispose()


def _move(moteur: Engine, attendu: int | None, suivant: int) -> None:
    with moteur.begin() as connexion:
        move_offset(connexion, "production", SUJET, 3, attendu, suivant)


@pytest.mark.parametrize("deja", [[], [(None, 5)], [(None, 5), (5, 6)]], ids=["jamais lue", "lue une fois", "lue"])
def test_of_two_that_read_from_the_same_place_the_second_is_refused(
    deja: list[tuple[int | None, int]], moteur: Engine
) -> None:
    for attendu, suivant in deja:
        _move(moteur, attendu, suivant)
    ici = deja[-1][1] if deja else None
    _move(moteur, ici, 9)
    with pytest.raises(Devance, match="a lu plus loin la partition 3"):
        _move(moteur, ici, 8)
    with moteur.connect() as connexion:
        assert load_offsets(connexion, "production", SUJET, [3]) == {3: 9}
