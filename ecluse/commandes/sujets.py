"""The topics of the distributed mode: created and checked."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from ecluse.commandes.commun import fail

if TYPE_CHECKING:
    from shared.bus.admin import Administration

app = typer.Typer(help="Les sujets Kafka du mode réparti.", no_args_is_help=True)


@app.command("create")
def create_topics() -> None:
    """Crée les sujets qui manquent ; ceux qui existent restent comme ils sont."""
    with _cluster() as administration:
        crees = administration.create()
        for nom in crees:
            typer.echo(f"{nom} : créé")
        if not crees:
            typer.echo("Tous les sujets existent déjà.")
        _tell(administration.check())


@app.command("check")
def check_topics() -> None:
    """Dit ce qui diffère des sujets déclarés : absent, autre nombre de partitions, autre durée de garde."""
    with _cluster() as administration:
        ecarts = administration.check()
        if not ecarts:
            typer.echo("Tous les sujets sont comme déclarés.")
        _tell(ecarts)


def _tell(ecarts: list[str]) -> None:
    for ecart in ecarts:
        typer.echo(ecart)
    if ecarts:
        raise typer.Exit(1)


@contextmanager
def _cluster() -> Iterator["Administration"]:
    """The administration of the cluster that the environment names; what prevents it is one clear line and exit 2."""
    try:
        # Not at the top: the embedded mode is installed without Kafka's libraries.
        from shared.bus.admin import Administration, SujetRefuse
    except ModuleNotFoundError as absent:
        raise fail(
            f"le mode réparti n'est pas installé (module {absent.name}) : pip install 'ecluse[distribue]'"
        ) from None
    from ecluse.distribue.courtier import courtier_of
    from ecluse.distribue.reglages import ReglageFaux
    from shared.bus.courtier import CourtierInjoignable

    try:
        with Administration(courtier_of(os.environ)) as administration:
            yield administration
    except (CourtierInjoignable, SujetRefuse, ReglageFaux) as erreur:
        raise fail(str(erreur)) from None
