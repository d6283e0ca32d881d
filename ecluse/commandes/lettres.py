"""Dead letters: list, show, replay."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from ecluse.commandes.commun import DossierMaison, EnJson, Origine, fail, house, print_json
from shared.runtime.lettres import REFUSE_A_LA_PORTE

app = typer.Typer(help="Lettres mortes : événements qui ne peuvent avoir d'effet.", no_args_is_help=True)
# More digits than any letter has, fewer than a database takes.
CHIFFRES = 15
Reference = Annotated[str, typer.Argument(help="lettre, sous la forme service/numéro, par exemple production/3")]


@app.command("list")
def list_letters(
    data_dir: DossierMaison = None,
    vers: Origine = None,
    closes: Annotated[bool, typer.Option("--closes", help="avec celles qui sont closes")] = False,
    json: EnJson = False,
) -> None:
    """Liste les lettres mortes."""
    with house(data_dir, vers) as acces:
        lettres = acces.letters(closes=closes)
    if json:
        print_json(lettres)
        return
    for lettre in lettres:
        close = f"  [close : {lettre['close_par']}]" if lettre["close_le"] else ""
        typer.echo(f"{lettre['service']}/{lettre['numero']}  {_identity(lettre)}{close}\n    {lettre['detail']}")
    typer.echo(f"{len(lettres)} lettre{'s' if len(lettres) > 1 else ''} morte{'s' if len(lettres) > 1 else ''}")


@app.command("show")
def show_letter(lettre: Reference, data_dir: DossierMaison = None, vers: Origine = None) -> None:
    """Montre une lettre avec son événement."""
    service, numero = _parse(lettre)
    with house(data_dir, vers) as acces:
        print_json(acces.letter(service, numero))


@app.command("replay")
def replay_letters(
    lettres: Annotated[list[str] | None, typer.Argument(help="lettres service/numéro ; aucune : toutes")] = None,
    data_dir: DossierMaison = None,
    vers: Origine = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="ne change rien, dit ce qui se passerait")] = False,
    json: EnJson = False,
) -> None:
    """Rejoue des lettres ; code de sortie 1 si l'une d'elles ne peut toujours pas avoir d'effet."""
    with house(data_dir, vers) as acces:
        choix = (
            [_parse(r) for r in lettres]
            if lettres
            else [(lettre["service"], lettre["numero"]) for lettre in acces.letters(closes=False)]
        )
        resultats = [{"service": s, **acces.replay(s, n, essai=dry_run)} for s, n in choix]
    if json:
        print_json(resultats)
    else:
        for r in resultats:
            typer.echo(f"{r['service']}/{r['numero']} : {r['effet']} ({r['detail']})")
    raise typer.Exit(0 if all(r["effet"] in ("applique", "possible") for r in resultats) else 1)


def _identity(lettre: Mapping[str, Any]) -> str:
    if lettre["motif"] == REFUSE_A_LA_PORTE:
        return f"{lettre['type'] or 'illisible'}  {lettre['source']}/{lettre['id']}"
    return f"{lettre['type']}  {lettre['caf']} {lettre['objet']}  id {lettre['id']}"


def _parse(reference: str) -> tuple[str, int]:
    service, _, numero = reference.partition("/")
    if service not in ("contacts", "production", "recovery") or not (numero.isdecimal() and len(numero) <= CHIFFRES):
        raise fail(f"lettre attendue sous la forme service/numéro (par exemple production/3), reçu : {reference}")
    return service, int(numero)
