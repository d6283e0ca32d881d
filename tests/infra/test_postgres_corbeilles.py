"""Two processes hand out one work queue: nobody gets what another holds, and what is decided is kept."""

from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from shared.corbeille.refus import BailPerime
from shared.corbeille.service import Pris, Suite, Talon
from tests.atelier import JOUR, Atelier, stay, talon
from tests.infra.ecrivains import PATIENCE, together, wait_blocked


@pytest.fixture
def deux(nouvelle_base: Callable[[str], str], tmp_path: Path) -> Iterator[list[Atelier]]:
    """Two workshops on one database, on the same clock."""
    base = nouvelle_base("recovery")
    premier = Atelier(tmp_path, base=base)
    second = Atelier(tmp_path, premier.horloge, base=base)
    yield [premier, second]
    premier.close()
    second.close()


def claim_all(atelier: Atelier, poste: str) -> list[Pris]:
    """Take until nothing is ready."""
    pris = []
    while (element := atelier.claim(poste)) is not None:
        pris.append(element)
    return pris


def test_two_processes_never_give_one_item_twice(deux: list[Atelier]) -> None:
    deux[0].put_all([(f"C{n:02}", [stay(echeance=n % 5)]) for n in range(60)])
    pris = together([partial(claim_all, a, f"poste-{n}") for n, a in enumerate(deux)])
    tous = [p for siens in pris for p in siens]
    assert Counter(p.item.objet for p in tous) == {f"C{n:02}": 1 for n in range(60)}
    assert sorted(p.jeton for p in tous) == list(range(1, 61))
    # Each process hands out in the order of the queue.
    for siens in pris:
        assert [p.item.echeance for p in siens] == sorted(p.item.echeance for p in siens)


@pytest.mark.parametrize("tour", range(5))
def test_the_same_command_given_to_two_processes_at_once_has_one_effect(deux: list[Atelier], tour: int) -> None:
    deux[0].put_all([(f"C{n}", [stay()]) for n in range(10)])
    pris = together([partial(a.must_claim, "poste-1", cle=f"K-{tour}") for a in deux])
    assert pris[0] == pris[1]
    fins = together([partial(_finish, a, talon(pris[0], cle="K-fin")) for a in deux])
    assert fins[0] == fins[1]
    assert deux[0].gestures() == [("pris", "C0"), ("termine", "C0")]


def _finish(atelier: Atelier, qui: Talon) -> Suite:
    return atelier.corbeilles.finish(qui, "promesse", JOUR + 9).result(PATIENCE)


def test_a_lease_that_two_processes_end_at_once_ends_once(deux: list[Atelier]) -> None:
    deux[0].put_all([(f"C{n}", [stay()]) for n in range(8)])
    for n in range(8):
        deux[0].must_claim(f"poste-{n}", bail_secondes=60)
    deux[0].horloge.advance(60)
    pris = together([partial(claim_all, a, f"soir-{n}") for n, a in enumerate(deux)])
    assert len({p.item.objet for siens in pris for p in siens}) == sum(map(len, pris)) == 8
    gestes = Counter(deux[0].gestures())
    assert {gestes["bail_termine", f"C{n}"] for n in range(8)} == {1}


def test_a_holder_who_ends_while_the_item_changes_puts_it_to_sleep_as_it_is_now(deux: list[Atelier]) -> None:
    premier, second = deux
    premier.put("C", stay(echeance=30))
    pris = premier.must_claim("poste-1")
    with premier.service.ecriture.connect() as connexion, connexion.begin():
        # Facts put the row of the queue in the place of another, as the runtime does.
        connexion.exec_driver_sql("DELETE FROM element WHERE cle = '091|C'")
        connexion.exec_driver_sql(
            "INSERT INTO element SELECT '091|C', 'retard_1_mois', '091', 'C', 'D-C', %s, NULL, 1, %s, %s, 5, -5",
            (JOUR, JOUR + 3, JOUR),
        )
        fin = second.corbeilles.finish(talon(pris), "promesse", JOUR + 9)
        wait_blocked(premier.service, fin)
        assert not fin.done()
    assert fin.result(PATIENCE).reprise == JOUR + 10
    assert premier.claim("poste-2") is None


def test_a_token_of_one_process_is_that_of_the_other(deux: list[Atelier]) -> None:
    premier, second = deux
    premier.put("C", stay())
    pris = premier.must_claim("poste-1", bail_secondes=60)
    second.corbeilles.release(talon(pris)).result(PATIENCE)
    repris = second.must_claim("poste-2")
    assert repris.jeton == pris.jeton + 1
    with pytest.raises(BailPerime):
        premier.corbeilles.release(talon(pris)).result(PATIENCE)
