"""The wire: what a record of a log, the opening of an epoch and a tick are made of. Pure; both directions."""

import re
from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache
from typing import Final, NamedTuple, TypeAlias

import msgspec
from msgspec import Struct

from shared.events.base import Service
from shared.events.journal import EPOQUE, LIGNEE_MAX, TIC, AnnonceEpoque, AnnonceTic, EpoqueOuverte, Maillon, TicPublie
from shared.runtime.journal import Enregistrement
from shared.temps import write_instant

TYPE_CONTENU: Final = b"application/cloudevents+json; charset=UTF-8"
CONTENU: Final = "content-type"
POSITION: Final = "ecluse-position"
PRECEDENT: Final = "ecluse-precedent"
TYPE: Final = "ecluse-type"
EPOQUE_EN_COURS: Final = "ecluse-epoque"
ENREGISTRE: Final = "ecluse-enregistre"
TRACE: Final = "traceparent"
Entetes: TypeAlias = list[tuple[str, bytes]]
_MARQUE: Final = re.compile(rb"([1-9][0-9]{0,18})\.([0-9A-Za-z]{1,64})")
_TRACE: Final = re.compile(rb"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
_ENTIER_MAX: Final = 2**63 - 1


class FilIllisible(ValueError):
    """A record of an internal topic that the publisher did not write: whoever reads it stops."""


class EpoqueDuJournal(NamedTuple):
    """An epoch as records name it."""

    numero: int
    marque: str

    def encode(self) -> bytes:
        """``<numero>.<marque>``."""
        return f"{self.numero}.{self.marque}".encode()


class Ligne(NamedTuple):
    """A row of the journal, with its place in the log."""

    partition: int
    position: int
    precedent: int
    cle: str
    type: str
    octets: bytes
    enregistre_le: int
    trace: str | None


class Envoi(NamedTuple):
    """What the client library is given."""

    cle: bytes | None
    valeur: bytes
    entetes: Entetes


class Lu(Struct, frozen=True):
    """A record of a log, as read."""

    enregistrement: Enregistrement
    epoque: EpoqueDuJournal


class Ouverture(Struct, frozen=True):
    """The opening of an epoch in one partition; ``lignee``: the last epochs, oldest first, this one included."""

    source: str
    partition: int
    epoque: EpoqueDuJournal
    lignee: tuple[Maillon, ...]
    offset: int = -1


class TicLu(Struct, frozen=True):
    """A tick, as read."""

    source: str
    donnees: TicPublie


_ENCODER: Final = msgspec.json.Encoder()
_EPOQUES: Final = msgspec.json.Decoder(AnnonceEpoque)
_TICS: Final = msgspec.json.Decoder(AnnonceTic)


def write_record(ligne: Ligne, epoque: bytes) -> Envoi:
    """A row of the journal, sent in an epoch (see ``EpoqueDuJournal.encode``)."""
    entetes = [
        (CONTENU, TYPE_CONTENU),
        (POSITION, b"%d" % ligne.position),
        (PRECEDENT, b"%d" % ligne.precedent),
        (TYPE, ligne.type.encode()),
        (EPOQUE_EN_COURS, epoque),
        (ENREGISTRE, b"%d" % ligne.enregistre_le),
    ]
    if ligne.trace is not None:
        entetes.append((TRACE, ligne.trace.encode()))
    return Envoi(ligne.cle.encode(), ligne.octets, entetes)


def write_opening(service: Service, epoque: EpoqueDuJournal, lignee: Sequence[Maillon], instant: int) -> Envoi:
    """The opening of an epoch; ``lignee``: every epoch, oldest first, with the heads of this partition."""
    donnees = EpoqueOuverte(epoque.numero, epoque.marque, tuple(lignee[-LIGNEE_MAX:]))
    valeur = AnnonceEpoque(
        id=f"epoque-{epoque.numero}-{epoque.marque}",
        source=f"/ecluse/{service}",
        time=write_instant(instant),
        data=donnees,
    )
    return Envoi(None, _ENCODER.encode(valeur), _announce(EPOQUE, epoque, instant))


def write_tick(service: Service, donnees: TicPublie) -> Envoi:
    """A tick of a log."""
    epoque = EpoqueDuJournal(donnees.numero, donnees.marque)
    valeur = AnnonceTic(
        id=f"tic-{donnees.numero}-{donnees.instant}",
        source=f"/ecluse/{service}",
        time=write_instant(donnees.instant),
        data=donnees,
    )
    return Envoi(service.encode(), _ENCODER.encode(valeur), _announce(TIC, epoque, donnees.instant))


def read_record(
    source: str,
    partition: int,
    offset: int,
    entetes: Iterable[tuple[str, bytes]],
    valeur: bytes | None,
    types: Collection[str] | None = None,
) -> Lu | Ouverture:
    """A record of a log; bytes only for the ``types`` asked for (None: all). Raises ``FilIllisible``."""
    lus = dict(entetes)
    epoque, type_ = _read_epoch(lus.get(EPOQUE_EN_COURS)), _read_type(lus.get(TYPE))
    if valeur is None:
        raise FilIllisible("enregistrement sans valeur")
    if type_ == EPOQUE:
        return _read_opening(source, partition, offset, epoque, valeur)
    trace = lus.get(TRACE)
    enregistrement = Enregistrement(
        source,
        partition,
        _read_number(lus.get(POSITION), POSITION),
        _read_number(lus.get(PRECEDENT), PRECEDENT),
        type_,
        valeur if types is None or type_ in types else None,
        _read_number(lus.get(ENREGISTRE), ENREGISTRE),
        offset,
        trace.decode() if trace and _TRACE.fullmatch(trace) else None,
    )
    return Lu(enregistrement, epoque)


def read_tick(valeur: bytes | None) -> TicLu:
    """A tick. Raises ``FilIllisible``."""
    try:
        annonce = _TICS.decode(valeur or b"")
    except (msgspec.DecodeError, UnicodeDecodeError) as erreur:
        raise FilIllisible(f"tic illisible : {erreur}") from None
    return TicLu(annonce.source.removeprefix("/ecluse/"), annonce.data)


def read_epoch(entetes: Iterable[tuple[str, bytes]]) -> tuple[EpoqueDuJournal, int | None]:
    """The epoch of a record and its position; None for an opening. Raises ``FilIllisible``."""
    lus = dict(entetes)
    return _read_epoch(lus.get(EPOQUE_EN_COURS)), _read_number(lus.get(POSITION), POSITION) if POSITION in lus else None


def _announce(type_: str, epoque: EpoqueDuJournal, instant: int) -> Entetes:
    return [
        (CONTENU, TYPE_CONTENU),
        (TYPE, type_.encode()),
        (EPOQUE_EN_COURS, epoque.encode()),
        (ENREGISTRE, b"%d" % instant),
    ]


def _read_opening(source: str, partition: int, offset: int, epoque: EpoqueDuJournal, valeur: bytes) -> Ouverture:
    try:
        donnees = _EPOQUES.decode(valeur).data
    except (msgspec.DecodeError, UnicodeDecodeError) as erreur:
        raise FilIllisible(f"ouverture d'époque illisible : {erreur}") from None
    if (donnees.numero, donnees.marque) != epoque:
        raise FilIllisible(f"ouverture d'époque : l'en-tête dit {epoque}, le corps {donnees.numero}.{donnees.marque}")
    return Ouverture(source, partition, epoque, donnees.lignee, offset)


# Records come by the million, epochs and types by the handful.
@lru_cache(maxsize=256)
def _read_epoch(octets: bytes | None) -> EpoqueDuJournal:
    lue = _MARQUE.fullmatch(octets or b"")
    if lue is None:
        raise FilIllisible(f"en-tête {EPOQUE_EN_COURS} absent ou illisible : {octets!r}")
    return EpoqueDuJournal(int(lue[1]), lue[2].decode())


@lru_cache(maxsize=256)
def _read_type(octets: bytes | None) -> str:
    try:
        # An absent one has no ``decode``.
        return octets.decode()  # type: ignore[union-attr]  # caught below
    except (AttributeError, UnicodeDecodeError):
        raise FilIllisible(f"en-tête {TYPE} absent ou illisible : {octets!r}") from None


def _read_number(octets: bytes | None, nom: str) -> int:
    if octets and octets.isdigit() and len(octets) <= 19 and (nombre := int(octets)) <= _ENTIER_MAX:
        return nombre
    raise FilIllisible(f"en-tête {nom} absent ou illisible : {octets!r}")
