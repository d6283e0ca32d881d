"""The embedded house: the four services in one process, on one data folder. The only place that knows them all."""

import gc
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

from ecluse.etat import Etat, read_state
from ecluse.files import FilesDeRecouvrement
from ecluse.guichet import Guichet, SurPlace
from services.contacts.app import bootstrap as open_contacts
from services.contacts.images import open_images as open_contacts_images
from services.indicators.app import Indicateurs
from services.indicators.app import bootstrap as open_indicators
from services.production.app import StockDeProduction
from services.production.app import bootstrap as open_production
from services.production.corbeilles import open_queues as open_production_queues
from services.production.images import open_images as open_production_images
from services.recovery.app import bootstrap as open_recovery
from services.recovery.corbeilles import open_queues as open_recovery_queues
from services.recovery.images import open_images as open_recovery_images
from shared.corbeille.service import Corbeilles
from shared.corbeille.veille import Veille
from shared.reglages import Reglages
from shared.runtime.consommateur import Consommateur
from shared.runtime.service import Cloche, ServiceDeFaits

_IMAGES: Final = {
    "contacts": open_contacts_images,
    "production": open_production_images,
    "recovery": open_recovery_images,
}


@dataclass
class Maison:
    """The running house; leaving the context finishes what waits and closes everything."""

    reglages: Reglages
    services: Mapping[str, ServiceDeFaits]
    indicateurs: Indicateurs
    guichet: Guichet
    corbeilles: Mapping[str, Corbeilles]
    veille: Veille

    @property
    def consommateur(self) -> Consommateur:
        """The consumer that folds the logs into figures."""
        return self.indicateurs.consommateur

    def state(self) -> Etat:
        """The state of the house now."""
        return read_state(self.services, self.consommateur, self.reglages.clock())

    def wait_until_current(self, attente: float) -> bool:
        """Wait until every event accepted so far is in the figures; False after ``attente`` seconds, or on a stop."""
        cibles = {nom: s.publication().tete for nom, s in self.services.items()}
        return self.consommateur.wait_for(cibles, attente)

    def close(self) -> None:
        """Commit what waits, take a last checkpoint, close."""
        self.veille.close()
        for service in self.services.values():
            service.ecrivain.stop()
        self.wait_until_current(10)
        self.indicateurs.close()
        for service in self.services.values():
            service.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()


def open_house(reglages: Reglages) -> Maison:
    """Open the four services on the folder of the settings, which this process owns."""
    tune_memory()
    cloche, veille = Cloche(), Veille()

    def notify() -> None:
        cloche.ring()
        veille.ring()

    with ExitStack() as ouverts:
        services = {}
        for nom, ouvre in (("contacts", open_contacts), ("production", open_production), ("recovery", open_recovery)):
            services[nom] = ouvre(reglages, notify)
            ouverts.callback(services[nom].close)
        corbeilles = {
            "recovery": open_recovery_queues(services["recovery"], veille),
            "production": open_production_queues(services["production"], veille),
        }
        indicateurs = open_indicators(
            reglages,
            list(services.values()),
            cloche,
            StockDeProduction(services["production"]),
            FilesDeRecouvrement(corbeilles["recovery"]),
            imagiers={nom: ouvre(services[nom]) for nom, ouvre in _IMAGES.items()},
        )
        # Everything is open: from here on the house closes it.
        ouverts.pop_all()
    guichet = Guichet({nom: SurPlace(service) for nom, service in services.items()})
    return Maison(reglages, services, indicateurs, guichet, corbeilles, veille)


def tune_memory() -> None:
    """Collect rarely: events and rows hold no cycles, and looking for some costs a quarter of the time per event."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)
