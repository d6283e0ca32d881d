"""What it costs to ask the fold, with one year in it and with five; and to have it back from its checkpoint."""

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Final

import msgspec
from sqlalchemy import Engine

from bench.fold.annee import CAF, Annee
from bench.fold.journal import TYPE
from services.indicators import store
from services.indicators.answer import Fraicheur
from services.indicators.cibles import Cibles
from services.indicators.cibles_csv import published_targets
from services.indicators.fold.pli import Pli
from services.indicators.tableau import Tableau
from shared.base import open_engine
from shared.events.mouvements import ImagePiece
from shared.migrations import upgrade
from shared.reglages import Reglages
from tests.infra.postgres import Postgres

DERNIERE: Final = 2023
ANNEES: Final = 5
_FRAIS: Final = Fraicheur(None, 0.0, True)
_LOT: Final = 20_000
_FOIS: Final = 15
# What comes in between two questions, where the fold moves.
_ENTRE: Final = 50
_ENCODER: Final = msgspec.json.Encoder()
_PERIODE: Final = (f"{DERNIERE}-01-01", f"{DERNIERE}-12-31")
_JOUR: Final = (f"{DERNIERE}-12-31", f"{DERNIERE}-12-31")

Question = Callable[[Tableau], object]


class SansVoisins:
    """Production and recovery, which nobody asks here."""

    def closing_stocks(self, caf: str, jours: Sequence[int]) -> Sequence[int] | None:
        """Nothing is known of its rows."""

    def queues(self, caf: str) -> None:
        """Nothing is known of its queues."""


def _serie(code: str) -> Question:
    return lambda tableau: tableau.serie(code, CAF, *_PERIODE, "jour", _FRAIS)


QUESTIONS: Final[dict[str, Question]] = {
    "COG-08-29 d'un an": lambda t: t.reponse(CAF, *_PERIODE, ["COG-08-29"], _FRAIS),
    "tous les indicateurs d'un an": lambda t: t.reponse(CAF, *_PERIODE, None, _FRAIS),
    "tous les indicateurs d'un jour": lambda t: t.reponse(CAF, *_JOUR, None, _FRAIS),
    "STOCK par jour, un an": _serie("STOCK"),
    "COG-08-29 par jour, un an": _serie("COG-08-29"),
    "SOLDE-JOURS par jour, un an": _serie("SOLDE-JOURS"),
    "DELAI-P90 par jour, un an": _serie("DELAI-P90"),
    "AGE-MAX par jour, un an": _serie("AGE-MAX"),
    "COG-08-29 par nature, un an": lambda t: t.coupe("COG-08-29", CAF, *_PERIODE, "nature", _FRAIS),
}


class Essai:
    """A fold that can be asked while it moves."""

    def __init__(self, part: float) -> None:
        self.pli = Pli()
        self._part = part
        self._suite: Iterator[ImagePiece] = iter(())

    def load(self, annee: int) -> None:
        """Fold a year in."""
        images = Annee(annee, self._part).images()
        while lot := list(islice(images, _LOT)):
            self._apply(lot)
        if annee == DERNIERE:
            self._suite = Annee(annee, 0.01, graine=1).images()

    def measure(self) -> dict[str, tuple[float, float]]:
        """Median milliseconds of each question: nothing has moved since the last one, or something has."""
        voisins = SansVoisins()
        tableau = Tableau(self.pli, Cibles(published_targets()), voisins, voisins)
        durees = {}
        for nom, question in QUESTIONS.items():
            question(tableau)
            repos = [_timed(partial(question, tableau)) for _ in range(_FOIS)]
            bouge = []
            for _ in range(_FOIS):
                self._apply(list(islice(self._suite, _ENTRE)))
                bouge.append(_timed(partial(question, tableau)))
            durees[nom] = statistics.median(repos), statistics.median(bouge)
        return durees

    def _apply(self, images: list[ImagePiece]) -> None:
        lignes = [_ENCODER.encode({"caf": CAF, "data": {"objet": "x", "avant": None, "apres": i}}) for i in images]
        self.pli.apply_bytes({TYPE: lignes})


def run(part: float) -> Iterator[str]:
    """Markdown lines."""
    essai = Essai(part)
    essai.load(DERNIERE)
    seule, une = _cells(essai.pli), essai.measure()
    for annee in range(DERNIERE - ANNEES + 1, DERNIERE):
        essai.load(annee)
    toutes = essai.measure()
    yield f"## Questions à une Caf de {2_400_000 * part:,.0f} pièces par an".replace(",", " ")
    yield ""
    yield f"Cellules : {_number(seule)} pour une année, {_number(_cells(essai.pli))} pour {ANNEES}."
    yield ""
    yield "| question (ms, médiane) | une année | cinq | rapport | une, le pli vient de bouger | cinq | rapport |"
    yield "|---|---:|---:|---:|---:|---:|---:|"
    for nom, (repos, bouge) in une.items():
        repos5, bouge5 = toutes[nom]
        yield (
            f"| {nom} | {repos:.2f} | {repos5:.2f} | {repos5 / repos:.2f} | {bouge:.1f} | {bouge5:.1f} | "
            f"{bouge5 / bouge:.2f} |"
        )
    yield ""
    yield from _restart(essai.pli)


def _restart(pli: Pli) -> Iterator[str]:
    with Postgres() as postgres:
        base = postgres.create_database("reprise")
        upgrade("indicators", base)
        reglages = Reglages(Path(), bases={"indicators": base})
        pli.mark_all()
        moteur = open_engine(reglages, "indicators", ecriture=True)
        ecrit = _timed(lambda: _save(pli, moteur)) / 1000
        debut = time.perf_counter()
        with open_engine(reglages, "indicators").begin() as connexion:
            relu = store.load(connexion)
        lu = time.perf_counter() - debut
        if relu.diff(pli):
            raise RuntimeError("le point de reprise ne rend pas le même pli")
        moteur.dispose()
    yield f"Point de reprise de {ANNEES} années : écrit d'un bloc en {ecrit:.1f} s, relu en {lu:.1f} s."


def _save(pli: Pli, moteur: Engine) -> None:
    with moteur.begin() as connexion:
        store.save(connexion, pli.dirty())


def _cells(pli: Pli) -> int:
    return sum(len(c.nonzero()[0]) for c in pli.colonnes.values())


def _timed(geste: Callable[[], object]) -> float:
    debut = time.perf_counter()
    geste()
    return (time.perf_counter() - debut) * 1_000


def _number(valeur: float) -> str:
    return f"{valeur:,.0f}".replace(",", " ")
