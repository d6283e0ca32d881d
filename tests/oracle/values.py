"""The shape of a figure: value, numerator, denominator. No denominator gives no value, never 0."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TypeAlias

Chiffre: TypeAlias = dict[str, float | None]


def compte(nombre: int) -> Chiffre:
    """A count or a sum."""
    return {"valeur": nombre, "numerateur": nombre, "denominateur": None}


def quotient(numerateur: int, denominateur: int) -> Chiffre:
    """A mean, a rate or a ratio."""
    valeur = numerateur / denominateur if denominateur else None
    return {"valeur": valeur, "numerateur": numerateur, "denominateur": denominateur}


def part(retenus: Sequence[bool]) -> Chiffre:
    """The share of the population that is retained: one truth value for each member."""
    return quotient(sum(retenus), len(retenus))


def moyenne(nombres: Collection[int]) -> Chiffre:
    return quotient(sum(nombres), len(nombres))


def mesure(valeur: float | None) -> Chiffre:
    """A value that is no quotient."""
    return {"valeur": valeur, "numerateur": None, "denominateur": None}


def rang(nombres: Sequence[int], pourcents: int) -> Chiffre:
    """The smallest value such that at least so many percent of the population are at most that."""
    for candidat in sorted(set(nombres)):
        if 100 * sum(nombre <= candidat for nombre in nombres) >= pourcents * len(nombres):
            return mesure(candidat)
    return mesure(None)
