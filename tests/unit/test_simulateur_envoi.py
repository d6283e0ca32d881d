"""Sending simulated events to a door: none is let go before the door has answered for it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from threading import Event

import pytest

from ecluse.emission.destination import Diviser, PlusTard, Repondu, Suite
from ecluse.simulateur.cadence import Pret
from ecluse.simulateur.envoi import Expediteur, PorteFermee

LOT = [Pret(b"1", "", 1), Pret(b"2", "nir", 2), Pret(b"3", "", 3), Pret(b"4", "", 4)]


class Porte:
    """A door that gives these answers, then takes everything."""

    def __init__(self, *suites: Suite) -> None:
        self._suites = list(suites)
        self.recus: list[list[bytes]] = []

    def send(self, evenements: Sequence[bytes], maintenant: int) -> Suite:
        assert maintenant == 7
        self.recus.append(list(evenements))
        return self._suites.pop(0) if self._suites else Repondu({})

    def close(self) -> None:
        """Nothing is open."""


class Sablier(Event):
    """Waits no time, and notes how long it was to be; told to stop once it has waited ``patience`` times."""

    def __init__(self, patience: int = 99) -> None:
        super().__init__()
        self.attentes: list[float] = []
        self._patience = patience

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None
        self.attentes.append(timeout)
        return len(self.attentes) >= self._patience


def expediteur(porte: Porte, sablier: Sablier, dits: list[str]) -> Expediteur:
    return Expediteur(porte, lambda: 7, sablier, dits.append, random.Random(1))


def test_a_door_that_does_not_answer_is_asked_again_ever_later_until_it_does() -> None:
    porte, sablier, dits = Porte(*[PlusTard("occupée")] * 12), Sablier(), list[str]()
    envoyeur = expediteur(porte, sablier, dits)
    assert envoyeur.send(LOT)
    assert porte.recus == [[b"1", b"2", b"3", b"4"]] * 13
    assert sablier.attentes[0] < 0.3
    assert 10 < sablier.attentes[-1] <= 30
    assert (len(dits), "occupée" in dits[0], "de nouveau" in dits[1]) == (2, True, True)
    assert (envoyeur.bilan.acceptes, envoyeur.bilan.envoyes) == (4, 4)


def test_the_time_that_the_door_asks_for_is_given() -> None:
    sablier = Sablier()
    expediteur(Porte(PlusTard("plus tard", 17.0)), sablier, []).send(LOT)
    assert sablier.attentes == [17.0]


def test_what_the_door_refuses_is_counted_by_reason_apart_from_what_had_to_be_refused() -> None:
    envoyeur = expediteur(Porte(Repondu({1: "NIR", 2: "trop"}, doublons=1), Repondu({1: "NIR"})), Sablier(), [])
    assert envoyeur.send(LOT)
    assert envoyeur.send(LOT)
    bilan = envoyeur.bilan
    assert (bilan.acceptes, bilan.doublons, bilan.envoyes) == (4, 1, 8)
    assert (dict(bilan.refuses), dict(bilan.inattendus)) == ({"NIR": 2}, {"trop": 1})


def test_a_request_that_is_refused_as_such_is_divided_down_to_the_event_at_fault() -> None:
    trop = Diviser("trop grand", taille=True)
    porte = Porte(trop, trop, Repondu({}), trop)
    envoyeur = expediteur(porte, Sablier(), [])
    assert envoyeur.send(LOT)
    assert porte.recus == [[b"1", b"2", b"3", b"4"], [b"1", b"2"], [b"1"], [b"2"], [b"3", b"4"]]
    assert (envoyeur.bilan.acceptes, dict(envoyeur.bilan.refuses)) == (3, {"trop grand": 1})


def test_told_to_stop_it_lets_go_of_nothing_as_sent() -> None:
    envoyeur = expediteur(Porte(*[PlusTard("occupée")] * 5), Sablier(patience=2), [])
    assert not envoyeur.send(LOT)
    assert envoyeur.bilan.envoyes == 0


def test_an_address_that_is_no_door_is_told_before_anything_is_sent() -> None:
    porte = Porte(PlusTard("jeton refusé"))
    with pytest.raises(PorteFermee, match="jeton refusé"):
        expediteur(porte, Sablier(), []).check()
    assert porte.recus == [[]]
    expediteur(Porte(), Sablier(), []).check()
