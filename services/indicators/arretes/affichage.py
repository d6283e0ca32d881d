"""Arrêtés in words, for their pages: the figures as they were told, and what has moved since."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import msgspec
from msgspec import UNSET

from services.indicators.affiche import (
    EN_CENTIMES,
    ETATS,
    Affiche,
    word_figure,
    word_origin,
    word_terms,
    word_with_unit,
)
from services.indicators.answer import Indication
from services.indicators.arretes.document import Arrete, ChiffreArrete, Garde, fingerprint
from services.indicators.arretes.reponses import CibleChangee, Ecart, FormuleChangee, Termes
from services.indicators.cibles import CibleAffichee, Etat
from services.indicators.explication.termes import LIBELLES
from services.indicators.registre import REGISTRE
from shared.web.formats import MOINS, euros, moment, nombre

COURTE: Final = 12
_PRECISION: Final = 6


class Ligne(NamedTuple):
    """An arrêté of the list. ``auteur``: empty when the document can not be read any more."""

    id: str
    periode: str
    provisoire: bool
    pris: str
    auteur: str
    motif: str
    empreinte: str
    courte: str


class Signature(msgspec.Struct, frozen=True):
    """What a document says of who took it."""

    auteur: str
    motif: str | None = None


class Moment(NamedTuple):
    """A figure at one moment: value, what it is made of."""

    valeur: str
    detail: str


class EcartAffiche(NamedTuple):
    """A figure that moved. ``mouvements``: None where movements have no part to show; ``apport``: what they add up
    to."""

    code: str
    libelle: str
    arrete: Moment
    maintenant: Moment
    mouvements: int | None
    apport: str
    explique: bool
    saisie: str


class FormuleAffichee(NamedTuple):
    """A formula that changed, and the figure by each."""

    code: str
    libelle: str
    versions: str
    arrete: Moment
    alors: Moment
    maintenant: Moment


class CiblesAffichees(NamedTuple):
    """The targets of a figure, then and now, and its state against them."""

    code: str
    libelle: str
    arretees: list[str]
    maintenant: list[str]
    etat_arrete: str
    etat: str


_SIGNATURES: Final = msgspec.json.Decoder(Signature)


def word_line(garde: Garde) -> Ligne:
    """A line of the list; a document that was altered is still listed."""
    try:
        signature = _SIGNATURES.decode(garde.document)
    except (msgspec.DecodeError, UnicodeDecodeError):
        signature = Signature("")
    return Ligne(
        f"{garde.caf}-{garde.numero}",
        garde.periode,
        garde.provisoire,
        moment(garde.pris_le),
        signature.auteur,
        signature.motif or "",
        garde.empreinte,
        garde.empreinte[:COURTE],
    )


def is_intact(garde: Garde) -> bool:
    """Whether the bytes still give the fingerprint."""
    return fingerprint(garde.document) == garde.empreinte


def word_told(arrete: Arrete) -> dict[str, Affiche]:
    """The figures as they were told, by code."""
    return {chiffre.code: _word_figure(chiffre) for chiffre in arrete.chiffres}


def word_gap(ecart: Ecart) -> EcartAffiche:
    """A figure that moved."""
    arrete, maintenant = _word_apart(ecart.code, ecart.unite, ecart.arrete, ecart.maintenant)
    apport = word_effect(ecart.code, ecart.unite, ecart.numerateur, ecart.denominateur)
    saisie = ecart.saisie
    origine = "" if saisie is None else word_origin(saisie) + (f" : {saisie.commentaire}" if saisie.commentaire else "")
    return EcartAffiche(
        ecart.code, ecart.libelle, arrete, maintenant, ecart.mouvements, apport, ecart.explique, origine
    )


def word_formula(f: FormuleChangee) -> FormuleAffichee:
    """A formula that changed."""
    moments = _word_apart(f.code, f.unite, f.arrete, f.alors, f.maintenant)
    return FormuleAffichee(f.code, f.libelle, f"{f.formule_arretee} puis {f.formule}", *moments)


def word_targets(c: CibleChangee) -> CiblesAffichees:
    """Targets that changed."""
    indicateur = REGISTRE[c.code]
    avant, apres = (
        word_figure(
            Indication(c.code, "", None, None, None, indicateur.unite, 1, _read_targets(cibles), "sans_cible")
        ).cibles
        or ["aucune"]
        for cibles in (c.arretees, c.maintenant)
    )
    etats = (ETATS[Etat(etat)] for etat in (c.etat_arrete, c.etat))
    return CiblesAffichees(c.code, indicateur.libelle, avant, apres, *etats)


def word_effect(code: str, unite: str, numerateur: int | None, denominateur: int | None) -> str:
    """``+3 ÷ +1``, what is added to the terms of a ratio; ``+3`` to a count; empty where terms do not add up."""
    argent = unite == "centimes" or code in EN_CENTIMES
    return " ÷ ".join(_word_signed(t, argent=argent) for t in (numerateur, denominateur) if t is not None)


def _word_figure(chiffre: ChiffreArrete) -> Affiche:
    indication = Indication(
        chiffre.code,
        chiffre.libelle,
        _as_told(chiffre.valeur, chiffre.denominateur),
        chiffre.numerateur,
        chiffre.denominateur,
        chiffre.unite,
        chiffre.formule,
        _read_targets(chiffre.cibles),
        chiffre.etat,
        saisie=chiffre.saisie or UNSET,
    )
    affiche = word_figure(indication)
    return affiche._replace(detail=affiche.detail or _word_parts(chiffre.termes))


def _as_told(valeur: float | None, denominateur: int | None) -> float | None:
    """A whole value that is no ratio is a count of days or of things, which a document does not tell from a measure."""
    return int(valeur) if valeur is not None and denominateur is None and float(valeur).is_integer() else valeur


def _read_targets(cibles: list[dict[str, Any]]) -> list[CibleAffichee]:
    return msgspec.convert(cibles, list[CibleAffichee])


def _word_apart(code: str, unite: str, *moments: Termes) -> list[Moment]:
    """Values with as many decimals as it takes to tell different ones apart."""
    exactes = len({t.valeur for t in moments})
    valeurs = [_as_told(t.valeur, t.denominateur) for t in moments]
    textes: list[str] = []
    for decimales in range(2, _PRECISION + 1):
        textes = [_word_value(v, unite, decimales) for v in valeurs]
        if len(set(textes)) == exactes:
            break
    return [
        Moment(texte, word_terms(code, t.numerateur, t.denominateur) or _word_parts(t.termes))
        for texte, t in zip(textes, moments, strict=True)
    ]


def _word_value(valeur: float | None, unite: str, decimales: int) -> str:
    entiere = unite not in ("centimes", "taux") and isinstance(valeur, int)
    return word_with_unit(valeur, unite, None if entiere else decimales)


def _word_parts(termes: Mapping[str, int | None] | None) -> str:
    """The terms of a balance, in the order in which it is struck: a document keeps them in that of their names."""
    donnes = termes or {}
    return ", ".join(f"{libelle.lower()} {nombre(donnes[nom])}" for nom, libelle in LIBELLES.items() if nom in donnes)


def _word_signed(somme: int, *, argent: bool) -> str:
    texte = euros(abs(somme), 2) if argent else nombre(abs(somme))
    return f"{MOINS if somme < 0 else '+'}{texte}"
