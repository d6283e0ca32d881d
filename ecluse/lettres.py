"""Dead letters of all services, as the command line and the HTTP edge show them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from operator import attrgetter
from typing import Any, TypeVar

from shared.runtime.lettres import PAGE, get_letter, list_letters
from shared.runtime.rejeu import LettreInconnue, Rejeu, replay
from shared.runtime.service import ServiceDeFaits
from shared.temps import write_instant

L = TypeVar("L")


@dataclass(frozen=True)
class Lettre:
    """A dead letter. ``evenement``: the event as JSON text; bytes that are no text are shown as ``\\xNN``.

    One that the Kafka door refused (motif ``refuse_a_la_porte``) has no Caf and no object: ``source`` is its topic,
    ``id`` its ``partition/offset``.
    """

    service: str
    numero: int
    source: str
    id: str
    type: str
    caf: str
    objet: str
    motif: str
    detail: str
    recue_le: str
    essais: int
    close_le: str | None
    close_par: str | None
    evenement: str


def list_page(service: ServiceDeFaits, *, ouvertes: bool = True, apres: int = 0, limite: int = PAGE) -> list[Lettre]:
    """Up to ``limite`` letters of a service numbered after ``apres``, oldest first."""
    with service.lecture.connect() as connexion:
        lignes = list_letters(connexion, ouvertes=ouvertes, apres=apres, limite=limite)
        return [_letter(service.nom, ligne) for ligne in lignes]


def list_all(services: Mapping[str, ServiceDeFaits], *, ouvertes: bool = True) -> list[Lettre]:
    """The letters of every service, oldest first within each."""
    return [
        lettre
        for service in services.values()
        for lettre in read_pages(partial(_page, service, ouvertes), attrgetter("numero"))
    ]


def read_pages(page: Callable[[int], list[L]], numero: Callable[[L], int]) -> Iterator[L]:
    """All letters, page after page; ``page(apres)`` gives the next one."""
    apres = 0
    while lettres := page(apres):
        yield from lettres
        apres = numero(lettres[-1])


def _page(service: ServiceDeFaits, ouvertes: bool, apres: int) -> list[Lettre]:
    return list_page(service, ouvertes=ouvertes, apres=apres)


def show(service: ServiceDeFaits, numero: int) -> Lettre:
    """One letter. Raises ``LettreInconnue``."""
    with service.lecture.connect() as connexion:
        ligne = get_letter(connexion, numero)
    if ligne is None:
        raise LettreInconnue(f"aucune lettre morte n° {numero} dans {service.nom}")
    return _letter(service.nom, ligne)


def replay_one(service: ServiceDeFaits, numero: int, *, essai: bool) -> Rejeu:
    """Replay a letter through the runtime, and wait for its commit."""
    return service.ecrivain.order(lambda lot: replay(lot, numero, essai=essai)).result()


def _letter(service: str, ligne: Any) -> Lettre:
    return Lettre(
        service=service,
        numero=ligne["numero"],
        source=ligne["evenement_source"],
        id=ligne["evenement_id"],
        type=ligne["type"],
        caf=ligne["caf"],
        objet=ligne["objet"],
        motif=ligne["motif"],
        detail=ligne["detail"],
        recue_le=write_instant(ligne["recue_le"]),
        essais=ligne["essais"],
        close_le=write_instant(ligne["close_le"]) if ligne["close_le"] else None,
        close_par=ligne["close_par"],
        evenement=bytes(ligne["octets"]).decode(errors="backslashreplace"),
    )
