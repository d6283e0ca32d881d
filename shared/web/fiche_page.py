"""The fiche of an object as a page: its state, and the events that give it, each with the tool that emitted it."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from shared.base import table_of
from shared.runtime.service import ServiceDeFaits
from shared.temps import parse_instant
from shared.web.fiches import FaitDocument, ObjetInconnu, read_object
from shared.web.formats import euros, moment
from shared.web.pages import PageRefusee, Pages
from shared.web.session import SessionRequise

_PAGES: Final = Pages()
_GENRES: Final = {
    "piece": "Pièce",
    "courrier": "Courrier",
    "verification": "Vérification",
    "controle": "Contrôle",
    "contact": "Contact",
    "rdv": "Rendez-vous",
    "creance": "Créance",
    "droits": "Droits d'un dossier",
}
# Where the name that the code has lacks an accent, or says too little.
_LIBELLES: Final = {
    "arrivee": "Arrivée",
    "fin_genre": "Comment elle a fini",
    "suspendue": "En attente d'un tiers",
    "type_controle": "Type de contrôle",
    "pole": "Pôle",
    "recu": "Reçu",
    "repete": "Répété",
    "modalite": "Modalité",
    "creneau": "Créneau",
    "issue_le": "Jour de l'issue",
    "notifiee": "Notifiée",
    "qualifiee": "Fraude qualifiée",
    "du": "Dû",
    "encaisse": "Encaissé",
    "solde_du": "Reste dû",
    "trop_rembourse": "Trop remboursé",
    "debiteur": "Débiteur",
}
_MONTANTS: Final = frozenset(("montant", "du", "encaisse", "solde_du", "trop_rembourse"))


class FaitAffiche(NamedTuple):
    """A fact in words."""

    type: str
    instant: str
    emis: str
    source: str
    id: str
    donnees: list[tuple[str, str]]


def create_fiche_pages(service: ServiceDeFaits, chemins: Mapping[str, str]) -> APIRouter:
    """``/fiches/<chemin>/{caf}/{objet}`` for each kind of object, as ``shared.web.fiches`` has them over the API."""
    router = APIRouter(prefix="/fiches", include_in_schema=False)
    genres = {genre.nom: genre for genre in service.deciders.values()}
    for chemin, nom in chemins.items():
        _add_page(router, service, chemin, nom, genres[nom].modele)
    return router


def _add_page(router: APIRouter, service: ServiceDeFaits, chemin: str, nom: str, modele: Any) -> None:
    table = table_of(modele)

    @router.get(f"/{chemin}/{{caf}}/{{objet}}")
    def show_object(request: Request, _: SessionRequise, caf: str, objet: str) -> Response:
        if "\0" in caf + objet:
            raise PageRefusee(404, "Objet inconnu", "Cet identifiant n'est celui d'aucun objet.")
        try:
            with service.lecture.connect() as connexion:
                fiche = read_object(connexion, table, nom, caf, objet)
        except ObjetInconnu as inconnu:
            raise PageRefusee(404, "Objet inconnu", f"{str(inconnu).capitalize()}.") from None
        etat = [_word_state(n, v) for n, v in fiche.etat.items()]
        faits = [_word(fait) for fait in fiche.faits]
        return _PAGES.answer(
            request, "fiche.html", caf=caf, fiche=fiche, genre=_GENRES.get(nom, nom), etat=etat, faits=faits
        )


def _word(fait: FaitDocument) -> FaitAffiche:
    return FaitAffiche(
        fait.type,
        moment(parse_instant(fait.instant)),
        moment(parse_instant(fait.emis)) if fait.emis else "non noté",
        fait.source,
        fait.id,
        [(nom, write_value(valeur)) for nom, valeur in fait.donnees.items()],
    )


def _word_state(nom: str, valeur: Any) -> tuple[str, str]:
    libelle = _LIBELLES.get(nom, nom.replace("_", " ").capitalize())
    return libelle, euros(valeur, 2) if nom in _MONTANTS and valeur is not None else write_value(valeur)


def write_value(valeur: Any) -> str:
    """A value of an object as people read it."""
    if valeur is None:
        return "non renseigné"
    if isinstance(valeur, bool):
        return "oui" if valeur else "non"
    return str(valeur)
