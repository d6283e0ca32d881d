"""Problems as RFC 9457 describes them: a stable ``type``, a title and a detail in French, never a stack trace."""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, ClassVar, Final

import msgspec
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from shared.base import explain_refusal, is_conflict, is_refused_for_now
from shared.erreurs import describe_error

PREFIXE: Final = "urn:ecluse:probleme:"
MEDIA: Final = "application/problem+json"
_LOG: Final = logging.getLogger("ecluse.web")


class Probleme(Exception):
    """A request that is not carried out. Each kind is a subclass with its stable ``genre``, its title and status.

    ``detail``: what happened, to what, and what to do (French); ``entetes``: headers of the answer; ``membres``:
    further members of the document.
    """

    genre: ClassVar[str]
    titre: ClassVar[str]
    statut: ClassVar[int]

    def __init__(self, detail: str, *, entetes: Mapping[str, str] | None = None, **membres: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.entetes = dict(entetes or {})
        self.membres = membres


class JsonIllisible(Probleme):
    """The body is not JSON of the form that this address takes."""

    genre, titre, statut = "json-illisible", "Corps illisible", 400


class NonAuthentifie(Probleme):
    """No token, or one that is not known here."""

    genre, titre, statut = "non-authentifie", "Jeton absent ou inconnu", 401

    def __init__(self, detail: str) -> None:
        super().__init__(detail, entetes={"WWW-Authenticate": "Bearer"})


class CorpsTropGrand(Probleme):
    """More bytes or more events than one request may carry."""

    genre, titre, statut = "corps-trop-grand", "Corps trop grand", 413


class ContenuNonPris(Probleme):
    """A content type, charset or encoding that this address does not take."""

    genre, titre, statut = "type-de-contenu", "Type de contenu non pris en charge", 415


class RequeteInvalide(Probleme):
    """Parameters or members that break the published schema; ``erreurs`` names each of them."""

    genre, titre, statut = "requete-invalide", "Requête invalide", 422


class ErreurInterne(Probleme):
    """What nobody foresaw."""

    genre, titre, statut = "erreur-interne", "Erreur interne", 500


class Indisponible(Probleme):
    """Not now: trying again is safe."""

    genre, titre, statut = "indisponible", "Momentanément indisponible", 503

    def __init__(self, detail: str, *, apres: int = 5) -> None:
        """``apres``: seconds after which to try again."""
        super().__init__(detail, entetes={"Retry-After": str(apres)})


# For what the framework itself refuses, before any of our code is asked.
_TITRES: Final = {
    400: ("json-illisible", "Corps illisible", "Le corps n'est pas du JSON lisible."),
    404: ("introuvable", "Introuvable", "Rien à cette adresse : vérifier le chemin demandé."),
    405: ("methode-non-admise", "Méthode non admise", "Cette adresse existe, mais ne prend pas cette méthode."),
    413: ("corps-trop-grand", "Corps trop grand", "Cette adresse ne prend pas un corps si long : le raccourcir."),
}


def write_problem(probleme: Probleme) -> Response:
    """The answer that tells a problem."""
    return _write(probleme.genre, probleme.titre, probleme.statut, probleme.detail, probleme.entetes, probleme.membres)


def _write(
    genre: str, titre: str, statut: int, detail: str, entetes: Mapping[str, str], membres: Mapping[str, Any]
) -> Response:
    document = {"type": PREFIXE + genre, "title": titre, "status": statut, "detail": detail, **membres}
    return Response(msgspec.json.encode(document), statut, dict(entetes), media_type=MEDIA)


def write_refusal(genre: str, statut: int, detail: str) -> Response:
    """The answer that tells the refusal of a rule: its stable name, its status, its sentence."""
    return _write(genre, _TITRES_DE_REFUS.get(statut, "Refusé"), statut, detail, {}, {})


_TITRES_DE_REFUS: Final = {404: "Introuvable", 409: "Refusé dans l'état présent", 422: "Demande refusée"}


def install_problems(app: FastAPI) -> None:
    """Make the application tell every refusal and every failure as a problem."""
    app.add_exception_handler(Probleme, _on_problem)
    app.add_exception_handler(RequestValidationError, _on_validation)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(ClientDisconnect, _on_disconnect)
    app.add_exception_handler(DBAPIError, _on_database)
    app.add_exception_handler(Exception, _on_unknown)


async def _on_problem(_: Request, erreur: Exception) -> Response:
    assert isinstance(erreur, Probleme)  # noqa: S101  # the framework calls this handler for this class alone
    return write_problem(erreur)


async def _on_http(request: Request, erreur: Exception) -> Response:
    assert isinstance(erreur, HTTPException)  # noqa: S101  # the framework calls this handler for this class alone
    genre, titre, detail = _TITRES.get(
        erreur.status_code,
        (f"http-{erreur.status_code}", HTTPStatus(erreur.status_code).phrase, "La requête n'a pas pu être traitée."),
    )
    entetes = dict(erreur.headers or {})
    if erreur.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        entetes |= _allowed(request)
    return _write(genre, titre, erreur.status_code, detail, entetes, {})


def _allowed(request: Request) -> dict[str, str]:
    """Every method of the published address: the framework names those of the first route of its path alone."""
    chemin = getattr(request.scope.get("route"), "path", None)
    methodes = request.app.openapi()["paths"].get(chemin, {})
    return {"Allow": ", ".join(sorted(m.upper() for m in methodes))} if methodes else {}


async def _on_disconnect(_: Request, __: Exception) -> Response:
    """The caller left before the end of its body: nobody reads this answer, and it is no failure of ours."""
    return write_problem(JsonIllisible("la connexion a été coupée avant la fin du corps"))


async def _on_database(_: Request, erreur: Exception) -> Response:
    """A question that the database can not answer now may be asked again; any other failure is one of ours."""
    if not is_refused_for_now(erreur) and not is_conflict(erreur):
        raise erreur
    assert isinstance(erreur, DBAPIError)  # noqa: S101  # the framework calls this handler for this class alone
    _LOG.warning("lecture impossible pour le moment", extra={"raison": describe_error(erreur)})
    return write_problem(Indisponible(explain_refusal(erreur)))


async def _on_unknown(_: Request, __: Exception) -> Response:
    """The server logs the failure; the caller learns nothing of our inside.

    The server closes the connection after such a failure: the answer says so, or the caller's next request on this
    connection would be cut.
    """
    return write_problem(
        ErreurInterne(
            "Une erreur que nous n'avions pas prévue. Réessayer ; si elle dure, prévenir.",
            entetes={"Connection": "close"},
        )
    )


async def _on_validation(_: Request, erreur: Exception) -> Response:
    assert isinstance(erreur, RequestValidationError)  # noqa: S101  # called for this class alone
    erreurs = erreur.errors()
    if any(e["type"] == "json_invalid" for e in erreurs):
        return write_problem(JsonIllisible("Le corps n'est pas du JSON."))
    liste = [{"champ": _field(e["loc"]), "detail": _explain(e)} for e in erreurs]
    phrase = " ; ".join(f"{e['champ']} : {e['detail']}" for e in liste[:3])
    return write_problem(RequeteInvalide(phrase, erreurs=liste))


def _field(chemin: tuple[int | str, ...]) -> str:
    """``montant_centimes`` or ``lignes.0.id``: the place without the part of the request that holds it."""
    return ".".join(str(pas) for pas in chemin[1:]) or str(chemin[0])


_PHRASES: Final = {
    "missing": "obligatoire",
    "extra_forbidden": "membre inconnu",
    "string_type": "un texte est attendu",
    "string_too_short": "au moins {min_length} caractères",
    "string_too_long": "au plus {max_length} caractères",
    "string_pattern_mismatch": "forme attendue : {pattern}",
    "int_type": "un nombre entier est attendu",
    "int_parsing": "un nombre entier est attendu",
    "int_from_float": "un nombre entier est attendu",
    "float_type": "un nombre est attendu",
    "float_parsing": "un nombre est attendu",
    "bool_type": "true ou false est attendu",
    "bool_parsing": "true ou false est attendu",
    "date_from_datetime_parsing": "une date AAAA-MM-JJ est attendue",
    "date_parsing": "une date AAAA-MM-JJ est attendue",
    "datetime_parsing": "un instant ISO 8601 est attendu",
    "datetime_from_date_parsing": "un instant ISO 8601 est attendu",
    "timezone_aware": "un instant avec fuseau est attendu",
    "enum": "une de ces valeurs est attendue : {expected}",
    "literal_error": "une de ces valeurs est attendue : {expected}",
    "greater_than": "plus grand que {gt}",
    "greater_than_equal": "au moins {ge}",
    "less_than": "plus petit que {lt}",
    "less_than_equal": "au plus {le}",
    "too_long": "au plus {max_length} éléments",
    "too_short": "au moins {min_length} éléments",
    "list_type": "une liste est attendue",
    "dict_type": "un objet JSON est attendu",
    "model_attributes_type": "un objet JSON est attendu",
}


def _explain(erreur: Mapping[str, Any]) -> str:
    """The French sentence for an error of the schema; the value itself is never repeated."""
    contexte = _Contexte(erreur.get("ctx") or {})
    if "expected" in contexte:
        contexte["expected"] = str(contexte["expected"]).replace(" or ", " ou ")
    return _PHRASES.get(erreur["type"], "valeur refusée").format_map(contexte)


class _Contexte(dict[str, Any]):
    def __missing__(self, cle: str) -> str:
        return "…"
