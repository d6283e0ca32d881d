"""The page that lists every corbeille, whichever process keeps it, and what a person holds in them."""

import secrets
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, Protocol

from fastapi import APIRouter
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from shared.corbeille.lecture import Compte
from shared.corbeille.service import Corbeilles, Pris
from shared.corbeille.tenus import read_held
from shared.web.pages import PageRefusee, Pages
from shared.web.session import SessionRequise

_PAGES: Final = Pages(Path(__file__).parent / "templates")


class LigneCorbeille(Struct, frozen=True):
    """A corbeille and what it holds today."""

    code: str
    libelle: str
    compte: Compte


class Regard(Struct, frozen=True):
    """The corbeilles of a service, and what one person holds there."""

    lignes: list[LigneCorbeille]
    tenus: list[Pris]


class Etal(Protocol):
    """The corbeilles of a service, here or in another process."""

    @property
    def nom(self) -> str: ...

    def look(self, titulaire: str, caf: str) -> Regard | None:
        """What is there for ``titulaire``, of one Caf or (empty) of all; None when the service does not answer."""
        ...


class EtalLocal:
    """The corbeilles of a service of this process."""

    def __init__(self, corbeilles: Corbeilles) -> None:
        self._corbeilles = corbeilles
        self.nom = corbeilles.service.nom

    def look(self, titulaire: str, caf: str) -> Regard:
        """See ``Etal``."""
        comptes = self._corbeilles.gauge(caf or None)
        definitions = self._corbeilles.definitions
        lignes = [LigneCorbeille(code, definitions[code].libelle, compte) for code, compte in comptes.items()]
        return Regard(lignes, read_held(self._corbeilles, titulaire) if titulaire else [])


def create_home_router(etals: Sequence[Etal], today: Callable[[], int]) -> APIRouter:
    """``GET /corbeilles``; ``today``: the day in Paris."""
    router = APIRouter(include_in_schema=False)

    @router.get("/corbeilles")
    def show_queues(request: Request, session: SessionRequise, caf: str = "") -> Response:
        filtre = read_caf(caf)
        regards = [(etal.nom, etal.look(session.nom, filtre)) for etal in etals]
        return _PAGES.answer(
            request,
            "corbeilles.html",
            services=[(nom, regard.lignes) for nom, regard in regards if regard],
            absents=[nom for nom, regard in regards if regard is None],
            tenus=[pris for _, regard in regards if regard for pris in regard.tenus],
            filtre=filtre,
            cle=new_key(),
            today=today(),
            address=address_of,
        )

    return router


def new_key() -> str:
    """The key of the forms of a page: one that is sent twice has its effect once."""
    return secrets.token_urlsafe(12)


def address_of(pris: Pris) -> str:
    """Where the page of an item is."""
    return f"/corbeilles/{pris.item.corbeille}/{pris.item.caf}/{pris.item.objet}"


def read_caf(caf: str) -> str:
    """The Caf that a page is asked for. Raises ``PageRefusee`` (400)."""
    if caf and not (len(caf) == 3 and caf.isascii() and caf.isdigit()):
        raise PageRefusee(400, "Caf inconnue", "Un numéro de Caf a trois chiffres, comme 091 ; vide : toutes les Caf.")
    return caf
