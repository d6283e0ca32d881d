"""Prometheus metrics of the house, read from its state when they are asked for."""

from collections.abc import Callable, Iterator

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ecluse.etat import Etat


class HouseCollector(Collector):
    """Heads, watermarks, lag and dead letters, by service. Labels are closed sets: never a dossier, never a person."""

    def __init__(self, read_state: Callable[[], Etat]) -> None:
        self._read_state = read_state

    def collect(self) -> Iterator[Metric]:
        """See ``Collector.collect``."""
        etat = self._read_state()
        tete = GaugeMetricFamily("ecluse_journal_position", "Dernière position du journal", labels=["service"])
        attente = GaugeMetricFamily("ecluse_writer_waiting", "Messages qui attendent un commit", labels=["service"])
        lettres = GaugeMetricFamily("ecluse_dead_letters", "Lettres mortes ouvertes", labels=["service"])
        for service in etat.services:
            tete.add_metric([service.nom], service.tete)
            attente.add_metric([service.nom], service.attente)
            lettres.add_metric([service.nom], service.lettres_mortes)
        retard = GaugeMetricFamily("ecluse_consumer_lag_records", "Événements à appliquer", labels=["source"])
        age = GaugeMetricFamily("ecluse_consumer_lag_seconds", "Âge de ce qui est complet", labels=["source"])
        arret = GaugeMetricFamily("ecluse_consumer_stopped", "1 si la consommation est arrêtée", labels=["source"])
        for consommateur in etat.consommateurs:
            retard.add_metric([consommateur.source], consommateur.retard)
            arret.add_metric([consommateur.source], float(consommateur.arret is not None))
            if consommateur.retard_secondes is not None:
                age.add_metric([consommateur.source], consommateur.retard_secondes)
        a_jour = GaugeMetricFamily("ecluse_up_to_date", "1 si les indicateurs sont à jour", value=float(etat.a_jour))
        yield from (tete, attente, lettres, retard, age, arret, a_jour)
