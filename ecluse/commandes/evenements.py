"""The event contract: its documents, generated and checked."""

from pathlib import Path
from typing import Annotated

import typer

from shared.events.docs import check_docs, write_docs

app = typer.Typer(help="Le contrat d'événements.", no_args_is_help=True)
Dossier = Annotated[Path, typer.Option("--dossier", help="dossier de la documentation")]


@app.callback()
def describe() -> None:
    """Le contrat d'événements."""


@app.command("docs")
def generate_docs(
    dossier: Dossier = Path("docs"),
    check: Annotated[bool, typer.Option("--check", help="n'écrit rien, dit ce qui diffère")] = False,
) -> None:
    """Écrit les schémas JSON, le document AsyncAPI, les exemples et la page de référence."""
    if not check:
        typer.echo(f"{len(write_docs(dossier))} fichiers écrits dans {dossier}")
        return
    ecarts = check_docs(dossier)
    for ecart in ecarts:
        typer.echo(ecart)
    raise typer.Exit(1 if ecarts else 0)
