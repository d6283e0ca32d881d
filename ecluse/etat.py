"""The state of the house: per service and consumer, how far everything is (``GET /v1/etat``)."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from shared.reglages import PARTITIONS
from shared.runtime.consommateur import Consommateur
from shared.runtime.lettres import count_open
from shared.runtime.presence import read_presences
from shared.runtime.reperes import Avance
from shared.runtime.service import ServiceDeFaits
from shared.temps import SECONDE, write_instant
from shared.web.fiches import count_waiting


@dataclass(frozen=True)
class EtatService:
    """A service. ``tete``: last position of its log; ``position``: last one published; ``attente``: messages that wait
    for a commit (the backlog); ``en_attente_d_arrivee``: objects whose creating fact has not come; ``arret``: why it
    stopped, if it did; ``retard_entrees``: records of the ingress topic still to read, None where none is read."""

    nom: str
    tete: int
    position: int
    attente: int
    lettres_mortes: int
    en_attente_d_arrivee: int
    epoque: int
    arret: str | None
    retard_entrees: int | None = None


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
    """The whole house, or what one process of it knows. ``a_jour``: every log applied to its head, on two successive
    reads; ``injoignables``: the services whose process did not answer."""

    a_jour: bool
    instant: str
    services: list[EtatService]
    consommateurs: list[EtatConsommateur]
    injoignables: list[str] = field(default_factory=list)


def read_state(services: Mapping[str, ServiceDeFaits], consommateur: Consommateur, maintenant: int) -> Etat:
    """The state now of a house that runs in one process."""
    tetes = {nom: service.publication().tete for nom, service in services.items()}
    return Etat(
        a_jour=consommateur.freshness().a_jour,
        instant=write_instant(maintenant),
        services=[_service(s) for s in services.values()],
        consommateurs=_consumers(consommateur, tetes, maintenant),
    )


def read_service_state(service: ServiceDeFaits, maintenant: int) -> Etat:
    """The state now of one service that takes facts, whichever of its processes asks, on a shared database.

    ``a_jour`` when all that it accepted is published, and all of the ingress read: as its workers last knew it, which
    is a second or two ago.
    """
    with service.lecture.connect() as connexion:
        travaux = read_presences(connexion)
    etat = _service(service)
    entier = travaux.lues >= PARTITIONS
    etat = replace(etat, arret=etat.arret or travaux.arret, retard_entrees=travaux.retard if entier else None)
    publie = etat.attente == 0 and etat.position >= etat.tete and etat.arret is None
    return Etat(
        a_jour=publie and etat.retard_entrees == 0, instant=write_instant(maintenant), services=[etat], consommateurs=[]
    )


def read_consumer_state(consommateur: Consommateur, maintenant: int) -> Etat:
    """The state now of a consumer that knows of the logs what their ticks say."""
    tetes = {source: avance.tic.tete if avance.tic else 0 for source, avance in consommateur.avances.items()}
    return Etat(
        a_jour=consommateur.freshness().a_jour,
        instant=write_instant(maintenant),
        services=[],
        consommateurs=_consumers(consommateur, tetes, maintenant),
    )


def merge_states(etats: Mapping[str, Etat | None], maintenant: int) -> Etat:
    """The house as its processes told it, None for one that did not answer.

    Up to date when each is, and when every consumer has reached the head that the service itself gives: asked before
    the consumers, it covers whatever was accepted by then.
    """
    connus = [etat for etat in etats.values() if etat is not None]
    services = [service for etat in connus for service in etat.services]
    consommateurs = [consommateur for etat in connus for consommateur in etat.consommateurs]
    reperes = {c.source: c.repere for c in consommateurs}
    return Etat(
        a_jour=len(connus) == len(etats)
        and all(etat.a_jour for etat in connus)
        and all(reperes.get(service.nom, -1) >= service.tete for service in services),
        instant=write_instant(maintenant),
        services=services,
        consommateurs=consommateurs,
        injoignables=[nom for nom, etat in etats.items() if etat is None],
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
        position=journal.confirme,
        attente=service.ecrivain.waiting + journal.attente,
        lettres_mortes=lettres,
        en_attente_d_arrivee=en_attente,
        epoque=journal.epoque,
        arret=str(evince) if evince else None,
    )


def _consumers(consommateur: Consommateur, tetes: Mapping[str, int], maintenant: int) -> list[EtatConsommateur]:
    return [
        _consumer(consommateur.nom, source, avance, tetes[source], maintenant)
        for source, avance in consommateur.avances.items()
    ]


def _consumer(nom: str, source: str, avance: Avance, tete: int, maintenant: int) -> EtatConsommateur:
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
