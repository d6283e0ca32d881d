"""Arrêtés: freeze the figures of a period, verify them, say what has moved since."""

import re
import sys
from collections.abc import Iterator
from typing import Annotated, Any, Final

import typer
from rich.table import Column, Table
from rich.text import Text
from typer.core import TyperGroup

from ecluse.arretes import AccesArretes
from ecluse.commandes.commun import DossierMaison, EnJson, Origine, console, fail, house, print_json, refusals
from services.indicators.affiche import word_with_unit
from services.indicators.arretes.endpoints import ID
from services.indicators.arretes.service import Demande
from services.indicators.auteurs import check_author
from shared.web.formats import nombre, pluriel

# Movements shown under each figure that moved; --code shows all those of one.
_MONTRES: Final = 5
AUTEUR_PAR_DEFAUT: Final = "ligne-de-commande"


class PeriodeOuCommande(TyperGroup):
    """``ecluse arrete 2023-01`` freezes a period: its name stands where that of a command would."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """See ``TyperGroup``."""
        if args and args[0] not in {*self.commands, "--help"}:
            args = ["prendre", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=PeriodeOuCommande,
    no_args_is_help=True,
    help="Arrêtés : les chiffres d'une période, figés, vérifiés, et ce qui a changé depuis. "
    "« ecluse arrete 2023-01 » arrête un mois, 2023-T1 un trimestre, 2023 une année.",
)
Periode = Annotated[str, typer.Argument(help="2023-01, 2023-T1 ou 2023")]
Cible = Annotated[str, typer.Argument(help="période (2023-01 : son dernier arrêté) ou identifiant (091-3)")]
Caf = Annotated[str | None, typer.Option("--caf", help="numéro de Caf ; sans elle : la seule connue")]


@app.command("prendre")
def take(
    periode: Periode,
    caf: Caf = None,
    provisoire: Annotated[bool, typer.Option("--provisoire", help="même si la période n'est pas finie")] = False,
    motif: Annotated[
        str | None, typer.Option("--motif", help="pourquoi un autre arrêté d'une période déjà arrêtée")
    ] = None,
    auteur: Annotated[
        str, typer.Option("--auteur", help="rôle ou pseudonyme opaque de qui arrête, gardé à jamais : jamais un nom")
    ] = AUTEUR_PAR_DEFAUT,
    data_dir: DossierMaison = None,
    vers: Origine = None,
    json: EnJson = False,
) -> None:
    """Arrête les chiffres d'une période."""
    with refusals():
        check_author(auteur)
    if motif is not None and not 0 < len(motif) <= 500:
        raise fail("--motif : 1 à 500 caractères")
    with house(data_dir, vers) as acces:
        pris = acces.arretes().take(Demande(caf, periode, auteur, provisoire, motif))
    if json:
        print_json(pris)
    else:
        typer.echo(f"arrêté {_name(pris)}\nempreinte SHA-256 : {pris['empreinte']}")


@app.command("liste")
def list_all(caf: Caf = None, data_dir: DossierMaison = None, vers: Origine = None, json: EnJson = False) -> None:
    """Liste les arrêtés ; sans --caf, de toutes les Caf."""
    with house(data_dir, vers) as acces:
        arretes = list(acces.arretes().all(caf))
    if json:
        print_json(arretes)
        return
    for arrete in arretes:
        typer.echo(f"{_name(arrete)}  {arrete['empreinte']}")
    typer.echo(pluriel(len(arretes), "arrêté"))


@app.command("document")
def write_out(arrete: Cible, caf: Caf = None, data_dir: DossierMaison = None, vers: Origine = None) -> None:
    """Écrit le document d'un arrêté, octet pour octet : sha256sum en donne l'empreinte."""
    with house(data_dir, vers) as acces:
        arretes = acces.arretes()
        octets = arretes.document(_resolve(arretes, arrete, caf))
    sys.stdout.buffer.write(octets)


@app.command("verifier")
def verify(caf: Caf = None, data_dir: DossierMaison = None, vers: Origine = None, json: EnJson = False) -> None:
    """Recalcule chaque empreinte et chaque lien ; code de sortie 1 si l'un d'eux ne tient plus."""
    with house(data_dir, vers) as acces:
        rapport = acces.arretes().verify(caf)
    if json:
        print_json(rapport)
    else:
        for anomalie in rapport["anomalies"]:
            typer.echo(anomalie)
        typer.echo(f"{pluriel(rapport['verifies'], 'arrêté')} ; {pluriel(len(rapport['anomalies']), 'anomalie')}")
        for dernier in rapport["derniers"]:
            typer.echo(f"dernier de la Caf {dernier['caf']} : {dernier['id']}  {dernier['empreinte']}")
    raise typer.Exit(1 if rapport["anomalies"] else 0)


