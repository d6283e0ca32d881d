"""Exports on disk: the format from the name of the file, and a file that is whole or not there."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import NamedTemporaryFile

from ecluse.commandes.commun import fail
from services.indicators.exports.sortie import TRAITS, Format

# What an extension means when no format is said: the CSV of people.
_PAR_EXTENSION = {".csv": Format.csv_excel, ".xlsx": Format.xlsx, ".parquet": Format.parquet}


def choose_format(format_: str | None, sortie: Path | None) -> str:
    """The format asked for, or the one that the name of the file tells; to be refused by whoever writes it."""
    if format_ is None:
        assert sortie is not None  # noqa: S101  # one of them is given
        devine = _PAR_EXTENSION.get(sortie.suffix.lower())
        if devine is None:
            raise fail(f"--sortie {sortie} : dire son format avec --format {'|'.join(f.value for f in Format)}")
        return devine.value
    binaires = {f.value for f in Format if TRAITS[f].extension != "csv"}
    if sortie is None and format_ in binaires and sys.stdout.isatty():
        raise fail(f"--format {format_} n'est pas du texte : donner un fichier avec --sortie")
    return format_


def write_file(morceaux: Iterator[bytes], sortie: Path | None) -> None:
    """Write the pieces; a file takes its name once it is whole, with the rights of any new one."""
    if sortie is None:
        for morceau in morceaux:
            sys.stdout.buffer.write(morceau)
        return
    with NamedTemporaryFile(dir=sortie.parent, prefix=f".{sortie.name}.", delete=False) as brouillon:
        chemin = Path(brouillon.name)
        try:
            for morceau in morceaux:
                brouillon.write(morceau)
            brouillon.flush()
            masque = os.umask(0)
            os.umask(masque)
            chemin.chmod(0o666 & ~masque)
            chemin.replace(sortie)
        except BaseException:
            chemin.unlink(missing_ok=True)
            raise
