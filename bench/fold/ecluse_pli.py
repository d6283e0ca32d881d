"""Écluse: the indicators as they are composed in the distributed mode, on an empty database, then started again.

The log is read in the order of its positions without a hole, its epochs are checked, cells and watermarks are saved
together in PostgreSQL as it goes. It folds every family of cells: the figures asked for here are a part of them.
"""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from threading import Thread
from typing import Final

import numpy as np

from bench.fold.annee import CAF
from bench.fold.chiffres import Chiffres
from bench.fold.demande import Chrono, Demande, Reponse, answer
from bench.fold.journal import SERVICE
from ecluse.maison import tune_memory
from services.indicators.answer import EtatFile
from services.indicators.app import Indicateurs, bootstrap
from services.indicators.cumuls import Marge
from services.indicators.figures import ANNULEE, TRAITEE
from services.indicators.fold.pli import Pli
from services.indicators.views import Condition, Vues
from shared.bus.courtier import Courtier
from shared.bus.lancement import Lancement, launcher
from shared.bus.reglages import ReglagesLecture
from shared.bus.source import SourceKafka
from shared.bus.sujets import JOURNAUX, TICS
from shared.bus.tics import TicsLus
from shared.migrations import upgrade
from shared.reglages import Reglages
from shared.runtime.service import Cloche
from shared.temps import to_iso

_ATTENTE: Final = 1_800.0


class Absente:
    """Production, and its work queues, which nobody asks here."""

    def closing_stocks(self, caf: str, jours: Sequence[int], position: int) -> Sequence[int] | None:
        """Nothing is known of its rows."""

    def queues(self, caf: str) -> list[EtatFile] | None:
        """Nothing is known of its queues."""


def run(demande: Demande) -> Reponse:
    """See ``answer``. The first run fills the database; ``reprise``: seconds until it is up to date again."""
    tune_memory()
    upgrade("indicators", demande.base)
    chrono = Chrono()
    with _open(demande) as indicateurs:
        _wait(indicateurs, demande)
        secondes = chrono.secondes
        chiffres = read_figures(indicateurs.puits.pli).document()
        cellules = sum(len(c.nonzero()[0]) for c in indicateurs.puits.pli.colonnes.values())
    chrono = Chrono()
    with _open(demande) as indicateurs:
        charge = chrono.secondes
        _wait(indicateurs, demande)
        suite = {"cellules": cellules, "reprise": chrono.secondes, "charge": charge}
        if read_figures(indicateurs.puits.pli).document() != chiffres:
            raise RuntimeError("le point de reprise ne rend pas les mêmes chiffres")
    return Reponse(secondes, demande.nombre, chiffres, suite)


def read_figures(pli: Pli) -> Chiffres:
    """The figures asked for, by the terms that our own indicators are made of."""
    vue = Vues(pli).view("piece", CAF)
    chiffres = Chiffres()
    for nature in vue.values("nature"):
        sienne = vue.part(Condition("nature", "=", nature))
        for rang, marge in enumerate(
            (
                sienne.margin("arrivee", "n", ()),
                sienne.margin("fin", "n", (TRAITEE,)),
                sienne.margin("fin", "delai", (TRAITEE,)),
                sienne.margin("fin", "n", (ANNULEE,)),
            )
        ):
            for jour, nombre in _days(marge):
                chiffres.add_all(f"{jour}|{nature}", [nombre if r == rang else 0 for r in range(4)])
    return chiffres


def _days(marge: Marge) -> Iterator[tuple[str, int]]:
    for jour, nombre in enumerate(np.diff(marge.cumuls).tolist(), marge.premier):
        yield to_iso(jour), nombre


def _wait(indicateurs: Indicateurs, demande: Demande) -> None:
    if not indicateurs.consommateur.wait_for({SERVICE: demande.nombre}, _ATTENTE):
        raise RuntimeError(f"le journal n'est pas lu jusqu'au bout : {indicateurs.consommateur.avances[SERVICE]}")


@contextmanager
def _open(demande: Demande) -> Iterator[Indicateurs]:
    courtier = Courtier((demande.courtier,), demande.prefixe)
    cloche, tics = Cloche(), TicsLus([SERVICE])
    reglages = Reglages(Path(demande.dossier), bases={"indicators": demande.base})
    with ExitStack() as pile:
        lance: Lancement = launcher(courtier, ReglagesLecture(), pile.enter_context(_loop()))
        pile.enter_context(lance(TICS, tics))
        source = SourceKafka(SERVICE, Pli.types, tics, cloche, partial(lance, JOURNAUX[SERVICE]))
        pile.callback(source.close)
        absente = Absente()
        indicateurs = bootstrap(reglages, [source], cloche, absente, absente)
        pile.callback(indicateurs.close)
        yield indicateurs


@contextmanager
def _loop() -> Iterator[asyncio.AbstractEventLoop]:
    boucle = asyncio.new_event_loop()
    fil = Thread(target=boucle.run_forever, daemon=True)
    fil.start()
    try:
        yield boucle
    finally:
        boucle.call_soon_threadsafe(boucle.stop)
        fil.join()


if __name__ == "__main__":
    answer(run)
