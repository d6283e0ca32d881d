"""Composition of the production service: the only place that opens its connections."""

from collections.abc import Callable

from services.production.handlers import DECIDEURS
from services.production.models import MODELES
from shared.reglages import Reglages
from shared.runtime.service import ServiceDeFaits, open_service


def bootstrap(reglages: Reglages, notify: Callable[[], None]) -> ServiceDeFaits:
    """The running service on its own database. ``notify`` is called after each commit that adds to its log."""
    return open_service("production", reglages, DECIDEURS, MODELES, notify)
