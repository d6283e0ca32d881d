"""The words of a reproduction, the same on a terminal and in a page: values, spreads, gaps, notes (French)."""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from ecluse.reproduction.document import Passage, Reproduction
from ecluse.reproduction.pieges import Chiffre, Little
from ecluse.reproduction.rapprochement import TOLERANCE, Etendue, Ligne
from ecluse.simulateur.mesures import Genre, Terme
from services.indicators.affiche import word_value, word_with_unit
from shared.web.formats import INSECABLE, nombre, pourcent

GENRES: Final = {Genre.entree: "entrée", Genre.donnee: "donnée", Genre.resultat: "résultat"}
# Decimals of each unit: enough to see a twentieth of what is published.
_DECIMALES: Final = {"taux": 2, "jours": 2}
_PLURIEL: Final = 2


_POPULATIONS: Final = """\
Un délai moyen de bénéficiaires de minima sociaux et une part de demandes traitées en moins de 10 jours ne parlent pas \
des mêmes pièces : la première population est faite de toutes les pièces des dossiers qui touchent un minimum social, \
la seconde des seules demandes de RSA et d'AAH. L'une peut attendre longtemps quand l'autre passe vite."""
_LITTLE: Final = """\
Par la loi de Little, le stock d'une population est son débit multiplié par son délai : un solde de quelques jours et \
un délai moyen de deux semaines ne décrivent pas les mêmes pièces. Le solde publié se compare au solde traitable, sans \
les pièces qui attendent quelqu'un d'autre ; leur part est une hypothèse du profil, et SOLDE-JOURS est ce que le solde \
serait avec elles."""
_FLUX: Final = """\
Les pièces reçues ne comptent pas le travail que les offices créent eux-mêmes : reçues et internes font les arrivées, \
et les traitées peuvent dépasser les reçues sans que le stock fonde."""
_AUTRES: Final = """\
Une donnée est une part ou une moyenne que le profil fixe et que chaque tirage suit ; un résultat n'est jamais donné. \
L'écart de l'une et de l'autre se montre et ne fait rien échouer."""


class Piege(NamedTuple):
    """A note under the table: its title, what to know, and the figures that show it."""

    titre: str
    texte: list[str]
    chiffres: list[Chiffre]


def word(valeur: float | None, unite: str) -> str:
    """A value as the table writes it."""
    return word_with_unit(valeur, unite, _DECIMALES.get(unite, 0))


def word_mean(obtenu: Etendue, unite: str) -> str:
    """``13,42 jours ± 0,05``; without a spread for one seed."""
    texte = word(obtenu.moyenne, unite)
    if obtenu.ecart_type is None:
        return texte
    return f"{texte} ±{INSECABLE}{word_value(obtenu.ecart_type, unite, _DECIMALES.get(unite, 0))}"


def word_range(obtenu: Etendue, unite: str) -> str:
    """``13,38 … 13,47``; nothing for one seed."""
    if obtenu.ecart_type is None:
        return ""
    decimales = _DECIMALES.get(unite, 0)
    return f"{word_value(obtenu.mini, unite, decimales)} … {word_value(obtenu.maxi, unite, decimales)}"


def word_gap(ligne: Ligne) -> str:
    """``+0,3 %`` of the published value, or points of a share; of an input, whether that is within its tolerance."""
    if ligne.ecart is None:
        return ""
    texte = pourcent(ligne.ecart, 2) if ligne.unite != "taux" else _word_points(ligne.ecart * 100)
    # What rounds to nothing has no sign.
    signe = "+" if ligne.ecart > 0 and re.search("[1-9]", texte) else ""
    return f"{signe}{texte}{_word_tolerance(ligne)}"


def _word_points(points: float) -> str:
    return f"{nombre(points, 2)}{INSECABLE}point{'s' if abs(points) >= _PLURIEL else ''}"


def _word_tolerance(ligne: Ligne) -> str:
    if ligne.tolerance is None:
        return ""
    if ligne.respectee is None:
        return " (trop petit pour être jugé)"
    return f" ({'dans' if ligne.respectee else 'HORS DE'} {pourcent(ligne.tolerance, 1)})"


