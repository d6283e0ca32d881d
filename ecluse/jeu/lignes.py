"""An event as a row of columns, and the bytes of the event from its row: nothing of what was emitted is lost."""

from datetime import date
from typing import Any, Final, NamedTuple

import msgspec
from msgspec import Raw, Struct

from ecluse.simulateur.actes import write
from shared.events.catalogue import TYPES
from shared.temps import parse_instant, to_jour

_MICROSECONDE: Final = 1_000
_UTC: Final = "Z"


class Ligne(NamedTuple):
    """A row. ``rang``: place in the flow, from 1; ``recu``, ``time``, ``instant``: microseconds since 1970.

    ``reponse``: what the door said; ``decalage``: how ``time`` was written (``Z`` or an offset); ``instant``, ``jour``:
    the business instant and its Paris day; then members that several types have; ``data``: the member, as its text;
    ``brut``: the bytes of the event, only where the columns can not give them back.
    """

    rang: int
    recu: int
    reponse: str
    id: str | None
    source: str | None
    type: str | None
    subject: str | None
    time: int | None
    decalage: str | None
    caf: str | None
    instant: int | None
    jour: date | None
    piece: str | None
    contact: str | None
    rdv: str | None
    creance: str | None
    nature: str | None
    canal: str | None
    teleservice: str | None
    minima_sociaux: bool | None
    issue: str | None
    automatique: bool | None
    motif: str | None
    pole: str | None
    site: str | None
    caf_traitante: str | None
    prestation: str | None
    cause: str | None
    montant_centimes: int | None
    data: str | None
    brut: bytes | None


class _Enveloppe(Struct):
    id: str
    source: str
    type: str
    subject: str
    time: str
    caf: str
    data: Raw


class _Membres(Struct):
    """Members that several types have, or that most questions are about; in the order of the columns."""

    piece: str | None = None
    contact: str | None = None
    rdv: str | None = None
    creance: str | None = None
    nature: str | None = None
    canal: str | None = None
    teleservice: str | None = None
    minima_sociaux: bool | None = None
    issue: str | None = None
    automatique: bool | None = None
    motif: str | None = None
    pole: str | None = None
    site: str | None = None
    caf_traitante: str | None = None
    prestation: str | None = None
    cause: str | None = None
    montant_centimes: int | None = None


_ENCODER: Final = msgspec.json.Encoder()
_ENVELOPPES: Final = msgspec.json.Decoder(_Enveloppe)
_MEMBRES: Final = msgspec.json.Decoder(_Membres)
_AUCUN: Final = _Membres()
# The business instant has a name of its own in each type.
_INSTANTS: Final[dict[str, msgspec.json.Decoder[Any]]] = {
    nom: msgspec.json.Decoder(msgspec.defstruct("_Instant", [("lu", str | None, None)], rename={"lu": type_.instant}))
    for nom, type_ in TYPES.items()
}


def to_row(rang: int, recu: int, octets: bytes, reponse: str) -> Ligne:
    """The row of an event; ``recu``: its instant of reception. What can not be read is none, and ``brut`` has it."""
    try:
        lu = _ENVELOPPES.decode(octets)
        emis = parse_instant(lu.time)
        donnees = bytes(lu.data)
        data = donnees.decode()
    except (msgspec.DecodeError, RecursionError, ValueError):
        vides = [None] * (len(Ligne._fields) - 4)
        return Ligne._make((rang, recu // _MICROSECONDE, reponse, *vides, octets))
    instant = _read_instant(lu.type, donnees)
    membres = (
        rang,
        recu // _MICROSECONDE,
        reponse,
        lu.id,
        lu.source,
        lu.type,
        lu.subject,
        emis // _MICROSECONDE,
        _UTC if lu.time.endswith(_UTC) else lu.time[-6:],
        lu.caf,
        None if instant is None else instant // _MICROSECONDE,
        None if instant is None else date.fromordinal(to_jour(instant)),
        *msgspec.structs.astuple(_read_members(donnees)),
        data,
        None,
    )
    ligne = Ligne._make(membres)
    return ligne if to_bytes(ligne) == octets else ligne._replace(brut=octets)


def to_bytes(ligne: Ligne) -> bytes:
    """The bytes of an event as it was emitted."""
    if ligne.brut is not None:
        return ligne.brut
    assert ligne.data is not None  # noqa: S101  # without its bytes a row has every column of the envelope
    assert ligne.time is not None  # noqa: S101
    return _ENCODER.encode(
        {
            "specversion": "1.0",
            "id": ligne.id,
            "source": ligne.source,
            "type": ligne.type,
            "subject": ligne.subject,
            "time": write(ligne.time * _MICROSECONDE, utc=ligne.decalage == _UTC),
            "caf": ligne.caf,
            "data": Raw(ligne.data.encode()),
        }
    )


def _read_members(donnees: bytes) -> _Membres:
    try:
        return _MEMBRES.decode(donnees)
    except msgspec.DecodeError:
        return _AUCUN


def _read_instant(type_: str, donnees: bytes) -> int | None:
    lecteur = _INSTANTS.get(type_)
    try:
        texte = None if lecteur is None else lecteur.decode(donnees).lu
        return None if texte is None else parse_instant(texte)
    except ValueError:
        return None
