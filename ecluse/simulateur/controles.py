"""Controls: how many of each type, and their two effects, in number and in euros."""

from math import fsum
from random import Random
from typing import NamedTuple

from ecluse.simulateur.caisse import Caisse
from ecluse.simulateur.montants import Paquets, portion, quantiles
from ecluse.simulateur.profil import Controles, Profil


class Volume(NamedTuple):
    """A number and euros, of a whole year."""

    nombre: float
    euros: float


def by_type(profil: Profil) -> dict[str, Controles]:
    """The yearly controls of each type."""
    pieces, part = profil.qualite.controles_pieces, profil.qualite.controles_pieces_part_indus
    return {
        "pieces": Controles(pieces.nombre, pieces.impact_euros * part, pieces.impact_euros * (1 - part)),
        "place": profil.qualite.controles_place,
        "echange": profil.qualite.controles_echange,
        "metier": profil.qualite.controles_metier,
    }


def yearly_indus(profil: Profil) -> Volume:
    """The controls of a year that find an indu, and its euros."""
    avec = 1 - profil.qualite.controles_sans_effet
    touts = by_type(profil).values()
    return Volume(fsum(c.nombre * avec * _part(c) for c in touts), fsum(c.indus_euros for c in touts))


def effects(caisse: Caisse, type_: str, controles: Controles) -> Paquets:
    """The effect of each control of a type, in cents: an indu above 0, a rappel below, 0 for none.

    A control has one effect or none; both sums of a year are those of the profile, at the scale of the run.
    """
    nombre = max(1, round(controles.nombre * caisse.echelle))
    avec = nombre * (1 - caisse.profil.qualite.controles_sans_effet)
    indus, dispersion = avec * _part(controles), caisse.profil.creances.dispersion
    par_controle = 100 / controles.nombre * nombre

    def shuffle(tirage: Random, debut: int, fin: int) -> list[int]:
        def some(combien: float, euros: float) -> list[int]:
            combien_ici = portion(combien, nombre, debut, fin)
            return quantiles(tirage, combien_ici, portion(euros * par_controle, nombre, debut, fin), dispersion)

        trouves = some(indus, controles.indus_euros)
        rendus = [-montant for montant in some(avec - indus, controles.rappels_euros)]
        tires = trouves + rendus + [0] * (fin - debut - len(trouves) - len(rendus))
        tirage.shuffle(tires)
        return tires

    return Paquets(caisse, f"contrôles|{type_}", nombre, shuffle)


def _part(controles: Controles) -> float:
    """The share of the effects that are indus: both have about the same mean."""
    return controles.indus_euros / (controles.indus_euros + controles.rappels_euros)
