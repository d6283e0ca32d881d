"""What the value of a setting may look like: each form says what it expects, in French, and reads it or refuses it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Forme:
    """``attendu`` completes « attendu : … »; ``lit`` gives the value or raises ``ValueError``."""

    nom: str
    attendu: str
    lit: Callable[[str], Any]


def integer(minimum: int, maximum: int) -> Forme:
    """A whole number within inclusive bounds."""

    def read(texte: str) -> int:
        if not (texte.isascii() and texte.isdecimal() and minimum <= int(texte) <= maximum):
            raise ValueError
        return int(texte)

    return Forme("entier", f"un nombre entier de {minimum} à {maximum}", read)


def _read_share(texte: str) -> float:
    entier, _, decimales = texte.partition(".")
    if not (texte.isascii() and entier in ("0", "1") and (decimales or "0").isdecimal() and float(texte) <= 1):
        raise ValueError
    return float(texte)


def choice(*valeurs: str) -> Forme:
    """One of these words, in any case; given back as written here."""
    par_mot = {v.lower(): v for v in valeurs}

    def read(texte: str) -> str:
        try:
            return par_mot[texte.lower()]
        except KeyError:
            raise ValueError from None

    return Forme("choix", f"une de ces valeurs : {', '.join(valeurs)}", read)


def url(nom: str, schemas: tuple[str, ...], exemple: str) -> Forme:
    """An URL with one of these schemes and a host."""

    def read(texte: str) -> str:
        parties = urlsplit(texte)
        # The port is read on demand: one that is no number is refused here too.
        if parties.scheme not in schemas or not parties.hostname or parties.port == 0 or _spaced(texte):
            raise ValueError
        return texte.rstrip("/") if "http" in schemas else texte

    return Forme(nom, f"une adresse de la forme {exemple}", read)


def _read_brokers(texte: str) -> tuple[str, ...]:
    adresses = tuple(morceau.strip() for morceau in texte.split(","))
    for adresse in adresses:
        hote, _, port = adresse.rpartition(":")
        if not hote or _spaced(adresse) or "/" in adresse or not (port.isdecimal() and 0 < int(port) < 65_536):
            raise ValueError
    return adresses


def _read_database(texte: str) -> str:
    parties = urlsplit(texte)
    vide = not parties.path.strip("/")
    if parties.scheme not in ("postgresql", "postgres") or vide or parties.port == 0 or _spaced(texte):
        raise ValueError
    return f"postgresql:{texte.partition(':')[2]}"


def _read_word(texte: str) -> str:
    if not texte or _spaced(texte) or not texte.isprintable():
        raise ValueError
    return texte


def _read_token(texte: str) -> str:
    if len(texte) < JETON_MIN or not texte.isascii():
        raise ValueError
    return _read_word(texte)


def _read_prefix(texte: str) -> str:
    # What Kafka allows in a topic name, less the dot, which separates our parts.
    if not 0 < len(texte) <= 64 or not texte.isascii() or not texte.replace("-", "").replace("_", "").isalnum():
        raise ValueError
    return texte


def _read_existing(texte: str) -> Path:
    chemin = Path(texte)
    if not chemin.is_file():
        raise ValueError
    return chemin


def _spaced(texte: str) -> bool:
    return any(c.isspace() for c in texte)


JETON_MIN: Final = 16
BROKERS: Final = Forme("adresses", "hôte:port, plusieurs séparés par des virgules", _read_brokers)
BASE: Final = Forme(
    "adresse de base", "une adresse de la forme postgresql://utilisateur@hôte:5432/base", _read_database
)
REDIS: Final = url("adresse Redis", ("redis", "rediss"), "redis://hôte:6379/0")
HTTP: Final = url("adresse HTTP", ("http", "https"), "http://hôte:8080")
PART: Final = Forme("part", "un nombre de 0 à 1, par exemple 0.1", _read_share)
MOT: Final = Forme("texte", "un texte sans espace", _read_word)
PREFIXE: Final = Forme("texte", "64 lettres, chiffres, « - » ou « _ » au plus", _read_prefix)
JETON: Final = Forme("secret", f"un secret d'au moins {JETON_MIN} caractères ASCII sans espace", _read_token)
FICHIER: Final = Forme("fichier", "le chemin d'un fichier lisible", _read_existing)
