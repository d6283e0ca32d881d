"""HTTP edge of the indicators: figures, series, cuts, invariants, targets are read; nothing is decided here."""

from dataclasses import dataclass
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from services.indicators.answer import Coupe, Reponse, Serie
from services.indicators.app import Indicateurs
from services.indicators.comparaison import Avec, ComparaisonDePeriodes
from services.indicators.contrat_endpoints import create_contract_router
from services.indicators.explication.document import Explication
from services.indicators.explication.elements import LIMITE_MAX, Elements
from services.indicators.explication.termes import LIBELLES
from services.indicators.horizon import Projection
from services.indicators.registre import REGISTRE
from services.indicators.registre.document import Registre, write_registry
from services.indicators.rules import Pas, Role
from shared.web.openapi import document, problems

_ENCODER: Final = msgspec.json.Encoder()
# The rules judge what comes in, in clearer French than a schema's; the document tells their terms all the same.
_JOUR: Final = {"format": "date"}
_CODES: Final = {"enum": list(REGISTRE)}
_DIMENSIONS: Final = {"enum": list(dict.fromkeys(d for i in REGISTRE.values() for d in i.coupes))}
Caf = Annotated[
    str,
    Query(
        description="Caf qui possède les dossiers, ou qui les traite (voir role), trois chiffres",
        examples=["091"],
        json_schema_extra={"pattern": "^[0-9]{3}$"},
    ),
]
Du = Annotated[str, Query(description="Premier jour, AAAA-MM-JJ", examples=["2023-01-01"], json_schema_extra=_JOUR)]
Au = Annotated[str, Query(description="Dernier jour, compris", examples=["2023-01-31"], json_schema_extra=_JOUR)]
Code = Annotated[str, Path(description="Code d'indicateur", examples=["COG-08-29"], json_schema_extra=_CODES)]
ParOuRien = Annotated[
    str,
    Query(
        description="Dimension selon laquelle couper aussi la série ; vide : aucune",
        json_schema_extra={"enum": ["", *_DIMENSIONS["enum"]]},
    ),
]
AvecPeriode = Annotated[
    str,
    Query(
        description="Période à comparer : la même un an avant (par défaut), ou celle qui finit la veille",
        json_schema_extra={"enum": ["", *(a.value for a in Avec)]},
    ),
]
AvecDu = Annotated[str, Query(description="Premier jour de la période à comparer, avec avec_au, au lieu d'avec")]
AvecAu = Annotated[str, Query(description="Dernier jour de la période à comparer, compris")]
ProjeteAu = Annotated[
    str, Query(description="Jour achevé d'où partir, AAAA-MM-JJ ; vide : hier", examples=["2023-01-31"])
]
PasDeSerie = Annotated[str, Query(description="Pas de la série", json_schema_extra={"enum": [p.value for p in Pas]})]
Par = Annotated[str, Query(description="Dimension, parmi les coupes de l'indicateur", json_schema_extra=_DIMENSIONS)]
ParOuPremiere = Annotated[
    str | None, Query(description="Dimension des cellules ; aucune : la première", json_schema_extra=_DIMENSIONS)
]
Terme = Annotated[
    str | None,
    Query(description="Terme de l'indicateur ; aucun : le premier", json_schema_extra={"enum": list(LIBELLES)}),
]
Apres = Annotated[str | None, Query(max_length=2_000, description="Curseur « suivant » de la page précédente")]
Limite = Annotated[int, Query(ge=1, le=LIMITE_MAX, description="Éléments au plus")]


RoleDeCaf = Annotated[
    str,
    Query(
        description="proprietaire : la Caf possède les dossiers ; traitante : elle fait le travail. Un indicateur dont "
        "les événements ne disent pas qui travaille est alors sans valeur, avec sa raison ; il n'a ni série, ni coupe, "
        "ni explication",
        json_schema_extra={"enum": [r.value for r in Role]},
    ),
]
CodesVoulus = Annotated[list[str] | None, Query(description="Codes ; aucun : tous")]


@dataclass(frozen=True)
class InvariantsDocument:
    """``balance``: production's own closing stock against the fold, with its ``termes``; ``little``: days in stock
    counted from the daily margins less the same from the matrix. Both are 0, or something is wrong."""

    tenus: bool
    balance: float | None
    termes: dict[str, int | None]
    little: int
    jours_de_stock: int
    fraicheur: dict[str, Any]


