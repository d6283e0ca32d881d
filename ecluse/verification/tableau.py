"""The report of a file for people."""

from collections.abc import Iterable

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ecluse.verification.rapport import Rapport, RapportSource

_UNITES = ((86_400, "j"), (3_600, "h"), (60, "min"))


def print_report(rapport: Rapport, console: Console) -> None:
    """Print the report: sources, reasons of refusal, missing steps."""
    console.print(
        f"{_number(rapport.lignes)} lignes : {_number(rapport.acceptes)} acceptées, "
        f"{_number(rapport.doublons)} doublons, {_number(rapport.refuses)} refusées"
    )
    if rapport.sources:
        console.print(_sources(rapport.sources))
        console.print(_times(rapport.sources))
    if rapport.refuses:
        console.print(_reasons(rapport.sources))
    if any(source.etapes_absentes for source in rapport.sources):
        console.print(_steps(rapport.sources))
    for objets in rapport.objets:
        if objets.attendus:
            console.print(f"{objets.genre} : {_number(objets.connus)} connus, {_number(objets.attendus)} jamais créés")


def _sources(sources: Iterable[RapportSource]) -> Table:
    table = _table("Sources", "source")
    _add_numbers(table, "acceptés", "doublons", "refusés", "contradictoires")
    for s in sources:
        table.add_row(Text(s.source), *(_number(n) for n in (s.acceptes, s.doublons, s.refuses, s.contradictoires)))
    return table


def _times(sources: Iterable[RapportSource]) -> Table:
    table = _table("Désordre et retards", "source")
    _add_numbers(table, "en désordre", "au plus", "retard médian", "p90", "max")
    for s in sources:
        table.add_row(
            Text(s.source),
            "ND" if s.desordre.part is None else f"{100 * s.desordre.part:.1f} %".replace(".", ","),
            _duration(s.desordre.max),
            *(_duration(d) for d in (s.retard.mediane, s.retard.p90, s.retard.max)),
        )
    return table


def _add_numbers(table: Table, *titres: str) -> None:
    for titre in titres:
        table.add_column(titre, justify="right", no_wrap=True)


def _reasons(sources: Iterable[RapportSource]) -> Table:
    table = _table("Refus", "source", "motif")
    _add_numbers(table, "lignes", "la première")
    table.add_column("pourquoi", overflow="fold")
    for source in sources:
        for nom, motif in source.motifs.items():
            # Names and details come from the file: they are text, never markup.
            cellules = (source.source, nom, _number(motif.nombre), str(motif.ligne), motif.detail)
            table.add_row(*(Text(cellule) for cellule in cellules))
    return table


def _steps(sources: Iterable[RapportSource]) -> Table:
    table = _table("Étapes absentes", "source", "événement", "ce qui manque")
    table.add_column("événements", justify="right")
    table.add_column("objets", justify="right")
    for source in sources:
        for e in source.etapes_absentes:
            table.add_row(Text(source.source), e.evenement, e.manque, _number(e.evenements), _number(e.objets))
    return table


def _table(titre: str, *colonnes: str) -> Table:
    table = Table(title=titre, title_justify="left", title_style="bold")
    for colonne in colonnes:
        # A name that is cut is of no use: it goes on in the next line.
        table.add_column(colonne, overflow="fold")
    return table


def _number(nombre: int) -> str:
    return f"{nombre:,}".replace(",", "\u202f")


def _duration(secondes: float | None) -> str:
    if secondes is None:
        return "ND"
    for taille, unite in _UNITES:
        if abs(secondes) >= taille:
            return f"{secondes / taille:.1f} {unite}".replace(".", ",")
    return f"{secondes:.0f} s"
