"""Ligne de commande d'Écluse."""

from __future__ import annotations

from typing import Annotated

import typer

from ecluse import __version__

app = typer.Typer(name="ecluse", no_args_is_help=True)


@app.callback(invoke_without_command=True)
def print_version(version: Annotated[bool, typer.Option("--version", help="affiche la version")] = False) -> None:
    """Écluse : les pièces, contacts, rendez-vous et créances d'une Caf, et leurs chiffres en direct."""
    if version:
        typer.echo(__version__)


def main() -> None:
    """Point d'entrée de la commande `ecluse`."""
    app()
