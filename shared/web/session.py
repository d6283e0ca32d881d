"""Sessions of people: the cookie that a one-time link gives, and the forms that only our own pages may send."""

from typing import Annotated, Final
from urllib.parse import parse_qsl, urlsplit

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from shared.temps import SECONDE
from shared.web.acces import DUREE_SESSION, Acces, RegistreInjoignable, Session
from shared.web.pages import PageRefusee, Pages

COOKIE: Final = "ecluse_session"
_OCTETS_MAX: Final = 64_000
_PAGES: Final = Pages()


def read_acces(request: Request) -> Acces:
    """The keys of the house, put on the application by ``install_web``."""
    acces = request.app.state.acces
    assert isinstance(acces, Acces)  # noqa: S101  # set once by install_web
    return acces


def session_required(request: Request) -> Session:
    """The session of the request. Raises ``PageRefusee`` (401) without one."""
    session = read_acces(request).read_session(request.cookies.get(COOKIE))
    if session is None:
        raise PageRefusee(
            401,
            "Ouvrir un lien d'accès",
            "Cette page demande une session, qu'ouvre un lien à usage unique. Pour en obtenir un, lancer sur la "
            "machine qui porte Écluse :",
            commande="ecluse lien",
        )
    request.state.session = session
    request.state.jeton_formulaire = read_acces(request).sign_form(session)
    return session


def session_open(request: Request) -> bool:
    """Whether the session of the request, which may last for hours, is still good. Asked from the event loop."""
    return read_acces(request).recognize_session(request.cookies.get(COOKIE)) is not None


SessionRequise = Annotated[Session, Depends(session_required)]


async def read_form(request: Request, session: SessionRequise) -> dict[str, str]:
    """The fields of a form sent from a page of this session. Raises ``PageRefusee`` (403, 413)."""
    corps = b""
    async for morceau in request.stream():
        corps += morceau
        if len(corps) > _OCTETS_MAX:
            raise PageRefusee(413, "Formulaire trop long", "Raccourcir le texte saisi, puis renvoyer le formulaire.")
    champs = dict(parse_qsl(corps.decode("utf-8", "replace"), keep_blank_values=True))
    if not (_same_site(request) and read_acces(request).check_form(session, champs.pop("jeton_formulaire", ""))):
        raise PageRefusee(
            403,
            "Formulaire périmé",
            "Ce formulaire ne vient pas d'une page de cette session : rien n'a été fait. Rouvrir la page, recommencer.",
        )
    return champs


Formulaire = Annotated[dict[str, str], Depends(read_form)]


def _same_site(request: Request) -> bool:
    """What the browser says of where the form comes from; a browser too old to say it has only the token to show."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return False
    origine = request.headers.get("origin")
    return origine is None or urlsplit(origine).netloc == request.url.netloc


def create_session_router() -> APIRouter:
    """``GET /entrer?lien=…`` opens a session, ``POST /sortir`` closes it."""
    router = APIRouter(include_in_schema=False)

    @router.get("/entrer")
    def enter(request: Request, lien: str = "") -> Response:
        acces = read_acces(request)
        try:
            session = acces.consume_link(lien)
        except RegistreInjoignable as erreur:
            raise PageRefusee(
                503, "Lien pas encore ouvert", f"{erreur.detail[0].upper()}{erreur.detail[1:]}."
            ) from None
        if session is None:
            raise PageRefusee(
                401,
                "Ce lien ne sert plus",
                "Un lien d'accès sert une seule fois, dans les dix minutes. Pour en obtenir un nouveau, lancer sur la "
                "machine qui porte Écluse :",
                commande="ecluse lien",
            )
        reponse = _go_home(request)
        reponse.set_cookie(
            COOKIE,
            acces.sign_session(session),
            max_age=DUREE_SESSION // SECONDE,
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
        )
        return reponse

    @router.post("/sortir")
    def leave(request: Request, session: SessionRequise, _: Formulaire) -> Response:
        partout = read_acces(request).close_session(session)
        del request.state.session
        reponse = _PAGES.answer(request, "sortie.html", partout=partout)
        reponse.delete_cookie(COOKIE, httponly=True, samesite="strict")
        return reponse

    return router


def _go_home(request: Request) -> Response:
    """To the live page. A strict cookie does not follow a redirect begun on another site: our own page goes on then."""
    if request.headers.get("sec-fetch-site") == "cross-site":
        return _PAGES.answer(request, "entree.html")
    return RedirectResponse("/", 303)
