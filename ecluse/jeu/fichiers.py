"""The Parquet files of a data set: written a group of rows at a time, read back into rows."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import groupby
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import pyarrow as pa
import pyarrow.parquet as pq

from ecluse.jeu.chiffres import TABLEAUX
from ecluse.jeu.description import Chiffre
from ecluse.jeu.lignes import Ligne

EVENEMENTS, CHIFFRES = "evenements", "chiffres"
# Of a group of rows, that is compressed as one and that a reader may skip as one.
GROUPE: Final = 65_536
_LECTURE: Final = 20_000
_INSTANT: Final = pa.timestamp("us", "UTC")
_TYPES: Final = {
    "rang": pa.int64(),
    "recu": _INSTANT,
    "time": _INSTANT,
    "instant": _INSTANT,
    "jour": pa.date32(),
    "minima_sociaux": pa.bool_(),
    "automatique": pa.bool_(),
    "montant_centimes": pa.int64(),
    "brut": pa.binary(),
}
_TOUJOURS: Final = frozenset({"rang", "recu", "reponse"})
_SCHEMA: Final = pa.schema(
    [pa.field(nom, _TYPES.get(nom, pa.string()), nullable=nom not in _TOUJOURS) for nom in Ligne._fields]
)
# Written once for a group of rows: few values, that come often.
_UNIQUES: Final = frozenset({"id", "piece", "contact", "rdv", "creance", "data"})
_REPETEES: Final = [c.name for c in _SCHEMA if c.type == pa.string() and c.name not in _UNIQUES]
_SCHEMA_CHIFFRES: Final = pa.schema(
    [
        pa.field("code", pa.string(), nullable=False),
        pa.field("libelle", pa.string(), nullable=False),
        pa.field("unite", pa.string(), nullable=False),
        pa.field("formule", pa.int32(), nullable=False),
        pa.field("du", pa.date32(), nullable=False),
        pa.field("au", pa.date32(), nullable=False),
        pa.field("nature", pa.string()),
        pa.field("valeur", pa.float64()),
        pa.field("numerateur", pa.int64()),
        pa.field("denominateur", pa.int64()),
        pa.field("definitif", pa.bool_()),
    ]
)


class FichiersDEvenements:
    """The files of events, a month each; what is held is a group of rows at most, as columns."""

    def __init__(self, dossier: Path) -> None:
        self._dossier = dossier
        self._mois = ""
        self._sortie: Any = None
        self._lots: list[Any] = []
        dossier.mkdir()

    def add(self, mois: str, lignes: Sequence[Ligne]) -> None:
        """Write rows of a month (the name of its file), the months in order."""
        if mois != self._mois:
            self.close()
            self._mois = mois
            self._sortie = _open(self._dossier / f"{mois}.parquet", _SCHEMA, _REPETEES)
        self._lots.append(_to_table(lignes, _SCHEMA))
        if sum(lot.num_rows for lot in self._lots) >= GROUPE:
            self._write()

    def close(self) -> None:
        """Write what waits and end the file."""
        if self._sortie is not None:
            with self._sortie:
                self._write()
            self._sortie = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()

    def _write(self) -> None:
        if self._lots:
            table = pa.concat_tables(self._lots)
            self._sortie.write_table(table, row_group_size=table.num_rows)
        self._lots = []


def read_events(dossier: Path) -> Iterator[Ligne]:
    """The rows of the events, in order of emission. Raises ``pa.ArrowException``, ``OSError``."""
    for chemin in sorted(dossier.glob("*.parquet")):
        with pq.ParquetFile(chemin) as fichier:
            for lot in fichier.iter_batches(_LECTURE, columns=_SCHEMA.names):
                colonnes = [_from_column(lot.column(c.name), c.type) for c in _SCHEMA]
                yield from map(Ligne._make, zip(*colonnes, strict=True))


def write_figures(dossier: Path, chiffres: Iterable[Chiffre]) -> Iterator[Chiffre]:
    """Write each table into its file, and give every figure on."""
    dossier.mkdir()
    for tableau, suite in groupby(chiffres, lambda chiffre: chiffre.tableau):
        lus = list(suite)
        lignes = [c._replace(du=date.fromordinal(c.du), au=date.fromordinal(c.au))[1:] for c in lus]  # type: ignore[arg-type]  # days as dates, for the columns
        with _open(dossier / f"{tableau}.parquet", _SCHEMA_CHIFFRES, ["code", "libelle", "unite", "nature"]) as sortie:
            sortie.write_table(_to_table(lignes, _SCHEMA_CHIFFRES), row_group_size=GROUPE)
        yield from lus


def read_figures(dossier: Path) -> Iterator[Chiffre]:
    """The figures of each table, in order. Raises ``pa.ArrowException``, ``OSError``."""
    for tableau in TABLEAUX:
        lu = pq.read_table(dossier / f"{tableau}.parquet", schema=_SCHEMA_CHIFFRES)
        for ligne in zip(*(lu.column(nom).to_pylist() for nom in _SCHEMA_CHIFFRES.names), strict=True):
            chiffre = Chiffre(tableau, *ligne)
            yield chiffre._replace(du=ligne[4].toordinal(), au=ligne[5].toordinal())


def _open(chemin: Path, schema: Any, repetees: list[str]) -> Any:
    return pq.ParquetWriter(
        chemin, schema, compression="zstd", use_dictionary=repetees, version="2.6", write_statistics=True
    )


def _to_table(lignes: Sequence[Sequence[Any]], schema: Any) -> Any:
    colonnes = zip(*lignes, strict=True)
    return pa.Table.from_arrays(
        [pa.array(valeurs, champ.type) for valeurs, champ in zip(colonnes, schema, strict=True)], schema=schema
    )


def _from_column(colonne: Any, type_: Any) -> list[Any]:
    valeurs: list[Any] = (colonne.cast(pa.int64()) if type_ == _INSTANT else colonne).to_pylist()
    return valeurs
