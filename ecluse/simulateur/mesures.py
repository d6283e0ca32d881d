"""What each published measure is among the indicators (``mesures.toml``): given to the simulation or a result of it,
where it is read, and which parameters of the profile move it."""

import tomllib
from enum import StrEnum
from importlib.resources import files
from typing import Final

import msgspec
from msgspec import Struct

_TABLE: Final = files("ecluse.simulateur") / "mesures.toml"


class Genre(StrEnum):
    """``entree``: the profile gives it, it must come back; ``donnee``: the profile gives the share or the mean that
    each draw follows, so it comes back and proves nothing; ``resultat``: the simulation gives it, never set."""

    entree = "entree"
    donnee = "donnee"
    resultat = "resultat"


class Terme(StrEnum):
    """Which member of an indicator a measure is."""

    valeur = "valeur"
    numerateur = "numerateur"


class Hypothese(Struct, frozen=True, forbid_unknown_fields=True):
    """Parameters of the profile (``section.nom``) and what they do to a result, in a French sentence."""

    parametres: tuple[str, ...]
    effet: str


class Mesure(Struct, frozen=True, forbid_unknown_fields=True):
    """How a published measure is read. ``libelle``: empty where the indicator's own says it."""

    genre: Genre
    code: str
    terme: Terme = Terme.valeur
    libelle: str = ""
    hypotheses: tuple[Hypothese, ...] = ()


def load_mesures() -> dict[str, Mesure]:
    """Every measure by its name in ``publies.csv``."""
    return msgspec.convert(tomllib.loads(_TABLE.read_text(encoding="utf-8")), dict[str, Mesure])
