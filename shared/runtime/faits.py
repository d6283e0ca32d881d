"""An object is the set of its facts: how facts are kept and in which order they apply (architecture §3)."""

from collections.abc import Iterable
from operator import attrgetter
from typing import Any

from msgspec import Raw, Struct
from msgspec.json import Decoder, Encoder

from shared.events.catalogue import DECODERS
from shared.events.porte import Recu
from shared.temps import write_instant


class Fait(Struct, array_like=True, frozen=True):
    """One fact of an object: its business instant (ns), Paris day, emission (ns); ``data`` is the event's own."""

    instant: int
    rang: int
    source: str
    id: str
    jour: int
    dossier: str
    type: str
    data: Any
    emis: int = 0


class _FaitGarde(Struct, array_like=True):
    instant: int
    rang: int
    source: str
    id: str
    jour: int
    dossier: str
    type: str
    data: Raw
    emis: int = 0


_GARDES = Decoder(list[_FaitGarde])
_ENCODER = Encoder()
# The order in which facts apply: business instant, rank of type, source, id.
ORDRE = attrgetter("instant", "rang", "source", "id")


def fact_of(recu: Recu) -> Fait:
    """The fact that an accepted event states."""
    return Fait(
        recu.instant,
        recu.type.rang,
        recu.source,
        recu.id,
        recu.jour,
        recu.dossier,
        recu.type.type,
        recu.donnees,
        recu.emis,
    )


def encode_facts(faits: list[Fait]) -> bytes:
    """The facts as they are kept in the row of their object."""
    return _ENCODER.encode(faits)


def decode_facts(octets: bytes) -> list[Fait]:
    """The facts of a kept row, each with its typed data."""
    return [
        Fait(g.instant, g.rang, g.source, g.id, g.jour, g.dossier, g.type, DECODERS[g.type].decode(g.data), g.emis)
        for g in _GARDES.decode(octets)
    ]


def creating_fact(faits: Iterable[Fait], type_: str) -> Fait | None:
    """Of several creating facts the one with the smallest (instant, source, id) holds."""
    candidats = [f for f in faits if f.type == type_]
    return min(candidats, key=ORDRE) if candidats else None


def encode_event(fait: Fait, caf: str) -> bytes:
    """The event that stated a fact, as the journal holds it (its ``time`` written in UTC)."""
    return _ENCODER.encode(
        {
            "specversion": "1.0",
            "id": fait.id,
            "source": fait.source,
            "type": fait.type,
            "subject": fait.dossier,
            "time": write_instant(fait.emis),
            "caf": caf,
            "datacontenttype": "application/json",
            "data": fait.data,
        }
    )
