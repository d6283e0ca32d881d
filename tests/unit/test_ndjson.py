"""Reading lines of JSON: every form of file gives the same lines, and a damaged one is told as such."""

import gzip
import io
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from shared import ndjson
from shared.ndjson import FichierIllisible, read_lines

TEXTE = b'{"a":1}\r\n\n  \t\n{"b":"\xc3\xa9"}\n\xff\n{"c":3}'
LIGNES = [(1, b'{"a":1}'), (4, b'{"b":"\xc3\xa9"}'), (5, b"\xff"), (6, b'{"c":3}')]


def zstd(texte: bytes) -> bytes:
    return zstandard.ZstdCompressor().compress(texte)


FORMES: dict[str, Callable[[bytes], bytes]] = {
    "plain": lambda t: t,
    "gzip": gzip.compress,
    "gzip in two members": lambda t: gzip.compress(t[:9]) + gzip.compress(t[9:]),
    "zstd": zstd,
    "zstd in two frames": lambda t: zstd(t[:9]) + zstd(t[9:]),
}


@pytest.mark.parametrize("forme", FORMES)
def test_lines_keep_their_numbers_whatever_the_compression_and_the_name(forme: str, tmp_path: Path) -> None:
    fichier = tmp_path / "sans-extension"
    fichier.write_bytes(FORMES[forme](TEXTE))
    assert list(read_lines(fichier)) == list(read_lines(str(fichier))) == LIGNES


@pytest.mark.parametrize("forme", FORMES)
def test_the_standard_input_is_read_as_a_file(forme: str) -> None:
    programme = "from shared.ndjson import read_lines\nprint(list(read_lines('-')))"
    sortie = subprocess.run(
        [sys.executable, "-c", programme], input=FORMES[forme](TEXTE), capture_output=True, check=True
    ).stdout
    assert sortie.decode().strip() == repr(LIGNES)


@pytest.mark.parametrize("texte", [b"", b"\n\n", b" "])
@pytest.mark.parametrize("forme", ["plain", "gzip", "zstd"])
def test_an_empty_file_has_no_line(texte: bytes, forme: str, tmp_path: Path) -> None:
    fichier = tmp_path / "vide"
    fichier.write_bytes(FORMES[forme](texte))
    assert list(read_lines(fichier)) == []


@pytest.mark.parametrize("compress", [gzip.compress, zstd])
def test_a_compressed_file_cut_short_gives_its_lines_then_says_that_it_is_incomplete(
    compress: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    nombres = random.Random(0)
    texte = b"\n".join(b'{"n":%d}' % nombres.randrange(10**9) for _ in range(50_000))
    fichier = tmp_path / "coupe"
    octets = compress(texte)
    fichier.write_bytes(octets[:-20])
    lues: list[int] = []
    with pytest.raises(FichierIllisible, match="coupe : fichier compressé incomplet, à copier de nouveau"):
        lues.extend(numero for numero, _ in read_lines(fichier))
    assert lues == list(range(1, len(lues) + 1))
    assert 40_000 < len(lues) < 50_000


@pytest.mark.parametrize("forme", ["gzip", "zstd"])
def test_a_damaged_compressed_file_is_told_as_such(forme: str, tmp_path: Path) -> None:
    fichier = tmp_path / "abime"
    octets = bytearray(FORMES[forme](TEXTE * 100))
    octets[6:] = b"\x9a" * (len(octets) - 6)
    fichier.write_bytes(octets)
    with pytest.raises(FichierIllisible, match="abime : fichier compressé"):
        list(read_lines(fichier))


def test_a_missing_file_and_a_folder_are_told_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(FichierIllisible, match=r"rien\.ndjson : ce fichier n'existe pas"):
        list(read_lines(tmp_path / "rien.ndjson"))
    with pytest.raises(FichierIllisible, match="lecture impossible"):
        list(read_lines(tmp_path))


def test_a_line_of_10_megabytes_is_whole_and_an_endless_one_is_cut(tmp_path: Path) -> None:
    fichier = tmp_path / "long"
    fichier.write_bytes(b"a" * 10_000_000 + b"\nb\n" + b"c" * (ndjson.LIGNE_MAX * 2 + 5) + b"\nd\n")
    assert [(n, ligne[:1], len(ligne)) for n, ligne in read_lines(fichier)] == [
        (1, b"a", 10_000_000),
        (2, b"b", 1),
        (3, b"c", ndjson.LIGNE_MAX),
        (4, b"d", 1),
    ]


def test_lines_are_given_while_the_file_is_still_being_read(monkeypatch: pytest.MonkeyPatch) -> None:
    class Entree(io.RawIOBase):
        lus = 0

        def readable(self) -> bool:
            return True

        def readinto(self, tampon: bytearray) -> int:  # type: ignore[override]  # what a BufferedReader gives
            Entree.lus += 1
            ligne = b'{"n":%d}\n' % Entree.lus
            tampon[: len(ligne)] = ligne
            return len(ligne)

    class Standard:
        buffer = io.BufferedReader(Entree())  # type: ignore[type-var]  # its stub asks for more than a RawIOBase

    monkeypatch.setattr(sys, "stdin", Standard())
    lignes = read_lines("-")
    assert [next(lignes) for _ in range(1000)][-1] == (1000, b'{"n":1000}')
    assert Entree.lus < 1100
