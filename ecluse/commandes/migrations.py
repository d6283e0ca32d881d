"""The tables of the services: brought to what this version reads, and held against it."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final

import typer
from sqlalchemy import Engine

from ecluse.commandes.commun import DEFAUT, fail, refusals
from ecluse.distribue import variables as v
from ecluse.distribue.reglages import read_one
from ecluse.dossier import own
from shared import migrations
from shared.base import open_postgres, open_sqlite

SERVICES: Final = ("contacts", "production", "recovery", "indicators")
app = typer.Typer(help="Les tables des services, d'une version à la suivante.", no_args_is_help=True)
Services = Annotated[
    list[str] | None,
    typer.Argument(
        help=f"services : {', '.join(SERVICES)} ; un seul avec {v.BASE.nom}, tous sinon", show_default=False
    ),
]
Geste = Callable[[str, Engine], None]
Dossier = Annotated[
    Path | None,
    typer.Option("--data-dir", help=f"dossier de données ; sans lui, la base de {v.BASE.nom}, sinon ./{DEFAUT}"),
]


@app.command("upgrade")
def upgrade(services: Services = None, data_dir: Dossier = None) -> None:
    """Amène les tables à ce que cette version lit."""

    def move(service: str, base: Engine) -> None:
        avant = migrations.current(service, base)
        migrations.upgrade(service, base)
        apres = migrations.current(service, base)
        typer.echo(f"{service} : à jour ({apres})" if avant == apres else f"{service} : {avant or 'vide'} → {apres}")

    _each(services, data_dir, move)


@app.command("current")
def current(services: Services = None, data_dir: Dossier = None) -> None:
    """Dit à quelle révision sont les tables."""

    def tell(service: str, base: Engine) -> None:
        typer.echo(f"{service} : {migrations.current(service, base) or 'vide'}")

    _each(services, data_dir, tell)


@app.command("check")
def check(services: Services = None, data_dir: Dossier = None) -> None:
    """Dit quelles tables ne sont pas celles que cette version lit ; code de sortie 1 s'il y en a."""
    ecarts: list[str] = []

    def look(service: str, base: Engine) -> None:
        revision, attendue = migrations.current(service, base), migrations.head_of(service)
        if revision == attendue:
            typer.echo(f"{service} : à jour ({revision})")
            return
        ecarts.append(service)
        typer.echo(
            f"{service} : {revision or 'vide'}, attendu {attendue} ; lancer « ecluse migrations upgrade {service} »"
        )

    _each(services, data_dir, look)
    if ecarts:
        raise typer.Exit(1)


def _each(services: list[str] | None, dossier: Path | None, geste: Geste) -> None:
    """Run a gesture on the database of each service; what prevents it is one clear line and exit 2."""
    inconnus = sorted(set(services or ()) - set(SERVICES))
    if inconnus:
        raise fail(f"service inconnu : {inconnus[0]} ; attendu : {', '.join(SERVICES)}")
    with refusals():
        adresse = None if dossier else read_one(os.environ, v.BASE)
        if adresse is not None:
            _on_postgres(services or [], adresse.reveal(), geste)
        else:
            _on_files(services or SERVICES, dossier or DEFAUT, geste)


def _on_postgres(services: Sequence[str], adresse: str, geste: Geste) -> None:
    if len(services) != 1:
        raise fail(f"{v.BASE.nom} est la base d'un seul service : dire lequel ({', '.join(SERVICES)})")
    with _closed_after(open_postgres(adresse, ecriture=True, silence=None)) as base:
        geste(services[0], base)


def _on_files(services: Sequence[str], dossier: Path, geste: Geste) -> None:
    if not dossier.is_dir():
        raise fail(f"le dossier {dossier} n'existe pas : donner --data-dir, ou {v.BASE.nom} pour PostgreSQL")
    with own(dossier):
        for service in services:
            chemin = dossier / f"{service}.db"
            if not chemin.exists():
                typer.echo(f"{service} : aucun fichier dans {dossier}, « ecluse up » le crée")
                continue
            with _closed_after(open_sqlite(chemin, ecriture=True)) as base:
                geste(service, base)


@contextmanager
def _closed_after(moteur: Engine) -> Iterator[Engine]:
    """An engine whose connections are closed at the end."""
    try:
        yield moteur
    finally:
        moteur.dispose()
