"""The AsyncAPI 3 document: which events pass through which door, and how they are carried."""

from collections.abc import Iterable
from typing import Any, Final

from shared.bus.sujets import ENTREES, JOURNAUX, TICS, Sujet
from shared.events.base import Service
from shared.events.catalogue import SERVICES, TYPES, types_of
from shared.events.docs.exemples import front_office_example, published_example
from shared.events.docs.publications import PUBLICATIONS
from shared.events.docs.sens import ENTETES
from shared.events.docs.sens import SERVICES as LIBELLES
from shared.events.journal import TIC

Document = dict[str, Any]
STRUCTURE: Final = "application/cloudevents+json"
LOT: Final = "application/cloudevents-batch+json"
_NOMBRE: Final[Document] = {"pattern": "^[0-9]{1,19}$"}
_FORMES_D_ENTETE: Final[dict[str, Document]] = {
    "ecluse-position": _NOMBRE,
    "ecluse-precedent": _NOMBRE,
    "ecluse-enregistre": _NOMBRE,
    "ecluse-epoque": {"pattern": r"^[0-9]{1,19}\.[0-9A-Za-z]{1,64}$"},
    "traceparent": {"pattern": "^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$"},
}
_JSON_SCHEMA: Final = "application/schema+json;version=2020-12"


def asyncapi() -> Document:
    """The whole document; messages refer to the schemas beside it."""
    messages = {nom: _front_office_message(nom) for nom in TYPES} | {
        nom: _published_message(nom) for nom in PUBLICATIONS
    }
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Écluse, événements",
            "version": "1.0.0",
            "description": (
                "Événements du front-office d'une Caf, et ce que ses services publient. Chaque message est un "
                "CloudEvent 1.0 en mode structuré : le type est dans le corps, membre `type`. Une forme s'enrichit "
                "sans changer de version ; une autre forme est un nouveau type `.v2`."
            ),
            "license": {"name": "EUPL-1.2", "url": "https://eupl.eu/1.2/fr/"},
        },
        "defaultContentType": STRUCTURE,
        "servers": {
            "porte": {
                "host": "127.0.0.1:8080",
                "protocol": "http",
                "description": "Écluse en un seul processus, ou le relais d'émission.",
            },
            "kafka": {"host": "localhost:9092", "protocol": "kafka", "description": "Le mode réparti."},
        },
        "channels": _channels(),
        "operations": _operations(),
        "components": {
            "messages": messages | {"lot": _batch()},
            "messageTraits": _traits(),
        },
    }


def _channels() -> Document:
    channels = {
        "porte": _channel(
            "/v1/evenements",
            "porte",
            "La porte HTTP : un événement, ou un lot de 1 000 événements et 5 Mo au plus. Chaque type va au service "
            "qui le possède.",
            [*TYPES, "lot"],
        ),
        "entrees": _channel(
            ENTREES.nom(),
            "kafka",
            "La porte Kafka. Clé `caf|subject`. Ce que la porte HTTP refuserait devient une lettre morte.",
            TYPES,
            ENTREES,
        ),
        "tics": _channel(
            TICS.nom(),
            "kafka",
            "Où en est chaque journal, au moins chaque seconde : sans tic, nul ne sait ce qui manque. Clé : le "
            "service.",
            [TIC],
            TICS,
        ),
    }
    for service in SERVICES:
        channels[service] = _channel(
            JOURNAUX[service].nom(),
            "kafka",
            f"Le journal du service {LIBELLES[service]} : les événements acceptés, les mouvements qui en "
            "découlent et les gestes de ses corbeilles. Clé `caf|subject` ; l'ordre est celui du journal dans chaque "
            "partition.",
            _log_messages(service),
            JOURNAUX[service],
        )
    return channels


def _log_messages(service: Service) -> list[str]:
    """What passes through the log of a service: ticks have a topic of their own."""
    publies = [p.type for p in PUBLICATIONS.values() if service in p.services and p.type != TIC]
    return [*(t.type for t in types_of(service)), *publies]


