"""The scene of a demonstration over HTTP: for programs, and from the live page."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import RedirectResponse, Response

from ecluse.scene import ScenarioRefuse, Scene
from ecluse.simulateur.scenario import Scenario
from services.indicators.scene import ScenarioAuChoix, SceneJouee
from shared.runtime.ecrivain import Indisponible
from shared.temps import write_instant
from shared.web.formats import moment
from shared.web.openapi import problems
from shared.web.pages import PageRefusee
from shared.web.session import Formulaire


class ScenarioDocument(BaseModel):
    """A scenario: its name, and what it does, in French."""

    nom: str
    titre: str
    description: str


class SceneDocument(BaseModel):
    """The scenario that the demonstration plays, since when, and those that it can play."""

    caf: str
    scenario: str
    titre: str
    description: str
    depuis: str
    choix: list[ScenarioDocument]


class SceneDemandee(BaseModel):
    """The scenario to play from now on."""

    model_config = ConfigDict(extra="forbid")

    scenario: Annotated[str, Field(max_length=100, examples=["panne-telephone"])]


def create_scene_api(scene: Scene) -> APIRouter:
    """``GET`` and ``PUT /v1/demo/scenario``."""
    router = APIRouter(prefix="/v1/demo", tags=["Démonstration"])

    @router.get("/scenario", summary="Le scénario de la démonstration, et depuis quand", responses=problems())
    def get_scene() -> SceneDocument:
        return _describe(scene)

    @router.put("/scenario", summary="Jouer un autre scénario, tout de suite", responses=problems(400, 503))
    def put_scene(demande: SceneDemandee) -> SceneDocument:
        scene.switch(demande.scenario)
        return _describe(scene)

    return router


def create_scene_page(scene: Scene) -> APIRouter:
    """``POST /demo/scenario``: the form of the live page, to which it goes back."""
    router = APIRouter(include_in_schema=False)

    @router.post("/demo/scenario")
    def switch(champs: Formulaire) -> Response:
        try:
            scene.switch(champs.get("scenario", ""))
        except ScenarioRefuse as refus:
            raise PageRefusee(400, "Scénario inconnu", f"{str(refus)[0].upper()}{str(refus)[1:]}.") from None
        except Indisponible as panne:
            raise PageRefusee(503, "Scénario inchangé", f"{str(panne)[0].upper()}{str(panne)[1:]}.") from None
        question = [(nom, champs[nom]) for nom in ("caf", "fenetre", "du", "au") if nom in champs]
        return RedirectResponse(f"/?{urlencode(question)}#scene", 303)

    return router


def show_scene(scene: Scene) -> SceneJouee:
    """What the live page shows of it."""
    jeu = scene.jeu
    return SceneJouee(_offer(jeu.scenario), moment(jeu.depuis), [_offer(s) for s in scene.choix])


def _offer(scenario: Scenario) -> ScenarioAuChoix:
    return ScenarioAuChoix(scenario.nom, scenario.titre, scenario.description)


def _describe(scene: Scene) -> SceneDocument:
    jeu = scene.jeu
    return SceneDocument(
        caf=scene.caf,
        scenario=jeu.scenario.nom,
        titre=jeu.scenario.titre,
        description=jeu.scenario.description,
        depuis=write_instant(jeu.depuis),
        choix=[ScenarioDocument(nom=s.nom, titre=s.titre, description=s.description) for s in scene.choix],
    )
