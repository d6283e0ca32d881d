"""``ecluse doctor``: is everything there that a service needs, and what to do where it is not."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple

import httpx
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError

from ecluse.distribue import variables as v
from ecluse.distribue.courtier import reach_cluster
from ecluse.distribue.reglages import (
    VARIABLES,
    Kafka,
    ReglageFaux,
    Secret,
    Service,
    missing,
    processes_of,
    read_kafka,
    read_one,
)
from shared.base import BaseInutilisable, open_postgres
from shared.bus.admin import Administration, SujetRefuse
from shared.bus.continuite import judge, judge_topic, read_known, read_last
from shared.bus.courtier import Courtier, CourtierInjoignable
from shared.bus.horloge import read_last_instant
from shared.bus.sujets import JOURNAUX, PREFIXE, TICS
from shared.events.catalogue import SERVICES
from shared.migrations import current, head_of
from shared.partage.ligne import RedisInjoignable
from shared.partage.ouverture import open_redis
from shared.reglages import read_clock
from shared.runtime.reperes import Arret
from shared.temps import SECONDE, from_datetime

# Beyond, "in the future" and "late" would be said of what is neither (seconds).
ECART_ADMIS: Final = 2.0
_HTTP: Final = 3.0


class Constat(NamedTuple):
    """One line: what was looked at, whether it is well, and what was found or is to be done (French)."""

    bon: bool
    sujet: str
    texte: str


def examine(environ: Mapping[str, str], service: Service | None) -> Iterator[Constat]:
    """Look at everything that the environment names; ``service``: as that service needs it."""
    faux = [*_check_settings(environ, service)]
    yield from faux or [Constat(True, "réglages", f"{_count_given(environ)} variables lues")]
    base, redis, jeton = (_given(environ, variable) for variable in (v.BASE, v.REDIS, v.JETON))
    kafka = _given_cluster(environ)
    courtier = reach_cluster(kafka, _given(environ, v.PREFIXE) or PREFIXE) if kafka else None
    if courtier is not None:
        yield from _check_broker(courtier)
    if base is not None:
        yield from _check_database(base.reveal(), service)
    if courtier is not None and base is not None and service in SERVICES:
        yield from _check_log(courtier, base.reveal(), service)
    if redis is not None:
        yield from _check_redis(redis.reveal())
    for nom, variable in v.URLS.items():
        url = _given(environ, variable)
        if url is not None and jeton is not None:
            yield _check_url(nom, url, jeton, variable.nom)


def _check_settings(environ: Mapping[str, str], service: Service | None) -> Iterator[Constat]:
    processus = processes_of(service, "all") if service else frozenset()
    for variable in VARIABLES:
        try:
            if read_one(environ, variable) is None and variable.requise & processus:
                yield Constat(False, "réglages", missing(variable))
        except ReglageFaux as faux:
            yield Constat(False, "réglages", str(faux))
    try:
        read_kafka(environ)
    except ReglageFaux as faux:
        if not str(faux).startswith(tuple(f"{variable.nom} : " for variable in VARIABLES)):
            yield Constat(False, "réglages", str(faux))


def _check_broker(courtier: Courtier) -> Iterator[Constat]:
    try:
        with Administration(courtier) as administration:
            yield Constat(True, "courtier", f"{courtier} répond")
            ecarts = administration.check()
        yield from (Constat(False, "sujets", ecart) for ecart in ecarts)
        if not ecarts:
            yield Constat(True, "sujets", f"tous là, comme déclarés ({courtier.prefixe}.…)")
            yield _check_broker_clock(courtier)
    except CourtierInjoignable as erreur:
        yield Constat(False, "courtier", str(erreur))
    except SujetRefuse as erreur:
        yield Constat(False, "sujets", str(erreur))


def _check_broker_clock(courtier: Courtier) -> Constat:
    try:
        instant = asyncio.run(read_last_instant(courtier, TICS.nom(courtier.prefixe)))
    except Exception as erreur:
        # Of the client, which has many ways to fail; the line before said that the cluster is there.
        return Constat(False, "horloge du bus", f"dernier tic illisible ({type(erreur).__name__}) : réessayer")
    if instant is None:
        return Constat(True, "horloge du bus", "aucun tic : aucun worker n'a encore publié")
    age = (read_clock() - instant) / SECONDE
    if age < -ECART_ADMIS:
        return Constat(False, "horloge du bus", f"le dernier tic est daté {-age:.0f} s dans le futur : {_REGLER}")
    return Constat(True, "horloge du bus", f"dernier tic daté d'il y a {max(0.0, age):.1f} s")


def _check_database(base: str, service: Service | None) -> Iterator[Constat]:
    try:
        moteur = open_postgres(base)
        try:
            with moteur.connect() as connexion:
                avant = read_clock()
                instant = connexion.execute(select(func.clock_timestamp())).scalar_one()
                milieu = (avant + read_clock()) // 2
        finally:
            moteur.dispose()
        yield Constat(True, "base", "PostgreSQL répond")
        yield _judge_clock((milieu - from_datetime(instant)) / SECONDE)
        if service is not None:
            yield _check_migrations(base, service)
    except BaseInutilisable as erreur:
        yield Constat(False, "base", str(erreur))
    except DBAPIError as erreur:
        raison = " ".join(str(erreur.orig).split())
        yield Constat(False, "base", f"PostgreSQL refuse ou ne répond pas ({raison}) : vérifier {v.BASE.nom}")


def _judge_clock(ecart: float) -> Constat:
    if abs(ecart) > ECART_ADMIS:
        return Constat(False, "horloge de la base", f"{abs(ecart):.1f} s d'écart avec cette machine : {_REGLER}")
    return Constat(True, "horloge de la base", f"{abs(ecart):.1f} s d'écart avec cette machine")


_REGLER: Final = "mettre les deux machines à l'heure (NTP)"


def _check_migrations(base: str, service: Service) -> Constat:
    revision, attendue = current(service, base), head_of(service)
    if revision == attendue:
        return Constat(True, "migrations", f"à jour ({revision})")
    return Constat(
        False,
        "migrations",
        f"{revision or 'aucune table'}, attendu {attendue} : lancer « ecluse migrations upgrade {service} »",
    )


def _check_log(courtier: Courtier, base: str, service: Service) -> Iterator[Constat]:
    """Whether the topic and the database still tell the same log: the publisher asks the same before it publishes."""
    nom = next(n for n in SERVICES if n == service)
    sujet = JOURNAUX[nom].nom(courtier.prefixe)
    moteur = open_postgres(base)
    try:
        with Administration(courtier) as administration:
            vu = administration.look_at(sujet)
        if vu is None:
            return
        with moteur.connect() as connexion:
            connu = read_known(connexion, nom)
        judge_topic(sujet, vu, connu.sujet)
        judge(sujet, connu, asyncio.run(read_last(courtier, sujet, connu.confirmes)))
        yield Constat(True, "journal", f"{sujet} continue la base ({vu.identifiant}, {vu.partitions} partitions)")
    except Arret as arret:
        yield Constat(False, "journal", str(arret))
    except (CourtierInjoignable, SujetRefuse, DBAPIError):
        # Told already, where the broker and the database were looked at.
        return
    finally:
        moteur.dispose()


def _check_redis(url: str) -> Iterator[Constat]:
    try:
        yield Constat(True, "Redis", f"répond (version {open_redis(url).check()})")
    except RedisInjoignable as erreur:
        yield Constat(
            False, "Redis", f"{erreur} : vérifier {v.REDIS.nom} ; sans lui la page en direct et les liens sont réduits"
        )


def _check_url(nom: str, url: str, jeton: Secret, variable: str) -> Constat:
    try:
        entetes = {"Authorization": f"Bearer {jeton.reveal()}"}
        reponse = httpx.get(f"{url}/v1/etat", headers=entetes, timeout=_HTTP)
    except httpx.HTTPError as erreur:
        return Constat(False, f"API {nom}", f"{url} ne répond pas ({type(erreur).__name__}) : vérifier {variable}")
    if reponse.status_code == 401:
        return Constat(False, f"API {nom}", f"{url} ne connaît pas ce jeton : le même ECLUSE_TOKEN partout")
    if reponse.status_code != 200:
        return Constat(False, f"API {nom}", f"{url} répond {reponse.status_code} : lire son journal d'exécution")
    return Constat(True, f"API {nom}", f"{url} répond")


def _given(environ: Mapping[str, str], variable: v.Variable) -> Any:
    """The value, None when it is absent or wrong (which another line says)."""
    return _or_none(lambda: read_one(environ, variable))


def _given_cluster(environ: Mapping[str, str]) -> Kafka | None:
    kafka: Kafka | None = _or_none(lambda: read_kafka(environ))
    return kafka


def _or_none(lit: Callable[[], Any]) -> Any:
    try:
        return lit()
    except ReglageFaux:
        return None


def _count_given(environ: Mapping[str, str]) -> int:
    return sum(bool(environ.get(n)) for variable in VARIABLES for n in (variable.nom, variable.fichier))
