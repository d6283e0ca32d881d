"""Dead letters of all services, as the command line and the HTTP edge show them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.runtime.lettres import get_letter, list_letters
from shared.runtime.rejeu import LettreInconnue, Rejeu, replay
from shared.runtime.service import ServiceDeFaits
from shared.temps import write_instant


@dataclass(frozen=True)
class Lettre:
    """A dead letter. ``evenement``: the event as JSON text."""

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


def list_all(services: Mapping[str, ServiceDeFaits], *, ouvertes: bool = True) -> list[Lettre]:
    """The letters of every service, oldest first within each."""
    lettres = []
    for service in services.values():
        with service.lecture.connect() as connexion:
            lettres += [_letter(service.nom, ligne) for ligne in list_letters(connexion, ouvertes=ouvertes)]
    return lettres


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
        evenement=bytes(ligne["octets"]).decode(),
    )