def _channel(
    adresse: str, serveur: str, description: str, messages: Iterable[str], sujet: Sujet | None = None
) -> Document:
    canal: Document = {
        "address": adresse,
        "description": description,
        "servers": [{"$ref": f"#/servers/{serveur}"}],
        "messages": {_key(nom): {"$ref": f"#/components/messages/{nom}"} for nom in messages},
    }
    if sujet is not None:
        canal["bindings"] = {"kafka": {"topic": adresse, "partitions": sujet.partitions}}
        canal["bindings"]["kafka"]["topicConfiguration"] = {
            "cleanup.policy": ["delete"],
            "retention.ms": -1 if sujet.retention_ms is None else sujet.retention_ms,
            "max.message.bytes": sujet.octets_max,
        }
    return canal


def _operations() -> Document:
    operations: Document = {
        "deposer": {
            "action": "receive",
            "channel": {"$ref": "#/channels/porte"},
            "summary": "Écluse reçoit les événements du front-office par HTTP.",
            "bindings": {"http": {"method": "POST"}},
        },
        "ingerer": {
            "action": "receive",
            "channel": {"$ref": "#/channels/entrees"},
            "summary": "Écluse reçoit les événements du front-office par Kafka.",
        },
    }
    for service in SERVICES:
        operations[f"publier_{service}"] = {
            "action": "send",
            "channel": {"$ref": f"#/channels/{service}"},
            "summary": f"Le service {LIBELLES[service]} publie son journal.",
        }
    operations["dire_ou_en_est_le_journal"] = {
        "action": "send",
        "channel": {"$ref": "#/channels/tics"},
        "summary": "Le publieur de chaque service dit où en est son journal.",
    }
    return operations


def _key(nom: str) -> str:
    """The name of a message within a channel."""
    return nom.removeprefix("fr.caf.").replace(".", "_")


def _front_office_message(nom: str) -> Document:
    type_ = TYPES[nom]
    return _message(nom, type_.resume, front_office_example(type_), ("cloudevent", "journal"))


def _published_message(nom: str) -> Document:
    publication = PUBLICATIONS[nom]
    traits = ("cloudevent", "journal") if publication.d_un_dossier else ("annonce",)
    return _message(nom, publication.resume, published_example(publication), traits)


def _message(nom: str, resume: str, exemple: Document, traits: Iterable[str]) -> Document:
    return {
        "name": nom,
        "title": nom,
        "summary": resume,
        "traits": [{"$ref": f"#/components/messageTraits/{trait}"} for trait in traits],
        "payload": {"schemaFormat": _JSON_SCHEMA, "schema": {"$ref": f"./schemas/{nom}.json"}},
        "examples": [{"payload": exemple}],
    }


def _batch() -> Document:
    un_type = [{"$ref": f"./schemas/{nom}.json"} for nom in TYPES]
    return {
        "name": "lot",
        "title": "Lot d'événements",
        "summary": "Jusqu'à 1 000 événements ; un événement valide à côté d'un refusé est gardé.",
        "contentType": LOT,
        "payload": {
            "schemaFormat": _JSON_SCHEMA,
            "schema": {"type": "array", "maxItems": 1000, "items": {"oneOf": un_type}},
        },
    }


def _traits() -> Document:
    return {"cloudevent": _trait(), "journal": _log_trait(), "annonce": _announcement_trait()}


def _trait() -> Document:
    return {
        "contentType": STRUCTURE,
        "bindings": {
            "kafka": {
                "key": {
                    "type": "string",
                    "description": "`caf|subject` : les faits d'un dossier restent dans l'ordre.",
                    "pattern": r"^[0-9]{3}\|[A-Za-z0-9._-]{1,64}$",
                }
            }
        },
    }


def _log_trait() -> Document:
    return {
        "headers": {
            "type": "object",
            "description": "En-têtes des enregistrements d'un journal ; les portes n'en demandent aucun.",
            "properties": {nom: _header(nom) for nom in ENTETES},
        }
    }


def _announcement_trait() -> Document:
    dits = [nom for nom in ENTETES if nom not in ("ecluse-position", "ecluse-precedent", "traceparent")]
    return {
        "contentType": STRUCTURE,
        "headers": {"type": "object", "required": dits, "properties": {nom: _header(nom) for nom in dits}},
    }


def _header(nom: str) -> Document:
    return {"type": "string", "description": ENTETES[nom]} | _FORMES_D_ENTETE.get(nom, {})
