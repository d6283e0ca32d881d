"""The HTTP edge of the work queues: one address for the corbeilles of every service."""

import asyncio
from collections.abc import Mapping
from concurrent.futures import Future
from typing import Annotated, Final, TypeVar

from fastapi import APIRouter, Header, Path, Query
from starlette.responses import Response

from shared.corbeille.lecture import EtatTravail
from shared.corbeille.refus import CorbeilleInconnue
from shared.corbeille.schemas import (
    CAF,
    IDENTIFIANT,
    BailProlonge,
    Caf,
    Comptes,
    Corbeille,
    ElementListe,
    ElementPris,
    ListeCorbeilles,
    PageElements,
    Prochain,
    Prolonger,
    Reporter,
    SuiteDonnee,
    Tenu,
    Terminer,
)
from shared.corbeille.service import Corbeilles, Talon
from shared.web.openapi import problems

T = TypeVar("T")
ATTENTE_MAX: Final = 60.0

Nom = Annotated[str, Path(max_length=64, description="Code de la corbeille")]
CafDuChemin = Annotated[str, Path(pattern=CAF, description="Caf créancière, trois chiffres")]
ObjetDuChemin = Annotated[str, Path(pattern=IDENTIFIANT, description="Identifiant de l'objet dans sa Caf")]
Cafs = Annotated[list[Caf], Query(alias="caf", max_length=200, description="Caf créancières ; aucune : toutes")]
CleIdempotence = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        description="La même clé du même titulaire a la même réponse : un élément n'est pas pris deux fois",
    ),
]


class Accueil:
    """The corbeilles of every service, by name."""

    def __init__(self, par_service: Mapping[str, Corbeilles]) -> None:
        self.services = list(par_service.values())
        self._par_nom = {nom: c for c in self.services for nom in c.definitions}
        if len(self._par_nom) != sum(len(c.definitions) for c in self.services):
            raise ValueError("deux services déclarent une corbeille du même nom")

    def of(self, corbeille: str) -> Corbeilles:
        """The work queue that has this corbeille. Raises ``CorbeilleInconnue``."""
        if corbeille not in self._par_nom:
            raise CorbeilleInconnue(
                f"aucune corbeille ne porte ce nom. Corbeilles connues : {', '.join(self._par_nom)}"
            )
        return self._par_nom[corbeille]


def router(corbeilles_by_service: Mapping[str, Corbeilles]) -> APIRouter:
    """The addresses of the work queues of these services."""
    accueil = Accueil(corbeilles_by_service)
    routes = APIRouter(prefix="/v1", tags=["corbeilles"])
    _add_reads(routes, accueil)
    _add_claims(routes, accueil)
    _add_ends(routes, accueil)
    return routes


