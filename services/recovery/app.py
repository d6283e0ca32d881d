"""Composition of the recovery service: the only place that opens its connections."""

from collections.abc import Callable

from services.recovery.handlers import DECIDEURS
from services.recovery.models import MODELES
from shared.reglages import Reglages
from shared.runtime.service import ServiceDeFaits, open_service


def bootstrap(reglages: Reglages, notify: Callable[[], None]) -> ServiceDeFaits:
    """The running service on its own database. ``notify`` is called after each commit that adds to its log."""
    return open_service("recovery", reglages, DECIDEURS, MODELES, notify)
