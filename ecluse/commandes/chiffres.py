"""Figures out: indicators, their series and cuts, and the proof by rebuild."""

from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
import typer
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from ecluse.commandes.commun import DossierMaison, EnJson, Origine, console, house, print_json
from ecluse.commandes.ecriture import Role, is_narrow, name_cells, name_columns, print_freshness, show
from ecluse.commandes.fichiers import choose_format, write_file
from ecluse.commandes.rapprochements import print_comparison
from services.indicators.affiche import ETATS, MATURITES, word_origin
from services.indicators.answer import SaisieAffichee
from services.indicators.cibles import Etat
from services.indicators.comparaison import Avec
from services.indicators.maturite import EtatDeMaturite
from services.indicators.reconstruction import ECARTS_MONTRES
from services.indicators.rules import Role as RoleDeCaf

# In characters.
_SANS_FIN: Final = 10_000
_ETAT_ETROIT: Final = 16
Caf = Annotated[str, typer.Option("--caf", help="numéro de Caf, trois chiffres")]
Du = Annotated[str, typer.Option("--du", help="premier jour, AAAA-MM-JJ")]
Au = Annotated[str, typer.Option("--au", help="dernier jour, compris")]
Codes = Annotated[list[str] | None, typer.Option("--code", help="code d'indicateur (plusieurs fois possible)")]
Serie = Annotated[str | None, typer.Option("--serie", help="jour, semaine, mois ou an")]
Comparer = Annotated[
    Avec | None, typer.Option("--compare", help="à côté de la même période un an avant, ou de la précédente")
]
AvecDu = Annotated[str, typer.Option("--avec-du", help="premier jour de la période à comparer, avec --avec-au")]
AvecAu = Annotated[str, typer.Option("--avec-au", help="dernier jour de la période à comparer, compris")]
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
    compare: Comparer = None,
    avec_du: AvecDu = "",
    avec_au: AvecAu = "",
    role: Role = RoleDeCaf.proprietaire,
    data_dir: DossierMaison = None,
    vers: Origine = None,
    json: EnJson = False,
    format_: FormatDeFichier = None,
    sortie: Sortie = None,
) -> None:
    """Donne les indicateurs d'une Caf sur une période ; pour un code, en série (--serie), en coupe (--par) ou
    les deux ; à côté d'une autre période avec --compare.

    Avec --format ou --sortie, écrit un fichier : un chiffre par indicateur, ou avec --serie une ligne par point.
    """
    if format_ or sortie:
        if par or json or compare or avec_du or avec_au:
            raise typer.BadParameter("--par, --compare, --avec-… et --json ne vont pas avec --format ni --sortie")
        choisi = choose_format(format_, sortie)
        with house(data_dir, vers) as acces:
            write_file(acces.export(caf, du, au, code or [], serie, choisi, role.value), sortie)
        return
    if (serie or par) and (not code or len(code) != 1):
        raise typer.BadParameter("une série ou une coupe demande un seul --code")
    comparaison = bool(compare or avec_du or avec_au)
    if comparaison and (serie or par):
        raise typer.BadParameter("deux périodes se comparent figure par figure : sans --serie ni --par")
    with house(data_dir, vers) as acces:
        if comparaison:
            document = acces.compare(
                caf, du, au, code or [], role.value, compare.value if compare else "", avec_du, avec_au
            )
        elif serie and code:
            document = acces.series(code[0], caf, du, au, serie, role.value, par or "")
        elif par and code:
            document = acces.cut(code[0], caf, du, au, par, role.value)
        else:
            document = acces.figures(caf, du, au, code or [], role.value)
    if json:
        print_json(document)
    elif comparaison:
        print_comparison(document)
    else:
        _print(document)


