"""What a process shows of itself to Prometheus, read when it is asked for (names and meanings: ``mesures``)."""

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, Final, NamedTuple

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import Engine
from sqlalchemy.pool import QueuePool

from ecluse import __version__
from ecluse.distribue import mesures as m
from ecluse.distribue.mesures import Genre, Mesure
from shared.bus.attribution import read_backlog
from shared.bus.recepteur import BORNES, Durees
from shared.events.base import Service
from shared.partage.ligne import RedisInjoignable
from shared.partage.ouverture import MemoirePartagee
from shared.runtime.consommateur import Consommateur
from shared.runtime.service import ServiceDeFaits
from shared.temps import SECONDE

if TYPE_CHECKING:
    from ecluse.distribue.travail import Travail
    from shared.bus.entrees import CompteursEntrees
    from shared.bus.lecteur import LecteurParLots
    from shared.bus.mandat import MesuresPublieur

_LOG: Final = logging.getLogger("ecluse.mesures")


class Valeur(NamedTuple):
    """A metric with its labels, now."""

    mesure: Mesure
    valeur: float | Durees
    etiquettes: tuple[str, ...] = ()


Lecture = Callable[[], Iterable[Valeur]]


class Collecte(Collector):
    """``lectures``: what is read at each scrape; ``autres``: what collects by itself. One that fails is left out and
    said: what is known when the database is away is what one wants to see then."""

    def __init__(self, lectures: Sequence[Lecture], autres: Sequence[Collector] = ()) -> None:
        self._lectures = lectures
        self._autres = autres

    def collect(self) -> Iterator[Metric]:
        """See ``Collector.collect``."""
        valeurs: dict[Mesure, list[Valeur]] = defaultdict(list)
        familles: list[Metric] = []
        rates: list[str] = []
        for lecture in self._lectures:
            try:
                for valeur in lecture():
                    valeurs[valeur.mesure].append(valeur)
            except Exception as erreur:
                rates.append(type(erreur).__name__)
        for autre in self._autres:
            try:
                familles += autre.collect()
            except Exception as erreur:
                rates.append(type(erreur).__name__)
        if rates:
            _LOG.warning("mesures incomplètes : %s", ", ".join(rates))
        valeurs[m.INCOMPLET] = [Valeur(m.INCOMPLET, bool(rates))]
        valeurs[m.CONSTRUCTION] = [Valeur(m.CONSTRUCTION, 1, (__version__,))]
        yield from (_write(mesure, siennes) for mesure, siennes in valeurs.items())
        yield from familles


def _write(mesure: Mesure, valeurs: Sequence[Valeur]) -> Metric:
    if mesure.genre is Genre.histogramme:
        histogramme = HistogramMetricFamily(mesure.nom, mesure.sens, labels=mesure.etiquettes)
        for _, durees, etiquettes in valeurs:
            if isinstance(durees, Durees):
                bornes = [*map(str, BORNES), "+Inf"]
                cumul = list(zip(bornes, accumulate(durees.classes), strict=True))
                histogramme.add_metric(etiquettes, cumul, durees.somme)
        return histogramme
    sorte = CounterMetricFamily if mesure.genre is Genre.compteur else GaugeMetricFamily
    famille = sorte(mesure.nom, mesure.sens, labels=mesure.etiquettes)
    for _, valeur, etiquettes in valeurs:
        if not isinstance(valeur, Durees):
            famille.add_metric(etiquettes, float(valeur))
    return famille


def read_pools(moteurs: Mapping[str, Engine]) -> Lecture:
    """The connections of a process to its database, by what they are for."""

    def read() -> Iterator[Valeur]:
        for usage, moteur in moteurs.items():
            if isinstance(reserve := moteur.pool, QueuePool):
                yield Valeur(m.BASE_OCCUPEES, reserve.checkedout(), (usage,))
                yield Valeur(m.BASE_MAX, reserve.size() + max(0, reserve._max_overflow), (usage,))

    return read


