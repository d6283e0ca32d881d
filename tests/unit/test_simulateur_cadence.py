"""When simulated events leave, on a clock that only waiting moves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Event

from hypothesis import given
from hypothesis import strategies as st

from ecluse.simulateur.actes import Acte, Envoi
from ecluse.simulateur.cadence import Cadence, pace
from shared.temps import HEURE, MINUTE, SECONDE, parse_instant
from shared.web.porte import EVENEMENTS_MAX, OCTETS_MAX

MINUIT = parse_instant("2023-03-06T00:00:00+01:00")
APRES = MINUIT + 1_000 * HEURE


class Montre(Event):
    """A clock, and what is waited on: waiting moves the clock, reading it does not. Told to stop at ``fin``."""

    def __init__(self, maintenant: int, fin: int = 2**63) -> None:
        super().__init__()
        self.maintenant = maintenant
        self._fin = fin

    def __call__(self) -> int:
        return self.maintenant

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None
        assert 0 < timeout <= 1
        self.maintenant += round(timeout * SECONDE)
        if self.maintenant >= self._fin:
            self.set()
        return self.is_set()


def envoi(recu: int, emis: int | None = None) -> Envoi:
    return Envoi(recu, 1, recu if emis is None else emis, "e-1", Acte("piece.reprise", "D-1", recu, {"piece": "P-1"}))


def play(
    envois: Sequence[Envoi], montre: Montre, facteur: float | None, write: Callable[[Envoi], bytes] = lambda _: b"{}"
) -> list[tuple[int, int]]:
    """(real instant, simulated instant) of each event that left."""
    cadence = Cadence(MINUIT, facteur, montre)
    return [(montre(), pret.recu) for lot in pace(envois, write, cadence, montre, montre) for pret in lot]


def test_the_opening_load_leaves_at_once_then_time_flows_n_times_faster() -> None:
    montre = Montre(APRES)
    envois = [envoi(MINUIT - HEURE), envoi(MINUIT - 1), envoi(MINUIT + HEURE), envoi(MINUIT + 2 * HEURE)]
    partis = [reel - APRES for reel, _ in play(envois, montre, 60)]
    assert partis == [0, 0, MINUTE, 2 * MINUTE]


def test_time_flows_from_the_first_instant_of_the_period_however_long_the_load_took() -> None:
    montre = Montre(APRES)

    def slow(_: Envoi) -> bytes:
        montre.maintenant += 10 * SECONDE
        return b"{}"

    envois = [envoi(MINUIT - 2), envoi(MINUIT - 1), envoi(MINUIT + HEURE)]
    *_, (parti, _) = play(envois, montre, 60, slow)
    assert parti == APRES + 20 * SECONDE + MINUTE + 10 * SECONDE


def test_without_a_factor_the_clock_alone_holds_events_back() -> None:
    montre = Montre(MINUIT + HEURE)
    envois = [envoi(MINUIT + m * MINUTE) for m in (1, 59, 61, 90)]
    assert [(reel - MINUIT) // MINUTE for reel, _ in play(envois, montre, None)] == [60, 60, 61, 90]


def test_a_simulation_that_catches_up_with_the_clock_goes_on_with_it() -> None:
    montre = Montre(MINUIT + HEURE)
    envois = [envoi(MINUIT + m * MINUTE) for m in (30, 60, 61, 62, 120)]
    # At twice the speed, an hour behind: the two meet at 120 minutes.
    assert [(reel - MINUIT) // MINUTE for reel, _ in play(envois, montre, 2)] == [75, 90, 90, 91, 120]
    montre = Montre(MINUIT + HEURE)
    assert [(reel - MINUIT) // MINUTE for reel, _ in play(envois, montre, 1e9)] == [60, 60, 61, 62, 120]


def test_it_ends_at_once_when_told_to_stop() -> None:
    montre = Montre(APRES, fin=APRES + 90 * SECONDE)
    envois = [envoi(MINUIT + m * HEURE) for m in range(1, 100)]
    partis = play(envois, montre, 60)
    assert [recu for _, recu in partis] == [MINUIT + HEURE]
    assert montre() <= APRES + 91 * SECONDE


def test_a_batch_is_one_that_a_door_takes() -> None:
    montre = Montre(APRES)
    cadence = Cadence(MINUIT, None, montre)
    lots = list(pace([envoi(MINUIT)] * 2_500, lambda _: b"{}", cadence, montre, montre))
    assert [len(lot) for lot in lots] == [EVENEMENTS_MAX, EVENEMENTS_MAX, 500]
    gros = b" " * 2_000_000
    lots = list(pace([envoi(MINUIT)] * 5, lambda _: gros, cadence, montre, montre))
    assert [len(lot) for lot in lots] == [2, 2, 1]
    assert all(sum(len(p.octets) + 1 for p in lot) + 1 <= OCTETS_MAX for lot in lots)


INSTANTS = st.integers(-50 * HEURE, 50 * HEURE)


@given(
    st.lists(st.tuples(INSTANTS, st.integers(0, HEURE)), max_size=20),
    st.none() | st.floats(0.5, 1e6),
    st.integers(-HEURE, 60 * HEURE),
)
def test_nothing_ever_leaves_before_the_clock_has_passed_it(
    ecarts: list[tuple[int, int]], facteur: float | None, depart: int
) -> None:
    envois = [envoi(MINUIT + recu, MINUIT + recu - retard) for recu, retard in sorted(ecarts)]
    partis = play(envois, Montre(MINUIT + depart), facteur)
    assert [recu for _, recu in partis] == [e.recu for e in envois]
    assert all(reel >= recu for reel, recu in partis)
