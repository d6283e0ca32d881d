"""The window of time that a screen shows: named ones move with the day, free ones do not. Days are ordinals."""

from collections.abc import Callable
from datetime import date
from typing import Final, NamedTuple

from services.indicators.rules import Periode, PeriodeInvalide, parse_period
from shared.events.base import Liste
from shared.temps import add_months


class Fenetre(Liste):
    """The windows that a screen offers."""

    mois = "mois", "Ce mois"
    mois_dernier = "mois_dernier", "Le mois dernier"
    annee = "annee", "Cette année"
    libre = "libre", "Dates choisies"


class Choix(NamedTuple):
    """What a screen was asked to show. ``erreur``: why it shows the current month instead, in French."""

    fenetre: Fenetre
    periode: Periode
    erreur: str = ""


def _first_of_month(jour: int) -> int:
    return date.fromordinal(jour).replace(day=1).toordinal()


_NOMMEES: Final[dict[Fenetre, Callable[[int], Periode]]] = {
    Fenetre.mois: lambda today: Periode(_first_of_month(today), today),
    Fenetre.mois_dernier: lambda today: Periode(add_months(_first_of_month(today), -1), _first_of_month(today) - 1),
    Fenetre.annee: lambda today: Periode(date.fromordinal(today).replace(month=1, day=1).toordinal(), today),
}


def choose(fenetre: str, du: str, au: str, today: int) -> Choix:
    """The window that three parameters ask for, as they come from an address; the current month by default."""
    try:
        choisie = Fenetre[fenetre] if fenetre else Fenetre.libre if du and au else Fenetre.mois
        if choisie is Fenetre.libre:
            return Choix(choisie, parse_period(du, au))
        return Choix(choisie, _NOMMEES[choisie](today))
    except PeriodeInvalide as erreur:
        return Choix(Fenetre.libre, _NOMMEES[Fenetre.mois](today), f"{erreur}. Voici ce mois-ci.")
    except KeyError:
        erreur_ = f"fenêtre « {fenetre} » inconnue. Voici ce mois-ci."
        return Choix(Fenetre.mois, _NOMMEES[Fenetre.mois](today), erreur_)
