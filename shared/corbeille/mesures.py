"""The corbeilles as Prometheus sees them: how many items, by what is done of them. Never an item, never a holder."""

from collections.abc import Iterable, Iterator
from typing import Final

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from shared.corbeille.lecture import Compte
from shared.corbeille.service import Corbeilles
from shared.instantane import Instantane
from shared.temps import SECONDE, start_of_day

# A count reads the whole corbeille: every so many seconds is enough for a graph.
REPOS: Final = 5.0


class QueuesCollector(Collector):
    """Items ready, held, asleep, and since when the oldest ready one waits, by creditor Caf."""

    def __init__(self, corbeilles: Iterable[Corbeilles]) -> None:
        self._corbeilles = list(corbeilles)
        self._lecture = Instantane(self._read, lambda: None, REPOS, REPOS)

    def collect(self) -> Iterator[Metric]:
        """See ``Collector.collect``."""
        elements = GaugeMetricFamily(
            "ecluse_queue_items", "Éléments des corbeilles, par ce qu'on en fait", labels=["caf", "corbeille", "etat"]
        )
        attente = GaugeMetricFamily(
            "ecluse_queue_oldest_timestamp_seconds",
            "Début du jour, à Paris, depuis lequel le plus ancien élément prêt attend",
            labels=["caf", "corbeille"],
        )
        for caf, corbeille, compte in self._lecture.get():
            for etat, nombre in (("pret", compte.prets), ("pris", compte.pris), ("dormant", compte.dormants)):
                elements.add_metric([caf, corbeille, etat], nombre)
            if compte.plus_ancien is not None:
                attente.add_metric([caf, corbeille], start_of_day(compte.plus_ancien) / SECONDE)
        yield from (elements, attente)

    def _read(self) -> list[tuple[str, str, Compte]]:
        return [
            (caf, corbeille, compte)
            for corbeilles in self._corbeilles
            for corbeille, par_caf in corbeilles.gauge_by_caf().items()
            for caf, compte in par_caf.items()
        ]
