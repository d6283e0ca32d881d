"""The projection as a person would do it: day after day, piece counts in, piece counts out, nothing clever."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from fractions import Fraction
from typing import NamedTuple

from tests.oracle.calendar import UN_JOUR, debut_des_jours_ouvres, est_ouvre, jours, mois_apres
from tests.oracle.pieces import Piece

VINGT = 20


class Depart(NamedTuple):
    """What is known at the end of the day `au`: stock, flows of the last twenty working days, the days to come."""

    caf: str
    au: date
    fin: date
    stock: int
    traitable: int
    arrivees: int
    annulees: int
    traitees_par_jour: dict[date, int]
    depuis: date

    @property
    def entrees(self) -> Fraction:
        """Arrivals less cancellations, per working day."""
        return Fraction(self.arrivees - self.annulees, VINGT)

    @property
    def sorties(self) -> Fraction:
        """Treatments per working day."""
        return Fraction(sum(self.traitees_par_jour.values()), VINGT)

    @property
    def ouvres(self) -> list[date]:
        """The working days to come in the month."""
        return [d for d in jours(self.au + UN_JOUR, self.fin) if est_ouvre(d, self.caf)]


def depart(pieces: Sequence[Piece], caf: str, au: date) -> Depart:
    """What the pieces given, all of one Caf, say at the end of `au`."""
    depuis = debut_des_jours_ouvres(au, VINGT, caf)
    lendemain = au + UN_JOUR
    fenetre = list(jours(depuis, au))
    return Depart(
        caf=caf,
        au=au,
        fin=mois_apres(lendemain.replace(day=1), 1) - UN_JOUR,
        stock=sum(piece.en_stock(au) for piece in pieces),
        traitable=sum(piece.en_stock(au) and not piece.en_attente(au) for piece in pieces),
        arrivees=sum(depuis <= piece.arrivee <= au for piece in pieces),
        annulees=sum(piece.annulee is not None and depuis <= piece.annulee <= au for piece in pieces),
        traitees_par_jour={d: sum(piece.traitee == d for piece in pieces) for d in fenetre},
        depuis=depuis,
    )


def fin_de_mois(depart: Depart, stock: int, traitements: Fraction) -> tuple[Fraction, Fraction | None]:
    """The stock and the solde at the end of the month, at so many treatments per working day."""
    reste = Fraction(stock)
    traitees = {d: Fraction(n) for d, n in depart.traitees_par_jour.items()}
    for d in depart.ouvres:
        reste += depart.entrees - traitements
        traitees[d] = traitements
    reste = max(Fraction(0), reste)
    depuis = debut_des_jours_ouvres(depart.fin, VINGT, depart.caf)
    diviseur = sum((n for d, n in traitees.items() if d >= depuis), Fraction(0))
    return reste, reste * VINGT / diviseur if diviseur > 0 else None


def jours_pour_ecouler(depart: Depart, limite: int = 100_000) -> Fraction | None:
    """Working days until nothing is left, the last one in part; None when it never happens."""
    reste, net = Fraction(depart.stock), depart.sorties - depart.entrees
    if reste == 0:
        return Fraction(0)
    if net <= 0:
        return None
    entiers = 0
    while reste > net:
        reste -= net
        entiers += 1
        assert entiers < limite
    return entiers + reste / net
