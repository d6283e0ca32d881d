"""All the indicators of a Caf over an inclusive period of Paris days, the daily stock, and the cuts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, TypeVar

from tests.oracle.calendar import jours
from tests.oracle.cohorts import figures_des_creances
from tests.oracle.contacts import figures_des_contacts, figures_des_rendez_vous
from tests.oracle.door import Evenement
from tests.oracle.production import figures_de_qualite, figures_des_pieces
from tests.oracle.state import Etat
from tests.oracle.values import Chiffre

Objet = TypeVar("Objet")
Figures = Callable[[Sequence[Any], str, date, date], dict[str, Chiffre]]

# Family of objects in the state -> (its figures, the dimensions along which they may be cut).
FAMILLES: dict[str, tuple[Figures, tuple[str, ...]]] = {
    "pieces": (figures_des_pieces, ("nature", "canal", "teleservice", "pole", "site", "caf_traitante")),
    "contacts": (figures_des_contacts, ("nature", "canal", "site")),
    "rendez_vous": (figures_des_rendez_vous, ("modalite", "site")),
    "creances": (figures_des_creances, ("caf_traitante",)),
}


# Counted by owner alone: production counts its rows so, whoever works.
PAR_PROPRIETAIRE = ("BALANCE",)


def indicateurs(etat: Etat, caf: str, du: date, au: date, role: str = "proprietaire") -> dict[str, Chiffre]:
    """Code -> valeur, numerateur, denominateur (None where there is none).

    `role`: `caf` is the `proprietaire` of the dossiers, or the `traitante` of the objects that name one; the figures of
    the others are then not given.
    """
    chiffres: dict[str, Chiffre] = {}
    for famille, (figures, dimensions) in FAMILLES.items():
        if role == "proprietaire" or "caf_traitante" in dimensions:
            chiffres |= figures(_de_la_caf(getattr(etat, famille), caf, role), caf, du, au)
    if role == "traitante":
        return {code: chiffre for code, chiffre in chiffres.items() if code not in PAR_PROPRIETAIRE}
    return chiffres | figures_de_qualite(
        *(_de_la_periode(faits, caf, du, au) for faits in (etat.courriers, etat.verifications, etat.controles))
    )


def stock_par_jour(etat: Etat, caf: str, du: date, au: date) -> list[int]:
    """Pieces to treat at the end of each day of the period."""
    pieces = _de_la_caf(etat.pieces, caf)
    return [sum(piece.en_stock(d) for piece in pieces) for d in jours(du, au)]


def premier_jour(etat: Etat, caf: str, role: str = "proprietaire") -> date | None:
    """The first day of which anything is counted of a Caf in this role; None if nothing is."""
    connus = [d for piece in _de_la_caf(etat.pieces, caf, role) for d in (piece.arrivee, piece.fin)]
    for creance in _de_la_caf(etat.creances, caf, role):
        connus += [creance.constat, creance.qualifiee, *(e.jour for e in creance.encaissements)]
        connus += [d for d, _ in creance.remises] + [*creance.demandes_de_remise, *creance.refus_de_remise]
    if role == "proprietaire":
        for contact in _de_la_caf(etat.contacts, caf):
            connus += [contact.recu.jour, contact.clos.jour if contact.clos else None]
        for rdv in _de_la_caf(etat.rendez_vous, caf):
            connus += [rdv.premiere_proposition, rdv.jour_issue]
        faits = [*etat.courriers, *etat.verifications, *etat.controles]
        connus += [fait.jour for fait in _de_la_caf(faits, caf)]
    return min((d for d in connus if d is not None), default=None)


def coupe(
    etat: Etat, caf: str, du: date, au: date, code: str, par: str, role: str = "proprietaire"
) -> dict[str, Chiffre]:
    """The figure `code` for each value of the dimension `par`; "" for the objects that carry no value.

    Values with nothing to count are left out. Raises ValueError if the code has no such dimension.
    """
    for famille, (figures, dimensions) in FAMILLES.items():
        if par in dimensions and code in figures([], caf, du, au):
            objets = _de_la_caf(getattr(etat, famille), caf, role)
            valeurs = sorted({getattr(objet, par) for objet in objets})
            chiffres = {
                valeur: figures([objet for objet in objets if getattr(objet, par) == valeur], caf, du, au)[code]
                for valeur in valeurs
            }
            return {valeur: chiffre for valeur, chiffre in chiffres.items() if _compte_quelque_chose(chiffre)}
    raise ValueError(f"{code} is not cut by {par}")


def _compte_quelque_chose(chiffre: Chiffre) -> bool:
    un_compte_nul = chiffre["numerateur"] == 0 and chiffre["denominateur"] is None
    return chiffre["valeur"] is not None and not un_compte_nul


def _de_la_caf(objets: Sequence[Any], caf: str, role: str = "proprietaire") -> list[Any]:
    membre = "caf" if role == "proprietaire" else "caf_traitante"
    return [objet for objet in objets if getattr(objet, membre) == caf]


def _de_la_periode(faits: Sequence[Evenement], caf: str, du: date, au: date) -> list[Evenement]:
    return [fait for fait in faits if fait.caf == caf and du <= fait.jour <= au]
