"""Closed months of the logs in Parquet files: ``ecluse archive``, ``ecluse archive verifier``."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from sqlalchemy import Engine

from ecluse.commandes.commun import DEFAUT, fail, refusals
from ecluse.distribue import variables as v
from ecluse.distribue.reglages import read_one
from shared import migrations
from shared.archive.contrat import ArchiveRefusee, Manifeste, explain_missing
from shared.archive.mois import read_month
from shared.base import BaseNonMigree, open_postgres, open_sqlite
from shared.events.catalogue import SERVICES
from shared.reglages import read_clock

if TYPE_CHECKING:
    from shared.archive.contrat import Contenu

app = typer.Typer(help="Les mois clos des journaux, en fichiers Parquet.")
VERS: Final = typer.Option("--vers", help="dossier des archives ; créé s'il manque")


@app.callback(invoke_without_command=True)
def archive(
    contexte: typer.Context,
    vers: Annotated[Path | None, VERS] = None,
    service: Annotated[
        list[str] | None, typer.Option("--service", help="service (plusieurs fois possible) ; sans lui, tous")
    ] = None,
    avant: Annotated[str | None, typer.Option("--avant", help="seulement les mois d'avant celui-ci, AAAA-MM")] = None,
    data_dir: Annotated[
        Path | None,
        typer.Option("--data-dir", help=f"dossier de données ; sans lui, la base de {v.BASE.nom}, sinon ./{DEFAUT}"),
    ] = None,
) -> None:
    """Écrit dans DOSSIER/{service}/{AAAA-MM}.parquet les mois clos qui n'y sont pas encore.

    Le journal n'est ni changé ni réduit, et la maison peut tourner. Recommencer n'ajoute que ce qui manque. En mode
    réparti, un service à la fois : celui de la base.
    """
    if contexte.invoked_subcommand:
        return
    if vers is None:
        raise fail("--vers manque : donner le dossier des archives")
    with _archiving():
        from shared.archive.ecriture import archive as add_months
        from shared.archive.journal import JournalEnBase

        limite = _read_limit(avant)
        for nom, base in _bases(_named(service), data_dir):
            journal = JournalEnBase(nom, base)
            bilan = add_months(journal, vers, avant=limite, maintenant=read_clock(), dire=_tell)
            etat = f"{bilan.ajoutes} mois de plus, {_extent(bilan.manifeste)}"
            typer.echo(f"{nom} : {etat if bilan.ajoutes else f'rien à ajouter, {_extent(bilan.manifeste)}'}")


@app.command("verifier")
def verify(
    dossier: Annotated[Path, typer.Argument(help="dossier des archives", show_default=False)],
    service: Annotated[list[str] | None, typer.Option("--service", help="service ; sans lui, tous")] = None,
) -> None:
    """Relit chaque enregistrement des archives : rien ne manque, rien n'a changé, chaque mois suit le précédent."""
    with _archiving():
        from shared.archive.lecture import open_archive, verify_archive

        presents = open_archive(dossier.absolute(), _named(service)).manifestes
        for nom in service or presents:
            if nom not in presents:
                raise ArchiveRefusee(f"aucune archive de {nom} dans {dossier}")
            typer.echo(f"{nom} : entière, {_extent(verify_archive(dossier, nom))}")


def _tell(contenu: "Contenu") -> None:
    typer.echo(f"  {contenu.service}/{contenu.fichier} : positions {contenu.premiere} à {contenu.derniere}")


def _extent(manifeste: Manifeste) -> str:
    if not manifeste.fichiers:
        return "aucun mois clos"
    premier, dernier = manifeste.fichiers[0].contenu.mois, manifeste.mois
    return f"{len(manifeste.fichiers)} mois de {premier} à {dernier}, {manifeste.suite.position} enregistrements"


def _named(services: list[str] | None) -> Sequence[str]:
    for nom in services or ():
        if nom not in SERVICES:
            raise fail(f"service inconnu : {nom} ; attendu : {', '.join(SERVICES)}")
    return services or SERVICES


def _read_limit(avant: str | None) -> str | None:
    try:
        return avant and read_month(avant)
    except ValueError:
        raise fail(f"--avant {avant} : mois attendu sous la forme AAAA-MM, par exemple 2024-01") from None


def _bases(services: Sequence[str], dossier: Path | None) -> Iterator[tuple[str, Engine]]:
    """The database of each service, to read; closed when the next is asked for."""
    adresse = None if dossier else read_one(os.environ, v.BASE)
    if adresse is not None:
        if len(services) != 1:
            raise fail(f"{v.BASE.nom} est la base d'un seul service : dire lequel avec --service")
        with _readable(services[0], open_postgres(adresse.reveal(), silence=None)) as base:
            yield services[0], base
        return
    dossier = dossier or DEFAUT
    if not dossier.is_dir():
        raise fail(f"le dossier {dossier} n'existe pas : donner --data-dir, ou {v.BASE.nom} pour PostgreSQL")
    for service in services:
        chemin = dossier / f"{service}.db"
        if not chemin.exists():
            raise fail(f"{service} : aucun fichier dans {dossier}, « ecluse up » le crée")
        with _readable(service, open_sqlite(chemin)) as base:
            yield service, base


@contextmanager
def _readable(service: str, base: Engine) -> Iterator[Engine]:
    """An engine on tables that this version reads, closed at the end. Raises ``BaseInutilisable``."""
    try:
        if not migrations.is_at_head(service, base):
            raise BaseNonMigree(
                f"la base de {service} n'est pas à la révision {migrations.head_of(service)} : lancer « ecluse "
                f"migrations upgrade {service} »"
            )
        yield base
    finally:
        base.dispose()


@contextmanager
def _archiving() -> Iterator[None]:
    """What prevents it is one clear line and exit 2."""
    with refusals():
        try:
            yield
        except ModuleNotFoundError as absent:
            raise fail(explain_missing(absent)) from None
