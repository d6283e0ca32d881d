"""JSON Schemas 2020-12 of the events, from the classes that the door and the services use."""

from typing import Any, Final

import msgspec

from shared.events.base import FIN, CodeCaf, Identifiant, Instant, Texte, TypeEvenement
from shared.events.docs.publications import Publication
from shared.events.docs.sens import ATTRIBUTS, MEMBRES
from shared.events.journal import Annonce
from shared.events.porte import Enveloppe, envelope_of

Schema = dict[str, Any]
DIALECTE: Final = "https://json-schema.org/draft/2020-12/schema"
_FORMES: Final[dict[str, Schema]] = {
    nom: msgspec.json.schema(forme)
    for nom, forme in (("Identifiant", Identifiant), ("Texte", Texte), ("Instant", Instant), ("CodeCaf", CodeCaf))
}


def front_office_schema(type_: TypeEvenement) -> Schema:
    """The event as the door takes it: ``data`` closed, other attributes allowed."""
    schema = _schema(envelope_of(type_, tolerant=True), type_.type, type_.resume, MEMBRES)
    schema["properties"]["datacontenttype"] = {"description": ATTRIBUTS["datacontenttype"]}
    schema["properties"]["data_base64"] = False
    return schema


def published_schema(publication: Publication) -> Schema:
    """The event as a service publishes it: readers ignore what they do not know."""
    classe = msgspec.defstruct(
        f"Publie{publication.donnees.__name__}",
        [("data", publication.donnees)],
        bases=(Enveloppe if publication.d_un_dossier else Annonce,),
        kw_only=True,
        tag=publication.type,
    )
    schema = _schema(classe, publication.type, publication.resume, publication.sens)
    proprietes = schema["properties"]
    proprietes.pop("data_base64", None)
    proprietes["datacontenttype"] = {"const": "application/json"}
    if "datacontenttype" not in schema["required"]:
        schema["required"].append("datacontenttype")
    return schema


def _schema(classe: type[msgspec.Struct], type_: str, resume: str, sens: dict[str, str]) -> Schema:
    brut = msgspec.json.schema(classe)
    definitions: dict[str, Schema] = brut["$defs"]
    enveloppe = definitions.pop(classe.__name__)
    donnees = _take(definitions, enveloppe["properties"]["data"])
    for nom, propriete in donnees["properties"].items():
        if nom in sens:
            propriete["description"] = sens[nom]
    for definition in definitions.values():
        definition.pop("description", None)
        for nom, propriete in definition.get("properties", {}).items():
            propriete["description"] = sens[nom]
    for nom, propriete in enveloppe["properties"].items():
        propriete["description"] = ATTRIBUTS.get(nom, "")
    donnees.pop("description", None)
    enveloppe["properties"]["data"] = donnees
    document = {
        "$schema": DIALECTE,
        "$id": f"urn:ecluse:evenement:{type_}",
        "title": type_,
        "description": resume,
        "type": "object",
        "required": enveloppe["required"],
        "properties": enveloppe["properties"],
    }
    definitions = {nom: _named_forms(d) for nom, d in definitions.items()} | _FORMES
    document = _named_forms(document)
    texte = str(document) + str(definitions)
    document["$defs"] = {nom: d for nom, d in sorted(definitions.items()) if f"'#/$defs/{nom}'" in texte}
    published: Schema = _published(document)
    return published


def _named_forms(schema: Any) -> Any:
    """The same schema, where a rule that comes back is said once, under its name."""
    if isinstance(schema, list):
        return [_named_forms(s) for s in schema]
    if not isinstance(schema, dict):
        return schema
    for nom, forme in _FORMES.items():
        if schema.get("pattern") == forme["pattern"]:
            return {"$ref": f"#/$defs/{nom}", "description": schema["description"]}
    return {nom: _named_forms(valeur) for nom, valeur in schema.items()}


def _take(definitions: dict[str, Schema], reference: Schema) -> Schema:
    return definitions.pop(reference["$ref"].removeprefix("#/$defs/"))


def _published(schema: Any) -> Any:
    """The same schema for other engines: patterns of ECMA-262, and pairs that older drafts read as well."""
    if isinstance(schema, list):
        return [_published(s) for s in schema]
    if not isinstance(schema, dict):
        return schema
    publie = {nom: _published(valeur) for nom, valeur in schema.items()}
    if isinstance(publie.get("pattern"), str):
        publie["pattern"] = publie["pattern"].replace(FIN, "$")
    if "prefixItems" in publie:
        publie["items"] = publie.pop("prefixItems")[-1]
    if len(publie.get("enum", ())) == 1:
        publie["const"] = publie.pop("enum")[0]
    return publie
