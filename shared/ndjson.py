"""Reads files of one JSON text per line, of any size: plain, gzip or zstd, or the standard input."""

import gzip
import sys
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from io import BufferedReader, RawIOBase
from pathlib import Path
from typing import IO, Any, Final, cast

import zstandard

from shared.systeme import explain_os

Ligne = tuple[int, bytes]
# No event comes near; a file without a line feed must not fill the memory.
LIGNE_MAX: Final = 16 * 1024 * 1024
_GZIP: Final = b"\x1f\x8b"
_ZSTD: Final = b"\x28\xb5\x2f\xfd"


class FichierIllisible(Exception):
    """The file can not be read to its end; the message says why, in one line."""


def read_lines(fichier: str | Path) -> Iterator[Ligne]:
    """(number from 1, bytes without their line feed) of each line that is not blank; ``-`` is the standard input.

    The compression is recognised by the first bytes, whatever the name. A line longer than ``LIGNE_MAX`` bytes is cut
    there. Raises ``FichierIllisible``, at the first line or where the file breaks off.
    """
    nom = "l'entrée standard" if str(fichier) == "-" else str(fichier)
    try:
        with ExitStack() as pile:
            yield from _numbered(_plain(_open(fichier, pile), pile))
    except FileNotFoundError:
        raise FichierIllisible(f"{nom} : ce fichier n'existe pas") from None
    except EOFError:
        raise FichierIllisible(f"{nom} : fichier compressé incomplet, à copier de nouveau") from None
    except (gzip.BadGzipFile, zlib.error, zstandard.ZstdError) as erreur:
        raise FichierIllisible(f"{nom} : fichier compressé abîmé ({erreur})") from None
    except OSError as erreur:
        raise FichierIllisible(f"{nom} : lecture impossible ({explain_os(erreur)})") from None


def _open(fichier: str | Path, pile: ExitStack) -> BufferedReader:
    if str(fichier) == "-":
        return cast(BufferedReader, sys.stdin.buffer)
    return pile.enter_context(Path(fichier).open("rb"))


def _plain(flux: BufferedReader, pile: ExitStack) -> IO[bytes]:
    debut = flux.peek(len(_ZSTD))
    if debut.startswith(_GZIP):
        return cast(IO[bytes], pile.enter_context(gzip.open(flux)))
    if debut.startswith(_ZSTD):
        return BufferedReader(_Zstd(flux), 1 << 17)
    return flux


class _Zstd(RawIOBase):
    """Frames of zstd, one after the other. The library's own reader takes a file cut short for its end."""

    def __init__(self, flux: BufferedReader) -> None:
        self._flux = flux
        self._trame: zstandard.ZstdDecompressionObj | None = None
        self._entree = b""
        self._sortie = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, tampon: Any) -> int:
        while not self._sortie:
            # Small pieces: what a few bytes expand to is held in memory.
            morceau = self._entree or self._flux.read(1 << 14)
            if not morceau:
                if self._trame is not None:
                    raise EOFError
                return 0
            trame = self._trame or zstandard.ZstdDecompressor().decompressobj()
            self._sortie = memoryview(trame.decompress(morceau))
            self._entree, self._trame = (trame.unused_data, None) if trame.eof else (b"", trame)
        place = memoryview(tampon)
        nombre = min(len(place), len(self._sortie))
        place[:nombre] = self._sortie[:nombre]
        self._sortie = self._sortie[nombre:]
        return nombre


def _numbered(flux: IO[bytes]) -> Iterator[Ligne]:
    numero = 0
    while octets := flux.readline(LIGNE_MAX):
        numero += 1
        if len(octets) == LIGNE_MAX:
            _skip_line(flux, octets)
        if octets.strip():
            yield numero, octets.rstrip(b"\r\n")


def _skip_line(flux: IO[bytes], octets: bytes) -> None:
    while octets and not octets.endswith(b"\n"):
        octets = flux.readline(LIGNE_MAX)
