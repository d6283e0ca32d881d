"""A list of targets as a CSV table: read whole, or refused with every line that can not be taken and why."""

import csv
from collections.abc import Iterable
from datetime import date
from importlib import resources
from typing import Final

from services.indicators.cibles import OPERATEURS, RANGS, RETIREE, Cible, Nature
from services.indicators.registre import REGISTRE
from services.indicators.registre.base import Indicateur
from services.indicators.rules import DERNIER_JOUR, PREMIER_JOUR
from services.indicators.valeurs import HorsBornes, check_range
from shared.runtime.ecrivain import Refuse

COLONNES: Final = ("caf", "annee", "code", "nature", "valeur", "operateur", "unite", "etat_source", "source")
PUBLIEES: Final = ("cibles.csv", "cibles_cpog.csv")
_ANNEES: Final = range(date.fromordinal(PREMIER_JOUR).year, date.fromordinal(DERNIER_JOUR).year + 1)
_TEXTE_MAX: Final = 300
_DITES: Final = 3
_SENS: Final = {"bas": "<=", "haut": ">="}


class LigneRefusee(Exception):
    """One line can not be taken; the message says why (French)."""


class CiblesInvalides(Refuse):
    """The list of targets can not be taken. ``erreurs``: line and reason (French). Nothing is kept of it."""

    probleme, statut = "cibles-invalides", 422

    def __init__(self, erreurs: list[tuple[int, str]]) -> None:
        self.erreurs = erreurs
        dites = " ; ".join(f"ligne {ligne} : {raison}" for ligne, raison in erreurs[:_DITES])
        reste = len(erreurs) - _DITES
        suite = f" ; et {reste} autre{'s' if reste > 1 else ''}" if reste > 0 else ""
        super().__init__(f"cibles refusées, rien n'a changé : {dites}{suite}")


def published_targets() -> list[Cible]:
    """The targets that the contracts and reports of the five Cafs print."""
    dossier = resources.files("services.indicators").joinpath("donnees")
    return [cible for nom in PUBLIEES for _, cible in read_targets(dossier.joinpath(nom).read_text("utf-8"))]


def decode_table(octets: bytes) -> str:
    """The text of a table. Raises ``CiblesInvalides``."""
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError as erreur:
        ligne = octets[: erreur.start].count(b"\n") + 1
        raise CiblesInvalides([(ligne, "ce n'est pas du texte UTF-8 : enregistrer la table ainsi")]) from None


def read_targets(texte: str) -> list[tuple[int, Cible]]:
    """The targets of a CSV table with its header line, each with its line.

    Commas with decimal points, or as French spreadsheets write it: semicolons with decimal commas.
    Raises ``CiblesInvalides``.
    """
    lignes = texte.removeprefix("\ufeff").splitlines()
    separateur = ";" if lignes and ";" in lignes[0] else ","
    table = csv.reader(lignes, delimiter=separateur, strict=True)
    try:
        if tuple(nom.strip() for nom in next(table, [])) != COLONNES:
            raise CiblesInvalides([(1, f"l'en-tête attendu est {separateur.join(COLONNES)}")])
        # A line of empty cells is how spreadsheets end a table.
        champs = [(table.line_num, ligne) for ligne in table if any(c.strip() for c in ligne)]
    except csv.Error:
        raise CiblesInvalides([(table.line_num, "guillemets mal fermés : ce n'est pas une table CSV")]) from None
    return _read_all(champs, virgule=separateur == ";")