def create_router(indicateurs: Indicateurs) -> APIRouter:
    """The routes of the service."""
    tous = APIRouter()
    router = APIRouter(prefix="/v1/indicateurs", tags=["Indicateurs"])

    @router.get("", summary="Indicateurs d'une Caf sur une période", **_doc(Reponse))
    def get_figures(
        caf: Caf, du: Du, au: Au, code: CodesVoulus = None, role: RoleDeCaf = Role.proprietaire.value
    ) -> Response:
        return _json(indicateurs.figures(caf, du, au, code or [], role))

    @router.get("/comparaison", summary="Les indicateurs sur deux périodes", **_doc(ComparaisonDePeriodes))
    def get_comparison(
        caf: Caf,
        du: Du,
        au: Au,
        code: CodesVoulus = None,
        role: RoleDeCaf = Role.proprietaire.value,
        avec: AvecPeriode = "",
        avec_du: AvecDu = "",
        avec_au: AvecAu = "",
    ) -> Response:
        return _json(indicateurs.compare(caf, du, au, code or [], role, avec, avec_du, avec_au))

    @router.get("/{code}/serie", summary="Un indicateur dans le temps", **_doc(Serie))
    def get_series(
        code: Code,
        caf: Caf,
        du: Du,
        au: Au,
        pas: PasDeSerie,
        role: RoleDeCaf = Role.proprietaire.value,
        par: ParOuRien = "",
    ) -> Response:
        return _json(indicateurs.series(code, caf, du, au, pas, role, par))

    @router.get("/{code}/coupe", summary="Un indicateur coupé selon une dimension", **_doc(Coupe))
    def get_cut(code: Code, caf: Caf, du: Du, au: Au, par: Par, role: RoleDeCaf = Role.proprietaire.value) -> Response:
        return _json(indicateurs.cut(code, caf, du, au, par, role))

    @router.get("/{code}/explication", summary="De quoi un chiffre est fait", **_doc(Explication))
    def get_explanation(
        code: Code, caf: Caf, du: Du, au: Au, par: ParOuPremiere = None, role: RoleDeCaf = Role.proprietaire.value
    ) -> Response:
        return _json(indicateurs.explain(code, caf, du, au, par, role))

    @router.get("/{code}/elements", summary="Les objets que compte un terme, page par page", **_doc(Elements, 503))
    def get_elements(
        code: Code,
        caf: Caf,
        du: Du,
        au: Au,
        terme: Terme = None,
        apres: Apres = None,
        limite: Limite = 50,
        role: RoleDeCaf = Role.proprietaire.value,
    ) -> Response:
        return _json(indicateurs.elements(code, caf, du, au, terme, apres, limite, role))

    @router.get("/invariants", summary="Les deux égalités qui tiennent toujours", responses=problems(404))
    def get_invariants(caf: Caf, du: Du, au: Au) -> InvariantsDocument:
        constat = indicateurs.invariants(caf, du, au)
        return InvariantsDocument(
            tenus=constat.tenus,
            balance=constat.balance.valeur,
            termes=constat.balance.termes or {},
            little=constat.little.ecart,
            jours_de_stock=constat.little.somme_des_stocks,
            fraicheur=msgspec.to_builtins(indicateurs.freshness()),
        )

    @router.get("/registre", summary="Ce que dit le registre de chaque indicateur", **_doc(Registre))
    def get_registry() -> Response:
        return _json(write_registry())

    tous.include_router(router)
    tous.include_router(_create_projection(indicateurs))
    tous.include_router(create_contract_router(indicateurs.contrat))
    return tous


def _create_projection(indicateurs: Indicateurs) -> APIRouter:
    router = APIRouter(prefix="/v1", tags=["Indicateurs"])

    @router.get("/projection", summary="Où va le stock au rythme des 20 derniers jours ouvrés", **_doc(Projection))
    def get_projection(caf: Caf, au: ProjeteAu = "", role: RoleDeCaf = Role.proprietaire.value) -> Response:
        return _json(indicateurs.project(caf, au, role))

    return router


def _doc(type_: Any, *statuts: int) -> dict[str, Any]:
    return {"response_class": Response, "responses": {200: document(type_), **problems(404, *statuts)}}


def _json(document_: object) -> Response:
    return Response(_ENCODER.encode(document_), media_type="application/json")
