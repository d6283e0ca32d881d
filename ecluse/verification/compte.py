"""Runs the rules of the door on a file and counts, source by source."""

from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
from msgspec import Struct

from ecluse.verification.cycles import Cycles
from ecluse.verification.rapport import ILLISIBLE, Desordre, Etape, Motif, Rapport, RapportSource, Retard
from shared.events.porte import Recu, Refus, judge
from shared.temps import SECONDE

CONTRADICTION: Final = "source et id"


@dataclass
class _Source:
    """What is kept of a source while the file is read. ``retards``: nanoseconds, one per accepted event."""

    nom: str
    acceptes: int = 0
    doublons: int = 0
    refuses: int = 0
    contradictoires: int = 0
    motifs: dict[str, Motif] = field(default_factory=dict)
    dernier: int | None = None
    desordonnes: int = 0
    desordre_max: int = 0
    retards: "array[int]" = field(default_factory=lambda: array("q"))

    def accept(self, recu: Recu) -> None:
        """Count an accepted event, its lateness and its disorder."""
        self.acceptes += 1
        self.retards.append(recu.emis - recu.instant)
        if self.dernier is not None and recu.emis < self.dernier:
            self.desordonnes += 1
            self.desordre_max = max(self.desordre_max, self.dernier - recu.emis)
        else:
            self.dernier = recu.emis

    def refuse(self, motif: str, ligne: int, detail: str) -> None:
        """Count a refused line; the first of each reason is told."""
        self.refuses += 1
        connu = self.motifs.setdefault(motif, Motif(0, ligne, detail))
        connu.nombre += 1


def verify(lines: Iterable[tuple[int, bytes]], now: int) -> Rapport:
    """Judge numbered lines as received at ``now`` (ns), and say what they are worth, source by source.

    Holds in memory a key per accepted event and a little per object, never the lines.
    """
    sources: dict[str, _Source] = {}
    boites: dict[str, dict[str, bytes]] = defaultdict(dict)
    cycles = Cycles()
    for numero, octets in lines:
        recu = judge(octets, now)
        nom = recu.source if isinstance(recu, Recu) else _source_of(octets)
        source = sources.setdefault(nom, _Source(nom))
        if isinstance(recu, Refus):
            source.refuse(recu.membre or "json", numero, recu.detail)
            continue
        boite = boites[recu.type.service]
        premier = boite.setdefault(recu.cle, recu.empreinte)
        if premier is recu.empreinte:  # this very object: nothing was there before it
            source.accept(recu)
            cycles.add(recu, source.nom)
        elif premier == recu.empreinte:
            source.doublons += 1
        else:
            source.contradictoires += 1
            source.refuse(CONTRADICTION, numero, "cet id est déjà pris par cette source avec un autre contenu")
    return _report(sources, cycles)


class _Apercu(Struct):
    source: Any = None


def _source_of(octets: bytes) -> str:
    try:
        source = msgspec.json.decode(octets, type=_Apercu).source
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ILLISIBLE
    return source[:200] if isinstance(source, str) and source else ILLISIBLE


def _report(sources: dict[str, _Source], cycles: Cycles) -> Rapport:
    etapes = _steps(cycles)
    rapports = [_source_report(sources[nom], etapes.get(nom, [])) for nom in sorted(sources)]
    return Rapport(
        lignes=sum(s.acceptes + s.doublons + s.refuses for s in sources.values()),
        acceptes=sum(s.acceptes for s in sources.values()),
        doublons=sum(s.doublons for s in sources.values()),
        refuses=sum(s.refuses for s in sources.values()),
        objets=cycles.objects(),
        sources=rapports,
    )


def _steps(cycles: Cycles) -> dict[str, list[Etape]]:
    evenements: Counter[tuple[str, str, str]] = Counter()
    objets: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    for source, evenement, manque, objet in cycles.missing():
        evenements[source, evenement, manque] += 1
        objets[source, evenement, manque].add(objet)
    etapes: dict[str, list[Etape]] = defaultdict(list)
    for (source, evenement, manque), nombre in sorted(evenements.items()):
        etapes[source].append(Etape(evenement, manque, nombre, len(objets[source, evenement, manque])))
    return etapes


def _source_report(source: _Source, etapes: list[Etape]) -> RapportSource:
    return RapportSource(
        source=source.nom,
        acceptes=source.acceptes,
        doublons=source.doublons,
        refuses=source.refuses,
        contradictoires=source.contradictoires,
        motifs=dict(sorted(source.motifs.items(), key=lambda m: (-m[1].nombre, m[0]))),
        desordre=Desordre(
            nombre=source.desordonnes,
            part=source.desordonnes / source.acceptes if source.acceptes else None,
            max=source.desordre_max / SECONDE,
        ),
        retard=_lateness(sorted(source.retards)),
        etapes_absentes=etapes,
    )


def _lateness(retards: Sequence[int]) -> Retard:
    if not retards:
        return Retard()
    mediane, p90 = (retards[(len(retards) * pourcents + 99) // 100 - 1] for pourcents in (50, 90))
    return Retard(mediane / SECONDE, p90 / SECONDE, retards[-1] / SECONDE)
