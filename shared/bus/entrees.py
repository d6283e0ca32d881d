"""The Kafka door: what the front office puts on the ingress topic takes effect once, in the service that owns it.

Every service reads the whole topic in its own group and keeps its types; what is unreadable or of no one belongs to
contacts. What the HTTP door would refuse becomes a dead letter, in the transaction that moves the watermark.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
from msgspec import Struct

from shared.bus.admin import Administration, SujetRefuse
from shared.bus.courtier import Courtier, CourtierInjoignable
from shared.bus.recepteur import Message, Recepteur
from shared.bus.sujets import way_back
from shared.events.catalogue import TYPES
from shared.events.porte import Recu, judge
from shared.pannes import crash_point, declare_point
from shared.runtime.ecrivain import REFUSES_PAR_LA_BASE
from shared.runtime.lettres import refuse_letter
from shared.runtime.lot import Lot
from shared.runtime.repere_entrees import load_offsets, move_offset
from shared.runtime.service import ServiceDeFaits
from shared.traces import ECRITURE, MUET, Traceur, read_trace
from shared.traces import ENTETE as TRACE

DE_PERSONNE: Final = "contacts"
MILLI: Final = 1_000_000
_LOG: Final = logging.getLogger("ecluse.bus")
APRES_REPERE: Final = declare_point("entrees.apres_repere", "le repère des entrées est déplacé, les effets non écrits")
APRES_EFFETS: Final = declare_point("entrees.apres_effets", "le lot des entrées est validé, le lecteur n'en sait rien")


class _Apercu(Struct):
    type: Any = None


_APERCU: Final = msgspec.json.Decoder(_Apercu)


@dataclass(frozen=True, slots=True)
class Entree:
    """A record that belongs to the service: an event, or (``recu`` None) what the door refuses of it and why.

    ``trace``: ``traceparent`` of the event from now on.
    """

    offset: int
    octets: bytes
    recu: Recu | None
    type: str
    detail: str
    trace: str | None = None


@dataclass
class CompteursEntrees:
    """What became of the records since the process began; ``ignores`` belong to other services."""

    acceptes: int = 0
    doublons: int = 0
    refuses: int = 0
    ignores: int = 0


@dataclass
class Entrees(Recepteur):
    """The ``Recepteur`` of a service that takes facts. ``sujet``: name of the topic; ``identite`` asks the broker
    which topic bears this name now."""

    service: ServiceDeFaits
    sujet: str
    identite: Callable[[], str]
    compteurs: CompteursEntrees = field(default_factory=CompteursEntrees)
    _marque: str = ""
    _offsets: dict[int, int] = field(default_factory=dict)
    # Read beyond the watermark, by partition: where it goes on, and how many records, all of other services.
    _passes: dict[int, tuple[int, int]] = field(default_factory=dict)

    @property
    def retour(self) -> str:
        """See ``Recepteur.retour``."""
        return way_back(self.service.nom)

    def assigned(self, partitions: Sequence[int]) -> dict[int, int]:
        """See ``Recepteur.assigned``."""
        self._marque = self.identite()
        with self.service.lecture.connect() as connexion:
            offsets = load_offsets(connexion, self.service.nom, self._marque, partitions)
        self.revoked(partitions)
        self._offsets |= offsets
        return offsets

    def revoked(self, partitions: Sequence[int]) -> None:
        """See ``Recepteur.revoked``."""
        for partition in partitions:
            self._offsets.pop(partition, None)
            self._passes.pop(partition, None)

    def recognises(self) -> bool:
        """See ``Recepteur.recognises``."""
        if not self._marque:
            return True
        try:
            return self.identite() == self._marque
        except (SujetAbsent, SujetRefuse, CourtierInjoignable) as erreur:
            _LOG.info("identité du topic d'entrée relue plus tard : %s", erreur)
            return True

    def apply(self, partition: int, records: Sequence[Message]) -> None:
        """See ``Recepteur.apply``. What a batch that failed midway had committed is not taken again.

        Records of other services have no effect here: the watermark passes them with what follows, or in ``settle``.
        """
        # Of a partition never read before there is no watermark to compare with, only its absence.
        nouveaux = [r for r in records if r.offset >= self._offsets.get(partition, 0)]
        if not nouveaux:
            return
        clock, traceur = self.service.reglages.clock, self.service.reglages.traceur
        maintenant = clock()
        entrees = [e for r in nouveaux if (e := read_entry(self.service.nom, r, maintenant, traceur))]
        suivant, autres = nouveaux[-1].offset + 1, len(nouveaux) - len(entrees)
        if not entrees:
            self._passes[partition] = suivant, autres + self._passes.get(partition, (0, 0))[1]
            return
        self._commit(partition, entrees, suivant)
        self.compteurs.ignores += autres
        if traceur.actif:
            traceur.follow(ECRITURE, (e.trace for e in entrees), maintenant, clock())

    def settle(self) -> None:
        """See ``Recepteur.settle``: the watermarks of records that had no effect, all at once."""
        passes = dict(self._passes)
        if not passes:
            return

        def ordre(lot: Lot) -> None:
            for partition, (suivant, _) in passes.items():
                attendu = self._offsets.get(partition)
                move_offset(lot.connexion, self.service.nom, self._marque, partition, attendu, suivant)

        self.service.ecrivain.order(ordre).result()
        for partition, (suivant, _) in passes.items():
            self._moved(partition, suivant)

    def _moved(self, partition: int, suivant: int) -> None:
        """The watermark is there, beyond whatever had been put off."""
        self._offsets[partition] = suivant
        self.compteurs.ignores += self._passes.pop(partition, (0, 0))[1]

    def _commit(self, partition: int, entrees: Sequence[Entree], suivant: int) -> None:
        """Commit the records; half by half when the database refuses one of them, until that one is alone."""
        try:
            self._order(partition, suivant, lambda lot: self._take(lot, partition, entrees))
        except REFUSES_PAR_LA_BASE as erreur:
            if len(entrees) > 1:
                milieu = len(entrees) // 2
                self._commit(partition, entrees[:milieu], entrees[milieu].offset)
                self._commit(partition, entrees[milieu:], suivant)
                return
            detail = f"la base refuse d'enregistrer cet événement ({type(erreur).__name__})"
            self._park(partition, suivant, entrees[0], detail)

    def _order(self, partition: int, suivant: int, geste: Callable[[Lot], CompteursEntrees]) -> None:
        attendu = self._offsets.get(partition)

        def ordre(lot: Lot) -> CompteursEntrees:
            # First: whoever was overtaken learns it before it works for nothing.
            move_offset(lot.connexion, self.service.nom, self._marque, partition, attendu, suivant)
            crash_point(APRES_REPERE)
            return geste(lot)

        bilan = self.service.ecrivain.order(ordre).result()
        crash_point(APRES_EFFETS)
        self._moved(partition, suivant)
        self.compteurs.acceptes += bilan.acceptes
        self.compteurs.doublons += bilan.doublons
        self.compteurs.refuses += bilan.refuses

    def _take(self, lot: Lot, partition: int, entrees: Sequence[Entree]) -> CompteursEntrees:
        """Effects of the events, letters of the refusals."""
        bilan = CompteursEntrees()
        recus = [(e, e.recu) for e in entrees if e.recu is not None]
        for entree, recu in recus:
            if entree.trace:
                lot.trace([recu], entree.trace)
        verdicts = lot.take([recu for _, recu in recus]) if recus else []
        refus = [(e, e.detail) for e in entrees if e.recu is None]
        for (entree, _), verdict in zip(recus, verdicts, strict=True):
            if verdict.sort == "refuse":
                refus.append((entree, verdict.detail))
            elif verdict.sort == "doublon":
                bilan.doublons += 1
            else:
                bilan.acceptes += 1
        for entree, detail in refus:
            self._refuse(lot, partition, entree, detail)
        bilan.refuses = len(refus)
        return bilan

    def _park(self, partition: int, suivant: int, entree: Entree, detail: str) -> None:
        """Keep the record that the database refuses: as the event that it is, else as bytes."""
        recu = entree.recu
        if recu is not None:
            try:
                self._order(partition, suivant, lambda lot: _park(lot, recu, detail))
            except REFUSES_PAR_LA_BASE:
                pass
            else:
                return
        self._order(partition, suivant, lambda lot: self._refuse_one(lot, partition, entree, entree.detail or detail))

    def _refuse_one(self, lot: Lot, partition: int, entree: Entree, detail: str) -> CompteursEntrees:
        self._refuse(lot, partition, entree, detail)
        return CompteursEntrees(refuses=1)

    def _refuse(self, lot: Lot, partition: int, entree: Entree, detail: str) -> None:
        refuse_letter(
            lot.connexion,
            self.sujet,
            f"{partition}/{entree.offset}",
            entree.type,
            detail,
            entree.octets,
            lot.maintenant,
        )


class SujetAbsent(Exception):
    """The topic is not there: it may come."""


def topic_identity(courtier: Courtier, sujet: str) -> str:
    """Which topic bears this name now. Raises ``SujetAbsent``, ``CourtierInjoignable``."""
    with Administration(courtier) as administration:
        identite = administration.topic_id(sujet)
    if identite is None:
        raise SujetAbsent(f"le topic {sujet} n'existe pas : le créer par « ecluse topics create »")
    return identite


def read_entry(service: str, record: Message, maintenant: int, traceur: Traceur = MUET) -> Entree | None:
    """What a record is for ``service``; None when it belongs to another."""
    octets: bytes = record.value or b""
    type_ = TYPES.get(_type_of(octets))
    if (type_.service if type_ else DE_PERSONNE) != service:
        return None
    nom = type_.type if type_ else ""
    if record.value is None:
        return Entree(record.offset, b"", None, nom, "valeur absente : un événement CloudEvents en JSON est attendu")
    recu = judge(octets, maintenant)
    if not isinstance(recu, Recu):
        return Entree(record.offset, octets, None, nom, recu.detail)
    cle = f"{recu.caf}|{recu.dossier}"
    if record.key != cle.encode():
        detail = f"clé de l'enregistrement : « {cle} » attendue (caf|subject), elle tient l'ordre d'un dossier"
        return Entree(record.offset, octets, None, nom, detail)
    if recu.type.service != service:
        return Entree(record.offset, octets, None, nom, "type donné deux fois, différemment")
    trace = traceur.enter(_trace_of(record), record.timestamp * MILLI, maintenant)
    return Entree(record.offset, octets, recu, nom, "", trace)


def _park(lot: Lot, recu: Recu, detail: str) -> CompteursEntrees:
    lot.park(recu, detail)
    return CompteursEntrees(refuses=1)


def _trace_of(record: Message) -> str | None:
    octets = next((valeur for nom, valeur in record.headers if nom == TRACE), None)
    return read_trace(octets.decode("ascii", "replace")) if octets else None


def _type_of(octets: bytes) -> str:
    try:
        type_ = _APERCU.decode(octets).type
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""
    return type_ if isinstance(type_, str) else ""
