"""Whether the topic and the database still tell the same log: nothing is published before they do."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition
from sqlalchemy import Connection, func, select

from shared.bus.admin import SujetVu
from shared.bus.courtier import Courtier
from shared.bus.fil import EpoqueDuJournal, FilIllisible, read_epoch
from shared.bus.sujets import family_of, way_back
from shared.events.base import Service
from shared.reglages import PARTITIONS
from shared.runtime.journal import EPOQUE, JOURNAL, PUBLIEUR
from shared.runtime.reperes import Arret

# Of one question to the broker, and of the reading of one stretch of a partition (seconds).
_DELAI: Final = 10
# How many records are read back from the end for what is acknowledged, at most: beside openings, only the deliveries
# under way of deposed publishers come after it.
_RECUL_MAX: Final = 50_000
_PAS: Final = 10
RESTAUREE: Final = "une ancienne copie de la base a été restaurée, ou la base n'est pas celle de ce sujet"


class Dernier(NamedTuple):
    """How a partition ends: the epoch of its last record, and the highest position among the last ones (0: none has
    one)."""

    epoque: EpoqueDuJournal
    position: int


class Connu(NamedTuple):
    """What the database knows of its log: the topic it goes to (None: none yet), its epochs by number, the head of each
    partition and how far each is acknowledged."""

    sujet: str | None
    epoques: Mapping[int, str]
    tetes: Sequence[int]
    confirmes: Sequence[int]


def read_known(connexion: Connection, service: Service) -> Connu:
    """What the database of a service knows."""
    ligne = connexion.execute(
        select(PUBLIEUR.c.sujet, PUBLIEUR.c.confirme, PUBLIEUR.c.tetes).where(PUBLIEUR.c.service == service)
    ).first()
    if ligne is None:
        return Connu(None, {}, [0] * PARTITIONS, [0] * PARTITIONS)
    sujet, confirme, octets = ligne
    tetes = msgspec.json.decode(octets, type=list[int])
    # What is acknowledged in a partition ends where what is not begins.
    attendus = connexion.execute(
        select(JOURNAL.c.partition, func.min(JOURNAL.c.precedent))
        .where(JOURNAL.c.position > confirme)
        .group_by(JOURNAL.c.partition)
    ).all()
    debuts = {partition: precedent for partition, precedent in attendus}  # noqa: C416  # rows are not pairs
    epoques = {n: m for n, m in connexion.execute(select(EPOQUE.c.numero, EPOQUE.c.marque)).all()}  # noqa: C416  # same
    return Connu(sujet, epoques, tetes, [debuts.get(p, tete) for p, tete in enumerate(tetes)])


async def read_last(courtier: Courtier, sujet: str, confirmes: Sequence[int]) -> list[Dernier | None]:
    """How each partition of a topic ends, None where it is empty. Of each, records are read back until what is
    acknowledged there (``confirmes``) is met, or for long enough to know that it is not there.

    Raises ``KafkaError`` or ``TimeoutError``, and ``Arret`` when another program wrote it.
    """
    consommateur: Any = AIOKafkaConsumer(
        **courtier.options(),
        enable_auto_commit=False,
        auto_offset_reset="none",
        isolation_level="read_committed",
        request_timeout_ms=_DELAI * 1000,
    )
    await consommateur.start()
    try:
        partitions = [TopicPartition(sujet, p) for p in range(len(confirmes))]
        consommateur.assign(partitions)
        debuts = await consommateur.beginning_offsets(partitions)
        fins = await consommateur.end_offsets(partitions)
        derniers: dict[int, Dernier] = {}
        recul = 1
        # The last record nearly always tells; the stretches before it are read where it does not.
        while lues := {
            tp: (max(debuts[tp], fins[tp] - recul), fins[tp] - recul // _PAS)
            for tp in partitions
            if fins[tp] - recul // _PAS > debuts[tp] and _is_open(derniers.get(tp.partition), confirmes[tp.partition])
        }:
            if recul > _RECUL_MAX:
                break
            for tp, records in (await _read_stretches(consommateur, lues)).items():
                if records:
                    derniers[tp.partition] = _end(sujet, records, derniers.get(tp.partition))
            recul *= _PAS
        return [derniers.get(tp.partition) for tp in partitions]
    finally:
        await consommateur.stop()


def _is_open(dernier: Dernier | None, confirme: int) -> bool:
    return dernier is None or dernier.position < confirme


async def _read_stretches(consommateur: Any, lues: Mapping[Any, tuple[int, int]]) -> dict[Any, list[Any]]:
    """The records of each partition from an offset to another, this one left out."""
    trouves: dict[Any, list[Any]] = {tp: [] for tp in lues}
    consommateur.pause(*consommateur.assignment())
    consommateur.resume(*lues)
    for tp, (debut, _) in lues.items():
        consommateur.seek(tp, debut)
    async with asyncio.timeout(_DELAI):
        while attendues := [tp for tp, (_, fin) in lues.items() if await consommateur.position(tp) < fin]:
            for tp, records in (await consommateur.getmany(*attendues, timeout_ms=500)).items():
                trouves[tp] += [r for r in records if r.offset < lues[tp][1]]
    return trouves


def judge_topic(nom: str, vu: SujetVu | None, attendu: str | None) -> str:
    """The identifier of the topic ``nom``, which is the one that the log goes to (None: any). Raises ``Arret``."""
    if vu is None:
        raise Arret(f"le sujet {nom} n'existe pas : le créer avec « ecluse topics create »")
    if attendu is not None and attendu != vu.identifiant:
        raise Arret(
            f"le sujet {nom} a été recréé : son identifiant est {vu.identifiant}, ce journal allait dans {attendu}. "
            "Rien n'est publié. Remettre le sujet d'origine (sauvegarde de Kafka, ou bonne adresse dans ECLUSE_KAFKA), "
            f"ou envoyer tout le journal dans celui-ci : {way_back(family_of(nom))}"
        )
    if vu.partitions != PARTITIONS:
        raise Arret(
            f"le sujet {nom} a {vu.partitions} partitions au lieu de {PARTITIONS} : ce nombre ne se change pas. "
            "Rien n'est publié. Remettre le sujet tel qu'il a été déclaré (« ecluse topics check »)"
        )
    return vu.identifiant


def judge(nom: str, connu: Connu, derniers: Sequence[Dernier | None]) -> None:
    """Raise ``Arret`` unless the last records of the topic ``nom`` continue what the database knows."""
    if surplus := find_surplus(nom, connu, derniers):
        raise Arret(
            f"{surplus} : {RESTAUREE}. Rien n'est publié. Remettre la base d'origine, ou une copie plus récente ; sans "
            f"elles, {way_back(family_of(nom))} dit quoi garder et comment repartir"
        )
    if perte := find_loss(nom, connu, derniers):
        raise Arret(
            f"{perte} : Kafka a perdu des enregistrements. Rien n'est publié. Remettre une sauvegarde de Kafka qui les "
            f"contient, ou envoyer de nouveau tout le journal : {way_back(family_of(nom))}"
        )


def find_surplus(nom: str, connu: Connu, derniers: Sequence[Dernier | None]) -> str | None:
    """What the topic ``nom`` holds that the database does not know, in words; None when there is nothing of it."""
    for partition, dernier in enumerate(derniers):
        if dernier is None:
            continue
        ou, (epoque, position) = _where(nom, partition), dernier
        if connu.epoques.get(epoque.numero) != epoque.marque:
            return f"{ou} porte l'époque {epoque.numero} ({epoque.marque}), que cette base ne connaît pas"
        if position > connu.tetes[partition]:
            tete = connu.tetes[partition]
            return f"{ou} va jusqu'à la position {position}, et cette base ne connaît rien après {tete}"
    return None


def find_loss(nom: str, connu: Connu, derniers: Sequence[Dernier | None]) -> str | None:
    """What was acknowledged in the topic ``nom`` and is not there, in words; None when nothing is missing."""
    for partition, (dernier, confirme) in enumerate(zip(derniers, connu.confirmes, strict=True)):
        ou = _where(nom, partition)
        if dernier is None:
            if confirme:
                return f"{ou} est vide alors que tout y était écrit jusqu'à la position {confirme}"
        # Whatever the epoch of the last record: openings and late deliveries of deposed publishers come after the tail.
        elif dernier.position < confirme:
            return f"{ou} s'arrête à la position {dernier.position} alors que tout y était écrit jusqu'à {confirme}"
    return None


def _where(nom: str, partition: int) -> str:
    return f"le sujet {nom}, partition {partition},"


def _end(sujet: str, records: Sequence[Any], suite: Dernier | None) -> Dernier:
    """How a partition ends with these records, which come before its end as known (None: they are the last)."""
    lus = [_read(sujet, brut) for brut in records]
    position = max((p for _, p in lus if p is not None), default=0)
    return Dernier(lus[-1][0], position) if suite is None else suite._replace(position=max(suite.position, position))


def _read(sujet: str, brut: Any) -> tuple[EpoqueDuJournal, int | None]:
    try:
        return read_epoch(brut.headers)
    except FilIllisible as erreur:
        retour = way_back(family_of(sujet))
        raise Arret(
            f"le sujet {sujet}, partition {brut.partition}, offset {brut.offset} : un autre programme y a écrit "
            f"({erreur}). Rien n'est publié. Lui retirer ce droit et remettre une sauvegarde du sujet, ou le "
            f"supprimer, le refaire (« ecluse topics create ») et y envoyer tout le journal : {retour}"
        ) from None
