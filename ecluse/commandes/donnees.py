"""Events in: import of files, and what a file is worth before one imports it."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from ecluse.commandes.commun import DossierMaison, EnJson, Origine, console, fail, house, print_json, refusals
from ecluse.importation import Bilan, Rejets, import_lines
from ecluse.verification import print_report, verify
from shared.ndjson import read_lines
from shared.reglages import read_clock

Fichiers = Annotated[list[str], typer.Argument(help="fichiers NDJSON (.gz, .zst ou non), ou - pour l'entrée standard")]


def import_files(fichiers: Fichiers, data_dir: DossierMaison = None, vers: Origine = None) -> None:
    """Importe des événements ; recommencer ne change rien.

    Les lignes refusées vont dans FICHIER.rejets.ndjson. Code de sortie : 0 rien n'est refusé, 1 des lignes le sont,
    2 l'import n'a pas pu se faire.
    """
    for fichier in fichiers:
        if fichier != "-" and not Path(fichier).is_file():
            raise fail(f"fichier introuvable : {fichier}")
    refuses = 0
    with house(data_dir, vers) as acces:
        for fichier in fichiers:
            rejets = Rejets(_rejects_path(fichier))
            with _progress() as barre:
                tache = barre.add_task(Path(fichier).name, total=None)

                def show(bilan: Bilan, barre: Progress = barre, tache: object = tache) -> None:
                    barre.update(tache, completed=bilan.lus, description=_line(bilan))  # type: ignore[arg-type]  # the id that add_task gave

                bilan = import_lines(read_lines(fichier), acces.send, rejets, lot=acces.lot, progress=show)
            refuses += bilan.rejets
            _print(fichier, bilan, rejets)
        if not acces.wait():
            raise fail(
                "les événements sont enregistrés, mais les indicateurs ne sont pas à jour : voir « ecluse etat »"
            )
    raise typer.Exit(1 if refuses else 0)


def verify_file(
    fichier: Annotated[str, typer.Argument(help="fichier NDJSON (.gz, .zst ou non), ou - pour l'entrée standard")],
    json: EnJson = False,
) -> None:
    """Juge un fichier sans rien importer : acceptation, doublons, désordre, retards, étapes manquantes par outil.

    Code de sortie : 0 rien ne serait refusé, 1 des lignes le seraient, 2 le fichier ne se lit pas.
    """
    if fichier != "-" and not Path(fichier).is_file():
        raise fail(f"fichier introuvable : {fichier}")
    with refusals():
        rapport = verify(read_lines(fichier), read_clock())
    if json:
        print_json(rapport)
    else:
        print_report(rapport, console())
    raise typer.Exit(1 if rapport.refuses else 0)


def _rejects_path(fichier: str) -> Path:
    return Path("stdin.rejets.ndjson" if fichier == "-" else f"{fichier}.rejets.ndjson")


def _print(fichier: str, bilan: Bilan, rejets: Rejets) -> None:
    sortie = console()
    debit = f"{bilan.lus / bilan.secondes:,.0f}".replace(",", " ") if bilan.secondes else "-"
    sortie.print(f"{fichier} : {_line(bilan)} ({debit} lignes/s)")
    if bilan.rejets:
        motifs = ", ".join(f"{m} : {n}" for m, n in sorted(bilan.par_motif.items(), key=lambda p: -p[1]))
        sortie.print(f"  refusées : {motifs}\n  à lire dans {rejets.chemin}", markup=False)


def _line(bilan: Bilan) -> str:
    return f"{bilan.acceptes} acceptés, {bilan.doublons} doublons, {bilan.rejets} refusés"


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        console=console(erreur=True),
        transient=True,
        disable=not sys.stderr.isatty(),
    )
