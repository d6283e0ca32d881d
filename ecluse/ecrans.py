"""The screens of the house, on one origin."""

from typing import Final

from fastapi import FastAPI

from ecluse.maison import Maison
from ecluse.scene import Scene
from ecluse.scene_web import create_scene_page, show_scene
from services.contacts.endpoints import create_pages as create_contacts_pages
from services.indicators.arretes.pages import create_arretes_pages
from services.indicators.direct import Question
from services.indicators.exports.pages import create_exports_page
from services.indicators.pages import create_pages_router
from services.production.endpoints import create_pages as create_production_pages
from services.recovery.endpoints import create_pages as create_recovery_pages
from shared.corbeille.etal import EtalLocal, create_home_router
from shared.corbeille.pages import create_pages_router as create_queue_pages
from shared.temps import to_jour
from shared.web.acces import Acces
from shared.web.etat_page import create_state_page
from shared.web.flux import Diffuseur
from shared.web.pages import install_web
from shared.web.session import create_session_router

_FICHES: Final = {
    "contacts": create_contacts_pages,
    "production": create_production_pages,
    "recovery": create_recovery_pages,
}


def install_screens(
    app: FastAPI, maison: Maison, acces: Acces, diffuseur: Diffuseur[Question], scene: Scene | None = None
) -> None:
    """Add the pages. ``diffuseur`` feeds the live one, where the ``scene`` of a demonstration is changed."""
    install_web(app, acces)
    app.include_router(create_session_router())

    def today() -> int:
        return to_jour(maison.reglages.clock())

    app.include_router(create_exports_page(maison.indicateurs, maison.reglages.clock))
    app.include_router(create_arretes_pages(maison.indicateurs, today))
    jouee = (lambda: show_scene(scene)) if scene else None
    app.include_router(create_pages_router(maison.indicateurs, today, diffuseur, jouee))
    if scene:
        app.include_router(create_scene_page(scene))
    app.include_router(create_home_router([EtalLocal(c) for c in maison.corbeilles.values()], today))
    app.include_router(create_queue_pages(maison.corbeilles, today))
    app.include_router(create_state_page(maison.state))
    for nom, create_fiches in _FICHES.items():
        app.include_router(create_fiches(maison.services[nom]))
