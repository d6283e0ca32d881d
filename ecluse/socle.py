"""What every HTTP process of Écluse stands on: problems, the Bearer token, health, metrics (architecture §7)."""

from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any, Final

from fastapi import Depends, FastAPI
from fastapi.security import HTTPBearer
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import Lifespan

from ecluse import __version__
from services.indicators.rules import QuestionRefusee
from shared.runtime.ecrivain import Indisponible, Refuse
from shared.web import problemes
from shared.web.acces import Acces
from shared.web.corps import CorpsBorne
from shared.web.openapi import problems

OU_EST_LE_JETON: Final = "fichier local-token du dossier de données"


@dataclass(frozen=True)
class Pret:
    """Whether every service takes events, and which do. ``ailleurs``: what is shown, and holds nothing up."""

    pret: bool
    bases: dict[str, bool]
    ailleurs: dict[str, str] = field(default_factory=dict)


def create_base(
    acces: Acces, ou: str = OU_EST_LE_JETON, lifespan: Lifespan[FastAPI] | None = None
) -> tuple[FastAPI, list[Any]]:
    """An application without routes, and what its API routes depend on. ``ou``: where callers find the token."""
    app = FastAPI(
        title="Écluse",
        version=__version__,
        summary="Pièces, contacts, rendez-vous et créances d'une Caf, et leurs chiffres en direct",
        license_info={"name": "EUPL-1.2", "identifier": "EUPL-1.2"},
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        lifespan=lifespan,
    )
    problemes.install_problems(app)
    app.add_exception_handler(Refuse, _on_refusal)
    app.add_exception_handler(QuestionRefusee, _on_question)
    app.add_exception_handler(Indisponible, _on_unavailable)
    app.add_middleware(CorpsBorne, libres=frozenset({"/v1/evenements"}))
    schema = HTTPBearer(auto_error=False, description=f"Jeton local : {ou}")
    return app, [Depends(schema), Depends(_guard(acces, ou))]


def add_health(app: FastAPI, acces: Acces, ready: Callable[[], Pret], mesures: CollectorRegistry, ou: str = "") -> None:
    """``/healthz``, ``/readyz``, ``/metrics``: open on the loopback; a caller from elsewhere shows the token."""
    gardes = [Depends(_guard_unless_local(acces, ou or OU_EST_LE_JETON))]
    refus: dict[int | str, dict[str, Any]] = {401: problems()[401]}

    @app.get("/healthz", dependencies=gardes, tags=["Santé"], summary="Le processus vit", responses=refus)
    def healthz() -> dict[str, str]:
        return {"etat": "vivant"}

    @app.get(
        "/readyz",
        dependencies=gardes,
        tags=["Santé"],
        summary="Les bases répondent",
        response_model=Pret,
        responses={**refus, 503: {"model": Pret, "description": "Pas prêt"}},
    )
    def readyz() -> Response:
        pret = ready()
        return JSONResponse(
            {"pret": pret.pret, "bases": pret.bases, "ailleurs": pret.ailleurs}, 200 if pret.pret else 503
        )

    @app.get(
        "/metrics",
        dependencies=gardes,
        tags=["Santé"],
        summary="Mesures Prometheus",
        response_class=PlainTextResponse,
        responses=refus,
    )
    def metrics() -> Response:
        return Response(generate_latest(mesures), media_type=CONTENT_TYPE_LATEST)


def _guard(acces: Acces, ou: str) -> Callable[[Request], None]:
    def check(request: Request) -> None:
        if not acces.check_bearer(request.headers.get("authorization")):
            raise problemes.NonAuthentifie(f"donner « Authorization: Bearer … » avec le jeton : {ou}")

    return check


def _guard_unless_local(acces: Acces, ou: str) -> Callable[[Request], None]:
    guard = _guard(acces, ou)

    def check(request: Request) -> None:
        if request.client is None or not ip_address(request.client.host).is_loopback:
            guard(request)

    return check


async def _on_refusal(_: Request, erreur: Exception) -> Response:
    assert isinstance(erreur, Refuse)  # noqa: S101  # the framework calls this handler for this class alone
    return problemes.write_refusal(erreur.probleme, erreur.statut, str(erreur))


async def _on_question(_: Request, erreur: Exception) -> Response:
    assert isinstance(erreur, QuestionRefusee)  # noqa: S101  # the framework calls this handler for this class alone
    return problemes.write_refusal(erreur.probleme, erreur.statut, str(erreur))


async def _on_unavailable(_: Request, erreur: Exception) -> Response:
    return problemes.write_problem(problemes.Indisponible(str(erreur)))
