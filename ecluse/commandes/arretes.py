"""Arrêtés: freeze the figures of a period, verify them, say what has moved since."""

import re
import sys
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Final

import msgspec
import typer
from rich.table import Column, Table
from rich.text import Text
from typer.core import TyperGroup

from ecluse.arretes import AccesArretes
from ecluse.commandes.commun import DossierMaison, EnJson, Origine, console, fail, house, print_json, refusals
from services.indicators.arretes.affichage import (
    CiblesAffichees,
    EcartAffiche,
    FormuleAffichee,
    Moment,
    word_formula,
    word_gap,
    word_targets,
)
from services.indicators.arretes.endpoints import ID
from services.indicators.arretes.reponses import Ecarts
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
    code: Annotated[str | None, typer.Option("--code", help="un seul indicateur, et tous ses mouvements")] = None,
    data_dir: DossierMaison = None,
    vers: Origine = None,
    json: EnJson = False,
) -> None:
    """Dit chaque chiffre qui a changé depuis un arrêté, et les événements qui l'ont changé."""
    with house(data_dir, vers) as acces:
        arretes = acces.arretes()
        id_ = _resolve(arretes, arrete, caf)
        ecarts = arretes.compare(id_, code)
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
    lus = msgspec.convert(ecarts, Ecarts)
    sortie.print(f"arrêté {_name(ecarts['arrete'])}", markup=False)
    gaps = [word_gap(e) for e in lus.ecarts]
    if gaps:
        sortie.print(_table(gaps))
    lignes = [f"{e.code}  {e.saisie}" for e in gaps if e.saisie]
    lignes += [f"{e.code}  {_told(mouvement)}" for e in gaps for mouvement in mouvements.get(e.code, ())]
    lignes += [_formula(word_formula(f)) for f in lus.formules]
    lignes += [_targets(word_targets(c)) for c in lus.cibles]
    lignes += [lus.inexplique] if lus.inexplique else []
    for ligne in lignes:
        sortie.print(Text(ligne), soft_wrap=True)
    fraicheur = "à jour" if lus.fraicheur.a_jour else "PAS À JOUR"
    sortie.print(
        f"{pluriel(len(gaps), 'chiffre changé', 'chiffres changés')}, "
        f"{pluriel(lus.identiques, 'identique')} ; {fraicheur}"
    )


def _table(gaps: Sequence[EcartAffiche]) -> Table:
    table = Table(Column("Code", no_wrap=True), "Arrêté", "Maintenant", "Mouvements", "Expliqué")
    for e in gaps:
        mouvements = "-" if e.mouvements is None else nombre(e.mouvements)
        table.add_row(e.code, _figure(e.arrete), _figure(e.maintenant), mouvements, "oui" if e.explique else "NON")
    return table


def _formula(f: FormuleAffichee) -> str:
    return (
        f"{f.code} : la formule a changé (version {f.versions}) ; arrêté {_figure(f.arrete)}, avec la nouvelle formule "
        f"{_figure(f.alors)} alors et {_figure(f.maintenant)} maintenant"
    )


def _targets(c: CiblesAffichees) -> str:
    avant, apres = (" et ".join(cibles) for cibles in (c.arretees, c.maintenant))
    etats = f"{c.etat_arrete} → {c.etat}" if c.etat_arrete != c.etat else f"{c.etat}, comme alors"
    return f"{c.code} : cible {avant} → {apres} ; état : {etats}"


def _told(m: Any) -> str:
    effet = " ÷ ".join(f"{m[terme]:+d}" for terme in ("numerateur", "denominateur") if m[terme] is not None)
    causes = ", ".join(f"{e['type']} {e['id']} de {e['source']}" for e in m["evenements"]) or "sans événement d'outil"
    return f"{m['enregistre_le']}  {m['famille']} {m['objet']}  {effet}  {causes}"


def _figure(m: Moment) -> str:
    return f"{m.valeur} ({m.detail})" if m.detail else m.valeur


def _name(arrete: Any) -> str:
    provisoire = ", provisoire" if arrete["provisoire"] else ""
    return f"{arrete['id']} (Caf {arrete['caf']}, {arrete['periode']}{provisoire}, pris le {arrete['pris_le']})"
