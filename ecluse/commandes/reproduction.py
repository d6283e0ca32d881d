"""The published year of a Caf beside the simulated one, on a terminal, as JSON, as a page."""

import re
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Final

import msgspec
import typer
from rich.progress import Progress, TextColumn, TimeElapsedColumn
from rich.table import Column, Table
from rich.text import Text

from ecluse.commandes.commun import console, fail, print_json, refusals
from ecluse.importation import Bilan
from ecluse.reproduction.annee import Annee, ReproductionImpossible, run_year
from ecluse.reproduction.document import Reproduction, reproduce
from ecluse.reproduction.mots import (
    GENRES,
    Piege,
    tell_traps,
    word,
    word_gap,
    word_mean,
    word_pass,
    word_range,
    word_reading,
    word_rule,
    word_run,
    word_verdict,
)
from ecluse.reproduction.page import write_page
from ecluse.reproduction.reprise import Reprise
from ecluse.simulateur.marques import ProfilRefuse

GRAINES: Final = 5
_QUESTION: Final = re.compile(r"([0-9]{3})/([0-9]{4})")
# In characters.
_LARGE: Final = 150


def check(
    caf_annee: str,
    echelle: float,
    graines: int,
    *,
    en_json: bool = False,
    pages: Path | None = None,
    reprise: Path | None = None,
    jobs: int = 1,
) -> int:
    """Print the report's table beside the simulated one; the exit code: 0 when every input matches, else 1.

    ``caf_annee``: ``091/2023``; seeds are 1 to ``graines``; ``pages``: a folder where the table is written too;
    ``reprise``: a folder where counted years are kept, so that a command that was cut short goes on; ``jobs``: how many
    years are counted at once, each in a process of its own.
    Refuses, in one line and with code 2 (``typer.Exit``), what can not be asked.
    """
    question = _QUESTION.fullmatch(caf_annee)
    if question is None:
        raise fail(f"--check : écrire une Caf et une année, comme 091/2023, et non {caf_annee!r}")
    if not 0 < echelle <= 1:
        raise fail("--scale : un nombre au-dessus de 0, au plus 1")
    if graines < 1:
        raise fail("--seeds : une graine au moins")
    if jobs < 1:
        raise fail("--jobs : une année à la fois au moins")
    caf, annee, suite = question[1], int(question[2]), range(1, graines + 1)
    with refusals():
        try:
            with _counted(partial(_run, caf, annee, echelle, reprise), suite, jobs) as counted:
                document = reproduce(caf, annee, echelle, suite, counted)
        except (ReproductionImpossible, ProfilRefuse) as refus:
            raise fail(str(refus)) from None
        page = pages and write_page(document, pages)
    if en_json:
        print_json(msgspec.to_builtins(document))
    else:
        _print(document)
    if page:
        typer.echo(f"écrit : {page}", err=True)
    return 0 if document.reussie else 1


@contextmanager
def _counted(run: Callable[[int], Annee], graines: Sequence[int], jobs: int) -> Iterator[Callable[[int], Annee]]:
    """How the year of a seed is had: counted when it is asked for, or all of them by several processes."""
    if jobs == 1 or len(graines) == 1:
        yield run
        return
    # Started anew: a house has threads, which a copied process would not have.
    with ProcessPoolExecutor(min(jobs, len(graines)), get_context("spawn")) as processus:
        futures = {graine: processus.submit(run, graine) for graine in graines}
        try:
            yield lambda graine: futures[graine].result()
        finally:
            processus.shutdown(wait=True, cancel_futures=True)


def _run(caf: str, annee: int, echelle: float, reprise: Path | None, graine: int) -> Annee:
    """A year, its progress and its speeds on the error output; one that is kept is not counted again."""
    gardees = Reprise(reprise) if reprise else None
    if gardees and (gardee := gardees.find(caf, annee, echelle, graine)):
        typer.echo(f"graine {graine} : déjà comptée", err=True)
        return gardee
    with Progress(
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
        console=console(erreur=True),
        transient=True,
        disable=not sys.stderr.isatty(),
    ) as barre:
        tache = barre.add_task(f"graine {graine}", total=None)

        def show(bilan: Bilan) -> None:
            barre.update(tache, description=f"graine {graine} : {bilan.lus} événements comptés")

        simulee = run_year(caf, annee, echelle, graine, show)
    typer.echo(_tell_speed(simulee), err=True)
    if gardees:
        gardees.keep(caf, annee, echelle, simulee)
    return simulee


def _tell_speed(simulee: Annee) -> str:
    """Processor time of the generator and of the house, then how long both took together."""
    evenements = simulee.emis.evenements

    def per_second(secondes: float) -> str:
        debit = f"{evenements / max(secondes, 1e-3):,.0f}".replace(",", " ")
        return f"{secondes:.1f} s ({debit} événements/s)".replace(".", ",")

    return (
        f"graine {simulee.graine} : {evenements} événements ; "
        f"calcul du simulateur {per_second(simulee.emis.secondes)} ; "
        f"calcul de la maison {per_second(simulee.calcul)} ; durée {per_second(simulee.secondes)}"
    )


def _print(document: Reproduction) -> None:
    sortie = console()
    sortie.print(Text(f"{document.titre}, {document.annee}", style="bold"))
    sortie.print(word_run(document), markup=False)
    sortie.print(_table(document, large=sortie.width >= _LARGE))
    sortie.print(word_rule(document), markup=False)
    for ligne in document.lignes:
        for hypothese in ligne.hypotheses:
            sortie.print(f"- {ligne.code} : {hypothese.effet} ({', '.join(hypothese.parametres)})", markup=False)
    for piege in tell_traps(document):
        _print_trap(piege)
    for passage in document.passages:
        sortie.print(word_pass(passage), markup=False)
    sortie.print(Text(word_verdict(document), style="bold"))


def _table(document: Reproduction, *, large: bool) -> Table:
    """The report beside what was obtained; what a narrow terminal has no room for is in the page and in the JSON."""
    colonnes = [Column("Mesure", min_width=max(len(ligne.code) for ligne in document.lignes))]
    colonnes += [Column(nom, justify="right", no_wrap=large) for nom in ("Publié", "Obtenu", *(("De … à",) * large))]
    table = Table(*colonnes, Column("Écart", justify="right", no_wrap=large), "Genre", "Source", show_lines=True)
    for ligne in document.lignes:
        etendue = (word_range(ligne.obtenu, ligne.unite),) if large else ()
        nom = f"{ligne.libelle}\n{word_reading(ligne)}" if large else word_reading(ligne)
        table.add_row(
            Text(nom),
            word(ligne.publie, ligne.unite),
            word_mean(ligne.obtenu, ligne.unite),
            *etendue,
            word_gap(ligne),
            GENRES[ligne.genre],
            Text(f"{ligne.source}\n{ligne.note}".strip() if large else ligne.source),
        )
    return table


def _print_trap(piege: Piege) -> None:
    sortie = console()
    sortie.print(Text(f"\n{piege.titre}", style="bold"))
    for texte in piege.texte:
        sortie.print(texte, markup=False)
    table = Table("Indicateur", "Population", Column("Objets", justify="right"), Column("Obtenu", justify="right"))
    for c in piege.chiffres:
        objets = "" if c.nombre is None else word(c.nombre, "nombre")
        table.add_row(Text(c.code), Text(c.population), objets, word_mean(c.obtenu, c.unite))
    sortie.print(table)
