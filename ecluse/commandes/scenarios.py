"""The scenarios of the simulated Caf, and the one that a demonstration plays."""

from typing import Annotated, Any

import typer
from rich.table import Column, Table

from ecluse.commandes.commun import DossierMaison, EnJson, Origine, console, house, print_json
from ecluse.simulateur.scenario import Scenario, list_scenarios, read_scenario_parametres
from shared.temps import parse_instant
from shared.web.formats import moment


def list_all(json: EnJson = False) -> None:
    """Liste les scénarios : ce qu'ils font, leur fenêtre, d'où vient chaque paramètre (--json)."""
    scenarios = list_scenarios()
    if json:
        print_json([_describe(scenario) for scenario in scenarios])
        return
    # The name is what one types: it is never cut.
    table = Table(Column("Scénario", no_wrap=True), "Ce qu'il fait, et quand", show_lines=True)
    for s in scenarios:
        table.add_row(s.nom, f"{s.titre}. {s.description}\n{_word_window(s)}")
    console().print(table)


def play(
    nom: Annotated[str | None, typer.Argument(help="scénario à jouer ; sans nom : dit celui qui est joué")] = None,
    data_dir: DossierMaison = None,
    vers: Origine = None,
    json: EnJson = False,
) -> None:
    """Change le scénario de la démonstration qui tourne, ou dit lequel elle joue."""
    with house(data_dir, vers) as acces:
        document = acces.switch_scene(nom) if nom else acces.scene()
    if json:
        print_json(document)
        return
    typer.echo(f"{document['scenario']}, depuis le {moment(parse_instant(document['depuis']))} (Caf {document['caf']})")
    typer.echo(f"{document['titre']}. {document['description']}")


def _word_window(scenario: Scenario) -> str:
    """``Dès le premier jour, 15 jours``; ``À partir du 28/08, 42 jours``; ``…, jusqu'à la fin``."""
    duree = "jusqu'à la fin" if scenario.duree_jours is None else f"{scenario.duree_jours} jours"
    if isinstance(scenario.debut, str):
        mois, _, jour = scenario.debut.partition("-")
        return f"À partir du {jour}/{mois}, {duree}"
    debut = "Dès le premier jour" if scenario.debut == 0 else f"À partir du jour {scenario.debut + 1}"
    return f"{debut}, {duree}"


def _describe(scenario: Scenario) -> dict[str, Any]:
    return {
        "nom": scenario.nom,
        "titre": scenario.titre,
        "description": scenario.description,
        "debut": scenario.debut,
        "duree_jours": scenario.duree_jours,
        "montee_jours": scenario.montee_jours,
        "descente_jours": scenario.descente_jours,
        "parametres": [parametre._asdict() for parametre in read_scenario_parametres(scenario.nom)],
    }
