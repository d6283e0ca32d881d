"""What every command shares: the data folder, the way to the house, one clear line when it can not work."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console

from ecluse.acces import Acces, reach
from ecluse.client import ServeurInjoignable
from ecluse.distribue.reglages import ReglageFaux
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
    except OSError as erreur:
        raise fail(f"{explain_os(erreur)} : {erreur.filename or ''}".rstrip(" :")) from None


@contextmanager
def house(chemin: Path) -> Iterator[Acces]:
    """The house of the folder; what prevents it is one clear line and exit 2."""
    with refusals(), reach(chemin) as acces:
        yield acces


def console(*, erreur: bool = False) -> Console:
    """Rich output: no colour when it is not a terminal."""
    return Console(stderr=erreur, highlight=False)


def print_json(document: Any) -> None:
    """The document as the API gives it, readable."""
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n")
