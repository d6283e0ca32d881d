"""Composition of the production service: the only place that opens its connections."""

from collections.abc import Callable, Sequence

from services.production import store
from services.production.handlers import DECIDEURS
from services.production.models import MODELES
from shared.reglages import Reglages
from shared.runtime.service import ServiceDeFaits, open_service


def bootstrap(reglages: Reglages, notify: Callable[[], None]) -> ServiceDeFaits:
    """The running service on its own database. ``notify`` is called after each commit that adds to its log."""
    return open_service("production", reglages, DECIDEURS, MODELES, notify)


class StockDeProduction:
    """Production's own count of its stock, for whoever holds its figures against it."""

    def __init__(self, service: ServiceDeFaits) -> None:
        self._service = service

    def closing_stocks(self, caf: str, jours: Sequence[int], position: int) -> list[int] | None:
        """See ``store.closing_stocks_at``."""
        with self._service.lecture.connect() as connexion:
            return store.closing_stocks_at(connexion, caf, jours, position)
