"""The state of everything: each object folded from the set of its accepted facts, in whatever order they came."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from tests.oracle.contacts import Contact, RendezVous, marque_les_repetes, replie_contact, replie_rendez_vous
from tests.oracle.creances import Creance, replie_creance
from tests.oracle.door import Evenement
from tests.oracle.pieces import Piece, partage, replie_piece

Objet = TypeVar("Objet")
Groupe = list[Evenement]

MEMBRE_DE = {
    "piece": "piece",
    "contact": "contact",
    "rendez_vous": "rdv",
    "indu": "creance",
    "creance": "creance",
    "encaissement": "creance",
    "remise": "creance",
    "fraude": "creance",
    "courrier": "courrier",
    "verification": "verification",
    "controle": "controle",
}
CREATIONS = {
    "piece": "piece.arrivee",
    "contact": "contact.recu",
    "rdv": "rendez_vous.demande",
    "creance": "indu.constate",
}


@dataclass(frozen=True, slots=True)
class Etat:
    """Every object of every Caf. Courriers, verifications and controls are their creating fact."""

    pieces: Sequence[Piece]
    contacts: Sequence[Contact]
    rendez_vous: Sequence[RendezVous]
    creances: Sequence[Creance]
    courriers: Sequence[Evenement]
    verifications: Sequence[Evenement]
    controles: Sequence[Evenement]
    lettres_mortes: Sequence[str]
    en_attente: Sequence[str]


def etat(acceptes: Iterable[Evenement]) -> Etat:
    """Fold accepted events. Dead letters and facts that wait for their object are event ids, sorted."""
    groupes = _groupe(acceptes)
    return Etat(
        pieces=_replie(groupes["piece"], replie_piece),
        contacts=marque_les_repetes(_replie(groupes["contact"], replie_contact)),
        rendez_vous=_replie(groupes["rdv"], replie_rendez_vous),
        creances=_replie(groupes["creance"], replie_creance),
        courriers=_replie(groupes["courrier"], premier),
        verifications=_replie(groupes["verification"], premier),
        controles=_replie(groupes["controle"], premier),
        lettres_mortes=sorted(fait.id for faits in groupes["piece"].values() for fait in partage(faits)[2]),
        en_attente=sorted(fait.id for fait in _orphelins(groupes)),
    )


def premier(faits: Iterable[Evenement]) -> Evenement:
    """The creating fact that holds among several."""
    return min(faits, key=lambda fait: fait.ordre)


def _groupe(acceptes: Iterable[Evenement]) -> dict[str, dict[tuple[str, str], Groupe]]:
    groupes: dict[str, dict[tuple[str, str], Groupe]] = {membre: {} for membre in MEMBRE_DE.values()}
    for fait in acceptes:
        membre = MEMBRE_DE.get(fait.type.partition(".")[0])
        if membre is not None:
            groupes[membre].setdefault((fait.caf, fait.data[membre]), []).append(fait)
    return groupes


def _replie(groupes: dict[tuple[str, str], Groupe], replie: Callable[[Groupe], Objet | None]) -> list[Objet]:
    return [objet for faits in groupes.values() if (objet := replie(faits)) is not None]


def _orphelins(groupes: dict[str, dict[tuple[str, str], Groupe]]) -> Iterable[Evenement]:
    for membre, creation in CREATIONS.items():
        for faits in groupes[membre].values():
            if all(fait.type != creation for fait in faits):
                yield from faits
            elif membre == "creance":
                yield from _annulations_sans_encaissement(faits)


def _annulations_sans_encaissement(faits: Groupe) -> list[Evenement]:
    connus = {fait.data["encaissement"] for fait in faits if fait.type == "encaissement.constate"}
    return [f for f in faits if f.type == "encaissement.annule" and f.data["encaissement"] not in connus]
