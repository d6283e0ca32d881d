"""Exports as a workbook: figures with their types and formats, and a sheet that says what each of them is."""

from datetime import date, datetime
from typing import IO, Any, Final

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from services.indicators.affiche import EN_CENTIMES
from services.indicators.exports.lignes import Extrait, Ligne
from services.indicators.registre.base import Indicateur
from services.indicators.rules import Role
from shared.temps import PARIS, from_iso, parse_instant, to_datetime
from shared.web.formats import jour_court

FEUILLE: Final = "Indicateurs"
DEFINITIONS: Final = "Définitions"
_FORMATS: Final = {
    "titre": {"bold": True, "font_size": 14},
    "entete": {"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"},
    "texte": {"valign": "top"},
    "long": {"text_wrap": True, "valign": "top"},
    "jour": {"num_format": "dd/mm/yyyy", "align": "left"},
    "instant": {"num_format": "dd/mm/yyyy hh:mm:ss", "align": "left"},
    "jours": {"num_format": "#,##0.00"},
    "taux": {"num_format": "0.00%"},
    "nombre": {"num_format": "#,##0"},
    "heures": {"num_format": "#,##0.00"},
    "ratio": {"num_format": "0.00"},
    "m2": {"num_format": "#,##0.00"},
    "centimes": {"num_format": '#,##0.00 "€"'},
}
_UNITES: Final = {"centimes": "euros", "taux": "pourcentage"}
_ENTETES: Final = (
    ("Caf", 6), ("Code", 24), ("Indicateur", 52), ("Du", 11), ("Au", 11), ("Valeur", 14), ("Unité", 12),
    ("Numérateur", 15), ("Dénominateur", 15), ("État", 20), ("Cible", 10), ("Sens de la cible", 10),
    ("Nature de la cible", 15), ("Autres cibles", 26), ("Version de la formule", 11),
    ("À quel titre", 12), ("Maturité", 12), ("Saisie", 40),
)  # fmt: skip
_ENTETES_DEFINITIONS: Final = (
    ("Code", 24), ("Indicateur", 52), ("Unité", 12), ("Population", 50), ("Formule", 70),
    ("Version de la formule", 11), ("Formule d'Écluse", 11), ("Sens", 20), ("Source", 60),
)  # fmt: skip
_SENS: Final = {"bas": "plus bas est mieux", "haut": "plus haut est mieux", None: "volume"}
_PREMIERE: Final = 6


def write_workbook(extrait: Extrait, sortie: IO[bytes]) -> None:
    """Write the workbook into an open file; rows leave memory as they are written."""
    # Texts are written as such, never by the writer that guesses: what begins with a sign is no formula.
    with xlsxwriter.Workbook(sortie, {"constant_memory": True}) as classeur:
        classeur.set_properties({"title": extrait.nom, "created": to_datetime(extrait.extrait_le)})
        formats = {nom: classeur.add_format(traits) for nom, traits in _FORMATS.items()}
        _write_figures(classeur, extrait, formats)
        _write_definitions(classeur, extrait, formats)


def _write_figures(classeur: Workbook, extrait: Extrait, formats: dict[str, Format]) -> None:
    feuille = classeur.add_worksheet(FEUILLE)
    bornes = " au ".join(jour_court(from_iso(jour)) for jour in (extrait.du, extrait.au))
    titre = " (ce qu'elle traite)" if extrait.role is Role.traitante else ""
    feuille.write_string(0, 0, f"Indicateurs de la Caf {extrait.caf}{titre} du {bornes}", formats["titre"])
    fraicheur = extrait.fraicheur
    dernier = parse_instant(fraicheur.dernier_evenement) if fraicheur.dernier_evenement else None
    feuille.write_string(1, 0, "Dernier événement compté")
    if dernier is None:
        feuille.write_string(1, 3, "aucun")
    else:
        feuille.write_datetime(1, 3, _paris(dernier), formats["instant"])
    feuille.write_string(2, 0, "Tout ce qui est accepté est compté")
    feuille.write_string(2, 3, "oui" if fraicheur.a_jour else "NON : chiffres pas à jour")
    feuille.write_string(3, 0, "Extrait le")
    feuille.write_datetime(3, 3, _paris(extrait.extrait_le), formats["instant"])
    _write_headings(feuille, _PREMIERE - 1, _ENTETES, formats)
    rang = _PREMIERE - 1
    for rang, ligne in enumerate(extrait.lignes, _PREMIERE):
        _write_row(feuille, rang, ligne, formats)
    feuille.autofilter(_PREMIERE - 1, 0, rang, len(_ENTETES) - 1)
    feuille.freeze_panes(_PREMIERE, 3)


def _write_row(feuille: Worksheet, rang: int, ligne: Ligne, formats: dict[str, Format]) -> None:
    unite = "centimes" if ligne.unite == "centimes" or ligne.code in EN_CENTIMES else "nombre"
    for colonne, (nom, valeur) in enumerate(zip(ligne._fields, ligne, strict=True)):
        if valeur is None:
            continue
        if nom in ("du", "au"):
            feuille.write_datetime(rang, colonne, date.fromordinal(int(valeur)), formats["jour"])
        elif nom == "unite":
            feuille.write_string(rang, colonne, _UNITES.get(ligne.unite, ligne.unite))
        elif nom in ("valeur", "cible"):
            _write_number(feuille, rang, colonne, valeur, ligne.unite, formats)
        elif nom in ("numerateur", "denominateur"):
            _write_number(feuille, rang, colonne, valeur, unite, formats)
        elif isinstance(valeur, str):
            feuille.write_string(rang, colonne, valeur)
        else:
            feuille.write_number(rang, colonne, valeur)


def _write_number(
    feuille: Worksheet, rang: int, colonne: int, valeur: Any, unite: str, formats: dict[str, Format]
) -> None:
    feuille.write_number(rang, colonne, valeur / 100 if unite == "centimes" else valeur, formats[unite])


def _write_definitions(classeur: Workbook, extrait: Extrait, formats: dict[str, Format]) -> None:
    feuille = classeur.add_worksheet(DEFINITIONS)
    _write_headings(feuille, 0, _ENTETES_DEFINITIONS, formats)
    for rang, indicateur in enumerate(extrait.definitions, 1):
        for colonne, valeur in enumerate(_define(indicateur)):
            if isinstance(valeur, int):
                feuille.write_number(rang, colonne, valeur, formats["texte"])
            else:
                feuille.write_string(rang, colonne, valeur, formats["long"])
    feuille.freeze_panes(1, 1)


def _define(i: Indicateur) -> tuple[str | int, ...]:
    ours = "oui" if i.maison else "non"
    unite = _UNITES.get(i.unite, i.unite)
    return i.code, i.libelle, unite, i.population, i.formule, i.version, ours, _SENS[i.sens], i.source


def _write_headings(
    feuille: Worksheet, rang: int, entetes: tuple[tuple[str, int], ...], formats: dict[str, Format]
) -> None:
    for colonne, (titre, largeur) in enumerate(entetes):
        feuille.set_column(colonne, colonne, largeur)
        feuille.write_string(rang, colonne, titre, formats["entete"])


def _paris(instant: int) -> datetime:
    """The hour of Paris: a spreadsheet knows no zone."""
    return to_datetime(instant).astimezone(PARIS).replace(tzinfo=None)
