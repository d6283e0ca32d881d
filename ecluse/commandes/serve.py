"""The processes of the distributed mode: ``ecluse serve``, and ``ecluse doctor``, which looks at what they need."""

import os
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, NoReturn, cast

import typer

from ecluse.commandes.commun import fail, refusals

if TYPE_CHECKING:
    from ecluse.distribue.reglages import Role, Service


class NomDeService(StrEnum):
    """What a process may be."""

    contacts = "contacts"
    production = "production"
    recovery = "recovery"
    indicators = "indicators"
    porte = "porte"


class NomDeRole(StrEnum):
    """What a process of a service does."""

    api = "api"
    worker = "worker"
    all = "all"


def serve(
    service: Annotated[NomDeService, typer.Argument(help="service, ou la porte qui les réunit", show_default=False)],
    role: Annotated[NomDeRole, typer.Option("--role", help="répondre (api), travailler (worker), ou les deux")] = (
        NomDeRole.all
    ),
) -> None:
    """Lance un processus du mode réparti, réglé par son environnement seul."""
    with refusals():
        try:
            _run(service.value, role.value)
        except ModuleNotFoundError as absent:
            raise _not_installed(absent) from None


def doctor(
    service: Annotated[
        NomDeService | None, typer.Argument(help="service dont vérifier les besoins ; sans lui, ce qui est réglé")
    ] = None,
) -> None:
    """Vérifie réglages, courtier, sujets, base, migrations, Redis, horloges et adresses, et dit quoi faire."""
    try:
        from ecluse.distribue.doctor import examine
    except ModuleNotFoundError as absent:
        raise _not_installed(absent) from None
    bon = True
    for constat in examine(os.environ, cast("Service | None", service and service.value)):
        bon = bon and constat.bon
        typer.echo(f"{'ok    ' if constat.bon else 'À VOIR'}  {constat.sujet} : {constat.texte}")
    raise typer.Exit(0 if bon else 1)


def _run(service: str, role: str) -> NoReturn:
    from ecluse.distribue.reglages import ReglageFaux, read
    from ecluse.distribue.serve import run
    from ecluse.serveur import PortOccupe

    try:
        reglages = read(os.environ, cast("Service", service), cast("Role", "api" if service == "porte" else role))
        run(reglages, typer.echo)
    except (ReglageFaux, PortOccupe) as erreur:
        raise fail(str(erreur)) from None


def _not_installed(absent: ModuleNotFoundError) -> typer.Exit:
    return fail(f"le mode réparti n'est pas installé (module {absent.name}) : pip install 'ecluse[distribue]'")
