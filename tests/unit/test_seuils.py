"""Thresholds: the text of a formula and its computation agree, and a change holds from its day on."""

import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from services.contacts import rules as contacts
from services.indicators.figures import Cohorte, DerniersOuvres, Flux, Fois, Niveau, Periodes, Population, StockAncien
from services.indicators.fold.families import FAMILLES
from services.indicators.registre import REGISTRE
from services.indicators.rules import DERNIER_JOUR, PREMIER_JOUR
from services.indicators.seuils import EnFin, ParJour, Seuil, at_end, by_day
from services.indicators.views import Condition, Vues
from shared.events.mouvements import ImagePiece
from shared.temps import HEURE, from_iso, to_iso
from tests.images import Comptee, StockCompte, fold

A_SEUILS: Final = {code: i for code, i in REGISTRE.items() if i.seuils}
DEBUT: Final = from_iso("2024-01-01")
PIECE: Final = ImagePiece("091", "demande_rsa", "web", True, "2024-01-01")


def walk(formule: Any) -> Iterator[Any]:
    """A formula and everything that it is made of, but for what is under a threshold."""
    yield formule
    if isinstance(formule, ParJour | EnFin):
        return
    for champ in fields(formule) if is_dataclass(formule) else ():
        yield from walk(getattr(formule, champ.name))


def constant_of(terme: Any) -> int:
    """The one constant of a term, from wherever it writes it."""
    if isinstance(terme, Flux):
        (valeur,) = [
            c.valeur if c.champ == "delai" else int(re.sub(r"\D", "", c.champ) or 168)
            for c in terme.filtre
            if c.champ == "delai" or re.search(r"\d|repete", c.champ)
        ]
        return int(valeur)
    assert isinstance(terme, StockAncien | Cohorte | Fois | DerniersOuvres)
    nom = {StockAncien: "plus_de", Cohorte: "mois", Fois: "facteur", DerniersOuvres: "jours"}[type(terme)]
    return int(getattr(terme, nom))


def test_the_thresholds_are_those_that_the_sources_print() -> None:
    assert {code: [(s.operateur, s.valeur, s.unite) for s in i.seuils] for code, i in A_SEUILS.items()} == {
        "PART-15J": [("<", 15, "jours")],
        "PART-MINIMA-10J": [("<", 10, "jours")],
        "COG-08-33": [(">", 40, "jours")],
        **{
            f"SOLDE-{quoi}": [("=", 20, "jours ouvrés")]
            for quoi in ("JOURS", "JOURS-MOYEN", "TRAITABLE-JOURS", "TRAITABLE-JOURS-MOYEN")
        },
        "COG-08-25": [("<=", 10, "jours")],
        "COG-08-27": [("<=", 48, "heures")],
        "COURRIELS-PEC-48H": [("<", 48, "heures")],
        "REITERATION-7J": [("<=", 168, "heures")],
        "RDV-7J": [("<=", 7, "jours")],
        "COG-10-43": [("<=", 24, "mois")],
        "COG-10-42": [("<=", 48, "mois")],
    }


@pytest.mark.parametrize("code", A_SEUILS)
def test_the_number_in_the_text_is_that_of_the_threshold_and_of_the_computation(code: str) -> None:
    indicateur = A_SEUILS[code]
    assert str(indicateur.seuils[-1].valeur) in re.findall(r"\d+", indicateur.formule)
    dates = [terme for terme in walk(indicateur.calcul) if isinstance(terme, ParJour | EnFin)]
    assert dates
    for terme in dates:
        assert tuple(seuil for seuil, _ in terme.choix) == indicateur.seuils
        for seuil, dessous in terme.choix:
            assert constant_of(dessous) == seuil.valeur
            if isinstance(dessous, Flux):
                conditions = [c for c in dessous.filtre if c.champ == "delai"]
                assert all(c.operateur == seuil.operateur for c in conditions)


@pytest.mark.parametrize("code", REGISTRE)
def test_no_formula_has_a_constant_of_its_own(code: str) -> None:
    for terme in walk(REGISTRE[code].calcul):
        assert not isinstance(terme, StockAncien | Cohorte | Fois | DerniersOuvres)
        if isinstance(terme, Flux):
            assert not [c for c in terme.filtre if c.champ == "delai" or re.search(r"\d|repete", c.champ)]


