"""The AsyncAPI 3 document: which events pass through which door, and how they are carried."""

from collections.abc import Iterable
from typing import Any, Final

from shared.events.base import Service
from shared.events.catalogue import SERVICES, TYPES, types_of
from shared.events.docs.exemples import front_office_example, published_example
from shared.events.docs.publications import PUBLICATIONS
from shared.events.docs.sens import SERVICES as LIBELLES
from shared.reglages import PARTITIONS

Document = dict[str, Any]
STRUCTURE: Final = "application/cloudevents+json"
LOT: Final = "application/cloudevents-batch+json"
ENTREES: Final = "ecluse.entrees.v1"
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
        "components": {"messages": messages | {"lot": _batch()}, "messageTraits": {"cloudevent": _trait()}},
    }


def log_topic(service: Service) -> str:
    """The topic of the log of a service."""
    return f"ecluse.{service}.v1"


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
            ENTREES,
            "kafka",
            "La porte Kafka. Clé `caf|subject`. Ce que la porte HTTP refuserait devient une lettre morte.",
            TYPES,
        ),
    }
    for service in SERVICES:
        channels[service] = _channel(
            log_topic(service),
            "kafka",
            f"Le journal du service {LIBELLES[service]} : les événements acceptés, les mouvements qui en "
            "découlent et les gestes de ses corbeilles. Clé `caf|subject` ; l'ordre est celui du journal dans chaque "
            "partition.",
            [*(t.type for t in types_of(service)), *(p.type for p in PUBLICATIONS.values() if service in p.services)],
        )
        channels[service]["bindings"] = {"kafka": {"topic": log_topic(service), "partitions": PARTITIONS}}
    return channels


def _channel(adresse: str, serveur: str, description: str, messages: Iterable[str]) -> Document:
    return {
        "address": adresse,
        "description": description,
        "servers": [{"$ref": f"#/servers/{serveur}"}],
        "messages": {_key(nom): {"$ref": f"#/components/messages/{nom}"} for nom in messages},
    }


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
    return operations


def _key(nom: str) -> str:
    """The name of a message within a channel."""
    return nom.removeprefix("fr.caf.").replace(".", "_")


def _front_office_message(nom: str) -> Document:
    type_ = TYPES[nom]
    return _message(nom, type_.resume, front_office_example(type_))


def _published_message(nom: str) -> Document:
    publication = PUBLICATIONS[nom]
    return _message(nom, publication.resume, published_example(publication))


def _message(nom: str, resume: str, exemple: Document) -> Document:
    return {
        "name": nom,
        "title": nom,
        "summary": resume,
        "traits": [{"$ref": "#/components/messageTraits/cloudevent"}],
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