def _read_all(champs: Iterable[tuple[int, list[str]]], *, virgule: bool) -> list[tuple[int, Cible]]:
    cibles: dict[tuple[object, ...], tuple[int, Cible]] = {}
    erreurs: list[tuple[int, str]] = []
    for numero, ligne in champs:
        try:
            cible = _read_line(ligne, virgule=virgule)
            deja, _ = cibles.setdefault((*cible.cle, cible.nature), (numero, cible))
            if deja != numero:
                raise LigneRefusee(
                    f"la cible {cible.nature} de {cible.code} pour la Caf {cible.caf} en {cible.annee} est déjà donnée "
                    f"à la ligne {deja}"
                )
        except LigneRefusee as erreur:
            erreurs.append((numero, str(erreur)))
    if erreurs:
        raise CiblesInvalides(erreurs)
    if not cibles:
        raise CiblesInvalides([(1, "aucune cible sous l'en-tête")])
    return list(cibles.values())


def _read_line(ligne: list[str], *, virgule: bool) -> Cible:
    if len(ligne) != len(COLONNES):
        raise LigneRefusee(f"{len(COLONNES)} colonnes sont attendues, {len(ligne)} sont données")
    caf, annee, code, nature, ecrite, operateur, unite, etat_source, source = (c.strip() for c in ligne)
    _check_key(caf, annee, nature)
    if code not in REGISTRE:
        raise LigneRefusee(f"code « {_cut(code)} » inconnu")
    indicateur = REGISTRE[code]
    if unite != indicateur.unite:
        raise LigneRefusee(f"{code} se mesure en {indicateur.unite}, pas en {_cut(unite)}")
    valeur = _read_value(ecrite, indicateur, virgule=virgule)
    _check_operator(operateur, valeur, indicateur)
    if nature == Nature.suivi and (valeur is not None or operateur):
        raise LigneRefusee("un indicateur suivi sans cible n'a ni valeur ni opérateur")
    if etat_source == RETIREE and valeur is not None:
        raise LigneRefusee("une cible retirée n'a pas de valeur")
    for texte in (etat_source, source):
        if len(texte) > _TEXTE_MAX or not texte.isprintable():
            raise LigneRefusee(f"etat_source et source : {_TEXTE_MAX} caractères imprimables au plus")
    return Cible(caf, int(annee), code, nature, valeur, operateur or None, source, etat_source)


def _check_key(caf: str, annee: str, nature: str) -> None:
    if not (len(caf) == 3 and caf.isascii() and caf.isdigit()):
        raise LigneRefusee(f"« {_cut(caf)} » n'est pas un numéro de Caf : trois chiffres sont attendus")
    if not (len(annee) == 4 and annee.isascii() and annee.isdigit() and int(annee) in _ANNEES):
        raise LigneRefusee(f"« {_cut(annee)} » n'est pas une année, de {_ANNEES.start} à {_ANNEES.stop - 1}")
    if nature not in RANGS:
        raise LigneRefusee(f"nature « {_cut(nature)} » inconnue : {', '.join(RANGS)}")


def _check_operator(operateur: str, valeur: float | None, indicateur: Indicateur) -> None:
    if not operateur and valeur is None:
        return
    if operateur not in OPERATEURS:
        raise LigneRefusee(f"opérateur « {_cut(operateur)} » inconnu : <= ou >=")
    if indicateur.sens is not None and operateur != _SENS[indicateur.sens]:
        raise LigneRefusee(
            f"opérateur « {operateur} » : {indicateur.code} est meilleur plus {indicateur.sens}, l'écrire "
            f"{_SENS[indicateur.sens]}"
        )


def _read_value(texte: str, indicateur: Indicateur, *, virgule: bool) -> float | None:
    if not texte:
        return None
    try:
        valeur = float(texte.replace(",", ".") if virgule else texte)
    except ValueError:
        forme = "à virgule" if virgule else "à point décimal"
        raise LigneRefusee(f"valeur « {_cut(texte)} » : un nombre {forme} est attendu") from None
    try:
        return check_range(valeur, indicateur)
    except HorsBornes as erreur:
        raise LigneRefusee(f"valeur « {_cut(texte)} » {erreur}") from None


def _cut(texte: str) -> str:
    """What was written, short enough to be repeated."""
    return texte if len(texte) <= 30 else f"{texte[:30]}…"
