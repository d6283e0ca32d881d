"""The five published documents, beside the repository on machines that have them: citations, lines, printed numbers."""

import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from functools import cache
from typing import Final, NamedTuple

from tests.donnees import RACINE
from tests.programmes import do_without

DOSSIER: Final = RACINE.parent / "shared" / "sources"
# The Caf that each document speaks of.
CAFS: Final = {"000": "661", "001": "091", "002": "441", "003": "521", "004": "361"}

# A citation may be cut at the end of a line, which TOML marks with a backslash.
_BLANC: Final = r"[\s\\]+"
# Below a line of its own document, in one cell, the note of a published figure names another.
_NOTE: Final = r"<br>[^|<(]*\(L[0-9]+\)"
_CITATION: Final = re.compile(
    rf"\b([0-9]{{3}}){_BLANC}(L[0-9]+(?:(?:,|{_BLANC}à|{_BLANC}et){_BLANC}L[0-9]+)*(?:{_NOTE})?)"
)
_SUITE: Final = re.compile(rf"(,|à|et)?(?:{_BLANC}|\()L([0-9]+)")
_BALISES: Final = re.compile(r"</?[a-z]+>|\*")
_ESPACES: Final = " \u00a0\u202f"
_NOMBRE: Final = re.compile(
    rf"(?<![\w,.])(-?(?:[0-9]{{1,3}}(?:[{_ESPACES}][0-9]{{3}})+(?![0-9])|[0-9]+)(?:[.,][0-9]+)?)"
    rf"[{_ESPACES}]*(%|millions?\b|M€)?"
)
_SEPARATEURS: Final = re.compile(rf"[{_ESPACES}]")
_UNITES: Final = {"": Decimal(1), "%": Decimal("0.01"), "mi": Decimal(1_000_000), "M€": Decimal(1_000_000)}


class Ligne(NamedTuple):
    """A line of a document: « 001 L369 »."""

    document: str
    numero: int


def citations(texte: str) -> Iterator[Ligne]:
    """The lines that a text names: « 001 L369, L385 », « 000 L385 à L389 » (its two ends), « 001 L455, 001 L457 »,
    « 000 L2166<br>aussi 11.6 (L416) »."""
    for _, ligne in _linked(texte):
        yield ligne


def lines_cited(texte: str) -> Iterator[Ligne]:
    """The same, with all that lies between the two ends of « 000 L385 à L389 »."""
    derniere = 0
    for lien, ligne in _linked(texte):
        premiere = derniere + 1 if lien == "à" else ligne.numero
        yield from (Ligne(ligne.document, numero) for numero in range(premiere, ligne.numero + 1))
        derniere = ligne.numero


def without_citations(texte: str) -> str:
    """The text less what it cites."""
    return _CITATION.sub("", texte)


def readings(texte: str, *, en_centimes: bool = False) -> set[Decimal]:
    """The values of the numbers that a text prints, in French or plain notation, dates and years included.

    A percentage is a fraction and a million is spelt out, as in our files; ``en_centimes``: amounts are. Nothing is
    rounded: a report that prints 48,55 % never printed 0.4854633.
    """
    facteur = 100 if en_centimes else 1
    return {
        Decimal(_SEPARATEURS.sub("", nombre).replace(",", ".")) * _UNITES[unite[:2]] * facteur
        for nombre, unite in _NOMBRE.findall(_BALISES.sub("", texte))
    }


def _linked(texte: str) -> Iterator[tuple[str, Ligne]]:
    """The lines that a text names, each with the word that ties it to the one before in its citation."""
    for citation in _CITATION.finditer(texte):
        for lien, numero in _SUITE.findall(f" {citation[2]}"):
            yield lien, Ligne(citation[1], int(numero))


def text_of(lignes: Iterable[Ligne]) -> str:
    """The text of lines, one below the other. Raises ``KeyError`` for a document or a line that does not exist."""
    documents = require_documents()
    return "\n".join(documents[ligne.document][ligne.numero] for ligne in lignes)


@cache
def require_documents() -> dict[str, dict[int, str]]:
    """The lines of each document, from 1; without the documents the test is skipped, and in CI fails."""
    fichiers = {document: sorted(DOSSIER.glob(f"{document}_*.txt")) for document in CAFS}
    absents = [document for document, trouves in fichiers.items() if len(trouves) != 1]
    if absents:
        do_without(f"documents publiés absents : déposer le texte de {', '.join(absents)} dans {DOSSIER}")
    return {d: dict(enumerate(f.read_text("utf-8").split("\n"), 1)) for d, (f,) in fichiers.items()}
