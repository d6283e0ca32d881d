"""Conditions put together and made weaker: how scenarios that hold at once make one day. Pure."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from ecluse.simulateur.conditions import AutreCaf, Conditions, factor

AUTRES: Final = "autres"


def fade(conditions: Conditions, part: float) -> Conditions:
    """These conditions, held for a part only (above 0, at most 1): factors come closer to 1.

    A site is open or closed, a nature is prefilled or not: those hold whole.
    """
    autre = conditions.autre_caf
    return replace(
        conditions,
        arrivees=_faded(conditions.arrivees, part),
        contacts=_faded(conditions.contacts, part),
        presence=1 + (conditions.presence - 1) * part,
        appels_aboutis=1 + (conditions.appels_aboutis - 1) * part,
        indus=_faded(conditions.indus, part),
        autre_caf=autre and AutreCaf(autre.caf, autre.pieces_par_an * part, autre.part_des_agents * part),
    )


def settle(conditions: Conditions, visites: Mapping[str, float]) -> Conditions:
    """These conditions in a Caf of these sites (their visits): a site told by its rank, 1 for the most visited, gets
    its name. A Caf with fewer sites closes its last: a scenario shows something in every profile."""
    par_visites = sorted(visites, key=lambda site: (-visites[site], site))
    fermes = frozenset(
        par_visites[min(int(site), len(par_visites)) - 1] if site.isdecimal() else site
        for site in conditions.sites_fermes
    )
    return conditions if fermes == conditions.sites_fermes else replace(conditions, sites_fermes=fermes)


def compose(a: Conditions, b: Conditions) -> Conditions:
    """Both at once: factors multiply, closed sites add up, of two automatic shares the larger holds.

    Raises ``ValueError`` when they produce for two different Caf.
    """
    return Conditions(
        arrivees=_multiply(a.arrivees, b.arrivees),
        contacts=_multiply(a.contacts, b.contacts),
        presence=a.presence * b.presence,
        sites_fermes=a.sites_fermes | b.sites_fermes,
        appels_aboutis=a.appels_aboutis * b.appels_aboutis,
        automatique=_larger(a.automatique, b.automatique),
        indus=_multiply(a.indus, b.indus),
        autre_caf=_both(a.autre_caf, b.autre_caf),
    )


def _faded(facteurs: Mapping[str, float], part: float) -> Mapping[str, float]:
    return {nom: 1 + (valeur - 1) * part for nom, valeur in facteurs.items()}


def _multiply(a: Mapping[str, float], b: Mapping[str, float]) -> Mapping[str, float]:
    return {nom: factor(a, nom) * factor(b, nom) for nom in {**a, **b}}


def _larger(a: Mapping[str, float], b: Mapping[str, float]) -> Mapping[str, float]:
    return {nom: max(parts.get(nom, parts.get(AUTRES, 0.0)) for parts in (a, b)) for nom in {**a, **b}}


def _both(a: AutreCaf | None, b: AutreCaf | None) -> AutreCaf | None:
    if a is None or b is None:
        return a or b
    if a.caf != b.caf:
        raise ValueError(f"une Caf ne produit que pour une autre à la fois : {a.caf} ou {b.caf}")
    return AutreCaf(a.caf, a.pieces_par_an + b.pieces_par_an, min(1.0, a.part_des_agents + b.part_des_agents))
