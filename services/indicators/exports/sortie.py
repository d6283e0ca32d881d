"""The formats of an export, and the bytes of each."""

from collections.abc import Callable, Generator
from importlib import import_module
from importlib.util import find_spec
from tempfile import TemporaryFile
from typing import IO, Final, NamedTuple

from services.indicators.exports.lignes import Extrait
from services.indicators.exports.texte import EXCEL, SIMPLE, write_text
from services.indicators.rules import QuestionRefusee
from shared.events.base import Liste
from shared.runtime.ecrivain import Refuse

_MORCEAU: Final = 65_536
# A workbook is written aside, a kilobyte a row, and a spreadsheet opens no more with ease.
LIGNES_DE_CLASSEUR: Final = 40_000


class Format(Liste):
    """The formats, with what people call them."""

    csv_excel = "csv-excel", "CSV pour Excel"
    xlsx = "xlsx", "Classeur XLSX"
    csv = "csv", "CSV"
    parquet = "parquet", "Parquet"


class Traits(NamedTuple):
    """What a format is on the wire and on disk. ``module``: what must be installed to write it."""

    extension: str
    media: str
    module: str | None = None


TRAITS: Final = {
    Format.csv_excel: Traits("csv", "text/csv; charset=utf-8"),
    Format.csv: Traits("csv", "text/csv; charset=utf-8"),
    Format.xlsx: Traits("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    Format.parquet: Traits("parquet", "application/vnd.apache.parquet", "pyarrow"),
}


class FormatInconnu(QuestionRefusee):
    """No export has this format."""

    probleme = "format-inconnu"


class ExportTropGrand(QuestionRefusee):
    """More rows than this format takes."""

    probleme = "export-trop-grand"


class FormatNonInstalle(Refuse):
    """What writes this format is not installed here."""

    probleme, statut = "format-non-installe", 409


def parse_format(texte: str) -> Format:
    """The format that a text names, if it can be written here. Raises ``FormatInconnu``, ``FormatNonInstalle``."""
    format_ = next((f for f in Format if f.value == texte), None)
    if format_ is None:
        raise FormatInconnu(f"format « {texte[:40]} » inconnu : {', '.join(f.value for f in Format)}")
    if not is_installed(format_):
        raise FormatNonInstalle(
            f"le format {texte} demande un complément qui n'est pas installé : pip install 'ecluse[exports]', "
            "puis relancer Écluse ; csv et xlsx sont toujours là"
        )
    return format_


def is_installed(format_: Format) -> bool:
    """Whether a format can be written here."""
    module = TRAITS[format_].module
    return module is None or find_spec(module) is not None


def write_export(extrait: Extrait, format_: Format) -> Generator[bytes, None, None]:
    """The file, in pieces. A binary one is written aside first: what prevents it is raised here.

    Raises ``ExportTropGrand``.
    """
    if format_ is Format.xlsx and extrait.nombre > LIGNES_DE_CLASSEUR:
        raise ExportTropGrand(
            f"{extrait.nombre} lignes demandées, un classeur en prend {LIGNES_DE_CLASSEUR} : choisir un pas plus long, "
            "moins de codes, ou csv-excel"
        )
    if format_ is Format.csv_excel:
        return write_text(extrait, EXCEL)
    if format_ is Format.csv:
        return write_text(extrait, SIMPLE)
    module, nom = ("parquet", "write_parquet") if format_ is Format.parquet else ("classeur", "write_workbook")
    # Loaded when it is needed: it takes longer than a start of the house.
    ecrit: Callable[[Extrait, IO[bytes]], None] = getattr(import_module(f"services.indicators.exports.{module}"), nom)
    fichier = TemporaryFile()  # noqa: SIM115  # closed by whoever reads it to its end
    try:
        ecrit(extrait, fichier)
    except BaseException:
        fichier.close()
        raise
    return _read(fichier)


def name_file(extrait: Extrait, format_: Format) -> str:
    """The name that the file is given."""
    return f"{extrait.nom}.{TRAITS[format_].extension}"


def _read(fichier: IO[bytes]) -> Generator[bytes, None, None]:
    with fichier:
        fichier.seek(0)
        while morceau := fichier.read(_MORCEAU):
            yield morceau
