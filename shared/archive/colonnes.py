"""The columns of a file, what is read from the bytes of an event to fill them, and the hash of records."""

import struct
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple, Protocol

import msgspec
import pyarrow as pa
from msgspec import Struct

from shared.temps import parse_instant


class Ligne(NamedTuple):
    """A record of a log, with all that its row says, and the epoch in which its position was given."""

    position: int
    precedent: int
    partition: int
    cle: str
    type: str
    octets: bytes
    enregistre_le: int
    trace: str | None
    epoque: str


class Empreinte(Protocol):
    """What takes bytes into a hash."""

    def update(self, octets: bytes, /) -> None: ...


# The instant of recording keeps its nanoseconds, so that what is read back is what was written.
SCHEMA: Final = pa.schema(
    [
        pa.field("position", pa.int64(), nullable=False),
        pa.field("precedent", pa.int64(), nullable=False),
        pa.field("partition", pa.int32(), nullable=False),
        pa.field("cle", pa.string(), nullable=False),
        pa.field("type", pa.string(), nullable=False),
        pa.field("octets", pa.binary(), nullable=False),
        pa.field("enregistre_le", pa.timestamp("ns", "UTC"), nullable=False),
        pa.field("trace", pa.string()),
        pa.field("epoque", pa.string(), nullable=False),
        pa.field("id", pa.string()),
        pa.field("source", pa.string()),
        pa.field("caf", pa.string()),
        pa.field("subject", pa.string()),
        pa.field("time", pa.timestamp("us", "UTC")),
    ]
)
# Few values, that come often: they are written once for a group of rows.
REPETEES: Final = ["type", "cle", "epoque", "source", "caf", "subject"]
_EMPREINTE: Final = struct.Struct(">qqiqiiiii")


class _Enveloppe(Struct):
    """What an event says of itself; any of it may be missing from what only the house reads."""

    id: str | None = None
    source: str | None = None
    caf: str | None = None
    subject: str | None = None
    time: str | None = None


_ENVELOPPES: Final = msgspec.json.Decoder(_Enveloppe)
_RIEN: Final = _Enveloppe()


def to_batch(lignes: Sequence[Ligne]) -> pa.RecordBatch:
    """Records as the columns of a file; ``type`` and ``octets`` are as in the log, the rest is read from them."""
    enveloppes = [_read_envelope(ligne.octets) for ligne in lignes]
    colonnes: list[Iterable[Any]] = [
        *zip(*lignes, strict=True),
        *([getattr(e, membre) for e in enveloppes] for membre in ("id", "source", "caf", "subject")),
        [_read_time(e.time) for e in enveloppes],
    ]
    return pa.record_batch(
        [pa.array(valeurs, champ.type) for valeurs, champ in zip(colonnes, SCHEMA, strict=True)], schema=SCHEMA
    )


def read_lines(lot: pa.RecordBatch) -> list[Ligne]:
    """The records that a batch of a file holds."""
    colonnes = [
        (lot.column(nom).cast(pa.int64()) if nom == "enregistre_le" else lot.column(nom)).to_pylist()
        for nom in Ligne._fields
    ]
    return [Ligne(*valeurs) for valeurs in zip(*colonnes, strict=True)]


def hash_lines(empreinte: Empreinte, lignes: Iterable[Ligne]) -> None:
    """Take every member of records into a hash: numbers, then each text after its length (-1: none)."""
    for ligne in lignes:
        textes = [ligne.cle.encode(), ligne.type.encode(), ligne.octets, ligne.epoque.encode()]
        trace = ligne.trace.encode() if ligne.trace is not None else None
        tete = _EMPREINTE.pack(
            ligne.position,
            ligne.precedent,
            ligne.partition,
            ligne.enregistre_le,
            *map(len, textes),
            -1 if trace is None else len(trace),
        )
        empreinte.update(b"".join((tete, *textes, trace or b"")))


def _read_envelope(octets: bytes) -> _Enveloppe:
    try:
        return _ENVELOPPES.decode(octets)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _RIEN


def _read_time(texte: str | None) -> int | None:
    """Microseconds since 1970 of an instant; None when it is none."""
    try:
        return None if texte is None else parse_instant(texte) // 1000
    except ValueError:
        return None
