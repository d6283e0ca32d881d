"""The topics of the distributed mode: created, checked, and adopted when they are not those of before."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from ecluse.commandes.commun import fail, refusals

if TYPE_CHECKING:
    from shared.bus.admin import Administration
    from shared.events.base import Service

app = typer.Typer(help="Les sujets Kafka du mode réparti.", no_args_is_help=True)


class ServiceAdoptant(StrEnum):
    """Whose database remembers topics."""

    contacts = "contacts"
    production = "production"
    recovery = "recovery"
    indicators = "indicators"


@app.command("create")
def create_topics() -> None:
    """Crée les sujets qui manquent ; ceux qui existent restent comme ils sont."""
    with _cluster() as administration:
        crees = administration.create()
        for nom in crees:
            typer.echo(f"{nom} : créé")
        if not crees:
            typer.echo("Tous les sujets existent déjà.")
        _tell(administration.check())


@app.command("check")
def check_topics() -> None:
    """Dit ce qui diffère des sujets déclarés : absent, autre nombre de partitions, autre durée de garde."""
    with _cluster() as administration:
        ecarts = administration.check()
        if not ecarts:
            typer.echo("Tous les sujets sont comme déclarés.")
        _tell(ecarts)


@app.command("adopter")
def adopt_topics(
    service: Annotated[ServiceAdoptant, typer.Argument(help="service dont la base est dans l'environnement")],
    oui: Annotated[bool, typer.Option("--oui", help="ne demande pas confirmation")] = False,
    refaire: Annotated[
        bool, typer.Option("--refaire", help="indicateurs : efface les chiffres, les refait des journaux")
    ] = False,
    sauver: Annotated[
        Path | None,
        typer.Option(
            "--sauver",
            help="ne change rien : écrit les faits que le journal a de plus que la base (NDJSON, - : sortie)",
        ),
    ] = None,
) -> None:
    """Repart avec les sujets tels qu'ils sont : recréés, ou amputés par Kafka. Dit d'abord ce qui est perdu ou non.

    Les workers du service sont arrêtés ; pour indicators, tous ses processus. Code de sortie : 0 fait ou rien à faire,
    1 la personne a dit non, 2 refusé.
    """
    if refaire and service is not ServiceAdoptant.indicators:
        raise fail("--refaire ne vaut que pour indicators")
    if sauver is not None and service is ServiceAdoptant.indicators:
        raise fail("--sauver ne vaut que pour contacts, production et recovery : les indicateurs n'ont pas de journal")
    with _refusals():
        from ecluse.distribue.adoption import open_adoption

        if sauver is not None:
            _save(service.value, sauver)
            return
        with open_adoption(os.environ, service.value, refaire=refaire) as proposition:
            if not proposition.dit:
                typer.echo(f"{service.value} : rien à adopter, les sujets continuent la base.")
                return
            for ligne in proposition.dit:
                typer.echo(f"- {ligne}")
            _confirm(oui=oui)
            proposition.accept()
            typer.echo(f"Fait. {proposition.suite}")


def _confirm(*, oui: bool) -> None:
    if oui:
        return
    if not sys.stdin.isatty():
        raise fail("rien n'a changé : ajouter --oui pour le faire")
    if not typer.confirm("Le faire ?"):
        typer.echo("Rien n'a changé.")
        raise typer.Exit(1)


def _save(service: str, fichier: Path) -> None:
    from ecluse.distribue.adoption import keep_surplus

    with _written(fichier) as write:
        surplus = keep_surplus(os.environ, cast("Service", service), write)
    typer.echo(f"{surplus.faits} faits écrits dans {fichier} ; les renvoyer : « ecluse import {fichier} »", err=True)
    if surplus.decisions:
        typer.echo(
            f"{surplus.decisions} événements que {service} avait décidés n'y sont pas : il les décide de nouveau quand "
            "les faits reviennent. Les prises et gestes faits dans les corbeilles depuis la copie sont à refaire.",
            err=True,
        )


@contextmanager
def _written(fichier: Path) -> Iterator[Callable[[bytes], object]]:
    """A new file that is there whole or not at all; ``-``: the standard output."""
    if str(fichier) == "-":
        yield sys.stdout.buffer.write
        sys.stdout.buffer.flush()
        return
    # Facts hold pseudonyms: nobody else reads them.
    with open(fichier, "xb", opener=lambda chemin, modes: os.open(chemin, modes, 0o600)) as sortie:
        try:
            yield sortie.write
        except BaseException:
            fichier.unlink()
            raise


def _tell(ecarts: list[str]) -> None:
    for ecart in ecarts:
        typer.echo(ecart)
    if ecarts:
        raise typer.Exit(1)


@contextmanager
def _cluster() -> Iterator["Administration"]:
    """The administration of the cluster that the environment names."""
    with _refusals():
        from ecluse.distribue.courtier import courtier_of
        from shared.bus.admin import Administration

        with Administration(courtier_of(os.environ)) as administration:
            yield administration


@contextmanager
def _refusals() -> Iterator[None]:
    """What prevents a command is one clear line and exit 2."""
    try:
        # Not at the top: the embedded mode is installed without Kafka's libraries.
        from ecluse.distribue.adoption import AdoptionRefusee
        from shared.bus.admin import SujetRefuse
        from shared.bus.courtier import CourtierInjoignable
        from shared.runtime.reperes import Arret
    except ModuleNotFoundError as absent:
        raise fail(
            f"le mode réparti n'est pas installé (module {absent.name}) : pip install 'ecluse[distribue]'"
        ) from None

    try:
        with refusals():
            yield
    except (AdoptionRefusee, Arret, CourtierInjoignable, SujetRefuse) as erreur:
        raise fail(str(erreur)) from None
