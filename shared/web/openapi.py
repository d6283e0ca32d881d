"""What the OpenAPI document says of refusals: the one problem document, per status."""

from typing import Any

import msgspec
from pydantic import BaseModel, Field

from shared.web.problemes import MEDIA


class ProblemeDocument(BaseModel):
    """A request that was not carried out (RFC 9457)."""

    type: str = Field(description="Genre stable du problème", examples=["urn:ecluse:probleme:introuvable"])
    title: str = Field(description="Titre en français")
    status: int
    detail: str = Field(description="Ce qui s'est passé, et que faire")


def problems(*statuts: int) -> dict[int | str, dict[str, Any]]:
    """``responses`` of a route that may answer these statuses; 401 and 422 are always among them."""
    schema = ProblemeDocument.model_json_schema()
    return {
        statut: {"description": _PHRASES[statut], "content": {MEDIA: {"schema": schema}}}
        for statut in sorted({401, 422, *statuts})
    }


def document(type_: Any) -> dict[str, Any]:
    """The 200 response of a route that writes a msgspec document itself; its schema holds its own definitions."""
    schema = msgspec.json.schema(type_)
    definitions = schema.pop("$defs", {})
    return {
        "description": "Réponse",
        "content": {"application/json": {"schema": _inline(schema, definitions)}},
    }


def _inline(schema: Any, definitions: dict[str, Any]) -> Any:
    """The schema with each reference replaced by what it names: an OpenAPI document has one place for definitions,
    and these are small and not recursive."""
    if isinstance(schema, list):
        return [_inline(s, definitions) for s in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _inline(definitions[schema["$ref"].rsplit("/", 1)[1]], definitions)
    return {cle: _inline(valeur, definitions) for cle, valeur in schema.items()}


_PHRASES = {
    400: "Corps illisible",
    401: "Jeton absent ou inconnu",
    404: "Inconnu",
    409: "Refusé dans l'état présent",
    413: "Corps trop grand",
    415: "Type de contenu non pris en charge",
    422: "Requête invalide",
    503: "Momentanément indisponible : réessayer est sans danger",
}
