"""How events leave a spool: in order, again and again, and never without an answer."""

import json
import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecluse.emission.destination import Diviser, PlusTard, Repondu, Suite
from ecluse.emission.expediteur import Expediteur
from ecluse.emission.fichier import SpoolIndisponible, look
from ecluse.emission.spool import Spool, open_spool
from shared.web.porte import EVENEMENTS_MAX
from tests.relais import courrier
from tests.spool import append, clock, waiting


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    spool = open_spool(tmp_path / "spool")
    yield spool
    spool.close()


class Scripted:
    """A destination that answers what it is told to, then accepts everything; it remembers what it was sent."""

    def __init__(self, *suites: Suite) -> None:
        self.suites = list(suites)
        self.lots: list[list[str]] = []

    def send(self, evenements: Sequence[bytes], _: int) -> Suite:
        self.lots.append([json.loads(e)["id"] for e in evenements])
        return self.suites.pop(0) if self.suites else Repondu({})

    def close(self) -> None:
        """Nothing to let go of."""


def drain(expediteur: Expediteur) -> int:
    """Send until nothing waits; the count of attempts."""
    tours = 0
    while expediteur.step() is not None:
        tours += 1
        assert tours < 10_000, "the spool never empties"
    return tours


def fill(spool: Spool, gardes: list[str]) -> None:
    """Append pairs of events until the spool takes no more; ``gardes``: the ids of those that it took."""
    for i in range(1000):
        append(spool, courrier(f"a{i}", note="x" * 3000), courrier(f"b{i}", note="x" * 3000))
        gardes += [f"a{i}", f"b{i}"]


def test_a_full_disk_refuses_the_whole_batch_and_loses_nothing_of_what_it_holds(tmp_path: Path) -> None:
    spool = open_spool(tmp_path, pages_max=40)
    gardes: list[str] = []
    with pytest.raises(SpoolIndisponible, match="plein"):
        fill(spool, gardes)
    assert gardes
    assert waiting(spool) == gardes
    destination = Scripted(Repondu({0: "refus"}))
    drain(Expediteur(spool, destination, clock))
    assert spool.read_state().refuses == 1
    assert append(spool, courrier("encore", note="x" * 3000)) == ["accepte"]
    spool.close()


def test_events_leave_in_order_and_only_once_they_are_answered_for(spool: Spool) -> None:
    append(spool, *(courrier(f"e{i}") for i in range(EVENEMENTS_MAX + 5)))
    destination = Scripted()
    expediteur = Expediteur(spool, destination, clock)
    assert expediteur.step() == 0.0
    assert spool.read_state().attente == 5
    assert drain(expediteur) == 1
    assert [i for lot in destination.lots for i in lot] == [f"e{i}" for i in range(EVENEMENTS_MAX + 5)]
    assert spool.read_state().derniere_reponse == "2024-03-05T12:00:00Z"


def test_refused_events_are_kept_apart_with_their_reason_and_the_others_leave(spool: Spool) -> None:
    append(spool, courrier("a"), courrier("b"), courrier("c"))
    drain(Expediteur(spool, Scripted(Repondu({1: "un motif"})), clock))
    etat, (refuse,) = look(spool.dossier.chemin, 10)
    assert (etat.attente, etat.refuses) == (0, 1)
    assert (refuse.id, refuse.detail) == ("b", "un motif")
    assert json.loads(refuse.evenement) == courrier("b")


def test_an_event_refused_twice_is_told_once_and_a_correction_refused_too_is_told_beside_it(spool: Spool) -> None:
    for evenement in (courrier("a"), courrier("a"), courrier("a", objet="C-2")):
        append(spool, evenement)
        drain(Expediteur(spool, Scripted(Repondu({0: "non"})), clock))
    assert [json.loads(r.evenement)["data"]["courrier"] for r in spool.read_refused(10)] == ["C-1", "C-2"]


def test_a_refused_event_can_be_taken_up_again_or_forgotten(spool: Spool) -> None:
    append(spool, courrier("a"), courrier("b"), courrier("c"))
    drain(Expediteur(spool, Scripted(Repondu({0: "non", 1: "non", 2: "non"})), clock))
    a, b, _ = [r.rang for r in spool.read_refused(10)]
    assert append(spool, courrier("b", objet="C-2")) == ["accepte"], "corrected, its id may come again"
    assert spool.resume_refused([a, b, 999]) == 1
    assert waiting(spool) == ["b", "a"]
    assert spool.forget_refused([b]) == 1
    assert [r.id for r in spool.read_refused(10)] == ["c"]
    assert spool.resume_refused(None) == 1
    assert waiting(spool) == ["b", "a", "c"]