def _add_reads(routes: APIRouter, accueil: Accueil) -> None:
    @routes.get("/corbeilles", summary="Les corbeilles et leurs nombres", responses=problems(503))
    def list_corbeilles(caf: Cafs = []) -> ListeCorbeilles:  # noqa: B006  # never changed
        lignes = [
            ligne
            for service in accueil.services
            for ligne in Corbeille.all_of(service, service.counts(list(service.definitions), caf))
        ]
        return ListeCorbeilles(corbeilles=lignes)

    @routes.get("/corbeilles/{corbeille}", summary="Les éléments d'une corbeille", responses=problems(404, 503))
    def list_items(
        corbeille: Nom,
        caf: Cafs = [],  # noqa: B006  # never changed
        etat: Annotated[list[EtatTravail], Query(description="États voulus ; aucun : tous")] = [],  # noqa: B006
        apres: Annotated[str | None, Query(max_length=400, description="Curseur de la page précédente")] = None,
        limite: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> PageElements:
        page, suivant = accueil.of(corbeille).page(corbeille, caf, etat, apres, limite)
        return PageElements(elements=[ElementListe.of(r) for r in page], suivant=suivant)


def _add_claims(routes: APIRouter, accueil: Accueil) -> None:
    @routes.post(
        "/corbeilles/{corbeille}/prochain",
        summary="Prendre le meilleur élément",
        response_model=ElementPris,
        responses={204: {"description": "Rien à prendre maintenant"}, **problems(400, 404, 413, 503)},
    )
    async def take_next(corbeille: Nom, demande: Prochain, cle: CleIdempotence = None) -> ElementPris | Response:
        corbeilles = accueil.of(corbeille)
        pris = await _answer(corbeilles.claim(corbeille, demande.titulaire, demande.caf, demande.bail_secondes, cle))
        return ElementPris.of(pris) if pris else Response(status_code=204)

    @routes.get(
        "/corbeilles/{corbeille}/attente",
        summary="Attendre qu'il y ait du travail",
        response_model=Comptes,
        responses={204: {"description": "Toujours rien à prendre"}, **problems(400, 404, 503)},
    )
    async def wait_for_work(
        corbeille: Nom,
        caf: Cafs = [],  # noqa: B006  # never changed
        secondes: Annotated[float, Query(ge=0, le=ATTENTE_MAX, allow_inf_nan=False)] = 25.0,
    ) -> Comptes | Response:
        corbeilles = accueil.of(corbeille)
        compte = await corbeilles.wait_ready(corbeille, caf, secondes)
        return Comptes.of(corbeille, compte) if compte else Response(status_code=204)


def _add_ends(routes: APIRouter, accueil: Accueil) -> None:
    adresse, refus = "/travaux/{caf}/{objet}", problems(400, 404, 409, 413, 503)

    def open_stub(caf: str, objet: str, demande: Tenu, cle: str | None) -> tuple[Corbeilles, Talon]:
        return accueil.of(demande.corbeille), Talon(demande.corbeille, caf, objet, demande.jeton, cle)

    @routes.post(f"{adresse}/termine", summary="Terminer avec son issue", responses=refus)
    async def finish(
        caf: CafDuChemin, objet: ObjetDuChemin, demande: Terminer, cle: CleIdempotence = None
    ) -> SuiteDonnee:
        corbeilles, talon = open_stub(caf, objet, demande, cle)
        jour = demande.date.toordinal() if demande.date else None
        return SuiteDonnee.of(await _answer(corbeilles.finish(talon, demande.issue, jour)))

    @routes.post(f"{adresse}/report", summary="Mettre de côté jusqu'à un jour", responses=refus)
    async def hold(
        caf: CafDuChemin, objet: ObjetDuChemin, demande: Reporter, cle: CleIdempotence = None
    ) -> SuiteDonnee:
        corbeilles, talon = open_stub(caf, objet, demande, cle)
        return SuiteDonnee.of(await _answer(corbeilles.hold(talon, demande.jusqu_a.toordinal(), demande.motif)))

    @routes.post(f"{adresse}/rendu", summary="Rendre sans avoir travaillé", responses=refus)
    async def release(caf: CafDuChemin, objet: ObjetDuChemin, demande: Tenu, cle: CleIdempotence = None) -> SuiteDonnee:
        corbeilles, talon = open_stub(caf, objet, demande, cle)
        return SuiteDonnee.of(await _answer(corbeilles.release(talon)))

    @routes.post(f"{adresse}/prolonge", summary="Prolonger le bail", responses=refus)
    async def extend(
        caf: CafDuChemin, objet: ObjetDuChemin, demande: Prolonger, cle: CleIdempotence = None
    ) -> BailProlonge:
        corbeilles, talon = open_stub(caf, objet, demande, cle)
        return BailProlonge.of(await _answer(corbeilles.extend(talon, demande.bail_secondes)))


async def _answer(commande: "Future[T]") -> T:
    """What the command gives once it is committed. It goes on if its caller leaves."""
    return await asyncio.shield(asyncio.wrap_future(commande))
