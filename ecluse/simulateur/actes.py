"""What the planners say (acts), and how an act is written as an event."""

from collections.abc import Callable
from datetime import UTC, tzinfo
from typing import Any, Final, NamedTuple

from msgspec import Struct
from msgspec.json import Encoder
from msgspec.structs import asdict

from ecluse.simulateur.fautes import spoil
from shared.events.catalogue import TYPES
from shared.temps import HEURE, PARIS, SECONDE, to_datetime

_ENCODER: Final = Encoder()
_Heures = dict[int, tuple[str, str]]
_HEURES_UTC: Final[_Heures] = {}
_HEURES_DE_PARIS: Final[_Heures] = {}
# Some months: what is written of the past does not stay.
_HEURES_MAX: Final = 5_000
_SECONDES: Final = [f"{s // 60:02d}:{s % 60:02d}" for s in range(3600)]
_FORMES: "Final[dict[tuple[str, str], _Forme]]" = {}
# Tools that write their instants in UTC; the others write the Paris offset.
_EN_UTC: Final = frozenset({"/front-office/caf-fr", "/front-office/corali"})
_SOURCES: Final = {
    "piece.arrivee": "/front-office/ged",
    "piece.annulee": "/front-office/sdp",
    "piece": "/front-office/cristal",
    "courrier": "/front-office/ged",
    "verification": "/front-office/verification",
    "controle": "/front-office/controle",
    "contact": "/front-office/osvc",
    "rendez_vous": "/front-office/grp",
    "campagne": "/front-office/pcs",
    "indu": "/front-office/cristal",
    "droits": "/front-office/cristal",
    "fraude": "/front-office/fraude",
    "creance": "/front-office/corali",
    "encaissement": "/front-office/corali",
    "remise": "/front-office/corali",
}
_SOURCES_DU_CANAL: Final = {
    "web": "/front-office/caf-fr",
    "partenaire": "/front-office/echanges",
    "interne": "/front-office/cristal",
    "accueil": "/front-office/borne",
    "telephone": "/front-office/plateforme-tel",
}


class Acte(NamedTuple):
    """Something that happens to an object, at an instant.

    ``type``: short name (``piece.arrivee``); ``data``: members but the business instant, ``debut`` as an instant;
    ``canal``: where the type alone does not tell which tool writes; ``saisi``: when it was keyed in, if later;
    ``caf``: the owner, where it is not the simulated Caf.
    """

    type: str
    dossier: str
    instant: int
    data: dict[str, Any]
    canal: str = ""
    saisi: int | None = None
    caf: str = ""


class Envoi(NamedTuple):
    """An act as a tool sends it: ``recu`` is its place in the flow, ``emis`` its ``time``.

    ``faute``: what the tool gets wrong (a name of ``FAUTES``); the door must refuse it.
    """

    recu: int
    rang: int
    emis: int
    id: str
    acte: Acte
    faute: str = ""


def identity(instant: int) -> int:
    """Instants of a history stand as they were planned."""
    return instant


def encode(envoi: Envoi, caf: str, transpose: Callable[[int], int] = identity) -> bytes:
    """The CloudEvent, as JSON. ``transpose`` moves planned instants to those that are written."""
    acte = envoi.acte
    forme = _FORMES.get((acte.type, acte.canal)) or _shape(acte)
    utc = forme.utc
    data = {**acte.data, forme.instant: write(transpose(acte.instant), utc=utc)}
    if "debut" in data:
        data["debut"] = write(data["debut"], utc=utc)
    emis = write(transpose(envoi.emis), utc=utc)
    evenement = _Evenement("1.0", envoi.id, forme.source, forme.type, acte.dossier, emis, acte.caf or caf, data)
    if not envoi.faute:
        return _ENCODER.encode(evenement)
    document = asdict(evenement)
    spoil(document, envoi.faute, forme.instant)
    return _ENCODER.encode(document)


class _Evenement(Struct):
    """The members of a CloudEvent, in the order in which they are written."""

    specversion: str
    id: str
    source: str
    type: str
    subject: str
    time: str
    caf: str
    data: dict[str, Any]


class _Forme(NamedTuple):
    """What does not change from one event of a type and a canal to the next."""

    type: str
    instant: str
    source: str
    utc: bool


def _shape(acte: Acte) -> _Forme:
    type_ = TYPES[f"fr.caf.{acte.type}.v1"]
    source = _SOURCES_DU_CANAL.get(acte.canal) or _SOURCES.get(acte.type) or _SOURCES[acte.type.partition(".")[0]]
    forme = _FORMES[acte.type, acte.canal] = _Forme(type_.type, type_.instant, source, source in _EN_UTC)
    return forme


def write(instant: int, *, utc: bool) -> str:
    """``2024-03-05T09:10:00+01:00``, or the same in UTC, with milliseconds when there are any."""
    heure, reste = divmod(instant, HEURE)
    heures = _HEURES_UTC if utc else _HEURES_DE_PARIS
    debut, decalage = heures.get(heure) or _write_hour(heure, heures, UTC if utc else PARIS)
    seconde, reste = divmod(reste, SECONDE)
    if reste:
        return f"{debut}{_SECONDES[seconde]}.{reste // 1_000_000:03d}{decalage}"
    return debut + _SECONDES[seconde] + decalage


def _write_hour(heure: int, heures: _Heures, fuseau: tzinfo) -> tuple[str, str]:
    """The start of the text and the offset of a whole UTC hour."""
    iso = to_datetime(heure * HEURE).astimezone(fuseau).isoformat()
    if len(heures) > _HEURES_MAX:
        heures.clear()
    texte = heures[heure] = (iso[:14], "Z" if fuseau is UTC else iso[19:])
    return texte
