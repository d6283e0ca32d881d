"""The house at a glance, a way in for a person, and the failure theatre."""

from typing import Annotated

import typer
from rich.table import Table

from ecluse.commandes.commun import DossierMaison, EnJson, Origine, console, fail, house, print_json
from ecluse.panne import play


def show_state(data_dir: DossierMaison = None, vers: Origine = None, json: EnJson = False) -> None:
    """Montre où en est chaque service et chaque consommateur."""
    with house(data_dir, vers) as acces:
        acces.wait()
        document = acces.state()
    if json:
        print_json(document)
        return
    services = Table("Service", "Tête du journal", "En attente", "Lettres mortes", "En attente d'arrivée", "Arrêt")
    for s in document["services"]:
        services.add_row(
            s["nom"],
            str(s["tete"]),
            str(s["attente"]),
            str(s["lettres_mortes"]),
            str(s["en_attente_d_arrivee"]),
            s["arret"] or "",
        )
    consommateurs = Table("Consommateur", "Source", "Repère", "Retard", "À jour", "Arrêt ou trou")
    for c in document["consommateurs"]:
        consommateurs.add_row(
            c["nom"],
            c["source"],
            str(c["repere"]),
            str(c["retard"]),
            "oui" if c["a_jour"] else "NON",
            c["arret"] or c["trou"] or "",
        )
    console().print(services, consommateurs)
    if document["injoignables"]:
        typer.echo(f"Ne répondent pas : {', '.join(document['injoignables'])}")


def create_link(
    data_dir: DossierMaison = None,
    vers: Origine = None,
    nom: Annotated[str, typer.Option("--nom", help="identifiant opaque de la personne, pour les travaux pris")] = "",
) -> None:
    """Donne un lien à usage unique vers les pages."""
    with house(data_dir, vers) as acces:
        lien = acces.link(nom)
    if lien is None:
        raise fail("aucun serveur ne tourne sur ce dossier : lancer d'abord « ecluse up »")
    typer.echo(lien)


def show_failure(
    tirs: Annotated[int, typer.Option("--tirs", min=1, max=100, help="nombre d'arrêts brutaux")] = 3,
    graine: Annotated[int | None, typer.Option("--graine", help="graine du hasard, pour rejouer")] = None,
) -> None:
    """Tue le processus (SIGKILL) pendant que des événements arrivent, le relance, et compte ce qui manque."""
    raise typer.Exit(play(tirs, graine, typer.echo))
