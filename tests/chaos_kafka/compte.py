"""The account after a game: databases, topics and figures against what was acknowledged, as the oracle counts it."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple

import msgspec

from ecluse.acces import reach_origin
from shared.bus.sujets import ENTREES
from shared.events.catalogue import SERVICES, TYPES
from shared.reglages import PARTITIONS
from shared.runtime.lettres import REFUSE_A_LA_PORTE
from tests.chaos.charge import Lot
from tests.chaos.compte import Compte, check_figures
from tests.chaos_kafka.maison import Maison, log_of, until
from tests.infra.clients import kcat
from tests.infra.publication import read_topic
from tests.oracle import Jugement, etat, juge_lignes

RATTRAPAGE = 180.0


class Rangee(NamedTuple):
    """A row of the log of a service."""

    id: int
    partition: int
    position: int
    precedent: int
    cle: str
    type: str
    octets: bytes


@dataclass(frozen=True)
class Journal:
    """What the log of a service shows. ``livraisons``: records of its topic, of which ``redites`` came before;
    ``epoques``: leads; ``desordres``: rows published before one with a smaller id."""

    lignes: int
    livraisons: int
    redites: int
    epoques: int
    desordres: int


def wait_caught_up(maison: Maison) -> None:
    """Until every service has read the ingress to its end, and the figures hold everything."""
    fins = _ends(maison)

    def is_read(service: str) -> bool:
        requete = "SELECT partition, \"offset\" FROM repere WHERE source = 'entrees'"
        lus: dict[int, int] = dict(maison.query(service, requete))
        return all(lus.get(partition, 0) >= fin for partition, fin in fins.items())

    for service in SERVICES:
        until(partial(is_read, service), f"{service} a lu toutes les entrées", RATTRAPAGE)
    with reach_origin(maison.repartie.porte.url, maison.repartie.jeton) as acces:
        until(lambda: acces.state()["a_jour"], "a_jour", RATTRAPAGE)


def judge_sent(lots: Iterable[Lot]) -> tuple[Jugement, set[bytes]]:
    """What the oracle says of everything that was sent; the events that the door must refuse."""
    octets = [o for lot in lots for o in lot.octets]
    jugement = juge_lignes(octets, datetime.now(UTC))
    return jugement, {octets[rejet.ligne - 1] for rejet in jugement.rejets}


def settle(maison: Maison, lots: Sequence[Lot]) -> tuple[Compte, dict[str, Journal]]:
    """The account. What differs from the oracle in anything but counts fails an assertion."""
    jugement, refuses = judge_sent(lots)
    attendus = {(e.service, e.source, e.id) for e in jugement.acceptes}
    tenus: Counter[tuple[str, str, str]] = Counter()
    journaux: dict[str, Journal] = {}
    for service in SERVICES:
        rangees = _read_log(maison, service)
        faits = [msgspec.json.decode(r.octets) for r in rangees if r.type in TYPES]
        tenus.update((service, e["source"], e["id"]) for e in faits)
        assert maison.query(service, "SELECT count(*) FROM boite") == [(len(faits),)], service
        journaux[service] = check_log(maison, service, rangees)
    assert tenus.keys() <= attendus, "les journaux tiennent ce que personne n'a envoyé"
    check_refusals(maison, refuses)
    with reach_origin(maison.repartie.porte.url, maison.repartie.jeton) as acces:
        check_figures(acces, etat(jugement.acceptes), {e.caf for e in jugement.acceptes})
    return Compte(len(attendus), len(attendus - tenus.keys()), sum(n - 1 for n in tenus.values())), journaux


def check_log(maison: Maison, service: str, rangees: Sequence[Rangee]) -> Journal:
    """Every row has its place, without a hole, dossiers in the order of their rows; the topic tells the same."""
    tetes = [0] * PARTITIONS
    derniers: dict[str, int] = defaultdict(int)
    for rang, rangee in enumerate(rangees, start=1):
        assert (rangee.position, rangee.precedent) == (rang, tetes[rangee.partition]), service
        tetes[rangee.partition] = rang
        assert rangee.id > derniers[rangee.cle], f"{service} : un dossier publié dans un autre ordre que le sien"
        derniers[rangee.cle] = rangee.id
    livraisons, redites = check_topic(maison, service, rangees)
    epoques = maison.query(service, "SELECT count(*) FROM epoque")[0][0]
    desordres = sum(avant.id > apres.id for avant, apres in pairwise(rangees))
    return Journal(len(rangees), livraisons, redites, epoques, desordres)


def check_topic(maison: Maison, service: str, rangees: Sequence[Rangee]) -> tuple[int, int]:
    """The topic, read from its beginning without what comes again, is the log; records, and how many came again."""
    lus = [
        r
        for r in read_topic(maison.kafka, log_of(service).nom(maison.repartie.courtier.prefixe))
        if r.position is not None
    ]
    tetes = [0] * PARTITIONS
    par_position: dict[int, tuple[int, str | None, bytes]] = {}
    for record in lus:
        assert record.position is not None
        vu = (record.partition, record.cle, record.valeur.encode())
        if record.position > tetes[record.partition]:
            assert int(record.entetes["ecluse-precedent"]) == tetes[record.partition], f"{service} : trou dans le topic"
            tetes[record.partition] = record.position
            par_position[record.position] = vu
        else:
            assert par_position[record.position] == vu, f"{service} : deux contenus à la position {record.position}"
    assert par_position == {r.position: (r.partition, r.cle, r.octets) for r in rangees}, service
    return len(lus), len(lus) - len(par_position)


def check_refusals(maison: Maison, refuses: set[bytes]) -> None:
    """What Kafka brought and the door refuses is a letter, once for each record, wherever it belongs."""
    attendues = {place: octets for place, octets in _entries(maison).items() if octets in refuses}
    lettres: list[tuple[str, bytes]] = [
        (place, bytes(octets))
        for service in SERVICES
        for place, octets in maison.query(
            service, "SELECT evenement_id, octets FROM lettre_morte WHERE motif = %s", REFUSE_A_LA_PORTE
        )
    ]
    assert sorted(lettres) == sorted(attendues.items()), "les refus de la porte Kafka ne sont pas tous, ou pas une fois"


def _read_log(maison: Maison, service: str) -> list[Rangee]:
    colonnes = ", ".join(Rangee._fields)
    lignes = maison.query(service, f"SELECT {colonnes} FROM journal ORDER BY position")  # noqa: S608  # our columns
    return [Rangee._make((*ligne[:-1], bytes(ligne[-1]))) for ligne in lignes]


def _entries(maison: Maison) -> dict[str, bytes]:
    """What the ingress topic holds, by ``partition/offset``."""
    mots = ("-X", "fetch.wait.max.ms=5", "-C", "-e", "-o", "beginning", "-J", "-t", _ingress(maison))
    lus: Iterable[dict[str, Any]] = (json.loads(ligne) for ligne in kcat(maison.kafka, *mots).split("\n") if ligne)
    return {f"{lu['partition']}/{lu['offset']}": lu["payload"].encode() for lu in lus}


def _ends(maison: Maison) -> dict[int, int]:
    """Where each partition of the ingress ends."""
    fins: dict[int, int] = {}
    for partition in range(ENTREES.partitions):
        dit = kcat(maison.kafka, "-Q", "-t", f"{_ingress(maison)}:{partition}:-1")
        fins[partition] = int(dit.rpartition(" ")[2])
    return fins


def _ingress(maison: Maison) -> str:
    return ENTREES.nom(maison.repartie.courtier.prefixe)
