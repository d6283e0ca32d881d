"""How the command line writes figures, and what its figure commands share."""

from collections.abc import Iterable
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.table import Column
from rich.text import Text

from ecluse.commandes.commun import console
from services.indicators.rules import Role as RoleDeCaf

# In characters.
_LARGE: Final = 110
_SIGNES: Final = {"jours": " j", "heures": " h", "m2": " m²"}
Role = Annotated[RoleDeCaf, typer.Option("--role", help="la Caf possède les dossiers, ou fait le travail (traitante)")]


def print_freshness(fraicheur: Any) -> None:
    """Whether everything that was accepted is counted."""
    retard = fraicheur["retard_secondes"]
    etat = "à jour" if fraicheur["a_jour"] else "PAS À JOUR"
    console().print(f"{etat} ; retard {'ND' if retard is None else f'{retard:.1f} s'}".replace(".", ","))


def is_narrow(sortie: Console) -> bool:
    """Whether labels have no room beside codes and values: they go under the codes, of which none is cut."""
    return sortie.width < _LARGE


def name_columns(codes: Iterable[str], *, etroit: bool) -> list[Column]:
    """The columns that name a figure: code and label, or both in one."""
    if etroit:
        return [Column("Indicateur", min_width=max(map(len, codes), default=0))]
    return [Column("Code", no_wrap=True), Column("Indicateur")]


def name_cells(code: str, libelle: str, *, etroit: bool) -> list[Text]:
    """What ``name_columns`` hold for a figure."""
    return [Text(f"{code}\n{libelle}")] if etroit else [Text(code), Text(libelle)]


def show(valeur: float | None, unite: str) -> str:
    """A value in French, with its unit."""
    return "ND" if valeur is None else _french(valeur, unite)


def _french(valeur: float, unite: str) -> str:
    if unite == "taux":
        return f"{valeur * 100:.2f} %".replace(".", ",")
    if unite == "centimes":
        return f"{valeur / 100:,.2f} €".replace(",", " ").replace(".", ",")
    texte = f"{valeur:,.0f}" if float(valeur).is_integer() else f"{valeur:,.2f}"
    texte = texte.replace(",", " ").replace(".", ",")
    return f"{texte}{_SIGNES.get(unite, '')}"
