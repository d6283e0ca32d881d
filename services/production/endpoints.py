"""HTTP edge of production: the fiches of its objects, over the API and as pages."""

from fastapi import APIRouter

from shared.runtime.service import ServiceDeFaits
from shared.web import fiches
from shared.web.fiche_page import create_fiche_pages

CHEMINS = {"pieces": "piece", "courriers": "courrier", "verifications": "verification", "controles": "controle"}


def create_router(service: ServiceDeFaits) -> APIRouter:
    """The routes of the service."""
    return fiches.create_router(service, CHEMINS, "Production")


def create_pages(service: ServiceDeFaits) -> APIRouter:
    """The pages of the service."""
    return create_fiche_pages(service, CHEMINS)
