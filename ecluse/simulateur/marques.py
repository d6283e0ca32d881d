"""Reads a profile file and refuses any parameter that does not say where it comes from.

A parameter is a table with ``valeur`` and ``origine``: ``publie`` with ``source`` (document and line), ``derive`` with
``calcul``, or ``hypothese`` with ``raison``.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

# What each origin owes the reader.
JUSTIFICATIONS: Final = {"publie": "source", "derive": "calcul", "hypothese": "raison"}
_SOURCE: Final = re.compile(r"[0-9]{3} L[0-9]+(, [0-9]{3} L[0-9]+)*")


class ProfilRefuse(ValueError):
    """A profile that can not be used: the message names the parameter and says what it lacks (French)."""


class Parametre(NamedTuple):
    """A parameter with its mark. ``justification``: source, calculation or reason."""

    nom: str
    valeur: Any
    origine: str
    justification: str


def read_marks(table: Mapping[str, Any], chemin: str = "") -> Iterator[Parametre]:
    """Every parameter of the table, in order. Raises ``ProfilRefuse`` at the first that is not marked."""
    for nom, contenu in table.items():
        complet = f"{chemin}.{nom}" if chemin else nom
        if not isinstance(contenu, Mapping):
            raise ProfilRefuse(f"{complet} : paramètre sans origine ; écrire une table avec valeur et origine")
        if "valeur" in contenu or "origine" in contenu:
            yield _read_mark(complet, contenu)
        else:
            yield from read_marks(contenu, complet)


def _read_mark(nom: str, table: Mapping[str, Any]) -> Parametre:
    if "valeur" not in table:
        raise ProfilRefuse(f"{nom} : il manque valeur")
    origine = table.get("origine")
    if origine not in JUSTIFICATIONS:
        raise ProfilRefuse(f"{nom} : origine doit être publie, derive ou hypothese, reçu {origine!r}")
    champ = JUSTIFICATIONS[origine]
    justification = table.get(champ)
    if not isinstance(justification, str) or not justification.strip():
        raise ProfilRefuse(f"{nom} : une valeur d'origine {origine} doit porter {champ}")
    if origine == "publie" and _SOURCE.fullmatch(justification) is None:
        raise ProfilRefuse(f"{nom} : source attendue sous la forme « 001 L369 », reçu {justification!r}")
    inconnus = table.keys() - {"valeur", "origine", champ}
    if inconnus:
        raise ProfilRefuse(f"{nom} : {', '.join(sorted(inconnus))} n'a pas sa place à côté de {champ}")
    return Parametre(nom, table["valeur"], origine, justification)


def nest(parametres: Iterator[Parametre]) -> dict[str, dict[str, Any]]:
    """The plain values, by section then name."""
    sections: dict[str, dict[str, Any]] = {}
    for parametre in parametres:
        section, _, nom = parametre.nom.partition(".")
        if not nom or "." in nom:
            raise ProfilRefuse(f"{parametre.nom} : un paramètre se nomme section.nom")
        sections.setdefault(section, {})[nom] = parametre.valeur
    return sections
