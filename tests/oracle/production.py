"""The figures of pieces, courriers, verifications and controls, each from the sentence that defines it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from statistics import fmean

from tests.oracle.calendar import UN_JOUR, debut_des_jours_ouvres, est_ouvre, jours
from tests.oracle.catalogue import TELESERVICES, TYPES_DE_CONTROLE
from tests.oracle.door import Evenement
from tests.oracle.pieces import Piece
from tests.oracle.values import Chiffre, compte, mesure, moyenne, part, quotient, rang

DEMANDES_DE_MINIMA = ("demande_rsa", "demande_aah")
JOURS_DU_SOLDE = 20


def figures_des_pieces(pieces: Sequence[Piece], caf: str, du: date, au: date) -> dict[str, Chiffre]:
    """Every figure of the pieces given, all of one Caf."""
    return {
        **_delais([piece for piece in pieces if piece.traitee and du <= piece.traitee <= au]),
        **_stock(pieces, au),
        **_soldes(pieces, caf, du, au),
        **_flux(pieces, du, au),
        **_web([piece for piece in pieces if du <= piece.arrivee <= au]),
    }


def _delais(traitees: Sequence[Piece]) -> dict[str, Chiffre]:
    delais = [piece.delai for piece in traitees]
    minima = [piece.delai for piece in traitees if piece.nature in DEMANDES_DE_MINIMA]
    return {
        "COG-08-29": moyenne(delais),
        "COG-08-30": moyenne([piece.delai for piece in traitees if piece.minima_sociaux]),
        "COG-08-31": moyenne(minima),
        "COG-08-32": moyenne([piece.delai for piece in traitees if piece.nature == "demande_al"]),
        "DELAI-MEDIAN": rang(delais, 50),
        "DELAI-P90": rang(delais, 90),
        "DELAI-HORS-ATTENTE": moyenne([piece.delai - piece.jours_en_pause for piece in traitees]),
        "PART-15J": part([delai < 15 for delai in delais]),
        "PART-MINIMA-10J": part([delai < 10 for delai in minima]),
    }


def _stock(pieces: Sequence[Piece], au: date) -> dict[str, Chiffre]:
    ouvertes = [piece for piece in pieces if piece.en_stock(au)]
    en_attente = sum(piece.en_attente(au) for piece in ouvertes)
    ages = [(au - piece.arrivee).days for piece in ouvertes]
    return {
        "COG-08-33": part([age > 40 for age in ages]),
        "STOCK": compte(len(ouvertes)),
        "STOCK-EN-ATTENTE": compte(en_attente),
        "STOCK-TRAITABLE": compte(len(ouvertes) - en_attente),
        "AGE-MAX": mesure(max(ages, default=None)),
    }


def _soldes(pieces: Sequence[Piece], caf: str, du: date, au: date) -> dict[str, Chiffre]:
    solde, traitable = _soldes_du_jour(pieces, caf, au)
    par_jour = [_soldes_du_jour(pieces, caf, d) for d in jours(du, au) if est_ouvre(d, caf)]
    return {
        "SOLDE-JOURS": solde,
        "SOLDE-TRAITABLE-JOURS": traitable,
        "SOLDE-JOURS-MOYEN": _moyenne_des_valeurs([tous for tous, _ in par_jour]),
        "SOLDE-TRAITABLE-JOURS-MOYEN": _moyenne_des_valeurs([traitables for _, traitables in par_jour]),
    }


def _soldes_du_jour(pieces: Sequence[Piece], caf: str, d: date) -> tuple[Chiffre, Chiffre]:
    depuis = debut_des_jours_ouvres(d, JOURS_DU_SOLDE, caf)
    traitees = sum(piece.traitee is not None and depuis <= piece.traitee <= d for piece in pieces)
    ouvertes = [piece for piece in pieces if piece.en_stock(d)]
    traitables = sum(not piece.en_attente(d) for piece in ouvertes)
    return quotient(len(ouvertes) * JOURS_DU_SOLDE, traitees), quotient(traitables * JOURS_DU_SOLDE, traitees)


def _moyenne_des_valeurs(chiffres: Sequence[Chiffre]) -> Chiffre:
    valeurs = [chiffre["valeur"] for chiffre in chiffres if chiffre["valeur"] is not None]
    return mesure(fmean(valeurs) if valeurs else None)


def _flux(pieces: Sequence[Piece], du: date, au: date) -> dict[str, Chiffre]:
    arrivees = [piece for piece in pieces if du <= piece.arrivee <= au]
    internes = sum(piece.canal == "interne" for piece in arrivees)
    traitees = sum(piece.traitee is not None and du <= piece.traitee <= au for piece in pieces)
    annulees = sum(piece.annulee is not None and du <= piece.annulee <= au for piece in pieces)
    ouverture = sum(piece.en_stock(du - UN_JOUR) for piece in pieces)
    cloture = sum(piece.en_stock(au) for piece in pieces)
    balance: Chiffre = {
        **mesure(ouverture + len(arrivees) - traitees - annulees - cloture),
        "ouverture": ouverture,
        "arrivees": len(arrivees),
        "traitees": traitees,
        "annulees": annulees,
        "cloture": cloture,
    }
    return {
        "PIECES-ARRIVEES": compte(len(arrivees)),
        "PIECES-RECUES": compte(len(arrivees) - internes),
        "PIECES-INTERNES": compte(internes),
        "PIECES-TRAITEES": compte(traitees),
        "PIECES-ANNULEES": compte(annulees),
        "BALANCE": balance,
    }


def _web(arrivees: Sequence[Piece]) -> dict[str, Chiffre]:
    chiffres = {
        "PART-WEB": part([piece.canal == "web" for piece in arrivees]),
        "PART-WEB-RECUES": part([piece.canal == "web" for piece in arrivees if piece.canal != "interne"]),
        "COG-08-28": part([piece.canal == "web" for piece in arrivees if piece.teleservice]),
    }
    for nom in TELESERVICES:
        chiffres[f"TELESERVICE-{nom}"] = part([p.canal == "web" for p in arrivees if p.teleservice == nom])
    return chiffres


def figures_de_qualite(
    courriers: Sequence[Evenement], verifications: Sequence[Evenement], controles: Sequence[Evenement]
) -> dict[str, Chiffre]:
    """The figures of the courriers, verifications and controls given, all of one Caf and of the period."""
    chiffres = {"COURRIERS-ARRIVES": compte(len(courriers))}
    for moment in ("iql0", "iql6"):
        conformes = [fait.data["conforme"] for fait in verifications if fait.data["moment"] == moment]
        chiffres[moment.upper()] = part(conformes)
    for nom in TYPES_DE_CONTROLE:
        faits = [fait for fait in controles if fait.data["type_controle"] == nom]
        chiffres[f"CONTROLES-NOMBRE-{nom}"] = compte(len(faits))
        chiffres[f"CONTROLES-INDUS-{nom}"] = compte(sum(fait.data["indu_centimes"] for fait in faits))
        chiffres[f"CONTROLES-RAPPELS-{nom}"] = compte(sum(fait.data["rappel_centimes"] for fait in faits))
    return chiffres
