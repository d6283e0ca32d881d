"""Turns what the JSON decoder says into a French sentence for the person who reads it."""

import re
from collections.abc import Callable
from typing import Any, Final

import msgspec

from shared.events.base import members_of
from shared.events.catalogue import TYPES
from shared.events.nir import looks_like_nir

_CHEMIN = re.compile(r" - at `\$([^`]*)`$")
_JSON: Final = {
    "str": "un texte",
    "int": "un nombre entier",
    "float": "un nombre à virgule",
    "bool": "true ou false",
    "null": "null",
    "object": "un objet JSON",
    "array": "une liste",
}
_FORMES: Final = {
    "identifiant": "identifiant de 1 à 64 caractères parmi A-Z a-z 0-9 - _ . attendu",
    "texte": "texte de 1 à 200 caractères sans caractère de contrôle attendu",
    "caf": "trois chiffres attendus, par exemple 091",
}
_ATTRIBUTS: Final = {"subject": "identifiant", "caf": "caf"}


def explain_decode(octets: bytes, erreur: Exception) -> tuple[str | None, str]:
    """(member at fault or None, reason in French) for an error of the decoder."""
    if isinstance(erreur, msgspec.ValidationError):
        # The decoder stops at the first member at fault: a text that is no JSON further on is told first.
        erreur = _fault_of_the_text(octets) or erreur
    if isinstance(erreur, RecursionError):
        return None, "JSON trop profond : un événement tient en deux niveaux"
    if isinstance(erreur, UnicodeDecodeError):
        return None, "JSON illisible : le texte n'est pas de l'UTF-8"
    if not isinstance(erreur, msgspec.ValidationError):
        return None, _malformed(octets, str(erreur))
    texte = str(erreur)
    chemin = _CHEMIN.search(texte)
    membre = chemin[1].removeprefix(".data.").lstrip(".") if chemin else None
    message = _CHEMIN.sub("", texte)
    for motif, phrase in _PHRASES:
        trouve = motif.match(message)
        if trouve:
            return phrase(trouve, membre, octets)
    return membre, f"{membre} : valeur refusée" if membre else "événement refusé : forme inattendue"


def _fault_of_the_text(octets: bytes) -> Exception | None:
    try:
        msgspec.json.decode(octets)
    except msgspec.ValidationError:
        return None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as erreur:
        return erreur
    return None


Phrase = Callable[[re.Match[str], str | None, bytes], tuple[str | None, str]]


def _missing(trouve: re.Match[str], _: str | None, octets: bytes) -> tuple[str | None, str]:
    del octets
    return trouve[1], f"{trouve[1]} : membre obligatoire absent"


def _unknown(trouve: re.Match[str], _: str | None, octets: bytes) -> tuple[str | None, str]:
    del octets
    nom = trouve[1][:64]
    return nom, f"{nom or '(sans nom)'} : membre inconnu de ce type. Retirer ce membre ou vérifier son nom"


def _unknown_type(trouve: re.Match[str], membre: str | None, octets: bytes) -> tuple[str | None, str]:
    del octets
    return membre, f"type inconnu : {trouve[1][:120]}. Voir la liste des types publiés"


def _out_of_list(trouve: re.Match[str], membre: str | None, octets: bytes) -> tuple[str | None, str]:
    del trouve
    if membre == "specversion":
        return membre, "specversion doit être « 1.0 »"
    return membre, f"{membre} : valeur hors de la liste ({', '.join(_listed(octets, membre))})"


def _bound(trouve: re.Match[str], membre: str | None, octets: bytes) -> tuple[str | None, str]:
    del octets
    borne = "au moins" if trouve[1] == ">=" else "au plus"
    return membre, f"{membre} : nombre entier, {borne} {trouve[2]}, attendu"


def _length(trouve: re.Match[str], membre: str | None, octets: bytes) -> tuple[str | None, str]:
    del trouve, octets
    return membre, f"{membre} : texte de 1 à 200 caractères attendu"


def _form(trouve: re.Match[str], membre: str | None, octets: bytes) -> tuple[str | None, str]:
    del trouve
    evenement = _read(octets)
    valeur = (evenement if membre in _ATTRIBUTS else _data_of(evenement)).get(membre or "")
    if isinstance(valeur, str) and looks_like_nir(valeur):
        return membre, f"{membre} ressemble à un NIR : donner un pseudonyme opaque, aucun NIR n'entre ici"
    genre = _ATTRIBUTS.get(membre or "") or _genre(evenement, membre)
    return membre, f"{membre} : {_FORMES.get(genre, 'forme refusée')}"


def _other_kind(trouve: re.Match[str], membre: str | None, octets: bytes) -> tuple[str | None, str]:
    del octets
    attendu = " ou ".join(_JSON.get(t.strip(), t.strip()) for t in trouve[1].split("|"))
    recu = f", reçu {_JSON.get(trouve[2], trouve[2])}" if trouve[2] else ""
    return membre, f"{membre or 'événement'} : attendu {attendu}{recu}"


def _out_of_range(trouve: re.Match[str], membre: str | None, octets: bytes) -> tuple[str | None, str]:
    del trouve, octets
    if membre is None or "[" in membre:
        return None, "un nombre est trop grand pour être lu"
    return membre, f"{membre} : nombre trop grand"


_PHRASES: Final[list[tuple[re.Pattern[str], Phrase]]] = [
    (re.compile(r"Object missing required field `(.+)`"), _missing),
    (re.compile(r"Object contains unknown field `(.*)`", re.DOTALL), _unknown),
    (re.compile(r"Expected `int` (>=|<=) (-?\d+)"), _bound),
    (re.compile(r"Expected `str` of length"), _length),
    (re.compile(r"Expected `str` matching regex"), _form),
    (re.compile(r"Invalid value (.+)", re.DOTALL), _unknown_type),
    (re.compile(r"Invalid enum value"), _out_of_list),
    (re.compile(r"Expected `([^`]+)`(?:, got `([^`]+)`)?"), _other_kind),
    (re.compile(r"(Number|Integer value) out of range"), _out_of_range),
]


def _read(octets: bytes) -> dict[str, Any]:
    try:
        evenement = msgspec.json.decode(octets)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
    return evenement if isinstance(evenement, dict) else {}


def _data_of(evenement: dict[str, Any]) -> dict[str, Any]:
    data = evenement.get("data")
    return data if isinstance(data, dict) else {}


def _listed(octets: bytes, membre: str | None) -> list[str]:
    type_ = TYPES.get(str(_read(octets).get("type")))
    return [
        valeur.value for m in (members_of(type_.donnees) if type_ else ()) if m.nom == membre for valeur in m.valeurs
    ]


def _genre(evenement: dict[str, Any], membre: str | None) -> str:
    type_ = TYPES.get(str(evenement.get("type")))
    return next((m.genre for m in (members_of(type_.donnees) if type_ else ()) if m.nom == membre), "")


def _malformed(octets: bytes, message: str) -> str:
    if not octets.strip():
        return "JSON vide"
    if re.search(rb"\\u[dD][89a-fA-F]", octets):
        return "JSON illisible : demi-caractère Unicode isolé, ou texte coupé"
    if octets.startswith(b"\xef\xbb\xbf"):
        return "JSON illisible : le texte commence par une marque d'ordre des octets (BOM), à retirer"
    if "truncated" in message:
        return "JSON incomplet : le texte s'arrête avant la fin"
    octet = re.search(r"byte (\d+)", message)
    return f"JSON illisible (octet {octet[1]})" if octet else "JSON illisible"
