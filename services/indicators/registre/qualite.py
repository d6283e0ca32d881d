"""Courriers, quality of liquidation, controls."""

from collections.abc import Iterable
from typing import Final

from services.indicators.figures import Flux, Nombre, Rapport
from services.indicators.registre.base import ARIEGE, CPOG, Indicateur, Unite
from services.indicators.views import Condition
from shared.events.production import Moment, TypeControle


def _checks() -> Iterable[Indicateur]:
    for moment, libelle in (
        (Moment.iql0, "Qualité en sortie de liquidation (IQL0)"),
        (Moment.iql6, "Qualité de liquidation à six mois (IQL6)"),
    ):
        filtre = Condition("moment", "=", moment.value)
        yield Indicateur(
            moment.value.upper(),
            libelle,
            "taux",
            "Vérifications réalisées à ce moment dans la période",
            "Vérifications conformes, sur les vérifications réalisées",
            Rapport(
                Flux("verification", "jour", (filtre, Condition("conforme", "=", True))),
                Flux("verification", "jour", (filtre,)),
            ),
            source=CPOG,
            sens="haut",
        )


def _controls() -> Iterable[Indicateur]:
    mesures: tuple[tuple[str, str, Unite, str, str], ...] = (
        ("NOMBRE", "Contrôles", "nombre", "Nombre de contrôles", "n"),
        ("INDUS", "Indus des contrôles", "centimes", "Somme des indus", "indu_centimes"),
        ("RAPPELS", "Rappels des contrôles", "centimes", "Somme des rappels", "rappel_centimes"),
    )
    for type_controle in TypeControle:
        filtre = (Condition("type_controle", "=", type_controle.value),)
        for suffixe, libelle, unite, formule, mesure in mesures:
            yield Indicateur(
                f"CONTROLES-{suffixe}-{type_controle.value}",
                f"{libelle} : {type_controle.libelle.lower()}",
                unite,
                "Contrôles de ce type réalisés dans la période",
                formule,
                Nombre(Flux("controle", "jour", filtre, mesure)),
                source=ARIEGE,
            )


QUALITE: Final = (
    Indicateur(
        "COURRIERS-ARRIVES",
        "Courriers arrivés",
        "nombre",
        "Courriers arrivés dans la période",
        "Nombre de courriers",
        Nombre(Flux("courrier", "jour")),
        source=ARIEGE,
    ),
    *_checks(),
    *_controls(),
)
