"""What a report prints and the profile gives: the same number in both."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import pytest

from ecluse.simulateur.mesures import Genre, load_mesures
from ecluse.simulateur.profil import Profil, load_profil
from ecluse.simulateur.publies import Publie, read_publies


def _share_of_teleservices(profil: Profil) -> float:
    """The share by the web of what téléservices receive."""
    pieces = profil.pieces
    poids = [
        (pieces.natures[nature] * part, pieces.usage_teleservices[nom])
        for nature, parts in pieces.teleservices.items()
        for nom, part in parts.items()
    ]
    return sum(p * usage for p, usage in poids) / sum(p for p, _ in poids)


# What the profile says of each measure that it gives.
ENTREES: Final[Mapping[str, Callable[[Profil], float]]] = {
    "PIECES-RECUES": lambda p: p.pieces.recues,
    "PIECES-WEB": lambda p: p.pieces.recues * p.pieces.part_web,
    "PART-WEB-RECUES": lambda p: p.pieces.part_web,
    "TELESERVICES": _share_of_teleservices,
    "COURRIERS-ARRIVES": lambda p: p.qualite.courriers,
    "VISITES": lambda p: sum(p.contacts.visites.values()),
    "APPELS-RECUS": lambda p: p.contacts.appels_traites / p.contacts.part_appels_traites,
    "APPELS-TRAITES-NOMBRE": lambda p: p.contacts.appels_traites,
    "COURRIELS": lambda p: p.contacts.courriels,
    "RDV-SITE": lambda p: p.rendez_vous.honores["site"],
    "RDV-SITE-HONORES": lambda p: p.rendez_vous.honores["site"],
    "RDV-TELEPHONE": lambda p: p.rendez_vous.honores["telephone"],
    "RDV-TELEPHONE-HONORES": lambda p: p.rendez_vous.honores["telephone"],
    "RDV-VISIO": lambda p: p.rendez_vous.visio,
    "CONTROLES-PIECES": lambda p: p.qualite.controles_pieces.nombre,
    "CONTROLES-PLACE": lambda p: p.qualite.controles_place.nombre,
    "FRAUDES": lambda p: p.fraudes.qualifiees.nombre,
    "INDUS-NOMBRE": lambda p: p.creances.indus.nombre,
    "REMISES-DEMANDEES": lambda p: p.creances.indus.nombre * p.creances.remises.demandes,
}
# A share or a mean that each draw follows.
TIREES: Final[Mapping[str, Callable[[Profil], float]]] = {
    "COG-10-41": lambda p: 100 * p.fraudes.qualifiees.euros,
    "INDUS-MONTANT": lambda p: 100 * p.creances.indus.nombre * p.creances.indus.euros_en_moyenne,
    "IQL0": lambda p: p.qualite.iql0.conformes,
    "RDV-7J": lambda p: p.rendez_vous.proposes_7j,
    "COURRIELS-PEC-48H": lambda p: p.contacts.courriels_48h,
    "COG-08-25": lambda p: p.contacts.reclamations_10j,
    "COG-08-27": lambda p: p.contacts.courriels_generaux_48h,
    "APPELS-ABOUTIS": lambda p: p.contacts.part_appels_traites + p.contacts.part_appels_automate,
}
DONNEES: Final = {**ENTREES, **TIREES}


def test_every_measure_that_must_come_back_is_read_in_the_profile() -> None:
    entrees = {mesure for mesure, lue in load_mesures().items() if lue.genre is Genre.entree}
    assert entrees == ENTREES.keys()


def test_no_measure_that_the_profile_gives_is_called_a_result() -> None:
    donnees = {mesure for mesure, lue in load_mesures().items() if lue.genre is Genre.donnee}
    assert donnees == TIREES.keys()


@pytest.mark.parametrize(
    "publie",
    [p for p in read_publies() if p.mesure in DONNEES and p.valeur is not None],
    ids=lambda p: f"{p.caf}-{p.annee}-{p.mesure}",
)
def test_what_is_printed_is_what_the_profile_gives(publie: Publie) -> None:
    assert publie.valeur is not None
    assert DONNEES[publie.mesure](load_profil(publie.caf)) == pytest.approx(publie.valeur, rel=1e-4)


def test_pieces_received_and_made_inside_less_the_cancelled_ones_are_those_treated() -> None:
    (traitees,) = (p.valeur for p in read_publies() if (p.caf, p.mesure) == ("661", "PIECES-TRAITEES"))
    pieces = load_profil("661").pieces
    assert pieces.recues * (1 + pieces.internes) * (1 - pieces.annulees) == pytest.approx(traitees, rel=1e-4)
