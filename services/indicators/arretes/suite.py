"""What the logs recorded after an arrêté: the movements of its Caf, and the events that caused each of them."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

from msgspec import Raw, Struct
from msgspec.json import Decoder

from services.indicators.arretes.document import RepereArrete
from services.indicators.arretes.effets import Typee
from services.indicators.fold.pli import Pli
from shared.events.catalogue import TYPES
from shared.events.mouvements import DECODEURS, MOUVEMENTS
from shared.runtime.ecrivain import Indisponible
from shared.runtime.journal import Enregistrement
from shared.runtime.reperes import Avance
from shared.runtime.suivi import Source

LECTURE: Final = 20_000
# A transaction writes its events, then the movements that they cause: it holds fewer records than this.
RECUL: Final = 20_000


class Place(NamedTuple):
    """A record of a log: a page goes on after it."""

    journal: str
    position: int


class Mouvement(NamedTuple):
    """A movement of the Caf, as the fold takes it."""

    record: Enregistrement
    objet: str
    avant: Typee | None
    apres: Typee | None


class EvenementCause(Struct, frozen=True):
    """An event that a tool emitted. ``source``: the tool; ``instant``: when it emitted it (ISO)."""

    id: str
    source: str
    type: str
    instant: str


class _Enveloppe(Struct):
    id: str
    source: str
    type: str
    subject: str
    time: str
    caf: str
    data: Raw


class EnveloppeDeMouvement(Struct):
    """What a movement says beside its images, which are kept as they are written."""

    class Donnees(Struct):
        """Its ``data``."""

        avant: Raw
        apres: Raw

    id: str
    subject: str
    data: Donnees


_ENVELOPPES: Final = Decoder(_Enveloppe)
_DONNEES: Final = Decoder(dict[str, Any])
ENVELOPPES_DE_MOUVEMENT: Final = Decoder(EnveloppeDeMouvement)


# By log and instant of a transaction, then by what the events are about.
_ParTransaction: TypeAlias = dict[tuple[str, int], dict[tuple[str, str], list[EvenementCause]]]


class Suite:
    """The logs between the watermarks of an arrêté and others (``jusqua``: a position by log).

    ``causes``: read the events of the tools as well.
    """

    def __init__(
        self,
        sources: Sequence[Source],
        reperes: Mapping[str, RepereArrete],
        jusqua: Mapping[str, int],
        caf: str,
        *,
        causes: bool = False,
    ) -> None:
        self._sources = sources
        self._reperes = reperes
        self._jusqua = jusqua
        self._caf = caf
        self._types = (*Pli.types, *TYPES) if causes else tuple(Pli.types)
        self.causes = Causes(caf)
        self.lus = 0

    def read(self, apres: Place | None = None) -> Iterator[list[Mouvement]]:
        """The movements of the Caf after a place, packet by packet, log after log.

        Raises ``Trou``, ``Arret``, ``PasEncore`` when a log can not be read, ``Indisponible`` when it ends too early.
        """
        noms = [source.nom for source in self._sources]
        reprise = noms.index(apres.journal) if apres and apres.journal in noms else 0
        for source in self._sources[reprise:]:
            yield from self._read_log(source, apres.position if apres and apres.journal == source.nom else 0)

    def _read_log(self, source: Source, apres: int) -> Iterator[list[Mouvement]]:
        repere, fin = self._reperes.get(source.nom), self._jusqua[source.nom]
        debut = repere.position if repere else 0
        position = max(debut, apres - RECUL)
        if position >= fin:
            return
        with source.reread(_resume(repere), self._types) as lecture:
            while position < fin:
                records = [r for r in lecture.read(position, LECTURE, self._types) if r.position <= fin]
                if not records:
                    raise Indisponible(
                        f"le journal de {source.nom} ne donne rien entre les positions {position} et {fin} : réessayer"
                    )
                position = records[-1].position
                self.lus += len(records)
                self.causes.turn()
                yield [m for r in records if (m := self._take(r, apres)) is not None]

    def _take(self, record: Enregistrement, apres: int) -> Mouvement | None:
        if record.octets is None:
            return None
        if record.type not in MOUVEMENTS:
            self.causes.learn(record)
            return None
        if record.position <= apres:
            return None
        lu = DECODEURS[record.type].decode(record.octets)
        if lu.caf != self._caf:
            return None
        avant, apres_ = (None if i is None else Typee(record.type, i) for i in (lu.data.avant, lu.data.apres))
        return Mouvement(record, lu.data.objet, avant, apres_)


class Causes:
    """The events of the last two packets read: those that a movement of the last one comes from are among them."""

    def __init__(self, caf: str) -> None:
        self._caf = caf
        self._recentes: _ParTransaction = {}
        self._avant: _ParTransaction = {}

    def turn(self) -> None:
        """Another packet begins."""
        self._avant, self._recentes = self._recentes, {}

    def learn(self, record: Enregistrement) -> None:
        """Keep an event of a tool, by its object and by its dossier."""
        lu = _ENVELOPPES.decode(record.octets or b"")
        if lu.caf != self._caf:
            return
        connus = self._recentes.setdefault((record.source, record.enregistre_le), defaultdict(list))
        evenement = EvenementCause(lu.id, lu.source, lu.type, lu.time)
        membre = TYPES[lu.type].objet
        objet = _DONNEES.decode(lu.data).get(membre) if membre and membre != "subject" else None
        if objet:
            connus["objet", objet].append(evenement)
        connus["dossier", lu.subject].append(evenement)

    def of(self, record: Enregistrement, objet: str, dossier: str) -> list[EvenementCause]:
        """The events of the same transaction about the same object, else about its dossier; none for a command."""
        transaction = record.source, record.enregistre_le
        for nom in (("objet", objet), ("dossier", dossier)):
            causes = [e for lues in (self._avant, self._recentes) for e in lues.get(transaction, {}).get(nom, ())]
            if causes:
                return causes
        return []


def _resume(repere: RepereArrete | None) -> Avance | None:
    if repere is None:
        return None
    return Avance(
        marque=repere.marque,
        curseur=repere.position,
        positions=list(repere.positions),
        offsets=list(repere.offsets),
    )