def read_redis(memoire: MemoirePartagee) -> Lecture:
    """Whether Redis answers."""

    def read() -> Iterator[Valeur]:
        try:
            memoire.check()
        except RedisInjoignable:
            yield Valeur(m.REDIS, 1)
        else:
            yield Valeur(m.REDIS, 0)

    return read


def read_screens(count: Callable[[], int]) -> Lecture:
    """Who watches the live page."""
    return lambda: [Valeur(m.ECRANS, count())]


def read_consumer(consommateur: Consommateur) -> Lecture:
    """How far the figures are, beside what the state shows."""

    def read() -> Iterator[Valeur]:
        yield Valeur(m.POINTS_LAISSES, consommateur.evinces)
        for source, avance in consommateur.avances.items():
            if avance.dernier:
                yield Valeur(m.DERNIER, avance.dernier / SECONDE, (source,))

    return read


def read_work(travail: "Travail", clock: Callable[[], int], service: ServiceDeFaits | None = None) -> list[Lecture]:
    """Readers, ingress and publisher. ``service``: the one whose log is published."""
    lectures: list[Lecture] = [lambda: _readers(travail.lecteurs, clock())]
    entrees, publieur = travail.entrees, travail.publieur
    if entrees is not None:
        lectures.append(lambda: _ingress(entrees.compteurs))
    if publieur is not None:
        lectures.append(lambda: _publisher(publieur.mesures))
    if publieur is not None and service is not None:
        lectures.append(lambda: _backlog(service, publieur.service, clock()))
    return lectures


def _readers(lecteurs: Iterable["LecteurParLots"], maintenant: int) -> Iterator[Valeur]:
    # The first of a topic is the one that follows it: another one reads it again for a rebuild.
    for sujet, lecteur in {lecteur.sujet: lecteur for lecteur in reversed([*lecteurs])}.items():
        voies, compteurs, topic = lecteur.progress(), lecteur.compteurs, (sujet,)
        depuis = [maintenant / SECONDE - v.horodate / 1000 for v in voies if v.retard and v.horodate]
        yield Valeur(m.LUES, len(voies), topic)
        yield Valeur(m.RETARD, sum(v.retard for v in voies), topic)
        yield Valeur(m.RETARD_TEMPS, max([0.0, *depuis]), topic)
        yield Valeur(m.LECTEUR_ARRETE, lecteur.arret is not None, topic)
        yield Valeur(m.LOTS, compteurs.durees, topic)
        yield Valeur(m.REPRISES, compteurs.reprises, topic)
        yield Valeur(m.DEVANCES, compteurs.devances, topic)


def _ingress(compteurs: "CompteursEntrees") -> Iterator[Valeur]:
    for verdict in m.VERDICTS:
        yield Valeur(m.ENTREES, getattr(compteurs, f"{verdict}s"), (verdict,))


def _publisher(etat: "MesuresPublieur") -> Iterator[Valeur]:
    yield Valeur(m.MENEUR, etat.meneur)
    yield Valeur(m.PUBLIEUR_ARRETE, etat.arret is not None)
    yield Valeur(m.EPOQUE, etat.epoque)
    yield Valeur(m.ENVOYES, etat.envoyes)
    yield Valeur(m.RELANCES, etat.reprises)


def _backlog(service: ServiceDeFaits, nom: Service, maintenant: int) -> Iterator[Valeur]:
    """From the database: true even when nobody publishes."""
    with service.lecture.connect() as connexion:
        retard = read_backlog(connexion, nom)
    age = (maintenant - retard.plus_ancien) / SECONDE if retard.plus_ancien else 0.0
    yield Valeur(m.A_PUBLIER, retard.attente + retard.non_confirmes)
    yield Valeur(m.A_PUBLIER_AGE, max(0.0, age))
    yield Valeur(m.CONFIRME, service.publication().confirme)