@pytest.mark.parametrize("suite", [PlusTard("en panne"), PlusTard("en panne", 0.0)])
def test_a_failure_keeps_everything_and_is_told_until_the_next_answer(spool: Spool, suite: PlusTard) -> None:
    append(spool, courrier("a"))
    expediteur = Expediteur(spool, Scripted(suite), clock)
    assert (expediteur.step() or 0) > 0
    etat = spool.read_state()
    assert (etat.attente, etat.derniere_erreur, etat.plus_ancien) == (1, "en panne", "2024-03-05T12:00:00Z")
    drain(expediteur)
    assert spool.read_state().derniere_erreur is None


def test_waits_grow_to_their_limit_spread_at_random_and_start_again_after_an_answer(spool: Spool) -> None:
    append(spool, courrier("a"))
    pannes = [PlusTard("en panne")] * 12
    expediteur = Expediteur(
        spool, Scripted(*pannes, Repondu({}), PlusTard("x")), clock, attente_max=10, hasard=random.Random(1)
    )
    attentes = [expediteur.step() or 0.0 for _ in pannes]
    for rang, attente in enumerate(attentes):
        borne = min(0.2 * 2**rang, 10)
        assert borne / 2 <= attente <= borne
    assert len(set(attentes)) == len(attentes)
    assert expediteur.step() == 0.0
    append(spool, courrier("b"))
    assert (expediteur.step() or 0) <= 0.2


def test_no_attempt_comes_before_what_the_destination_asked_for(spool: Spool) -> None:
    append(spool, courrier("a"))
    assert Expediteur(spool, Scripted(PlusTard("occupé", 90.0)), clock, attente_max=1).step() == 90.0


def test_a_spool_that_fails_under_the_sender_is_tried_again(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    append(spool, courrier("a"))
    expediteur = Expediteur(spool, Scripted(), clock)
    with monkeypatch.context() as patch:
        patch.setattr(spool, "settle", lambda *_: (_ for _ in ()).throw(SpoolIndisponible("plein")))
        assert (expediteur.step() or 0) > 0
    assert waiting(spool) == ["a"]
    drain(expediteur)
    assert waiting(spool) == []


class Picky:
    """Refuses as a whole, with 400, any request that holds a poisoned event, and with 413 those over ``octets``."""

    def __init__(self, poison: set[str], octets: int = 10**9) -> None:
        self.poison = poison
        self.octets = octets
        self.recus: list[str] = []
        self.requetes = 0

    def send(self, evenements: Sequence[bytes], _: int) -> Suite:
        self.requetes += 1
        ids = [json.loads(e)["id"] for e in evenements]
        if sum(map(len, evenements)) > self.octets:
            return Diviser("trop grand", taille=True)
        if self.poison & set(ids):
            return Diviser("illisible", taille=False)
        self.recus += ids
        return Repondu({})

    def close(self) -> None:
        """Nothing to let go of."""


@settings(max_examples=40, deadline=None)
@given(nombre=st.integers(1, 60), poison=st.sets(st.integers(0, 59)))
def test_a_culprit_is_found_alone_and_its_neighbours_leave_in_order(
    tmp_path_factory: pytest.TempPathFactory, nombre: int, poison: set[int]
) -> None:
    spool = open_spool(tmp_path_factory.mktemp("s"))
    append(spool, *(courrier(f"e{i}") for i in range(nombre)))
    coupables = {f"e{i}" for i in poison if i < nombre}
    destination = Picky(coupables)
    drain(Expediteur(spool, destination, clock))
    assert destination.recus == [f"e{i}" for i in range(nombre) if f"e{i}" not in coupables]
    assert {r.id: r.detail for r in spool.read_refused(100)} == dict.fromkeys(coupables, "illisible")
    spool.close()


def test_one_culprit_among_a_thousand_costs_few_requests(spool: Spool) -> None:
    append(spool, *(courrier(f"e{i}") for i in range(1000)))
    destination = Picky({"e777"})
    drain(Expediteur(spool, destination, clock))
    assert len(destination.recus) == 999
    assert destination.requetes < 80


def test_a_destination_that_takes_less_gets_less_and_an_event_too_large_alone_is_refused(spool: Spool) -> None:
    append(spool, *(courrier(f"e{i}", note="x" * (9_000 if i == 30 else 500)) for i in range(60)))
    destination = Picky(set(), octets=5_000)
    drain(Expediteur(spool, destination, clock))
    assert destination.recus == [f"e{i}" for i in range(60) if i != 30]
    assert [(r.id, r.detail) for r in spool.read_refused(10)] == [("e30", "trop grand")]


def test_an_address_that_refuses_even_an_empty_batch_empties_no_spool(spool: Spool) -> None:
    append(spool, courrier("a"), courrier("b"))
    expediteur = Expediteur(spool, Scripted(*[Diviser("requête refusée (415)", False)] * 20), clock)
    attentes = [expediteur.step() for _ in range(6)]
    assert attentes[0] == 0.0, "halved"
    assert all(a is not None and a > 0 for a in attentes[1:])
    etat = spool.read_state()
    assert (etat.attente, etat.refuses) == (2, 0)
    assert etat.derniere_erreur is not None
    assert "vérifier l'adresse" in etat.derniere_erreur
