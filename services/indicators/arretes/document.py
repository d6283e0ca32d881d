"""The document of an arrêté: its exact bytes are what its SHA-256 is taken over. Pure.

Canonical: JSON in UTF-8 without blanks, the members of every object in the order of their names. The bytes are kept
as they are: whoever has them finds the same fingerprint with any tool (``sha256sum``).
"""

import json
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any, Final

import msgspec
from msgspec import Struct

from services.indicators.answer import Fraicheur, Indication, SaisieAffichee
from services.indicators.registre.base import Indicateur

# Raised with every change of the members below; documents of before stay as they are.
MODELE: Final = 1


class ChiffreArrete(Struct, frozen=True):
    """A figure as it was told. ``formule``: version of the formula; ``texte``: its words; ``termes``: of a balance;
    ``saisie``: where a value that was typed in comes from."""

    code: str
    libelle: str
    unite: str
    formule: int
    texte: str
    valeur: float | None
    numerateur: int | None
    denominateur: int | None
    termes: dict[str, int | None] | None
    cibles: list[dict[str, Any]]
    etat: str
    saisie: SaisieAffichee | None = None


class RepereArrete(Struct, frozen=True):
    """How far a log was counted: last position, in all and by partition, the epoch that gave it, and where each
    partition went on, for a log that is read by offset."""

    marque: str
    position: int
    positions: list[int]
    offsets: list[int]


class Arrete(Struct, frozen=True):
    """The figures of a Caf over a period, frozen. ``numero``: 1, 2, 3… within the Caf; ``precedent``: fingerprint of
    the one before it; ``provisoire``: taken before the end of the period; ``pris_le``: instant (ISO)."""

    caf: str
    numero: int
    precedent: str | None
    periode: str
    du: str
    au: str
    provisoire: bool
    pris_le: str
    auteur: str
    motif: str | None
    fraicheur: Fraicheur
    reperes: dict[str, RepereArrete]
    chiffres: list[ChiffreArrete]
    modele: int = MODELE

    @property
    def id(self) -> str:
        """``091-3``: how it is asked for."""
        return f"{self.caf}-{self.numero}"


_LECTEUR: Final = msgspec.json.Decoder(Arrete)


def freeze_figure(indication: Indication, indicateur: Indicateur) -> ChiffreArrete:
    """A figure of the answer as an arrêté keeps it."""
    termes = indication.termes
    return ChiffreArrete(
        indication.code,
        indication.libelle,
        indication.unite,
        indication.formule,
        indicateur.formule,
        indication.valeur,
        indication.numerateur,
        indication.denominateur,
        dict(termes) if isinstance(termes, Mapping) else None,
        [msgspec.to_builtins(cible) for cible in indication.cibles],
        str(indication.etat),
        indication.saisie or None,
    )


def write_document(arrete: Arrete) -> bytes:
    """The canonical bytes."""
    texte = json.dumps(
        msgspec.to_builtins(arrete), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    return texte.encode()


def read_document(octets: bytes) -> Arrete:
    """The arrêté that bytes write. Raises ``msgspec.DecodeError``, also for bytes that are not UTF-8."""
    try:
        return _LECTEUR.decode(octets)
    except UnicodeDecodeError as erreur:
        raise msgspec.DecodeError(str(erreur)) from erreur


def fingerprint(octets: bytes) -> str:
    """SHA-256, in hexadecimal."""
    return sha256(octets).hexdigest()


class Garde(Struct, frozen=True):
    """An arrêté as a row keeps it."""

    caf: str
    numero: int
    periode: str
    provisoire: bool
    pris_le: int
    empreinte: str
    document: bytes


def check_chain(gardes: Iterable[Garde]) -> list[str]:
    """What is wrong with the arrêtés of one Caf, in the order of their numbers (French); empty when all hold."""
    anomalies: list[str] = []
    precedent: str | None = None
    for rang, garde in enumerate(gardes, 1):
        nom = f"arrêté {garde.caf}-{garde.numero}"
        if garde.numero != rang:
            anomalies.append(f"{nom} : le numéro {rang} de la Caf {garde.caf} manque")
        if fingerprint(garde.document) != garde.empreinte:
            anomalies.append(f"{nom} : le document ne donne plus son empreinte, il a été modifié")
        anomalies += _check_document(garde, precedent, nom)
        precedent = garde.empreinte
        if garde.numero != rang:
            break
    return anomalies


def _check_document(garde: Garde, precedent: str | None, nom: str) -> list[str]:
    try:
        arrete = read_document(garde.document)
    except msgspec.DecodeError:
        return [f"{nom} : le document ne se lit plus"]
    dits = (arrete.caf, arrete.numero, arrete.periode, arrete.provisoire)
    anomalies = []
    if dits != (garde.caf, garde.numero, garde.periode, garde.provisoire):
        anomalies.append(f"{nom} : la ligne de la base ne dit pas ce que dit le document")
    if arrete.precedent != precedent:
        anomalies.append(f"{nom} : il ne suit pas l'arrêté qui le précède, celui-ci a été remplacé")
    return anomalies
