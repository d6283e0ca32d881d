"""What every screen stands on: templates, French formats, static files, security headers, refusals as pages."""

from collections.abc import Callable
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from fastapi import FastAPI
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.temps import parse_instant
from shared.web import formats
from shared.web.acces import Acces

_ICI: Final = Path(__file__).parent
STATIQUES: Final = _ICI / "static"

# No inline script or style, nothing from elsewhere. Referrer «same-origin» and not «no-referrer», under which browsers
# send «Origin: null» with our own forms.
EN_TETES: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}

_FILTRES: Final[tuple[Callable[..., Any], ...]] = (
    formats.duree,
    formats.duree_ns,
    formats.euros,
    formats.heure,
    formats.jour_court,
    formats.jour_long,
    formats.jour_semaine,
    formats.nom_service,
    formats.nombre,
    formats.pluriel,
    parse_instant,
)


class PageRefusee(Exception):
    """A page that is not given, told to a person. ``commande``: what to type, if anything."""

    def __init__(self, statut: int, titre: str, detail: str, *, commande: str = "") -> None:
        super().__init__(titre)
        self.statut = statut
        self.titre = titre
        self.detail = detail
        self.commande = commande


class Pages:
    """The templates of some folders, and those that all screens share."""

    def __init__(self, *dossiers: Path) -> None:
        self._env = Environment(
            loader=FileSystemLoader([*dossiers, _ICI / "templates"]),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._env.globals["statique"] = url_statique
        self._env.filters.update({filtre.__name__: filtre for filtre in _FILTRES})

    def render(self, gabarit: str, **contexte: Any) -> str:
        """The text of a template."""
        return self._env.get_template(gabarit).render(contexte)

    def answer(self, request: Request, gabarit: str, statut: int = 200, **contexte: Any) -> HTMLResponse:
        """A page, with what the frame of every page needs: the session, its form token, the address."""
        etat = request.state
        contexte.setdefault("caf", None)
        texte = self.render(
            gabarit,
            session=getattr(etat, "session", None),
            jeton_formulaire=getattr(etat, "jeton_formulaire", ""),
            chemin=request.url.path,
            **contexte,
        )
        return HTMLResponse(texte, statut, {"Cache-Control": "no-store"})


@cache
def url_statique(nom: str) -> str:
    """The address of a static file, which changes with its content."""
    return f"/static/{nom}?v={sha256((STATIQUES / nom).read_bytes()).hexdigest()[:12]}"


class EnTetesDeSecurite:
    """ASGI middleware: puts the security headers on every answer that does not already say otherwise."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                entetes = MutableHeaders(scope=message)
                for nom, valeur in EN_TETES.items():
                    entetes.setdefault(nom, valeur)
            await send(message)

        await self._app(scope, receive, send_with_headers)


def install_web(app: FastAPI, acces: Acces) -> None:
    """Give an application the static files, the security headers, the keys of sessions and refusals as pages."""
    app.state.acces = acces
    app.mount("/static", StaticFiles(directory=STATIQUES), name="static")
    app.add_middleware(EnTetesDeSecurite)
    pages = Pages()

    async def on_refused(request: Request, erreur: Exception) -> Response:
        assert isinstance(erreur, PageRefusee)  # noqa: S101  # the framework calls this handler for this class alone
        return pages.answer(request, "refus.html", erreur.statut, erreur=erreur)

    app.add_exception_handler(PageRefusee, on_refused)
