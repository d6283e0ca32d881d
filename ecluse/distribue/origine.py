"""The porte: the stateless process that gives the house one origin."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from fastapi import APIRouter, FastAPI
from starlette.responses import JSONResponse

from ecluse import api
from ecluse.distribue.aiguillage import Aiguillage, create_relay
from ecluse.distribue.applications import Commun, choose, create_app
from ecluse.distribue.porte import Distant, stay_here
from ecluse.distribue.voisins import EtalDistant, Voisin, VoisinInjoignable
from ecluse.etat import Etat, merge_states
from ecluse.guichet import Guichet
from shared.corbeille.endpoints import Cafs
from shared.corbeille.etal import create_home_router
from shared.corbeille.schemas import ListeCorbeilles
from shared.events.catalogue import SERVICES
from shared.runtime.ecrivain import Indisponible
from shared.web.openapi import problems

# In the order in which the embedded house shows them.
AVEC_CORBEILLES = ("recovery", "production")


class Maisonnee:
    """The state of the house, asked of each of its services."""

    def __init__(self, commun: Commun, voisins: Mapping[str, Voisin]) -> None:
        self._commun = commun
        self._voisins = voisins
        self._fils = ThreadPoolExecutor(16, thread_name_prefix="etat")

    def state(self) -> Etat:
        """See ``merge_states``: first those that accept, then those that count, so that nothing passes between."""
        faits: list[str] = list(SERVICES)
        etats = dict(zip(faits, self._fils.map(lambda nom: self._voisins[nom].state(), faits), strict=True))
        return merge_states(etats | {"indicators": self._voisins["indicators"].state()}, self._commun.clock())

    def close(self) -> None:
        """Ask no more."""
        self._fils.shutdown()


def create_porte_app(
    commun: Commun, depositaires: Mapping[str, Distant], voisins: Mapping[str, Voisin], maisonnee: Maisonnee
) -> FastAPI:
    """The application of the porte."""
    ouvert, transmis = Guichet(depositaires), Guichet(stay_here({}, SERVICES))
    aiguillage = Aiguillage({nom: voisin.url for nom, voisin in voisins.items()})
    routers = [
        api.create_door(lambda request: choose(request, ouvert, transmis), commun.clock),
        _create_queues([voisins[nom] for nom in AVEC_CORBEILLES]),
    ]
    home = create_home_router([EtalDistant(voisins[nom]) for nom in AVEC_CORBEILLES], commun.today)
    app = create_app(commun, maisonnee.state, routers, [home], [aiguillage.aclose])
    _publish_document(app, list(voisins.values()))
    app.include_router(create_relay(aiguillage))
    return app


def _publish_document(app: FastAPI, voisins: Sequence[Voisin]) -> None:
    """``/openapi.json`` of the one origin: that of each of its processes, together."""
    seul = {id(route) for route in app.router.routes if getattr(route, "path", None) == app.openapi_url}
    app.router.routes[:] = [route for route in app.router.routes if id(route) not in seul]

    @app.get("/openapi.json", include_in_schema=False)
    def get_document() -> JSONResponse:
        documents = [_ask(voisin, "/openapi.json") for voisin in voisins]
        entier = app.openapi()
        chemins = {chemin: gestes for document in documents for chemin, gestes in document["paths"].items()}
        schemas = {nom: schema for document in documents for nom, schema in document["components"]["schemas"].items()}
        composants = entier["components"]
        composants = composants | {"schemas": schemas | composants["schemas"]}
        return JSONResponse(entier | {"paths": chemins | entier["paths"], "components": composants})


def _create_queues(voisins: list[Voisin]) -> APIRouter:
    router = APIRouter(prefix="/v1", tags=["corbeilles"])

    @router.get("/corbeilles", summary="Les corbeilles et leurs nombres", responses=problems(503))
    def list_corbeilles(caf: Cafs = []) -> ListeCorbeilles:  # noqa: B006  # never changed
        lignes = [ligne for voisin in voisins for ligne in _ask(voisin, "/v1/corbeilles", caf=caf)["corbeilles"]]
        return ListeCorbeilles.model_validate({"corbeilles": lignes})

    return router


def _ask(voisin: Voisin, chemin: str, **parametres: object) -> dict[str, Any]:
    try:
        return voisin.get(chemin, dict[str, Any], **parametres)
    except VoisinInjoignable:
        raise Indisponible(f"le service {voisin.nom} ne répond pas : réessayer") from None
