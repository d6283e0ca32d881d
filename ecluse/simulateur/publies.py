"""What the reports print of a Caf's year: ``publies.csv``, typed.

Sources are cited as ``001 L369``: document and line. Amounts are in cents, shares are fractions.
"""

import csv
from importlib.resources import files
from typing import Final, NamedTuple

_TABLE: Final = files("ecluse.simulateur") / "publies.csv"


class Publie(NamedTuple):
    """A printed figure. ``mesure``: what it measures, in the words of ``mesures.toml``; ``valeur``: None where the
    report itself says that it is not available; ``unite``: nombre, taux, jours or centimes."""

    caf: str
    annee: int
    mesure: str
    valeur: float | None
    unite: str
    source: str
    note: str


def read_publies() -> list[Publie]:
    """Every printed figure, in the order of the reports."""
    lignes = _TABLE.read_text(encoding="utf-8").splitlines()
    return [_read(ligne) for ligne in csv.DictReader(lignes, strict=True)]


def _read(ligne: dict[str, str]) -> Publie:
    valeur = float(ligne["valeur"]) if ligne["valeur"] else None
    return Publie(**{**ligne, "annee": int(ligne["annee"]), "valeur": valeur})  # type: ignore[arg-type]  # the columns of the file are the members


def published_of(caf: str, annee: int) -> list[Publie]:
    """What the report of a Caf prints of a year; nothing for a year that no report tells."""
    return [publie for publie in read_publies() if (publie.caf, publie.annee) == (caf, annee)]