@pytest.mark.parametrize("code", A_SEUILS)
def test_each_day_has_one_threshold(code: str) -> None:
    seuils = A_SEUILS[code].seuils
    assert (seuils[0].du, seuils[-1].dernier) == (PREMIER_JOUR, DERNIER_JOUR)
    assert all(apres.du == avant.dernier + 1 for avant, apres in pairwise(seuils))


@pytest.mark.parametrize("code", A_SEUILS)
def test_what_is_judged_before_the_fold_is_kept_under_the_name_of_its_threshold(code: str) -> None:
    for terme in walk(A_SEUILS[code].calcul):
        for _, dessous in terme.choix if isinstance(terme, ParJour | EnFin) else ():
            if isinstance(dessous, Flux):
                famille = FAMILLES[dessous.famille]
                assert {c.champ for c in dessous.filtre} <= {*famille.dims, "delai"}
            if isinstance(dessous, Cohorte):
                assert dessous.mesure in FAMILLES["creance"].mesures


def test_contacts_judges_by_the_same_hours_and_days() -> None:
    assert REGISTRE["COG-08-27"].seuils[-1].valeur * HEURE == contacts.REPONSE
    assert REGISTRE["COURRIELS-PEC-48H"].seuils[-1].valeur * HEURE == contacts.REPONSE
    assert REGISTRE["REITERATION-7J"].seuils[-1].valeur * HEURE == contacts.REITERATION
    assert REGISTRE["RDV-7J"].seuils[-1].valeur == contacts.PROPOSITION


def population(pieces: list[tuple[int, int]]) -> Population:
    """Pieces of the Caf 091: day of arrival, délai."""
    images = [
        replace(PIECE, arrivee=to_iso(arrivee), fin=to_iso(arrivee + delai), fin_genre="traitee")
        for arrivee, delai in pieces
    ]
    return Population(Vues(fold(Comptee("091", i) for i in images)), "091", StockCompte(()))


# Few days and short délais: most examples have something on the very day of the change, and on the one before.
JOURS = st.integers(DEBUT, DEBUT + 6)
PIECES = st.lists(st.tuples(JOURS, st.integers(0, 4)), max_size=12)


@given(PIECES, JOURS, st.integers(1, 4), st.integers(1, 4), st.lists(st.tuples(JOURS, JOURS), min_size=1))
def test_a_flow_is_judged_each_day_by_the_threshold_of_that_day(
    pieces: list[tuple[int, int]], change: int, avant: int, apres: int, periodes: list[tuple[int, int]]
) -> None:
    seuils = (Seuil("<", avant, "jours", au=change - 1), Seuil("<", apres, "jours", du=change))
    terme = by_day(seuils, lambda s: Flux("piece", "fin", (Condition("delai", s.operateur, s.valeur),)))
    bornes = np.array([sorted(p) for p in periodes], np.int64)
    comptes = terme.count(population(pieces), Periodes(bornes[:, 0], bornes[:, 1])).tolist()
    assert comptes == [
        sum(
            delai < (avant if arrivee + delai < change else apres)
            for arrivee, delai in pieces
            if du <= arrivee + delai <= au
        )
        for du, au in bornes.tolist()
    ]


@given(PIECES, JOURS, st.integers(0, 4), st.integers(0, 4), st.lists(JOURS, min_size=1))
def test_a_level_is_judged_by_the_threshold_of_its_day(
    pieces: list[tuple[int, int]], change: int, avant: int, apres: int, jours: list[int]
) -> None:
    seuils = (Seuil(">", avant, "jours", au=change - 1), Seuil(">", apres, "jours", du=change))
    terme = at_end(seuils, lambda s: StockAncien(s.valeur))
    fins = np.array(jours, np.int64)
    assert terme.count(population(pieces), Periodes(fins, fins)).tolist() == [
        sum(
            au - arrivee > (avant if au < change else apres)
            for arrivee, delai in pieces
            if arrivee <= au < arrivee + delai
        )
        for au in jours
    ]


def test_a_day_that_no_threshold_covers_counts_nothing() -> None:
    terme = at_end((Seuil("=", 1, "jours", DEBUT, DEBUT),), lambda _: Niveau("stock"))
    fins = np.array([DEBUT - 1, DEBUT, DEBUT + 1], np.int64)
    assert terme.count(population([(DEBUT - 5, 20)]), Periodes(fins, fins)).tolist() == [0, 1, 0]
