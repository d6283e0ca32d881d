"""Figures out: indicators, their series and cuts, and the proof by rebuild."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Column, Table
from rich.text import Text

from ecluse.commandes.commun import DossierMaison, EnJson, Origine, console, house, print_json
from ecluse.commandes.fichiers import choose_format, write_file
from services.indicators.affiche import ETATS
from services.indicators.cibles import Etat
from services.indicators.reconstruction import ECARTS_MONTRES

Caf = Annotated[str, typer.Option("--caf", help="numéro de Caf, trois chiffres")]
Du = Annotated[str, typer.Option("--du", help="premier jour, AAAA-MM-JJ")]
Au = Annotated[str, typer.Option("--au", help="dernier jour, compris")]
Codes = Annotated[list[str] | None, typer.Option("--code", help="code d'indicateur (plusieurs fois possible)")]
Serie = Annotated[str | None, typer.Option("--serie", help="jour, semaine, mois ou an")]
FormatDeFichier = Annotated[
    str | None, typer.Option("--format", help="fichier : csv-excel, xlsx, csv ou parquet ; sinon d'après --sortie")
]
Sortie = Annotated[Path | None, typer.Option("--sortie", help="fichier à écrire ; sans lui, la sortie standard")]
Par = Annotated[str | None, typer.Option("--par", help="coupe : nature, canal, teleservice, pole, site…")]


def indicators(
    caf: Caf,
    du: Du,
    au: Au,
    code: Codes = None,
    serie: Serie = None,
    par: Par = None,
    data_dir: DossierMaison = None,
    vers: Origine = None,
    json: EnJson = False,
    format_: FormatDeFichier = None,
    sortie: Sortie = None,
) -> None:
    """Donne les indicateurs d'une Caf sur une période, en série (--serie) ou en coupe (--par) pour un code.

    Avec --format ou --sortie, écrit un fichier : un chiffre par indicateur, ou avec --serie une ligne par point.
    """
    if format_ or sortie:
        if par or json:
            raise typer.BadParameter("--par et --json ne vont pas avec --format ni --sortie")
        choisi = choose_format(format_, sortie)
        with house(data_dir, vers) as acces:
            write_file(acces.export(caf, du, au, code or [], serie, choisi), sortie)
        return
    if (serie or par) and (not code or len(code) != 1):
        raise typer.BadParameter("une série ou une coupe demande un seul --code")
    with house(data_dir, vers) as acces:
        if serie and code:
            document = acces.series(code[0], caf, du, au, serie)
        elif par and code:
            document = acces.cut(code[0], caf, du, au, par)
        else:
            document = acces.figures(caf, du, au, code or [])
    if json:
        print_json(document)
    else:
        _print(document)


def rebuild(
    data_dir: DossierMaison = None,
    vers: Origine = None,
    accepter_restauration: Annotated[
        bool, typer.Option("--accepter-restauration", help="repartir d'une copie restaurée, en connaissance de cause")
    ] = False,
    json: EnJson = False,
) -> None:
    """Refait tous les indicateurs depuis le journal et les compare ; code de sortie 1 s'ils diffèrent."""
    with house(data_dir, vers) as acces:
        document = acces.rebuild(accepter_restauration=accepter_restauration)
    if json:
        print_json(document)
    elif document["egal"]:
        typer.echo(f"égal : {document['evenements']} événements repliés, {document['cellules']} cellules identiques")
    else:
        nombre = len(document["ecarts"])
        typer.echo(f"DIFFÉRENT ; cellules inégales : {nombre}{' au moins' if nombre == ECARTS_MONTRES else ''}")
        for ecart in document["ecarts"][:20]:
            typer.echo(f"  {ecart}")
    raise typer.Exit(0 if document["egal"] else 1)


def _print(document: Any) -> None:
    sortie, fraicheur = console(), document["fraicheur"]
    sortie.print(_table(document))
    retard = fraicheur["retard_secondes"]
    etat = "à jour" if fraicheur["a_jour"] else "PAS À JOUR"
    sortie.print(f"{etat} ; retard {'ND' if retard is None else f'{retard:.1f} s'}".replace(".", ","))


def _table(document: Any) -> Table:
    if "indicateurs" in document:
        table = Table(
            Column("Code", no_wrap=True), "Indicateur", Column("Valeur", justify="right", no_wrap=True), "État"
        )
        for i in document["indicateurs"]:
            table.add_row(i["code"], i["libelle"], _show(i["valeur"], i["unite"]), ETATS[Etat(i["etat"])])
        return table
    if "points" in document:
        table = Table("Du", "Au", Column(document["code"], justify="right"))
        for point in document["points"]:
            table.add_row(point["du"], point["au"], _show(point["valeur"], document["unite"]))
        return table
    table = Table(document["par"].capitalize(), Column(document["code"], justify="right"))
    for part in document["parts"]:
        table.add_row(Text(part["libelle"]), _show(part["valeur"], document["unite"]))
    return table


def _show(valeur: float | None, unite: str) -> str:
    return "ND" if valeur is None else _french(valeur, unite)


def _french(valeur: float, unite: str) -> str:
    if unite == "taux":
        return f"{valeur * 100:.2f} %".replace(".", ",")
    if unite == "centimes":
        return f"{valeur / 100:,.2f} €".replace(",", " ").replace(".", ",")
    texte = f"{valeur:,.0f}" if float(valeur).is_integer() else f"{valeur:,.2f}"
    texte = texte.replace(",", " ").replace(".", ",")
    return f"{texte} j" if unite == "jours" else texte
