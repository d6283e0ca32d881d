"""What every command shares: the data folder, the way to the house, one clear line when it can not work."""

import os
import select
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from typer.core import TyperGroup

from ecluse.acces import Acces, reach, reach_origin
from ecluse.client import ServeurInjoignable
from ecluse.distribue import formes
from ecluse.distribue.reglages import ReglageFaux, read_one
from ecluse.distribue.variables import JETON
from ecluse.dossier import DossierInutilisable
from services.indicators.rules import QuestionRefusee
from shared.base import BaseInutilisable
from shared.ndjson import FichierIllisible
from shared.runtime.ecrivain import Indisponible, Refuse
from shared.systeme import explain_os
from shared.web.problemes import Probleme

DossierDonnees = Annotated[
    Path, typer.Option("--data-dir", envvar="ECLUSE_DATA_DIR", help="dossier de données", show_default=True)
]
DossierMaison = Annotated[
    Path | None, typer.Option("--data-dir", help="dossier de données ; sinon ECLUSE_DATA_DIR, sinon data")
]
Origine = Annotated[
    str | None,
    typer.Option(
        "--vers",
        help="au lieu d'un dossier, une maison qui tourne ailleurs : http://machine:port, sinon ECLUSE_URL ; "
        "son jeton : ECLUSE_TOKEN ou ECLUSE_TOKEN_FILE",
    ),
]
EnJson = Annotated[bool, typer.Option("--json", help="écrit le document JSON de l'API")]
DEFAUT = Path("data")
_ATTENDUES = (
    DossierInutilisable,
    ReglageFaux,
    BaseInutilisable,
    ServeurInjoignable,
    Indisponible,
    Refuse,
    Probleme,
    FichierIllisible,
    QuestionRefusee,
)


def fail(message: str, code: int = 2) -> typer.Exit:
    """One line on the error output; to be raised."""
    typer.echo(f"ecluse : {message}", err=True)
    return typer.Exit(code)


@contextmanager
def refusals() -> Iterator[None]:
    """Turns what was foreseen into one clear line and exit 2."""
    try:
        yield
    except _ATTENDUES as erreur:
        raise fail(getattr(erreur, "detail", None) or str(erreur)) from None
    except BrokenPipeError:
        # Who read the output has left: see ``Commandes``.
        raise
    except OSError as erreur:
        raise fail(f"{explain_os(erreur)} : {erreur.filename or ''}".rstrip(" :")) from None


@contextmanager
def house(dossier: Path | None, vers: str | None) -> Iterator[Acces]:
    """The house of a folder, or the one at an origin; what prevents it is one clear line and exit 2.

    What the command line says outweighs the environment; there, the origin outweighs the folder.
    """
    if dossier and vers:
        raise fail("--vers et --data-dir désignent deux maisons : donner l'un ou l'autre")
    origine = vers or (None if dossier else os.environ.get("ECLUSE_URL", "").strip())
    with refusals():
        chemin = dossier or Path(os.environ.get("ECLUSE_DATA_DIR") or DEFAUT)
        with _reach_elsewhere(origine) if origine else reach(chemin) as acces:
            yield acces


def _reach_elsewhere(origine: str) -> AbstractContextManager[Acces]:
    return reach_origin(*read_origin(origine, "--vers ou ECLUSE_URL"))


def read_origin(origine: str, option: str) -> tuple[str, str]:
    """The address of a house that runs elsewhere, and its token, from the environment.

    Raises ``ReglageFaux``, which names the option, or what is missing.
    """
    try:
        url = formes.HTTP.lit(origine)
    except ValueError:
        raise ReglageFaux(f"{option} : valeur refusée ; attendu : {formes.HTTP.attendu}") from None
    jeton = read_one(os.environ, JETON)
    if jeton is None:
        raise ReglageFaux(f"{JETON.nom} (ou {JETON.fichier}) manque : {url} demande le jeton de la maison")
    return str(url), jeton.reveal()


class Commandes(TyperGroup):
    """The commands. Who reads their output may leave before its end (``| head``): that ends them, and is no error."""

    def invoke(self, ctx: Any) -> Any:
        """See ``TyperGroup``."""
        try:
            try:
                return super().invoke(ctx)
            finally:
                sys.stdout.flush()
        except BrokenPipeError:
            if _is_read():
                raise
            # What is still to be flushed when the process ends has nowhere to go.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(0) from None


def _is_read() -> bool:
    """Whether somebody reads what this process writes: another pipe of ours may have broken."""
    sondage = select.poll()
    sondage.register(sys.stdout.fileno(), 0)
    return not sondage.poll(0)


class _Sortie(Console):
    def on_broken_pipe(self) -> None:
        """Let ``Commandes`` end the command: the library would exit with 1."""
        raise  # called while the BrokenPipeError is handled


def console(*, erreur: bool = False) -> Console:
    """Rich output: no colour when it is not a terminal."""
    return _Sortie(stderr=erreur, highlight=False)


def print_json(document: Any) -> None:
    """The document as the API gives it, readable."""
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n")
