"""Exports as text: one dialect for French spreadsheets, one for programs (RFC 4180)."""

import csv
import io
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from typing import Final

from services.indicators.affiche import EN_CENTIMES
from services.indicators.exports.lignes import Extrait, Ligne
from shared.temps import PARIS, parse_instant, to_datetime, to_iso
from shared.web.formats import jour_court

COLONNES: Final = (*Ligne._fields, "dernier_evenement", "a_jour")
_PAQUET: Final = 500
# What a spreadsheet takes for the beginning of a formula, full-width signs included.
_FORMULES: Final = tuple("=+-@\t\r\n＝＋－＠")  # these very characters


@dataclass(frozen=True)
class Dialecte:
    """How cells are written."""

    separateur: str
    virgule: str
    marque: bytes
    francais: bool


EXCEL: Final = Dialecte(";", ",", b"\xef\xbb\xbf", francais=True)
SIMPLE: Final = Dialecte(",", ".", b"", francais=False)


def write_text(extrait: Extrait, dialecte: Dialecte) -> Generator[bytes, None, None]:
    """The file, in pieces. Programs get the units of the API: fractions, cents; people get euros and the hour of Paris.
    What is not available is empty."""
    tampon = io.StringIO(newline="")
    ecrit = csv.writer(tampon, delimiter=dialecte.separateur, lineterminator="\r\n")
    ecrit.writerow(COLONNES)
    fraicheur = extrait.fraicheur
    fin = [_instant(fraicheur.dernier_evenement, dialecte), _yes(fraicheur.a_jour, dialecte)]
    yield dialecte.marque
    while paquet := list(islice(extrait.lignes, _PAQUET)):
        for ligne in paquet:
            ecrit.writerow([*_cells(ligne, dialecte), *fin])
        yield tampon.getvalue().encode()
        tampon.seek(0)
        tampon.truncate()
    yield tampon.getvalue().encode()


def guard(texte: str) -> str:
    """A text that no spreadsheet takes for a formula: an apostrophe before what would begin one."""
    return f"'{texte}" if texte.startswith(_FORMULES) else texte


def _cells(ligne: Ligne, dialecte: Dialecte) -> Iterator[str]:
    for nom, valeur in _for_people(ligne) if dialecte.francais else ligne._asdict().items():
        if nom in ("du", "au"):
            assert isinstance(valeur, int)  # noqa: S101  # days, by their names
            yield jour_court(valeur) if dialecte.francais else to_iso(valeur)
        elif isinstance(valeur, str):
            yield guard(valeur)
        else:
            yield "" if valeur is None else _number(valeur, dialecte.virgule)


def _for_people(ligne: Ligne) -> Iterator[tuple[str, float | Decimal | str | None]]:
    """Amounts in euros, and a Caf that a spreadsheet does not take for the number 91."""
    en_euros = {"valeur", "cible"} if ligne.unite == "centimes" else set()
    if en_euros or ligne.code in EN_CENTIMES:
        en_euros |= {"numerateur", "denominateur"}
    for nom, valeur in ligne._asdict().items():
        if nom == "caf":
            yield nom, f"Caf {valeur}"
        elif nom == "unite":
            yield nom, "euros" if valeur == "centimes" else valeur
        else:
            yield nom, _euros(valeur) if nom in en_euros else valeur


def _euros(centimes: float | None) -> Decimal | None:
    return None if centimes is None else Decimal(repr(centimes)) / 100


def _instant(instant: str | None, dialecte: Dialecte) -> str:
    if instant is None or not dialecte.francais:
        return guard(instant or "")
    return to_datetime(parse_instant(instant)).astimezone(PARIS).strftime("%d/%m/%Y %H:%M:%S")


def _number(valeur: float | Decimal, virgule: str) -> str:
    """Every digit, never an exponent."""
    exact = valeur if isinstance(valeur, Decimal) else Decimal(repr(valeur))
    return format(exact, "f").replace(".", virgule)


def _yes(vrai: bool, dialecte: Dialecte) -> str:
    if dialecte.francais:
        return "oui" if vrai else "non"
    return "true" if vrai else "false"
