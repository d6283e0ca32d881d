"""Simulated events as NDJSON bytes: the same events give the same bytes, compressed or not."""

import zlib
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Final, Protocol

import zstandard

_PAQUET: Final = 1_000
# The container of gzip; it then carries neither date nor name.
_GZIP: Final = 16 + zlib.MAX_WBITS


class _Compresseur(Protocol):
    def compress(self, data: bytes, /) -> bytes: ...
    def flush(self) -> bytes: ...


def ndjson(evenements: Iterator[bytes], told: Callable[[int], None] = lambda _: None) -> Iterator[bytes]:
    """One event a line, by packets of many lines; ``told``: how many events each packet holds."""
    while paquet := list(islice(evenements, _PAQUET)):
        paquet.append(b"")
        yield b"\n".join(paquet)
        told(len(paquet) - 1)


def compress(morceaux: Iterable[bytes], sortie: Path) -> Iterator[bytes]:
    """The pieces as the end of the name asks: ``.gz``, ``.zst``, anything else as they are."""
    compresseur: _Compresseur
    match sortie.suffix.lower():
        case ".gz":
            compresseur = zlib.compressobj(6, zlib.DEFLATED, _GZIP)
        case ".zst":
            compresseur = zstandard.ZstdCompressor(level=3).compressobj()
        case _:
            yield from morceaux
            return
    for morceau in morceaux:
        if comprime := compresseur.compress(morceau):
            yield comprime
    yield compresseur.flush()
