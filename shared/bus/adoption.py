"""Going on with topics that are not those of before: what has to change in the database of a service, told first.

What was accepted is in the database, so that its log can be sent again; the inbox recognises what is read twice. What a
topic holds beyond the database is refused: the same positions would name two events.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final, NamedTuple, TypeVar

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError
from sqlalchemy import Connection, delete, func, select, update

from shared.bus.admin import Administration, SujetVu
from shared.bus.continuite import RESTAUREE, Connu, find_loss, find_surplus, judge_topic, read_known, read_last
from shared.bus.courtier import Courtier, CourtierInjoignable
from shared.bus.fil import FilIllisible, Ouverture, read_record
from shared.bus.sujets import ENTREES, JOURNAUX, way_back
from shared.events.base import Service
from shared.events.catalogue import TYPES
from shared.reglages import PARTITIONS
from shared.runtime.journal import JOURNAL, PUBLIEUR
from shared.runtime.repere_entrees import SOURCE
from shared.runtime.reperes import REPERE, Arret

# Of one question to the broker (seconds).
_DELAI: Final = 10
T = TypeVar("T")


class Place(NamedTuple):
    """How far a service has read a partition of the ingress, and in which topic."""

    partition: int
    offset: int
    marque: str


class Bornes(NamedTuple):
    """Where a partition begins and ends."""

    debut: int
    fin: int


class Bases(NamedTuple):
    """What the database of a service knows of its topics; ``lignes``: events of its log."""

    connu: Connu
    places: Sequence[Place]
    lignes: int


class Adoption(NamedTuple):
    """What is to change: the whole log is sent again (``journal``), these partitions of the ingress are read from
    their beginning. ``dit``: what was found and what it costs, in French lines."""

    journal: bool
    entrees: Sequence[int]
    dit: Sequence[str]


class Surplus(NamedTuple):
    """What a topic holds that the database does not: facts, which can be sent again, and what the service decided."""

    faits: int
    decisions: int


def read_bases(connexion: Connection, service: Service) -> Bases:
    """What the database knows."""
    places = connexion.execute(
        select(REPERE.c.partition, REPERE.c.offset, REPERE.c.marque)
        .where(REPERE.c.consommateur == service, REPERE.c.source == SOURCE)
        .order_by(REPERE.c.partition)
    )
    lignes = connexion.execute(select(func.count()).select_from(JOURNAL)).scalar_one()
    return Bases(read_known(connexion, service), [Place(*ligne) for ligne in places], lignes)


def examine(courtier: Courtier, service: Service, bases: Bases) -> Adoption:
    """Hold the topics against the database. Not from within an event loop.

    Raises ``Arret`` when nothing may be adopted (it says why and what to do), ``CourtierInjoignable``,
    ``SujetRefuse``.
    """
    sujets = JOURNAUX[service].nom(courtier.prefixe), ENTREES.nom(courtier.prefixe)
    with Administration(courtier) as administration:
        journal, entrees = (administration.look_at(sujet) for sujet in sujets)
    trouve = _examine_log(courtier, service, bases, journal)
    lues, dit = _examine_ingress(courtier, service, bases.places, entrees)
    return Adoption(trouve is not None, lues, [*([trouve] if trouve else []), *dit])


def adopt(connexion: Connection, service: Service, adoption: Adoption) -> None:
    """Change what was told. Whoever calls holds the seat of the publisher, and no worker runs."""
    if adoption.journal:
        connexion.execute(update(PUBLIEUR).where(PUBLIEUR.c.service == service).values(sujet=None, confirme=0))
    if adoption.entrees:
        connexion.execute(
            delete(REPERE).where(
                REPERE.c.consommateur == service,
                REPERE.c.source == SOURCE,
                REPERE.c.partition.in_(adoption.entrees),
            )
        )


def save_surplus(courtier: Courtier, service: Service, connu: Connu, write: Callable[[bytes], object]) -> Surplus:
    """Write, one a line, the facts that the topic holds and the database does not, in order for each dossier.

    Raises ``Arret`` on what is not of a log, ``CourtierInjoignable``.
    """
    sujet = JOURNAUX[service].nom(courtier.prefixe)
    return _ask(courtier, lambda consommateur: _copy_surplus(consommateur, sujet, service, connu, write))


def _examine_log(courtier: Courtier, service: Service, bases: Bases, vu: SujetVu | None) -> str | None:
    """Why the whole log is to be sent again; None when the topic continues it. Raises ``Arret``."""
    sujet, connu = JOURNAUX[service].nom(courtier.prefixe), bases.connu
    recree = judge_topic(sujet, vu, None) != (connu.sujet or (vu and vu.identifiant))
    # Nothing of the log was ever written to a topic that was made since.
    connu = connu._replace(confirmes=[0] * PARTITIONS) if recree else connu
    derniers = _wait(courtier, read_last(courtier, sujet, connu.confirmes))
    if surplus := find_surplus(sujet, connu, derniers):
        raise Arret(_refuse_surplus(sujet, service, surplus))
    efface = sum(b.debut for b in _ask(courtier, lambda c: _read_bounds(c, sujet)))
    if recree:
        constat = f"le sujet {sujet} a été recréé"
    elif efface:
        constat = f"le sujet {sujet} a perdu ses {efface} premiers enregistrements"
    elif perte := find_loss(sujet, connu, derniers):
        constat = perte
    else:
        return None
    return (
        f"{constat}. Tout le journal de {service} y sera envoyé de nouveau, dans une nouvelle époque : {bases.lignes} "
        "événements. Rien n'est perdu, la base les a tous ; un lecteur reconnaît ceux qu'il a déjà."
    )


def _refuse_surplus(sujet: str, service: Service, surplus: str) -> str:
    return (
        f"{surplus} : {RESTAUREE}. L'adopter mêlerait deux numérotations : refusé, rien n'a changé. Remettre la base "
        "d'origine, ou une copie plus récente. Sans elles, ce que le sujet a de plus manque à la base : "
        f"1) le garder : « ecluse topics adopter {service} --sauver FICHIER » ; 2) supprimer le sujet {sujet} "
        f"(kafka-topics.sh --delete), puis « ecluse topics create » ; 3) relancer {way_back(service)}, puis les "
        "workers ; 4) renvoyer les faits : « ecluse import FICHIER » ; 5) refaire les chiffres : "
        f"{way_back('indicators --refaire')}"
    )


def _examine_ingress(
    courtier: Courtier, service: Service, places: Sequence[Place], vu: SujetVu | None
) -> tuple[list[int], list[str]]:
    """The partitions of the ingress to read from their beginning, and what that means. Raises ``Arret``."""
    sujet = ENTREES.nom(courtier.prefixe)
    identifiant = judge_topic(sujet, vu, None)
    bornes = _ask(courtier, lambda c: _read_bounds(c, sujet))
    recreees = [p for p in places if p.marque != identifiant]
    memes = [p for p in places if p.marque == identifiant]
    effacees = [p for p in memes if p.offset < bornes[p.partition].debut]
    reculees = [p for p in memes if p.offset > bornes[p.partition].fin]
    dit = []
    if recreees:
        lus = ", ".join(f"{p.partition} : {p.offset}" for p in recreees)
        dit.append(
            f"le sujet {sujet} a été recréé. {service} le lira depuis son début ; ce qu'il a déjà pris est reconnu. Ce "
            "que l'ancien sujet tenait au-delà des offsets lus est perdu pour lui, à faire renvoyer par les émetteurs "
            f"(lu, par partition : {lus})."
        )
    if effacees:
        nombre = sum(bornes[p.partition].debut - p.offset for p in effacees)
        dit.append(
            f"le sujet {sujet} n'a plus {nombre} enregistrements que {service} n'avait pas lus. La lecture reprend au "
            "début de ce qui reste. Ces enregistrements sont perdus pour lui, à faire renvoyer par les émetteurs."
        )
    if reculees:
        dit.append(
            f"le sujet {sujet} finit avant ce que {service} en avait lu, dans {len(reculees)} partitions : Kafka a "
            "perdu des enregistrements. Elles seront relues depuis leur début ; ce qui est déjà pris est reconnu."
        )
    if recreees or reculees:
        dit.append("un enregistrement que la porte refuse, s'il est relu, a une seconde lettre morte.")
    return [p.partition for p in (*recreees, *effacees, *reculees)], dit


async def _read_bounds(consommateur: Any, sujet: str) -> list[Bornes]:
    partitions = [TopicPartition(sujet, p) for p in range(PARTITIONS)]
    debuts = await consommateur.beginning_offsets(partitions)
    fins = await consommateur.end_offsets(partitions)
    return [Bornes(debuts[tp], fins[tp]) for tp in partitions]


async def _copy_surplus(
    consommateur: Any, sujet: str, service: Service, connu: Connu, write: Callable[[bytes], object]
) -> Surplus:
    faits, decisions = 0, 0
    for partition, bornes in enumerate(await _read_bounds(consommateur, sujet)):
        tp = TopicPartition(sujet, partition)
        consommateur.assign([tp])
        consommateur.seek(tp, bornes.debut)
        vus: set[tuple[str, int]] = set()
        while await consommateur.position(tp) < bornes.fin:
            for brut in (await consommateur.getmany(tp, timeout_ms=500)).get(tp, ()):
                octets = _read_surplus(service, connu, brut, vus)
                if octets:
                    write(octets)
                    faits += 1
                elif octets is not None:
                    decisions += 1
    return Surplus(faits, decisions)


def _read_surplus(service: Service, connu: Connu, brut: Any, vus: set[tuple[str, int]]) -> bytes | None:
    """A fact that the database does not know, on one line; empty for what the service decided, None for the rest."""
    try:
        lu = read_record(service, brut.partition, brut.offset, brut.headers, brut.value)
    except FilIllisible as erreur:
        ou = f"le sujet {brut.topic}, partition {brut.partition}, offset {brut.offset} :"
        raise Arret(f"{ou} un autre programme y a écrit ({erreur})") from None
    if isinstance(lu, Ouverture):
        return None
    record, epoque = lu.enregistrement, lu.epoque
    connue = connu.epoques.get(epoque.numero) == epoque.marque and record.position <= connu.tetes[record.partition]
    # A record that was sent again has its position; two copies of the base may have given the same one.
    if connue or (cle := (epoque.marque, record.position)) in vus:
        return None
    vus.add(cle)
    return msgspec.json.format(record.octets or b"", indent=-1) + b"\n" if record.type in TYPES else b""


def _ask(courtier: Courtier, geste: Callable[[Any], Coroutine[Any, Any, T]]) -> T:
    """A question put by a client that belongs to no group."""

    async def ask() -> T:
        consommateur = AIOKafkaConsumer(
            **courtier.options(),
            enable_auto_commit=False,
            auto_offset_reset="none",
            isolation_level="read_committed",
            request_timeout_ms=_DELAI * 1000,
        )
        await consommateur.start()
        try:
            return await geste(consommateur)
        finally:
            await consommateur.stop()

    return _wait(courtier, ask())


def _wait(courtier: Courtier, reponse: Coroutine[Any, Any, T]) -> T:
    try:
        return asyncio.run(reponse)
    except (KafkaError, TimeoutError) as erreur:
        raise CourtierInjoignable(
            f"Kafka ne répond pas à {courtier} ({type(erreur).__name__}) : rien n'a changé, réessayer"
        ) from erreur
