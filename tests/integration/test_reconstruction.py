"""The proof by rebuild, when a log can not be read again."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import pytest

from ecluse.maison import Maison, open_house
from services.indicators.reconstruction import JournalArrete, ReconstructionEnCours
from shared.reglages import Reglages
from shared.runtime.ecrivain import Indisponible
from shared.runtime.reperes import Arret, Avance, PasEncore, Trou
from shared.runtime.suivi import Lecture
from tests.maisons import arrivee, deposit, value

Relire = Callable[[], None]


@pytest.fixture
def maison(tmp_path: Path) -> Iterator[Maison]:
    """A house that has folded something."""
    with open_house(Reglages(tmp_path)) as ouverte:
        deposit(ouverte, arrivee("P-1"))
        assert value(ouverte, "PIECES-ARRIVEES") == 1
        yield ouverte


def before_reading(maison: Maison, monkeypatch: pytest.MonkeyPatch, geste: Relire) -> None:
    """Have this happen when production's log is read again."""
    production = maison.services["production"]
    entier = production.reread

    @contextmanager
    def reread(depuis: Avance | None = None, types: Sequence[str] = ()) -> Iterator[Lecture]:
        geste()
        with entier(depuis, types) as lecture:
            yield lecture

    monkeypatch.setattr(production, "reread", reread)


@pytest.mark.parametrize(("erreur", "dite"), [(Arret, JournalArrete), (Trou, Indisponible), (PasEncore, Indisponible)])
def test_what_prevents_a_rebuild_is_told_and_prevents_no_other(
    erreur: type[Exception], dite: type[Exception], maison: Maison, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise erreur("le journal de production ne se lit pas")

    with monkeypatch.context() as un_temps:
        before_reading(maison, un_temps, fail)
        with pytest.raises(dite, match="le journal de production ne se lit pas"):
            maison.indicateurs.rebuild()
    assert maison.indicateurs.rebuild().egal


def test_figures_are_given_and_another_rebuild_refused_while_logs_are_read(
    maison: Maison, monkeypatch: pytest.MonkeyPatch
) -> None:
    lu, suite, egaux = Event(), Event(), list[bool]()

    def wait() -> None:
        lu.set()
        assert suite.wait(60)

    before_reading(maison, monkeypatch, wait)
    fil = Thread(target=lambda: egaux.append(maison.indicateurs.rebuild().egal))
    fil.start()
    try:
        assert lu.wait(60)
        deposit(maison, arrivee("P-2"))
        assert value(maison, "PIECES-ARRIVEES") == 2
        with pytest.raises(ReconstructionEnCours, match="déjà en cours"):
            maison.indicateurs.rebuild()
    finally:
        suite.set()
        fil.join()
    assert egaux == [True]
