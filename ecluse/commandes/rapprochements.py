"""Figures held against something else: another period, or the rhythm of the last working days."""

from typing import Annotated, Any, Final

import typer
from rich.table import Column, Table

from ecluse.commandes.commun import DossierMaison, EnJson, Origine, console, house, print_json
from ecluse.commandes.ecriture import Role, is_narrow, name_cells, name_columns, print_freshness, show
from services.indicators.comparaison import Evolution
from services.indicators.registre.projections import PLUS_D_UN_AN, is_untold
from services.indicators.rules import Role as RoleDeCaf

# In characters: a day, or an amount, in the column of a period.
_VALEUR_ETROITE: Final = 13
_EVOLUTIONS = {Evolution.mieux: "mieux", Evolution.moins_bien: "moins bien", Evolution.egal: "égal"}


def project(
    caf: Annotated[str, typer.Option("--caf", help="numéro de Caf, trois chiffres")],
    au: Annotated[str, typer.Option("--au", help="jour achevé d'où partir, AAAA-MM-JJ ; par défaut hier")] = "",
    role: Role = RoleDeCaf.proprietaire,
    data_dir: DossierMaison = None,
    vers: Origine = None,
    json: EnJson = False,
) -> None:
    """Dit où va le stock au rythme des 20 derniers jours ouvrés, et ce qu'il faut traiter pour tenir les cibles."""
    with house(data_dir, vers) as acces:
        document = acces.project(caf, au, role.value)
    if json:
        print_json(document)
        return
    sortie = console()
    sortie.print(_head(document))
    table = Table("Au rythme des 20 derniers jours ouvrés", Column("Valeur", justify="right", no_wrap=True), "Calcul")
    for p in document["projections"]:
        table.add_row(p["libelle"], show_projected(p), p.get("raison") or p["calcul"])
    sortie.print(table)
    sortie.print("Formules d'Écluse, de simple arithmétique ; ce ne sont pas des prévisions.")
    for p in document["projections"]:
        sortie.print(f"- {p['libelle']} (version {p['version']}) : {p['formule']}")
    print_freshness(document["fraicheur"])


def show_projected(p: Any) -> str:
    """A projected value with its unit; a number of days that nobody can picture is said in words."""
    return PLUS_D_UN_AN if is_untold(p["code"], p["valeur"]) else show(p["valeur"], p["unite"])


def print_comparison(document: Any) -> None:
    """Both periods, one line for each figure."""
    ici, avec = document["periode"], document["avec"]
    sortie = console()
    etroit = is_narrow(sortie)
    borne = _VALEUR_ETROITE if etroit else None
    table = Table(
        *name_columns((c["code"] for c in document["indicateurs"]), etroit=etroit),
        Column(_name(ici), justify="right", max_width=borne),
        Column(_name(avec), justify="right", max_width=borne),
        Column("Différence", justify="right", no_wrap=True),
        *([] if etroit else ["Évolution"]),
        show_lines=etroit,
    )
    for c in document["indicateurs"]:
        evolution = _EVOLUTIONS.get(c["evolution"], "")
        valeurs = (show(c["ici"]["valeur"], c["unite"]), show(c["avec"]["valeur"], c["unite"]))
        noms = name_cells(c["code"], c["libelle"], etroit=etroit)
        difference = _difference(c)
        dessous = difference.replace(" (", "\n(")
        ecarts = [f"{dessous}\n{evolution}".strip()] if etroit else [difference, evolution]
        table.add_row(*noms, *valeurs, *ecarts)
    sortie.print(table)
    raisons = {c["avec"]["raison"] for c in document["indicateurs"] if "raison" in c["avec"]}
    for raison in sorted(raisons):
        typer.echo(raison)
    print_freshness(document["fraicheur"])


def _head(document: Any) -> str:
    rythme = document.get("rythme")
    debut = f"Au {document['au']} : {show(document['stock'], 'nombre')} pièces à traiter"
    if rythme is None:
        return debut
    entrees, sorties = (f"{rythme[nom]:.2f}".replace(".", ",") for nom in ("entrees_par_jour", "traitees_par_jour"))
    return (
        f"{debut} ; depuis le {rythme['du']}, {entrees} arrivées nettes et {sorties} traitées par jour ouvré ; "
        f"{document['jours_ouvres_restants']} jours ouvrés d'ici le {document['fin_de_mois']}"
    )


def _name(periode: Any) -> str:
    return f"{periode['du']} au {periode['au']} ({periode['jours_ouvres']} j ouvrés)"


def _difference(comparee: Any) -> str:
    difference = comparee["difference"]
    if difference is None:
        return ""
    signe = "+" if difference > 0 else ""
    if comparee["unite"] == "taux":
        return f"{signe}{difference * 100:.2f} points".replace(".", ",")
    relative = comparee["relative"]
    part = "" if relative is None else f" ({relative * 100:+.1f} %)".replace(".", ",")
    return f"{signe}{show(difference, comparee['unite'])}{part}"
