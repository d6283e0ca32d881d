"""What the planners say (acts), and how an act is written as an event."""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from msgspec.json import Encoder

from ecluse.simulateur.fautes import spoil
from shared.events.catalogue import TYPES
from shared.temps import HEURE, MINUTE, PARIS, SECONDE, to_datetime

_ENCODER: Final = Encoder()
_HEURES: Final[dict[int, tuple[str, str]]] = {}
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
    type_ = TYPES[f"fr.caf.{acte.type}.v1"]
    source = source_of(acte)
    utc = source in _EN_UTC
    data = {**acte.data, type_.instant: write(transpose(acte.instant), utc=utc)}
    if "debut" in data:
        data["debut"] = write(data["debut"], utc=utc)
    document = {
        "specversion": "1.0",
        "id": envoi.id,
        "source": source,
        "type": type_.type,
        "subject": acte.dossier,
        "time": write(transpose(envoi.emis), utc=utc),
        "caf": acte.caf or caf,
        "data": data,
    }
    if envoi.faute:
        spoil(document, envoi.faute, type_.instant)
    return _ENCODER.encode(document)


def source_of(acte: Acte) -> str:
    """The tool that sends such an act."""
    if acte.canal in _SOURCES_DU_CANAL:
        return _SOURCES_DU_CANAL[acte.canal]
    return _SOURCES.get(acte.type) or _SOURCES[acte.type.partition(".")[0]]


def write(instant: int, *, utc: bool) -> str:
    """``2024-03-05T09:10:00+01:00``, or the same in UTC, with milliseconds when there are any."""
    heure, reste = divmod(instant, HEURE)
    debut, decalage = _write_hour(heure)
    if utc:
        debut, decalage = to_datetime(heure * HEURE).isoformat()[:14], "Z"
    minute, reste = divmod(reste, MINUTE)
    seconde, reste = divmod(reste, SECONDE)
    fraction = f".{reste // 1_000_000:03d}" if reste else ""
    return f"{debut}{minute:02d}:{seconde:02d}{fraction}{decalage}"


def _write_hour(heure: int) -> tuple[str, str]:
    """The start of the text and the Paris offset of a whole UTC hour."""
    texte = _HEURES.get(heure)
    if texte is None:
        iso = to_datetime(heure * HEURE).astimezone(PARIS).isoformat()
        texte = _HEURES[heure] = (iso[:14], iso[19:])
        if len(_HEURES) > 20_000:
            _HEURES.clear()
    return texte
