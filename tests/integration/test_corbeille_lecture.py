"""What is read of the work queue: the log of its gestures, pages, counts, and waiting."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from shared.corbeille.lecture import Compte, EtatTravail
from shared.corbeille.refus import CurseurIllisible
from shared.corbeille.regles import MotifReport
from shared.events.travail import PUBLIES
from shared.temps import SECONDE, write_instant
from tests.atelier import JOUR, Atelier, Horloge, stay, talon

PRET = EtatTravail.pret
PRIS = EtatTravail.pris
DORMANT = EtatTravail.dormant


def test_every_gesture_is_in_the_log_with_who_when_and_why(atelier: Atelier) -> None:
    atelier.put("C", stay())
    c = atelier.corbeilles
    c.release(talon(atelier.must_claim("poste-1"))).result()
    c.hold(talon(atelier.must_claim("poste-2")), JOUR + 1, MotifReport.rappel_convenu).result()
    atelier.horloge.advance(86_400)
    atelier.must_claim("poste-3", bail_secondes=60)
    atelier.horloge.advance(60)
    c.finish(talon(atelier.must_claim("poste-4")), "promesse", JOUR + 9).result()
    traces = atelier.traces()
    assert [(t.type.split(".")[3], t.id, t.data["titulaire"]) for t in traces] == [
        ("pris", "travail-1-pris", "poste-1"),
        ("rendu", "travail-1-rendu", "poste-1"),
        ("pris", "travail-2-pris", "poste-2"),
        ("reporte", "travail-2-reporte", "poste-2"),
        ("pris", "travail-3-pris", "poste-3"),
        ("bail_termine", "travail-3-bail_termine", "poste-3"),
        ("pris", "travail-4-pris", "poste-4"),
        ("termine", "travail-4-termine", "poste-4"),
    ]
    assert {(t.subject, t.caf) for t in traces} == {("D-C", "091")}
    assert traces[0].time == "2024-03-05T08:00:00Z"
    assert traces[3].data["motif"] == "rappel_convenu"
    assert traces[5].data["bail_termine_le"] == "2024-03-06T08:01:00Z"
    assert traces[7].data == {
        "objet": "C",
        "corbeille": "retard_1_mois",
        "titulaire": "poste-4",
        "jeton": 4,
        "issue": "promesse",
        "date": "2024-03-14",
        "reprise_le": "2024-03-15",
    }
    for trace in traces:
        msgspec.convert(trace.data, PUBLIES[trace.type])


def test_pages_follow_the_order_and_hold_each_item_once(atelier: Atelier) -> None:
    atelier.put_all([(f"C{n:02}", [stay(echeance=n % 4, montant=1 + n % 3)]) for n in range(23)])
    entiere = list(atelier.states())
    lus, curseur = [], None
    while True:
        page, curseur = atelier.corbeilles.page("retard_1_mois", apres=curseur, limite=5)
        lus += [r.ligne.item.objet for r in page]
        if curseur is None:
            break
        assert len(page) == 5
    assert lus == entiere
    assert len(set(lus)) == 23


@pytest.mark.parametrize("curseur", ["x", "é", "bnVsbA", "WzEsMiwzXQ"])
def test_a_cursor_that_was_not_given_here_is_refused(atelier: Atelier, curseur: str) -> None:
    with pytest.raises(CurseurIllisible):
        atelier.corbeilles.page("retard_1_mois", apres=curseur)


def test_a_page_can_be_asked_for_some_states(atelier: Atelier) -> None:
    atelier.put_all([(nom, [stay()]) for nom in "ABCD"])
    atelier.corbeilles.finish(talon(atelier.must_claim()), "joint").result()
    atelier.must_claim()
    assert atelier.states(etats=[PRET]) == {"C": PRET, "D": PRET}
    assert atelier.states(etats=[PRIS, DORMANT]) == {"A": DORMANT, "B": PRIS}


def test_the_gauge_counts_ready_held_and_asleep_and_dates_the_oldest_ready_item(atelier: Atelier) -> None:
    atelier.put_all([(nom, [stay(echeance=n, depuis=n)]) for n, nom in enumerate("ABCDE")])
    atelier.put("F", stay(depuis=-50), caf="311")
    atelier.put("G", stay("retard_2_mois", du=4))
    for _ in range(2):
        atelier.corbeilles.finish(talon(atelier.must_claim(cafs=["091"])), "joint").result()
    atelier.must_claim(cafs=["091"])
    vide = Compte(0, 0, 0, None)
    assert atelier.corbeilles.gauge("091") == {
        "a_notifier": vide,
        "retard_1_mois": Compte(2, 1, 2, JOUR + 3),
        "retard_2_mois": vide,
    }
    assert atelier.corbeilles.gauge()["retard_1_mois"] == Compte(3, 1, 2, JOUR - 50)


def wait_while(atelier: Atelier, *gestes: Callable[[], object], seconds: float = 60) -> Compte | None:
    """What a waiter gets when each of ``gestes`` takes place after it has looked again."""

    async def wait() -> Compte | None:
        with atelier.looks() as regard:
            attente = asyncio.create_task(atelier.corbeilles.wait_ready("retard_1_mois", seconds=seconds))
            for geste in gestes:
                await regard.wait()
                regard.clear()
                geste()
            return await attente

    return asyncio.run(wait())


def test_who_waits_is_told_at_once_of_work_that_is_there(atelier: Atelier) -> None:
    atelier.put("C", stay())
    assert wait_while(atelier) == Compte(1, 0, 0, JOUR)


def test_who_waits_is_woken_by_the_fact_that_brings_work(atelier: Atelier) -> None:
    assert wait_while(atelier, lambda: atelier.put("C", stay())) == Compte(1, 0, 0, JOUR)


def test_who_waits_is_not_told_of_work_in_another_corbeille(atelier: Atelier) -> None:
    assert wait_while(atelier, lambda: atelier.put("C", stay("retard_2_mois")), atelier.veille.close) is None


def test_who_waits_is_woken_when_an_item_is_given_back(atelier: Atelier) -> None:
    atelier.put("C", stay())
    pris = talon(atelier.must_claim())
    assert wait_while(atelier, lambda: atelier.corbeilles.release(pris).result()) == Compte(1, 0, 0, JOUR)


@pytest.mark.parametrize("minuit", [False, True], ids=["fin du bail", "minuit"])
def test_who_waits_is_woken_by_time_itself(tmp_path: Path, minuit: bool) -> None:
    atelier = Atelier(tmp_path, Horloge(pas=SECONDE // 10))
    try:
        if minuit:
            atelier.put("C", stay(du=1))
            atelier.horloge.set("2024-03-05T23:59:59.800+01:00")
        else:
            atelier.put("C", stay())
            fin = atelier.must_claim(bail_secondes=10).bail
            atelier.horloge.set(write_instant(fin - SECONDE // 5))
        assert wait_while(atelier) == Compte(1, 0, 0, JOUR)
    finally:
        atelier.close()


def test_who_waits_in_vain_is_told_so(atelier: Atelier) -> None:
    assert wait_while(atelier, seconds=0) is None