def word_reading(ligne: Ligne) -> str:
    """``PIECES-RECUES``, or ``numérateur de PART-WEB-RECUES``."""
    return ligne.code if ligne.terme == Terme.valeur else f"numérateur de {ligne.code}"


def word_pass(passage: Passage) -> str:
    """What a simulated year was made of, and what went wrong."""
    compte = (
        f"graine {passage.graine} : {nombre(passage.evenements)} événements, {nombre(passage.acceptes)} acceptés, "
        f"{nombre(passage.doublons)} doublons, {nombre(passage.refuses)} refusés"
    )
    return f"{compte} ; {' ; '.join(passage.manques) or 'balance des pièces 0, aucune lettre morte'}"


def word_verdict(document: Reproduction) -> str:
    """Whether the inputs match."""
    entrees, trop_petites = document.entrees, document.trop_petites
    reste = f" ; trop petites à cette échelle pour être jugées : {trop_petites}" if trop_petites else ""
    if not entrees:
        return f"Aucune entrée n'est jugée{reste or ' : aucun volume publié'}."
    tenues = sum(ligne.respectee is True for ligne in entrees)
    return f"Entrées qui reviennent dans leur tolérance, pour toutes les graines : {tenues} sur {len(entrees)}{reste}."


def word_rule(document: Reproduction) -> str:
    """The tolerance of inputs, as it applies here."""
    base = f"Une entrée doit revenir à {pourcent(TOLERANCE, 1)} de la valeur publiée, pour chaque graine"
    if document.echelle == 1:
        return f"{base}. {_AUTRES}"
    return (
        f"{base} en grandeur réelle ; à l'échelle {_word_scale(document.echelle)}, la tolérance est de "
        f"{pourcent(TOLERANCE, 1)} + 3 ÷ √(échelle × volume), car un petit compte s'écarte de sa racine ; à 100 % ou "
        "plus, elle ne jugerait rien. "
        "Volumes et montants sont ramenés à la grandeur réelle. "
        f"{_AUTRES}"
    )


def word_run(document: Reproduction) -> str:
    """What the figures rest on."""
    v = document.versions
    graines = ", ".join(str(p.graine) for p in document.passages)
    return (
        f"Profil {document.caf} de {document.annee} (empreinte {v.profil}), chiffres publiés (empreinte {v.publies}), "
        f"échelle {_word_scale(document.echelle)}, graines {graines}, Écluse {v.ecluse}, Python {v.python}."
    )


def _word_scale(echelle: float) -> str:
    return f"{echelle:.6f}".rstrip("0").rstrip(".").replace(".", ",")


def tell_traps(document: Reproduction) -> Iterator[Piege]:
    """The notes under the table."""
    pieges = document.pieges
    yield Piege(
        "Deux populations",
        [*_print_published(document, ("COG-08-30", "PART-MINIMA-10J")), _POPULATIONS],
        pieges.populations,
    )
    soldes = ("SOLDE-TRAITABLE-JOURS", "SOLDE-TRAITABLE-JOURS-MOYEN", "COG-08-29")
    yield Piege(
        "Le solde et le délai",
        [*_print_published(document, soldes), _LITTLE, word_little(pieges.little)],
        pieges.stock,
    )
    yield Piege(
        "Traitées et arrivées",
        [*_print_published(document, ("PIECES-RECUES", "PIECES-TRAITEES")), _FLUX],
        pieges.flux,
    )


def word_little(little: Little) -> str:
    """Both sides of the law."""
    ecart = pourcent(little.produit / little.stock - 1, 1) if little.stock else "ND"
    return (
        f"L = λ W : {nombre(little.debit, 1)} pièces traitées par jour calendaire × {nombre(little.delai, 2)} jours = "
        f"{nombre(little.produit)} pièces, pour un stock moyen de {nombre(little.stock)} (écart {ecart}, de ce qui "
        "traverse les bouts de l'année et des pièces annulées)."
    )


def _print_published(document: Reproduction, mesures: tuple[str, ...]) -> Iterator[str]:
    lues = [ligne for ligne in document.lignes if ligne.mesure in mesures and ligne.publie is not None]
    if lues:
        dites = " ; ".join(f"{x.mesure} {word(x.publie, x.unite)} ({x.source})" for x in lues)
        yield f"Le rapport imprime : {dites}."
