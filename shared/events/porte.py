"""The door: judges one event by what needs no state (event contract, "Rules of the door")."""

import json
from base64 import urlsafe_b64encode
from hashlib import blake2b
from typing import Annotated, Any, Final, Literal, Union, cast

import msgspec
from msgspec import UNSET, Meta, Raw, Struct, UnsetType
from msgspec.json import Decoder

from shared.events.base import CodeCaf, Donnees, Identifiant, Instant, TypeEvenement
from shared.events.catalogue import ENCODER, TYPES
from shared.events.refus import explain_decode
from shared.temps import MINUTE, parse_instant, to_jour

AVANCE_ADMISE: Final = 5 * MINUTE
_Court = Annotated[str, Meta(min_length=1, max_length=200)]


class Enveloppe(Struct, kw_only=True, tag_field="type"):
    """The attributes that the contract names; each type has its subclass, with its own ``data``."""

    specversion: Literal["1.0"]
    id: _Court
    source: _Court
    subject: Identifiant
    time: Instant
    caf: CodeCaf
    data: Donnees
    datacontenttype: Raw | UnsetType = UNSET
    data_base64: Raw | UnsetType = UNSET


class Recu(Struct, frozen=True):
    """An event that the door accepted.

    ``cle``: 22 characters that stand for (source, id); ``empreinte``: 16 bytes that stand for the event as parsed JSON;
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


def _decoder(*, tolerant: bool) -> tuple[Decoder[Enveloppe], dict[type[Enveloppe], TypeEvenement]]:
    """The decoder of an event of any type, and the type of each envelope that it gives.

    Members of ``data`` that a type does not name are refused, attributes that the contract does not name only if not
    ``tolerant``.
    """
    types = {envelope_of(t, tolerant=tolerant): t for t in TYPES.values()}
    return Decoder(Union[tuple(types)]), types  # noqa: UP007  # the members are computed


def envelope_of(type_: TypeEvenement, *, tolerant: bool) -> type[Enveloppe]:
    """The class of the events of a type, as the door reads them; see ``_decoder`` for ``tolerant``."""
    nom = type_.donnees.__name__
    stricte = msgspec.defstruct(nom, [], bases=(type_.donnees,), frozen=True, forbid_unknown_fields=True)
    classe = msgspec.defstruct(
        f"Enveloppe{nom}",
        [("data", stricte)],
        bases=(Enveloppe,),
        kw_only=True,
        tag=type_.type,
        forbid_unknown_fields=not tolerant,
    )
    return cast("type[Enveloppe]", classe)


_STRICT, _TYPE_STRICT = _decoder(tolerant=False)
_TOLERANT, _TYPE_TOLERANT = _decoder(tolerant=True)
_ATTRIBUTS: Final = frozenset({"type", "specversion", "id", "source", "subject", "time", "caf", "data"})
_JSON: Final = Raw(b'"application/json"')
_CANONIQUE: Final = json.JSONEncoder(sort_keys=True)


def judge(octets: bytes, maintenant: int) -> Recu | Refus:
    """Accept or refuse one event given as JSON bytes; ``maintenant`` is the instant of its reception."""
    try:
        return _judge(octets, maintenant)
    except RefusDePorte as refus:
        return _refuse(octets, refus.membre, refus.detail)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as erreur:
        return _refuse(octets, *explain_decode(octets, erreur))


def _judge(octets: bytes, maintenant: int) -> Recu:
    enveloppe, type_, seule = _decode(octets)
    emis = _instant("time", enveloppe.time)
    if emis > maintenant + AVANCE_ADMISE:
        raise RefusDePorte("time", "time est dans le futur (plus de 5 minutes après la réception)")
    donnees = enveloppe.data
    instant = _business_instant(type_, donnees, emis)
    cle = inbox_key(enveloppe.source, enveloppe.id)
    journal = ENCODER.encode(enveloppe)
    tu = b"" if seule and not type_.avec_defaut else _untold(type_, octets)
    return Recu(
        type_,
        enveloppe.source,
        enveloppe.id,
        enveloppe.caf,
        enveloppe.subject,
        _objet(type_, enveloppe, cle),
        emis,
        instant,
        to_jour(instant),
        donnees,
        cle,
        blake2b(journal + tu, digest_size=16).digest(),
        journal,
    )


def _decode(octets: bytes) -> tuple[Enveloppe, TypeEvenement, bool]:
    """The event, its type, and True when it has no attribute beside those that enter the journal."""
    try:
        enveloppe = _STRICT.decode(octets)
        type_ = _TYPE_STRICT[type(enveloppe)]
        seule = enveloppe.datacontenttype is UNSET
    except msgspec.ValidationError:
        enveloppe = _TOLERANT.decode(octets)
        type_ = _TYPE_TOLERANT[type(enveloppe)]
        seule = False
    if enveloppe.data_base64 is not UNSET:
        raise RefusDePorte("data_base64", "data_base64 n'est pas admis : donner les données en JSON dans « data »")
    enveloppe.datacontenttype = _JSON
    return enveloppe, type_, seule


def _objet(type_: TypeEvenement, enveloppe: Enveloppe, cle: str) -> str:
    if type_.objet is None:
        return cle
    if type_.objet == "subject":
        return enveloppe.subject
    objet: str = getattr(enveloppe.data, type_.objet)
    return objet


def _instant(membre: str, texte: str) -> int:
    try:
        return parse_instant(texte)
    except ValueError:
        raise RefusDePorte(
            membre, f"{membre} doit être un instant réel avec fuseau, par exemple 2024-03-05T09:12:13+01:00"
        ) from None


def _business_instant(type_: TypeEvenement, donnees: Donnees, emis: int) -> int:
    """When the event happened: at most 5 minutes after ``time``. Other instants only have to be instants."""
    instant = _instant(type_.instant, getattr(donnees, type_.instant))
    for membre in type_.autres_instants:
        _instant(membre, getattr(donnees, membre))
    if instant > emis + AVANCE_ADMISE:
        raise RefusDePorte(type_.instant, f"{type_.instant} est postérieur à time (plus de 5 minutes)")
    return instant


def inbox_key(source: str, identifiant: str) -> str:
    """22 characters (16 bytes in base 64, an identifier) that stand for the pair (source, id)."""
    empreinte = blake2b(f"{len(source)} {source}{identifiant}".encode(), digest_size=16).digest()
    return urlsafe_b64encode(empreinte)[:22].decode()


def _untold(type_: TypeEvenement, octets: bytes) -> bytes:
    """What the journal does not tell of an event, in one writing for all that are equal as parsed JSON.

    That is the attributes that the contract ignores and, where an absent member of ``data`` has a value, which members
    were written. ``octets`` must have been accepted by the decoder.
    """
    evenement = _parse(octets)
    tu = {nom: _without_zero_fraction(valeur) for nom, valeur in evenement.items() if nom not in _ATTRIBUTS}
    if type_.avec_defaut:
        tu["data"] = sorted(evenement["data"])
    return _CANONIQUE.encode(tu).encode()


def _parse(octets: bytes) -> dict[str, Any]:
    try:
        evenement: dict[str, Any] = msgspec.json.decode(octets)
    except msgspec.ValidationError as erreur:
        # A number that is beyond the decoder's range, but JSON all the same.
        try:
            evenement = json.loads(octets.decode())
        except ValueError:
            raise erreur from None
    return evenement


def _without_zero_fraction(valeur: Any) -> Any:
    """The same value with 1.0 as 1, which JSON holds for equal."""
    if isinstance(valeur, dict):
        return {cle: _without_zero_fraction(v) for cle, v in valeur.items()}
    if isinstance(valeur, list):
        return [_without_zero_fraction(v) for v in valeur]
    return int(valeur) if isinstance(valeur, float) and valeur.is_integer() else valeur


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
