"""Moving to the distributed mode: ``ecluse migrate``."""

from itertools import groupby
from operator import attrgetter
from typing import Annotated, Final

import typer

from ecluse.commandes.commun import DEFAUT, DossierDonnees, fail, refusals
from ecluse.dossier import own

_SERVICE: Final = "{service}"
Adresse = Annotated[
    str,
    typer.Option(
        "--to",
        help="adresse PostgreSQL où « {service} » devient contacts, production, recovery puis indicators, "
        "par exemple postgresql://proprietaire@hote:5432/{service} (mot de passe : PGPASSWORD ou .pgpass)",
    ),
]


def migrate(to: Adresse, data_dir: DossierDonnees = DEFAUT) -> None:
    """Déménage un dossier de données vers PostgreSQL, d'où les publieurs l'enverront à Kafka.

    Écluse doit être arrêtée. Une base par service, vide ; les tables y sont créées. Chaque table est comparée ligne à
    ligne. Le dossier est ensuite fermé : il ne sert plus que de copie.
    """
    try:
        from ecluse.distribue.demenagement import DemenagementRefuse, Deplacee, move_folder
    except ImportError as erreur:
        raise fail(f"le mode réparti n'est pas installé ({erreur.name} manque) : installer ecluse[distribue]") from None

    if _SERVICE not in to:
        raise fail(f"--to : l'adresse doit contenir « {_SERVICE} », chaque service a sa base")
    faites: list[Deplacee] = []
    with refusals(), own(data_dir) as dossier:
        try:
            move_folder(dossier.chemin, lambda service: to.replace(_SERVICE, service), faites.append)
        except DemenagementRefuse as refus:
            raise fail(str(refus)) from None
        dossier.close_for_good("il a déménagé vers PostgreSQL")
    for service, tables in groupby(faites, attrgetter("service")):
        siennes = list(tables)
        suite = " (déjà là)" if siennes[0].deja else ""
        typer.echo(f"{service} : {sum(t.lignes for t in siennes)} lignes, {len(siennes)} tables, identiques{suite}")
    typer.echo(f"Le dossier {data_dir} est fermé. Lancer les services : « ecluse serve » ou « docker compose up ».")
