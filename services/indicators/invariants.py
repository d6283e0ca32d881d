"""Two equalities that hold whatever happened: broken, they tell that something was lost or counted twice.

The first is the indicator ``BALANCE``: production's own rows against the fold. The second, Little's law, holds the
daily margins of the stock against the flow matrix, two sums that the fold keeps apart.
"""

from typing import NamedTuple

import numpy as np

from services.indicators.figures import Chiffre, Niveau, Periodes, Population
from services.indicators.rules import Periode


class Little(NamedTuple):
    """Days in stock over a period, counted twice.

    ``somme_des_stocks``: sum of the stock at the end of each day, from the daily margins. From the matrix:
    ``somme_des_delais`` of the pieces that left in the period, plus ``ages_en_fin`` (days already spent by the pieces
    still open at its end), less ``ages_en_debut`` (days spent before it by those that were open).
    """

    somme_des_stocks: int
    somme_des_delais: int
    ages_en_fin: int
    ages_en_debut: int

    @property
    def ecart(self) -> int:
        """0, or something is wrong."""
        return self.somme_des_stocks - (self.somme_des_delais + self.ages_en_fin - self.ages_en_debut)


class Invariants(NamedTuple):
    """The two invariants of a Caf over a period."""

    balance: Chiffre
    little: Little

    @property
    def tenus(self) -> bool:
        """False when one is broken; a balance that production cannot answer for breaks nothing."""
        return not self.balance.valeur and self.little.ecart == 0


def check_little(population: Population, periode: Periode) -> Little:
    """Both counts of the days in stock."""
    jours = np.arange(periode.du, periode.au + 1)
    stocks = Niveau("stock").count(population, Periodes(jours, jours))
    # Who left before the period has no part in it.
    matrice = population.view("piece").matrix(()).between(periode.du)
    sorties = matrice.between(periode.du, periode.au)

    def ages(veille: int) -> int:
        ouvertes = (matrice.debuts <= veille) & (matrice.fins > veille)
        return int((matrice.n * (veille + 1 - matrice.debuts))[ouvertes].sum())

    delais = int((sorties.n * (sorties.fins - sorties.debuts)).sum())
    return Little(int(stocks.sum()), delais, ages(periode.au), ages(periode.du - 1))
