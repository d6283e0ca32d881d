"""HTTP edge of recovery: the fiches of its objects."""

from fastapi import APIRouter

from shared.runtime.service import ServiceDeFaits
from shared.web import fiches

CHEMINS = {"creances": "creance", "droits": "droits"}


def create_router(service: ServiceDeFaits) -> APIRouter:
    """The routes of the service."""
    return fiches.create_router(service, CHEMINS, "Recouvrement")
