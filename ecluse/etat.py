"""The state of the house: per service and consumer, how far everything is (``GET /v1/etat``)."""

from collections.abc import Mapping
from dataclasses import dataclass

from shared.runtime.consommateur import Consommateur
from shared.runtime.lettres import count_open
from shared.runtime.reperes import Avance
from shared.runtime.service import ServiceDeFaits
from shared.temps import SECONDE, write_instant
from shared.web.fiches import count_waiting


@dataclass(frozen=True)
class EtatService:
    """A service. ``tete``: last position of its log; ``position``: last one published; ``attente``: messages that wait
    for a commit (the backlog); ``en_attente_d_arrivee``: objects whose creating fact has not come; ``arret``: why it
    stopped, if it did."""

    nom: str
    tete: int
    position: int
    attente: int
    lettres_mortes: int
    en_attente_d_arrivee: int
    epoque: int
    arret: str | None


@dataclass(frozen=True)
class EtatConsommateur:
    """A consumer on one source. ``repere``: its watermark; ``retard``: records to apply; ``retard_secondes``: age of
    what is certainly complete; ``tic``: instant of the last tick of the publisher."""

    nom: str
    source: str
    repere: int
    tete: int
    retard: int
    retard_secondes: float | None
    tic: str | None
    a_jour: bool
    trou: str | None
    arret: str | None


@dataclass(frozen=True)
class Etat:
    """The whole house. ``a_jour``: every log applied to its head, on two successive reads."""

    a_jour: bool
    instant: str
    services: list[EtatService]
    consommateurs: list[EtatConsommateur]


def read_state(services: Mapping[str, ServiceDeFaits], consommateur: Consommateur, maintenant: int) -> Etat:
    """The state now."""
    return Etat(
        a_jour=consommateur.freshness().a_jour,
        instant=write_instant(maintenant),
        services=[_service(s) for s in services.values()],
        consommateurs=[
            _consumer(consommateur.nom, source, avance, services[source], maintenant)
            for source, avance in consommateur.avances.items()
        ],
    )


def _service(service: ServiceDeFaits) -> EtatService:
    journal = service.publication()
    with service.lecture.connect() as connexion:
        lettres = count_open(connexion)
        en_attente = count_waiting(connexion, service.deciders)
    evince = service.ecrivain.evince
    return EtatService(
        nom=service.nom,
        tete=journal.tete,
        position=journal.tete,
        attente=service.ecrivain.waiting + journal.attente,
        lettres_mortes=lettres,
        en_attente_d_arrivee=en_attente,
        epoque=journal.epoque,
        arret=str(evince) if evince else None,
    )


def _consumer(nom: str, source: str, avance: Avance, service: ServiceDeFaits, maintenant: int) -> EtatConsommateur:
    tete = service.publication().tete
    return EtatConsommateur(
        nom=nom,
        source=source,
        repere=avance.curseur,
        tete=tete,
        retard=max(0, tete - avance.curseur),
        retard_secondes=max(0.0, (maintenant - avance.complet_le) / SECONDE) if avance.complet_le else None,
        tic=write_instant(avance.tic.instant) if avance.tic else None,
        a_jour=avance.tic is not None and avance.curseur >= tete and avance.arret is None,
        trou=avance.trou,
        arret=avance.arret,
    )
