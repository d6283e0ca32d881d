"""Turns what the JSON decoder says into a French sentence for the person who reads it."""

import re
from collections.abc import Callable
from typing import Final

import msgspec

_CHEMIN = re.compile(r" - at `\$([^`]*)`$")
_TYPES: Final = {
    "str": "un texte",
    "int": "un nombre entier",
    "float": "un nombre à virgule",
    "bool": "true ou false",
    "null": "null",
    "object": "un objet JSON",
    "array": "une liste",
}


def _french(type_: str) -> str:
    return " ou ".join(_TYPES.get(t.strip(), t.strip()) for t in type_.split("|"))


_PHRASES: Final[list[tuple[re.Pattern[str], Callable[[re.Match[str]], tuple[str | None, str]]]]] = [
    (
        re.compile(r"Object missing required field `(.+)`"),
        lambda m: (m[1], f"membre obligatoire absent : {m[1]}"),
    ),
    (
        re.compile(r"Object contains unknown field `(.+)`", re.DOTALL),
        lambda m: (m[1][:64], f"membre inconnu : {m[1][:64]}. Retirer ce membre ou vérifier son nom"),
    ),
    (re.compile(r"Expected `int` (>=|<=) (-?\d+)"), lambda m: (None, f"doit être un entier {m[1]} {m[2]}")),
    (
        re.compile(r"Expected `str` of length (>=|<=) (\d+)"),
        lambda m: (None, f"longueur {m[1]} {m[2]} caractères attendue"),
    ),
    (
        re.compile(r"Expected `str` matching regex '\^\[0-9\]"),
        lambda m: (None, "trois chiffres attendus, par exemple 091"),
    ),
    (
        re.compile(r"Expected `str` matching regex '\^\[A-Za"),
        lambda m: (None, "identifiant de 1 à 64 caractères parmi A-Z a-z 0-9 - _ . attendu"),
    ),
    (
        re.compile(r"Expected `str` matching regex"),
        lambda m: (None, "texte de 1 à 200 caractères sans caractère de contrôle attendu"),
    ),
    (re.compile(r"Invalid enum value (.+)", re.DOTALL), lambda m: (None, f"valeur hors de la liste : {m[1][:80]}")),
    (
        re.compile(r"Expected `([^`]+)`, got `([^`]+)`"),
        lambda m: (None, f"attendu {_french(m[1])}, reçu {_french(m[2])}"),
    ),
]


def explain_decode(octets: bytes, erreur: Exception) -> tuple[str | None, str]:
    """(member at fault or None, reason in French) for an error of the decoder."""
    if isinstance(erreur, RecursionError):
        return None, "JSON trop profond : un événement tient en deux niveaux"
    if isinstance(erreur, UnicodeDecodeError):
        return None, "JSON illisible : le texte n'est pas de l'UTF-8"
    if not isinstance(erreur, msgspec.ValidationError):
        return None, _malformed(octets, str(erreur))
    texte = str(erreur)
    chemin = _CHEMIN.search(texte)
    place = chemin[1].lstrip(".") if chemin else ""
    message = _CHEMIN.sub("", texte)
    for motif, phrase in _PHRASES:
        trouve = motif.match(message)
        if trouve:
            membre, detail = phrase(trouve)
            nom = membre or place or None
            return nom, detail if membre or not place else f"{place} : {detail}"
    return place or None, f"{place} : valeur refusée" if place else "événement refusé : forme inattendue"


def _malformed(octets: bytes, message: str) -> str:
    if not octets.strip():
        return "JSON vide"
    if re.search(rb"\\u[dD][89a-fA-F]", octets):
        return "JSON illisible : demi-caractère Unicode isolé, ou texte coupé"
    if "truncated" in message:
        return "JSON incomplet : le texte s'arrête avant la fin"
    octet = re.search(r"byte (\d+)", message)
    return f"JSON illisible (octet {octet[1]})" if octet else "JSON illisible"
