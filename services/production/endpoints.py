"""HTTP edge of production: the fiches of its objects."""

from fastapi import APIRouter

from shared.runtime.service import ServiceDeFaits
from shared.web import fiches

CHEMINS = {"pieces": "piece", "courriers": "courrier", "verifications": "verification", "controles": "controle"}


def create_router(service: ServiceDeFaits) -> APIRouter:
    """The routes of the service."""
    return fiches.create_router(service, CHEMINS, "Production")