@app.command("diff")
def compare(
    arrete: Cible,
    caf: Caf = None,
    code: Annotated[str | None, typer.Option("--code", help="un seul indicateur, avec tous ses mouvements")] = None,
    data_dir: DossierMaison = None,
    vers: Origine = None,
    json: EnJson = False,
) -> None:
    """Dit chaque chiffre qui a changé depuis un arrêté, et les événements qui l'ont changé."""
    with house(data_dir, vers) as acces:
        arretes = acces.arretes()
        id_ = _resolve(arretes, arrete, caf)
        ecarts = arretes.compare(id_)
        if code is not None:
            ecarts["ecarts"] = [e for e in ecarts["ecarts"] if e["code"] == code]
        mouvements = {
            e["code"]: list(_movements(arretes, id_, e["code"], None if code else _MONTRES))
            for e in ecarts["ecarts"]
            if e["mouvements"] and not ecarts["inexplique"]
        }
    if json:
        print_json({**ecarts, "mouvements": mouvements})
    else:
        _print(ecarts, mouvements)


def _resolve(arretes: AccesArretes, arrete: str, caf: str | None) -> str:
    return arrete if re.fullmatch(ID, arrete) else str(arretes.find(caf, arrete)["id"])


def _movements(arretes: AccesArretes, id_: str, code: str, limite: int | None) -> Iterator[Any]:
    apres, donnes = None, 0
    while True:
        page = arretes.movements(id_, code, apres)
        for mouvement in page["mouvements"]:
            if donnes == limite:
                return
            yield mouvement
            donnes += 1
        apres = page["suite"]
        if apres is None:
            return


def _print(ecarts: Any, mouvements: dict[str, list[Any]]) -> None:
    sortie = console()
    sortie.print(f"arrêté {_name(ecarts['arrete'])}", markup=False)
    table = Table(*(Column(nom, no_wrap=True) for nom in ("Code", "Arrêté", "Maintenant", "Mouvements", "Expliqué")))
    for e in ecarts["ecarts"]:
        nombre_ = "-" if e["mouvements"] is None else nombre(e["mouvements"])
        table.add_row(e["code"], _figure(e["arrete"], e), _figure(e["maintenant"], e), nombre_, _yes(e["explique"]))
    if ecarts["ecarts"]:
        sortie.print(table)
    for e in ecarts["ecarts"]:
        for mouvement in mouvements.get(e["code"], ()):
            sortie.print(Text(f"{e['code']}  {_told(mouvement)}"), soft_wrap=True)
    for f in ecarts["formules"]:
        sortie.print(
            f"{f['code']} : la formule a changé (version {f['formule_arretee']}, puis {f['formule']}) ; arrêté "
            f"{_figure(f['arrete'], f)}, avec la nouvelle formule {_figure(f['alors'], f)} alors et "
            f"{_figure(f['maintenant'], f)} maintenant",
            markup=False,
            soft_wrap=True,
        )
    for c in ecarts["cibles"]:
        sortie.print(f"{c['code']} : les cibles ont changé", markup=False)
    if ecarts["inexplique"]:
        sortie.print(ecarts["inexplique"], markup=False, soft_wrap=True)
    fraicheur = "à jour" if ecarts["fraicheur"]["a_jour"] else "PAS À JOUR"
    sortie.print(
        f"{pluriel(len(ecarts['ecarts']), 'chiffre changé', 'chiffres changés')}, "
        f"{pluriel(ecarts['identiques'], 'identique')} ; {fraicheur}"
    )


def _told(m: Any) -> str:
    effet = " ÷ ".join(f"{m[terme]:+d}" for terme in ("numerateur", "denominateur") if m[terme] is not None)
    causes = ", ".join(f"{e['type']} {e['id']} de {e['source']}" for e in m["evenements"]) or "sans événement d'outil"
    return f"{m['enregistre_le']}  {m['famille']} {m['objet']}  {effet}  {causes}"


def _figure(termes: Any, ecart: Any) -> str:
    valeur = word_with_unit(termes["valeur"], ecart["unite"], None if ecart["unite"] == "nombre" else 2)
    if termes["denominateur"] is None:
        return valeur
    return f"{valeur} ({nombre(termes['numerateur'])} ÷ {nombre(termes['denominateur'])})"


def _yes(vrai: bool) -> str:
    return "oui" if vrai else "NON"


def _name(arrete: Any) -> str:
    provisoire = ", provisoire" if arrete["provisoire"] else ""
    return f"{arrete['id']} (Caf {arrete['caf']}, {arrete['periode']}{provisoire}, pris le {arrete['pris_le']})"
