"""What dashboards ask of Prometheus, and how the answers are written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from services.indicators.mesures import unit_of
from services.indicators.registre import REGISTRE


@dataclass(frozen=True)
class Unite:
    """How Grafana writes a unit, and with how many decimals."""

    code: str
    decimales: int


UNITES: Final = {
    "jours": Unite("suffix: jours", 1),
    "taux": Unite("percentunit", 1),
    "nombre": Unite("locale", 0),
    "euros": Unite("currencyEUR", 0),
    "secondes": Unite("s", 1),
    "rapport": Unite("suffix: ×", 2),
    "par seconde": Unite("reqps", 1),
}


@dataclass(frozen=True)
class Courbe:
    """A query and how its series are called."""

    expr: str
    legende: str


@dataclass(frozen=True)
class Chiffre:
    """A figure of now. ``page``: where Écluse tells more; ``mots``: what its values are called, if they are states."""

    titre: str
    expr: str
    unite: str
    page: str
    mots: tuple[tuple[str, str, str], ...] = ()


def figure(code: str, fenetre: str = "mois") -> str:
    """The query of an indicator of the Caf that is shown."""
    return f'ecluse:indicator:figure{{caf="$caf", code="{code}", fenetre="{fenetre}"}}'


def curve(code: str, fenetre: str = "mois") -> Courbe:
    """The curve of an indicator, under its own label."""
    return Courbe(figure(code, fenetre), REGISTRE[code].libelle)


def target_of(code: str) -> Courbe:
    """The targets of an indicator, each under its kind."""
    return Courbe(f'ecluse:target:value{{caf="$caf", code="{code}"}}', "Cible {{nature}} ({{operateur}})")


def page_of(code: str) -> str:
    """The page of an indicator."""
    return f"/indicateurs/{code}?caf=$caf&fenetre=mois"


def number(code: str, fenetre: str = "mois") -> Chiffre:
    """An indicator as a figure."""
    indicateur = REGISTRE[code]
    return Chiffre(indicateur.libelle, figure(code, fenetre), unit_of(indicateur), page_of(code))
