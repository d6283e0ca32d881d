"""Events to measure with: the month given, repeated with other identifiers when more are asked for."""

from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path

from shared.ndjson import read_lines

RACINE = Path(__file__).resolve().parent.parent
COMPLET = RACINE.parent / "shared" / "data" / "caf091_2023-01.ndjson.gz"
PETIT = RACINE / "tests" / "data" / "caf091_2023-01_petit.ndjson.gz"


def month() -> Path:
    """The full month where it is, else the small one that is kept with the tests."""
    return COMPLET if COMPLET.exists() else PETIT


def lines(nombre: int | None = None) -> Iterator[tuple[int, bytes]]:
    """Numbered lines of the month (all of them: None); beyond, the month again as that of other objects."""
    if nombre is None:
        yield from read_lines(month())
        return
    yield from islice(_for_ever(), nombre)


def _for_ever() -> Iterator[tuple[int, bytes]]:
    numero = count(1)
    for tour in count():
        for _, octets in read_lines(month()):
            yield next(numero), _another(octets, tour) if tour else octets


def _another(octets: bytes, tour: int) -> bytes:
    """The same event about another object of another dossier."""
    marque = f"-{tour}".encode()
    for membre in (
        b'"id":"',
        b'"subject":"',
        b'"piece":"',
        b'"contact":"',
        b'"rdv":"',
        b'"creance":"',
        b'"courrier":"',
    ):
        debut = octets.find(membre)
        if debut >= 0:
            fin = octets.index(b'"', debut + len(membre))
            octets = octets[:fin] + marque + octets[fin:]
    return octets
