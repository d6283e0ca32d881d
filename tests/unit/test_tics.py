"""Ticks: what the newest publisher of a log has said last."""

from typing import Final

from shared.bus.fil import write_tick
from shared.bus.tics import TicsLus
from shared.events.journal import Maillon, TicPublie
from tests.unit.test_relecture import Brut

NOM: Final = "production"
PREMIERE, SUIVANTE = Maillon(1, "a" * 32, 0), Maillon(2, "b" * 32, 3)


def tick(*lignee: Maillon) -> Brut:
    """What the publisher of the last of these epochs says, as the client library gives it."""
    tic = TicPublie(lignee[-1].numero, lignee[-1].marque, 10**18, 3, (3, *(0,) * 11), 0, lignee)
    return Brut("tics", 0, 0, 0, None, write_tick(NOM, tic).valeur, ())


def test_a_tick_heard_before_its_log_told_of_a_newer_epoch_says_nothing_any_more() -> None:
    tics = TicsLus([NOM])
    tics.apply(0, [tick(PREMIERE)])
    entendu = tics.latest(NOM)
    assert entendu
    assert entendu.donnees.marque == PREMIERE.marque
    # The log names the publisher that has taken the seat, and has not spoken yet.
    tics.lignee(NOM).learn([PREMIERE, SUIVANTE])
    assert tics.latest(NOM) is None
    tics.apply(0, [tick(PREMIERE)])
    assert tics.latest(NOM) is None
    tics.apply(0, [tick(PREMIERE, SUIVANTE)])
    entendu = tics.latest(NOM)
    assert entendu
    assert entendu.donnees.marque == SUIVANTE.marque
