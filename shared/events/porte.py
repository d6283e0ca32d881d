"""The door: judges one event by what needs no state (event contract, "Rules of the door")."""

import json
from base64 import urlsafe_b64encode
from hashlib import blake2b
from typing import Annotated, Any, Final

import msgspec
from msgspec import UNSET, Meta, Raw, Struct, UnsetType
from msgspec.json import Decoder

from shared.events.base import CodeCaf, Donnees, Identifiant, Service, TypeEvenement
from shared.events.catalogue import ENCODER, TYPES
from shared.events.nir import looks_like_nir
from shared.events.refus import explain_decode
from shared.temps import MINUTE, parse_instant, to_jour

AVANCE_ADMISE: Final = 5 * MINUTE
_Court = Annotated[str, Meta(min_length=1, max_length=200)]


class Enveloppe(Struct):
    """The CloudEvents attributes that the contract names; others are allowed and ignored."""

    specversion: str
    id: _Court
    source: _Court
    type: str
    subject: Identifiant
    time: str
    caf: CodeCaf
    data: Raw
    data_base64: Raw | UnsetType = UNSET


class Recu(Struct, frozen=True):
    """An event that the door accepted.

    ``cle``: stands for (source, id); ``empreinte``: 16 bytes that stand for the event as parsed JSON;
    ``objet``: identifier of its object within the Caf; ``octets``: the event as it enters the journal, that is the
    attributes of the contract alone.
    """

    type: TypeEvenement
    source: str
    id: str
    caf: str
    dossier: str
    objet: str
    emis: int
    instant: int
    jour: int
    donnees: Donnees
    cle: str
    empreinte: bytes
    octets: bytes


class Refus(Struct, frozen=True):
    """An event that the door refused: what is known of it, the member at fault and the reason in French."""

    detail: str
    membre: str | None = None
    id: str | None = None
    type: str | None = None


class RefusDePorte(Exception):
    """Raised inside the door with the member at fault and the reason."""

    def __init__(self, membre: str | None, detail: str) -> None:
        super().__init__(detail)
        self.membre = membre
        self.detail = detail


def _strict(classe: type[Donnees]) -> Decoder[Donnees]:
    """The decoder of the same members that refuses any other."""
    stricte = type(classe.__name__, (classe,), {"__annotations__": {}}, frozen=True, forbid_unknown_fields=True)  # type: ignore[call-overload]  # keywords of a Struct class, unknown to the stub of type()
    return Decoder(stricte)


_ENVELOPPES: Final = Decoder(Enveloppe)
_DONNEES: Final = {nom: _strict(t.donnees) for nom, t in TYPES.items()}


class _Sortie(Struct):
    specversion: str
    id: str
    source: str
    type: str
    subject: str
    time: str
    caf: str
    datacontenttype: str
    data: Donnees


def judge(octets: bytes, maintenant: int) -> Recu | Refus:
    """Accept or refuse one event given as JSON bytes; ``maintenant`` is the instant of its reception."""
    try:
        return _judge(octets, maintenant)
    except RefusDePorte as refus:
        return _refuse(octets, refus.membre, refus.detail)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as erreur:
        return _refuse(octets, *explain_decode(octets, erreur))


def _judge(octets: bytes, maintenant: int) -> Recu:
    enveloppe = _ENVELOPPES.decode(octets)
    if enveloppe.specversion != "1.0":
        raise RefusDePorte("specversion", "specversion doit être « 1.0 »")
    if enveloppe.data_base64 is not UNSET:
        raise RefusDePorte("data_base64", "data_base64 n'est pas admis : donner les données en JSON dans « data »")
    type_ = TYPES.get(enveloppe.type)
    if type_ is None:
        raise RefusDePorte("type", f"type inconnu : {enveloppe.type[:120]!r}. Voir la liste des types publiés")
    donnees = _decode_data(type_, enveloppe.data)
    emis = _instant("time", enveloppe.time)
    if emis > maintenant + AVANCE_ADMISE:
        raise RefusDePorte("time", "time est dans le futur (plus de 5 minutes après la réception)")
    instant = _check_instants(type_, donnees, emis)
    _check_nir(type_, enveloppe.subject, donnees)
    cle = inbox_key(enveloppe.source, enveloppe.id)
    sortie = _Sortie(
        "1.0",
        enveloppe.id,
        enveloppe.source,
        enveloppe.type,
        enveloppe.subject,
        enveloppe.time,
        enveloppe.caf,
        "application/json",
        donnees,
    )
    return Recu(
        type=type_,
        source=enveloppe.source,
        id=enveloppe.id,
        caf=enveloppe.caf,
        dossier=enveloppe.subject,
        objet=_objet(type_, enveloppe, donnees, cle),
        emis=emis,
        instant=instant,
        jour=to_jour(instant),
        donnees=donnees,
        cle=cle,
        empreinte=fingerprint(octets),
        octets=ENCODER.encode(sortie),
    )


