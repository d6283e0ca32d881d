"""The command line: ``ecluse``."""

from typing import Annotated

import typer

from ecluse import __version__
from ecluse.commandes import (
    archives,
    arretes,
    chiffres,
    contrat,
    demenagement,
    donnees,
    etat,
    evenements,
    explication,
    jeu,
    lettres,
    migrations,
    rapprochements,
    scenarios,
    serve,
    simulation,
    sujets,
    up,
)
from ecluse.commandes.commun import Commandes
from ecluse.emission.cli import app as relais

app = typer.Typer(
    name="ecluse",
    cls=Commandes,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Écluse : les pièces, contacts, rendez-vous et créances d'une Caf, et leurs chiffres en direct.",
)
app.command("up")(up.up)
app.command("serve")(serve.serve)
app.command("doctor")(serve.doctor)
app.command("import")(donnees.import_files)
app.command("simulate")(simulation.simulate)
app.command("verify")(donnees.verify_file)
app.command("jeu-de-donnees")(jeu.make_dataset)
app.command("indicators")(chiffres.indicators)
app.command("projection")(rapprochements.project)
app.command("explain")(explication.explain)
app.command("rebuild")(chiffres.rebuild)
app.command("etat")(etat.show_state)
app.command("lien")(etat.create_link)
app.command("panne")(etat.show_failure)
app.command("scenarios")(scenarios.list_all)
app.command("demo-scenario")(scenarios.play)
app.command("migrate")(demenagement.migrate)
app.add_typer(contrat.valeurs, name="valeurs")
app.add_typer(contrat.cibles, name="cibles")
app.add_typer(archives.app, name="archive")
app.add_typer(arretes.app, name="arrete")
app.add_typer(lettres.app, name="dead-letters")
app.add_typer(evenements.app, name="events")
app.add_typer(sujets.app, name="topics")
app.add_typer(migrations.app, name="migrations")
app.add_typer(relais, name="relais")


@app.callback(invoke_without_command=True)
def print_version(version: Annotated[bool, typer.Option("--version", help="affiche la version")] = False) -> None:
    """Écluse : les pièces, contacts, rendez-vous et créances d'une Caf, et leurs chiffres en direct."""
    if version:
        typer.echo(__version__)
        raise typer.Exit()


def main() -> None:
    """Entry point of the command."""
    app()
