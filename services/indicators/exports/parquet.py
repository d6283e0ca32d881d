"""Exports as Parquet: typed columns, and in the metadata what is needed to read them."""

import json
from datetime import date
from itertools import islice
from typing import IO, Any, Final

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from services.indicators.exports.lignes import Extrait
from shared.temps import write_instant

_GROUPE: Final = 20_000
_COLONNES: Final = (
    ("caf", pa.string()),
    ("code", pa.string()),
    ("libelle", pa.string()),
    ("du", pa.date32()),
    ("au", pa.date32()),
    ("valeur", pa.float64()),
    ("unite", pa.string()),
    ("numerateur", pa.int64()),
    ("denominateur", pa.int64()),
    ("etat", pa.string()),
    ("cible", pa.float64()),
    ("operateur", pa.string()),
    ("nature_cible", pa.string()),
    ("autres_cibles", pa.string()),
    ("formule", pa.int32()),
    ("role", pa.string()),
    ("maturite", pa.string()),
    ("saisie", pa.string()),
)
_JOURS: Final = frozenset({"du", "au"})


def write_parquet(extrait: Extrait, sortie: IO[bytes]) -> None:
    """Write the table into an open file, a group of rows at a time; an empty text is no value."""
    schema = pa.schema([pa.field(nom, type_) for nom, type_ in _COLONNES], metadata=_metadata(extrait))
    with pq.ParquetWriter(sortie, schema, compression="zstd") as ecrit:
        while lignes := list(islice(extrait.lignes, _GROUPE)):
            colonnes = zip(*lignes, strict=True)
            tableaux = [
                pa.array([_value(nom, v) for v in valeurs], type_)
                for (nom, type_), valeurs in zip(_COLONNES, colonnes, strict=True)
            ]
            ecrit.write_batch(pa.record_batch(tableaux, schema=schema))


def _value(nom: str, valeur: Any) -> Any:
    if nom in _JOURS:
        return date.fromordinal(valeur)
    return None if valeur == "" else valeur


def _metadata(extrait: Extrait) -> dict[str, str]:
    formules = {
        i.code: {"version": i.version, "unite": i.unite, "population": i.population, "formule": i.formule}
        for i in extrait.definitions
    }
    return {
        "ecluse.caf": extrait.caf,
        "ecluse.du": extrait.du,
        "ecluse.au": extrait.au,
        "ecluse.pas": extrait.pas or "",
        "ecluse.extrait_le": write_instant(extrait.extrait_le),
        "ecluse.fraicheur": json.dumps(msgspec.to_builtins(extrait.fraicheur), ensure_ascii=False),
        "ecluse.formules": json.dumps(formules, ensure_ascii=False),
    }
