"""What a data set says of itself, and the hash of its content: of events and figures, never of a file format."""

from collections.abc import Iterable
from hashlib import sha256
from typing import Any, Final, NamedTuple

import msgspec
from msgspec import Struct

from shared.temps import to_iso

VERSION: Final = 1
JEU: Final = "jeu.json"


class Chiffre(NamedTuple):
    """A figure over an inclusive period (days). ``tableau``: the file; ``nature``: of a stock, otherwise none."""

    tableau: str
    code: str
    libelle: str
    unite: str
    formule: int
    du: int
    au: int
    nature: str | None
    valeur: float | None
    numerateur: int | None
    denominateur: int | None
    definitif: bool | None


class Question(Struct, frozen=True, forbid_unknown_fields=True):
    """What decides of every byte, with the profile of the Caf."""

    caf: str
    annee: int
    graine: int
    echelle: float


class Evenements(Struct, frozen=True, forbid_unknown_fields=True):
    """The events. ``sha256``: of their bytes in order, each followed by a line feed; the rest: what the door said."""

    nombre: int
    acceptes: int
    doublons: int
    refuses: int
    sha256: str


class Chiffres(Struct, frozen=True, forbid_unknown_fields=True):
    """The figures. ``sha256``: of their canonical lines (``write_figure``) in order."""

    nombre: int
    sha256: str


class Jeu(Struct, frozen=True, forbid_unknown_fields=True):
    """The content of a data set; its hash is that of this, written."""

    version: int
    question: Question
    evenements: Evenements
    chiffres: Chiffres

    def write(self) -> bytes:
        """The file ``jeu.json``."""
        return msgspec.json.format(msgspec.json.encode(self), indent=2) + b"\n"

    @property
    def empreinte(self) -> str:
        """The hash of the content."""
        return sha256(self.write()).hexdigest()


def parse_jeu(octets: bytes) -> Jeu:
    """The content that ``jeu.json`` tells of. Raises ``msgspec.DecodeError``."""
    return msgspec.json.decode(octets, type=Jeu)


class EmpreinteDesLignes:
    """A hash that lines are taken into, and how many were."""

    def __init__(self) -> None:
        self.nombre = 0
        self._sha = sha256()

    def take(self, lignes: Iterable[bytes]) -> None:
        """Take lines, without their line feed."""
        for ligne in lignes:
            self._sha.update(ligne + b"\n")
            self.nombre += 1

    def hexdigest(self) -> str:
        """The hash of what was taken."""
        return self._sha.hexdigest()


def write_figure(chiffre: Chiffre) -> bytes:
    """The canonical line of a figure: a JSON array. A value has twelve significant digits, so that neither the order of
    a sum nor a machine shows in it."""
    membres: list[Any] = [
        chiffre.tableau,
        chiffre.code,
        chiffre.formule,
        to_iso(chiffre.du),
        to_iso(chiffre.au),
        chiffre.nature,
        None if chiffre.valeur is None else format(chiffre.valeur, ".12g"),
        chiffre.numerateur,
        chiffre.denominateur,
        chiffre.definitif,
    ]
    return msgspec.json.encode(membres)