def rebuild(
    data_dir: DossierMaison = None,
    vers: Origine = None,
    accepter_restauration: Annotated[
        bool, typer.Option("--accepter-restauration", help="repartir d'une copie restaurée, en connaissance de cause")
    ] = False,
    depuis_archive: Annotated[
        Path | None,
        typer.Option(
            "--depuis-archive",
            help="lit dans ce dossier d'archives ce qu'il contient, puis la suite dans les journaux ; le dossier est "
            "celui de la machine qui donne les chiffres",
        ),
    ] = None,
    json: EnJson = False,
) -> None:
    """Refait tous les indicateurs depuis le journal et les compare ; code de sortie 1 s'ils diffèrent."""
    with house(data_dir, vers) as acces:
        archive = depuis_archive and depuis_archive.absolute()
        document = acces.rebuild(accepter_restauration=accepter_restauration, archive=archive)
    if json:
        print_json(document)
    elif document["egal"]:
        typer.echo(f"égal : {document['evenements']} événements repliés, {document['cellules']} cellules identiques")
        typer.echo(_tell_speed(document))
    else:
        nombre = len(document["ecarts"])
        typer.echo(f"DIFFÉRENT ; cellules inégales : {nombre}{' au moins' if nombre == ECARTS_MONTRES else ''}")
        for ecart in document["ecarts"][:20]:
            typer.echo(f"  {ecart}")
    raise typer.Exit(0 if document["egal"] else 1)


def _tell_speed(document: Any) -> str:
    debit = f"{document['evenements'] / max(document['secondes'], 1e-3):,.0f}".replace(",", " ")
    duree = f"{document['secondes']:.1f} s".replace(".", ",")
    origine = f", {document['archives']} lus dans l'archive" if document["archives"] else ""
    return f"en {duree}, {debit} événements par seconde{origine}"


def _print(document: Any) -> None:
    sortie = console()
    sortie.print(_table(document, sortie))
    print_freshness(document["fraicheur"])


def _table(document: Any, sortie: Console) -> Table:
    if "indicateurs" in document:
        return _figures(document, etroit=is_narrow(sortie))
    if "points" in document:
        table = _series(document)
        tient = sortie.measure(table, options=sortie.options.update(width=_SANS_FIN)).maximum <= sortie.width
        return table if tient else _long_series(document)
    table = Table(document["par"].capitalize(), Column(document["code"], justify="right"))
    for part in document["parts"]:
        table.add_row(Text(part["libelle"]), show(part["valeur"], document["unite"]))
    return table


def _figures(document: Any, *, etroit: bool) -> Table:
    noms = name_columns((i["code"] for i in document["indicateurs"]), etroit=etroit)
    valeur, maturites = Column("Valeur", justify="right", no_wrap=True), Column("Maturité", no_wrap=True)
    # A reason is a sentence: without a bound it would push out what must be read whole.
    etats = Column("État", max_width=_ETAT_ETROIT if etroit else None, overflow="fold")
    table = Table(*noms, valeur, etats, maturites, show_lines=etroit)
    for i in document["indicateurs"]:
        maturite = i.get("maturite")
        mot = MATURITES[EtatDeMaturite(maturite["etat"])] if maturite else ""
        etat = i.get("raison") or ETATS[Etat(i["etat"])]
        if "saisie" in i:
            # A value typed in may be that of another period than the one asked for.
            etat = f"{etat}. {word_origin(msgspec.convert(i['saisie'], SaisieAffichee))}"
        cellules = name_cells(i["code"], i["libelle"], etroit=etroit)
        table.add_row(*cellules, show(i["valeur"], i["unite"]), etat, mot)
    return table


def _series(document: Any) -> Table:
    tranches = document.get("tranches", [])
    noms = [Text(tranche["libelle"]) for tranche in tranches]
    colonnes = [Column(nom, justify="right", no_wrap=True) for nom in (document["code"], *noms)]
    table = Table(Column("Du", no_wrap=True), Column("Au", no_wrap=True), *colonnes)
    for rang, point in enumerate(document["points"]):
        points = [point, *(tranche["points"][rang] for tranche in tranches)]
        table.add_row(point["du"], point["au"], *(show(p["valeur"], document["unite"]) for p in points))
    return table


def _long_series(document: Any) -> Table:
    """A line for each value, where there is no room for a column by tranche."""
    table = Table(Column("Du", no_wrap=True), "Tranche", Column(document["code"], justify="right", no_wrap=True))
    for rang, point in enumerate(document["points"]):
        table.add_row(point["du"], "Ensemble", show(point["valeur"], document["unite"]))
        for tranche in document.get("tranches", []):
            valeur = tranche["points"][rang]["valeur"]
            table.add_row("", Text(tranche["libelle"]), show(valeur, document["unite"]))
    return table
