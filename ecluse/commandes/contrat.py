"""What people give to follow a contract: values typed in, targets."""

import re
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.table import Column, Table
from rich.text import Text

from ecluse.commandes.commun import DossierMaison, EnJson, Origine, console, fail, house, print_json, refusals
from services.indicators.affiche import OPERATEURS, word_level, word_with_unit
from services.indicators.contrat_documents import parse_days
from services.indicators.valeurs import Saisie

valeurs = typer.Typer(help="Valeurs saisies : ce qu'aucun événement ne donne.", no_args_is_help=True)
cibles = typer.Typer(help="Cibles des contrats, par Caf, code et année.", no_args_is_help=True)
_NOMBRE: Final = re.compile(r"[+-]?[0-9]+([.,][0-9]+)?")
_ETATS: Final = {"cible_non_transmise": "cible non transmise", "suivi": "suivi sans cible", "retiree": "retirée"}
Caf = Annotated[str, typer.Option("--caf", help="numéro de Caf, trois chiffres")]
Auteur = Annotated[str, typer.Option("--auteur", help="rôle ou pseudonyme opaque de qui le donne, jamais un nom")]
Cle = Annotated[
    str | None, typer.Option("--cle", help="clé d'idempotence : la même commande, redonnée, n'a d'effet qu'une fois")
]
Annee = Annotated[int | None, typer.Option("--annee", help="l'année entière, au lieu de --du et --au")]


@valeurs.command("saisir")
def record_value(
    caf: Caf,
    code: Annotated[str, typer.Option("--code", help="code d'un indicateur qui se saisit")],
    valeur: Annotated[
        str, typer.Option("--valeur", help="0,91 ou 0.91 ; un taux est une fraction, un montant est en centimes")
    ],
    auteur: Auteur,
    annee: Annee = None,
    du: Annotated[str | None, typer.Option("--du", help="premier jour, AAAA-MM-JJ")] = None,
    au: Annotated[str | None, typer.Option("--au", help="dernier jour, compris")] = None,
    commentaire: Annotated[str | None, typer.Option("--commentaire", help="sans nom de personne")] = None,
    cle: Cle = None,
    data_dir: DossierMaison = None,
    vers: Origine = None,
    json: EnJson = False,
) -> None:
    """Saisit la valeur d'une période ; une correction est une nouvelle saisie, rien n'est effacé."""
    with refusals():
        saisie = Saisie(caf, code, parse_days(du, au, annee), _number(valeur), auteur, commentaire)
    with house(data_dir, vers) as acces:
        document = acces.record_value(saisie, cle)
    if json:
        print_json(document)
        return
    v = document["valeur"]
    fait = "enregistrée" if document["nouvelle"] else "déjà saisie, rien n'a changé"
    quoi = f"{v['code']}, Caf {v['caf']}, du {v['du']} au {v['au']}"
    lue = word_with_unit(v["valeur"], v["unite"], 2)
    typer.echo(f"{quoi} : {lue} ; {fait} (n° {v['numero']}, par {v['auteur']})")


@valeurs.command("lister")
def list_values(
    caf: Caf,
    code: Annotated[str | None, typer.Option("--code", help="un seul indicateur")] = None,
    data_dir: DossierMaison = None,
    vers: Origine = None,
    json: EnJson = False,
) -> None:
    """Liste les valeurs saisies, corrigées comprises, dans l'ordre où elles l'ont été."""
    with house(data_dir, vers) as acces:
        lues = acces.values(caf, code)
    if json:
        print_json(lues)
        return
    table = Table("N°", Column("Code", no_wrap=True), "Du", "Au", Column("Valeur", justify="right"), "Auteur",
                  "Saisie le", "En vigueur", "Commentaire")  # fmt: skip
    for v in lues:
        table.add_row(
            str(v["numero"]), v["code"], v["du"], v["au"], word_with_unit(v["valeur"], v["unite"], 2), v["auteur"],
            v["saisie_le"], "oui" if v["en_vigueur"] else "non", Text(v["commentaire"] or ""),
        )  # fmt: skip
    console().print(table)


@cibles.command("importer")
def import_targets(
    fichier: Annotated[Path, typer.Argument(help="table CSV des cibles", dir_okay=False)],
    auteur: Auteur,
    cle: Cle = None,
    data_dir: DossierMaison = None,
    vers: Origine = None,
    json: EnJson = False,
) -> None:
    """Importe une liste de cibles, tout ou rien ; les cibles remplacées restent dans l'histoire."""
    with refusals():
        table = fichier.read_bytes()
    with house(data_dir, vers) as acces:
        document = acces.import_targets(table, auteur, fichier.name, cle)
    if json:
        print_json(document)
    elif document["nouvelle"]:
        numero = document["importation"]["numero"]
        typer.echo(f"import n° {numero} ; cibles lues : {document['lignes']}, changées : {document['changees']}")
    else:
        typer.echo(f"cibles lues : {document['lignes']}, toutes déjà en vigueur : rien n'a changé")


@cibles.command("lister")
def list_targets(
    caf: Caf,
    annee: Annotated[int, typer.Option("--annee", help="année des cibles")],
    historique: Annotated[bool, typer.Option("--historique", help="avec celles que d'autres ont remplacées")] = False,
    data_dir: DossierMaison = None,
    vers: Origine = None,
    json: EnJson = False,
) -> None:
    """Liste les cibles d'une Caf et d'une année, avec l'import qui les a données."""
    with house(data_dir, vers) as acces:
        document = acces.targets(caf, annee, historique=historique)
    if json:
        print_json(document)
        return
    table = Table(Column("Code", no_wrap=True), "Indicateur", "Nature", Column("Cible", justify="right"), "Source",
                  "Import", "En vigueur")  # fmt: skip
    for c in document["cibles"]:
        i = c["importation"]
        origine = f"n° {i['numero']}, {i['importe_le'][:10]}, {i['auteur']}"
        vigueur = "oui" if c["en_vigueur"] else "non"
        table.add_row(c["code"], c["libelle"], c["nature"], _word(c), Text(c["source"]), origine, vigueur)
    console().print(table)


@cibles.command("imports")
def list_imports(data_dir: DossierMaison = None, vers: Origine = None, json: EnJson = False) -> None:
    """Liste les imports de cibles : par qui, quand, combien de lignes ont changé."""
    with house(data_dir, vers) as acces:
        imports = acces.target_imports()
    if json:
        print_json(imports)
        return
    table = Table("N°", "Importé le", "Auteur", "Fichier", "Lignes", "Changées")
    for i in imports:
        nombres = str(i["lignes"]), str(i["changees"])
        table.add_row(str(i["numero"]), i["importe_le"], i["auteur"], Text(i["fichier"] or ""), *nombres)
    console().print(table)


def _number(texte: str) -> float:
    """A number as people write it in French or in English, with a comma or a point."""
    if not _NOMBRE.fullmatch(texte):
        raise fail(
            f"--valeur « {texte[:40]} » n'est pas un nombre : l'écrire en chiffres, par exemple 0,91, sans espace, "
            "unité ni signe %"
        )
    return float(texte.replace(",", "."))


def _word(cible: Any) -> str:
    if cible["etat"] != "transmise":
        return _ETATS[cible["etat"]]
    return f"{OPERATEURS[cible['operateur']]} {word_level(cible['valeur'], cible['unite'])}"