def _objet(type_: TypeEvenement, enveloppe: Enveloppe, donnees: Donnees, cle: str) -> str:
    if type_.objet is None:
        return cle
    if type_.objet == "subject":
        return enveloppe.subject
    return str(getattr(donnees, type_.objet))


def _decode_data(type_: TypeEvenement, octets: Raw) -> Donnees:
    try:
        return _DONNEES[type_.type].decode(octets)
    except msgspec.ValidationError as erreur:
        membre, detail = explain_decode(bytes(octets), erreur)
        raise RefusDePorte(membre or "data", detail if membre else f"data : {detail}") from None


def _instant(membre: str, texte: str) -> int:
    try:
        return parse_instant(texte)
    except ValueError:
        raise RefusDePorte(
            membre, f"{membre} doit être un instant réel avec fuseau, par exemple 2024-03-05T09:12:13+01:00"
        ) from None


def _check_instants(type_: TypeEvenement, donnees: Donnees, emis: int) -> int:
    """The business instant; every instant is read, and all but ``debut`` must not come after ``time``."""
    metier = 0
    for membre in type_.instants:
        instant = _instant(membre, getattr(donnees, membre))
        if membre == type_.instant:
            metier = instant
        if membre != "debut" and instant > emis + AVANCE_ADMISE:
            raise RefusDePorte(membre, f"{membre} est postérieur à time (plus de 5 minutes)")
    return metier


def _check_nir(type_: TypeEvenement, dossier: str, donnees: Donnees) -> None:
    if looks_like_nir(dossier):
        raise RefusDePorte("subject", "subject ressemble à un NIR : donner un pseudonyme opaque du dossier")
    for membre in type_.surveilles:
        valeur = getattr(donnees, membre)
        if valeur is not UNSET and looks_like_nir(valeur):
            raise RefusDePorte(membre, f"{membre} ressemble à un NIR : aucun NIR n'entre ici")


def inbox_key(source: str, identifiant: str) -> str:
    """22 characters (16 bytes in base 64, an identifier) that stand for the pair (source, id)."""
    empreinte = blake2b(digest_size=16)
    octets = source.encode()
    empreinte.update(len(octets).to_bytes(2, "big") + octets + identifiant.encode())
    return urlsafe_b64encode(empreinte.digest())[:22].decode()


def fingerprint(octets: bytes) -> bytes:
    """16 bytes equal for two events that are equal as parsed JSON, whatever the order of members and the spaces."""
    try:
        valeur = msgspec.json.decode(octets)
        if not _plain(valeur):
            valeur = _normalise(valeur)
    except msgspec.DecodeError:
        # Numbers beyond the decoder's range, in attributes that the contract ignores.
        valeur = _normalise(json.loads(octets))
    return blake2b(msgspec.json.encode(valeur, order="deterministic"), digest_size=16).digest()


def _plain(evenement: dict[str, Any]) -> bool:
    """No float outside ``data`` (which holds none): 1 and 1.0 are the same number, but are written differently."""
    return all(type(v) is str or cle == "data" for cle, v in evenement.items())


def _normalise(valeur: Any) -> Any:
    if isinstance(valeur, dict):
        return {cle: _normalise(v) for cle, v in valeur.items()}
    if isinstance(valeur, list):
        return [_normalise(v) for v in valeur]
    if isinstance(valeur, float):
        return int(valeur) if valeur.is_integer() else {"nombre": repr(valeur)}
    if isinstance(valeur, int) and not isinstance(valeur, bool) and abs(valeur) >= 2**63:
        return {"nombre": str(valeur)}
    return valeur


def _refuse(octets: bytes, membre: str | None, detail: str) -> Refus:
    """The refusal with the id and type of the event, where they can be read."""
    try:
        apercu = msgspec.json.decode(octets, type=_Apercu)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Refus(detail, membre)
    return Refus(detail, membre, _text(apercu.id), _text(apercu.type))


class _Apercu(Struct):
    id: Any = None
    type: Any = None


def _text(valeur: object) -> str | None:
    return valeur[:200] if isinstance(valeur, str) else None


def owner(recu: Recu) -> Service:
    """The service that owns the type of the event."""
    return recu.type.service
