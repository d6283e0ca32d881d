"""Composition of the contacts service: the only place that opens its connections."""

from collections.abc import Callable

from services.contacts.handlers import DECIDEURS
from services.contacts.models import MODELES
from shared.reglages import Reglages
from shared.runtime.service import ServiceDeFaits, open_service


def bootstrap(reglages: Reglages, notify: Callable[[], None]) -> ServiceDeFaits:
    """The running service on its own database. ``notify`` is called after each commit that adds to its log."""
    return open_service("contacts", reglages, DECIDEURS, MODELES, notify)
