"""The fiche of an object over HTTP: its state, and the facts that give it (who said what, when)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Path, Query
from sqlalchemy import Connection, Table, func, select

from shared.base import table_of
from shared.runtime.ecrivain import Refuse
from shared.runtime.faits import Fait, decode_facts
from shared.runtime.objets import Genre, LigneObjet
from shared.runtime.service import ServiceDeFaits
from shared.temps import to_iso, write_instant
from shared.web.openapi import problems

CodeCaf = Annotated[str, Path(pattern="^[0-9]{3}$", description="Caf qui possède le dossier")]
Objet = Annotated[str, Path(pattern="^[A-Za-z0-9._-]{1,64}$", description="Identifiant de l'objet")]
_COMMUNES = frozenset(LigneObjet.model_fields)
_JOURS = frozenset(("arrivee", "fin", "jour", "constat", "notifiee", "qualifiee", "demande", "clos", "issue_le"))
_INSTANTS = frozenset(("recu", "creneau"))


class ObjetInconnu(Refuse):
    """Nothing is known of this object."""

    probleme, statut = "introuvable", 404


@dataclass(frozen=True)
class FaitDocument:
    """A fact: what a tool said (``source``, and its own ``id`` of the event), at which business instant.

    ``emis``: when the tool emitted it; null for what was kept before that was noted."""

    type: str
    instant: str
    jour: str
    emis: str | None
    source: str
    id: str
    dossier: str
    donnees: dict[str, Any]


@dataclass(frozen=True)
class Fiche:
    """An object. ``en_attente``: its creating fact has not come yet, it is in no figure."""

    caf: str
    objet: str
    genre: str
    dossier: str | None
    en_attente: bool
    version: int
    etat: dict[str, Any]
    faits: list[FaitDocument]


@dataclass(frozen=True)
class EnAttente:
    """An object whose facts came before the one that creates it."""

    caf: str
    objet: str
    genre: str
    faits: int


def create_router(service: ServiceDeFaits, chemins: Mapping[str, str], etiquette: str) -> APIRouter:
    """``GET /v1/<chemin>/{caf}/{objet}`` for each kind of object, and the list of those that wait for their arrival."""
    router = APIRouter(prefix="/v1", tags=[etiquette])
    genres = {genre.nom: genre for genre in service.deciders.values()}
    for chemin, nom in chemins.items():
        _add_route(router, service, chemin, genres[nom])

    @router.get(
        f"/{service.nom}/en-attente-d-arrivee",
        summary="Objets dont le fait créateur n'est pas encore venu",
        operation_id=f"{service.nom}_en_attente",
        responses=problems(),
    )
    def list_waiting(limite: Annotated[int, Query(ge=1, le=1000)] = 100) -> list[EnAttente]:
        with service.lecture.connect() as connexion:
            return [e for g in genres.values() for e in _waiting(connexion, g, limite)][:limite]

    return router


def count_waiting(connexion: Connection, genres: Mapping[str, Genre]) -> int:
    """How many objects wait for their creating fact."""
    tables = {g.nom: table_of(g.modele) for g in genres.values()}
    return sum(
        int(connexion.execute(select(func.count()).select_from(t).where(t.c.dossier.is_(None))).scalar_one())
        for t in tables.values()
    )


def _add_route(router: APIRouter, service: ServiceDeFaits, chemin: str, genre: Genre) -> None:
    table = table_of(genre.modele)

    @router.get(
        f"/{chemin}/{{caf}}/{{objet}}",
        summary=f"Fiche : {genre.nom}",
        operation_id=f"fiche_{genre.nom}",
        responses=problems(404),
    )
    def get_object(caf: CodeCaf, objet: Objet) -> Fiche:
        with service.lecture.connect() as connexion:
            return read_object(connexion, table, genre.nom, caf, objet)


def read_object(connexion: Connection, table: Table, nom: str, caf: str, objet: str) -> Fiche:
    """The fiche of one object. Raises ``ObjetInconnu``."""
    ligne = connexion.execute(select(table).where(table.c.cle == f"{caf}|{objet}")).mappings().first()
    if ligne is None:
        raise ObjetInconnu(f"rien n'est connu de {nom} {objet} à la Caf {caf} : vérifier l'identifiant et la Caf")
    return Fiche(
        caf=caf,
        objet=objet,
        genre=nom,
        dossier=ligne["dossier"],
        en_attente=ligne["dossier"] is None,
        version=ligne["version"],
        etat={n: _show(n, v) for n, v in ligne.items() if n not in _COMMUNES},
        faits=[_fact(f) for f in decode_facts(ligne["faits"])],
    )


def _waiting(connexion: Connection, genre: Genre, limite: int) -> list[EnAttente]:
    table = table_of(genre.modele)
    requete = select(table.c.caf, table.c.objet, table.c.faits).where(table.c.dossier.is_(None)).limit(limite)
    return [EnAttente(caf, o, genre.nom, len(decode_facts(f))) for caf, o, f in connexion.execute(requete)]


def _show(nom: str, valeur: Any) -> Any:
    if not isinstance(valeur, int):
        return valeur
    return to_iso(valeur) if nom in _JOURS else write_instant(valeur) if nom in _INSTANTS else valeur


def _fact(fait: Fait) -> FaitDocument:
    return FaitDocument(
        type=fait.type,
        instant=write_instant(fait.instant),
        jour=to_iso(fait.jour),
        emis=write_instant(fait.emis) if fait.emis else None,
        source=fait.source,
        id=fait.id,
        dossier=fait.dossier,
        donnees=msgspec.to_builtins(fait.data),
    )
