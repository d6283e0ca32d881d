"""The settings of the distributed mode, as data: every environment variable, who needs it, what it means."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ecluse.distribue import formes
from ecluse.distribue.formes import Forme


class Processus(StrEnum):
    """The kinds of process that read settings."""

    api = "api d'un service"
    worker = "worker d'un service"
    indicateurs_api = "api des indicateurs"
    indicateurs_worker = "worker des indicateurs"
    porte = "porte"


P = Processus
TOUS: Final = frozenset(P)
AVEC_BASE: Final = TOUS - {P.porte}
AVEC_KAFKA: Final = frozenset({P.worker, P.indicateurs_api, P.indicateurs_worker})
AVEC_HTTP: Final = frozenset({P.api, P.indicateurs_api, P.porte})


@dataclass(frozen=True)
class Variable:
    """``requise``: the processes that do not start without it; ``defaut``: as one would write it. A ``secrete`` one may
    come from a file instead, named by the variable with ``_FILE``, and is never shown."""

    nom: str
    forme: Forme
    sens: str
    requise: frozenset[Processus] = frozenset()
    defaut: str | None = None
    secrete: bool = False

    @property
    def fichier(self) -> str:
        """The variable that names the file of a secret."""
        return f"{self.nom}_FILE"


KAFKA: Final = Variable("ECLUSE_KAFKA", formes.BROKERS, "courtiers Kafka par lesquels entrer", AVEC_KAFKA)
BASE: Final = Variable(
    "ECLUSE_DATABASE_URL", formes.BASE, "base PostgreSQL du service, une par service", AVEC_BASE, secrete=True
)
REDIS: Final = Variable(
    "ECLUSE_REDIS_URL",
    formes.REDIS,
    "Redis : page en direct partagée entre processus, limites de débit, liens déjà ouverts",
    AVEC_HTTP,
    secrete=True,
)
JETON: Final = Variable(
    "ECLUSE_TOKEN", formes.JETON, "jeton Bearer de la maison, le même pour tous ses processus", TOUS, secrete=True
)
HOTE: Final = Variable(
    "ECLUSE_HOST", formes.MOT, "adresse d'écoute ; 0.0.0.0 dans un conteneur, rien n'est ouvert au réseau sinon",
    defaut="127.0.0.1",
)  # fmt: skip
PORT: Final = Variable(
    "ECLUSE_PORT", formes.integer(0, 65_535), "port d'écoute ; 0 : un port libre, dit au démarrage", defaut="8080"
)
MANDATAIRES: Final = Variable(
    "ECLUSE_PROXIES", formes.MOT,
    "adresses des mandataires dont les en-têtes X-Forwarded-* sont crus, séparées par des virgules",
    defaut="127.0.0.1",
)  # fmt: skip
URLS: Final = {
    "contacts": Variable(
        "ECLUSE_URL_CONTACTS", formes.HTTP, "où répond l'API du service contacts",
        frozenset({P.porte, P.indicateurs_api}),
    ),
    "production": Variable(
        "ECLUSE_URL_PRODUCTION", formes.HTTP, "où répond l'API du service production",
        frozenset({P.porte, P.indicateurs_api}),
    ),
    "recovery": Variable(
        "ECLUSE_URL_RECOVERY", formes.HTTP, "où répond l'API du service recovery",
        frozenset({P.porte, P.indicateurs_api}),
    ),
    "indicators": Variable(
        "ECLUSE_URL_INDICATORS", formes.HTTP, "où répond l'API des indicateurs", frozenset({P.porte})
    ),
}  # fmt: skip
PREFIXE: Final = Variable(
    "ECLUSE_PREFIXE", formes.PREFIXE, "premier mot du nom des sujets et des groupes Kafka", defaut="ecluse"
)
SESSION: Final = Variable(
    "ECLUSE_SESSION_TIMEOUT_MS",
    formes.integer(6_000, 1_800_000),
    "silence (ms) après lequel Kafka donne les partitions d'un worker à un autre",
    defaut="45000",
)
INSTANCE: Final = Variable(
    "ECLUSE_INSTANCE",
    formes.PREFIXE,
    "nom de ce worker, à lui seul dans son service : relancé sous ce nom, il retrouve ses partitions sans nouveau "
    "partage ; absente : un partage à chaque départ",
)
GARDE: Final = Variable(
    "ECLUSE_WATCHDOG_S",
    formes.integer(5, 86_400),
    "durée (s) sans progrès malgré du retard, après laquelle un worker s'arrête pour être relancé",
    defaut="60",
)
NIVEAU: Final = Variable(
    "ECLUSE_LOG_LEVEL", formes.choice("debug", "info", "warning", "error"), "niveau du journal d'exécution",
    defaut="info",
)  # fmt: skip
DEBIT: Final = Variable(
    "ECLUSE_RATE", formes.integer(1, 100_000), "requêtes par seconde qu'une même personne ou un même jeton peut faire",
    defaut="1000",
)  # fmt: skip
RAFALE: Final = Variable(
    "ECLUSE_RATE_BURST", formes.integer(1, 1_000_000), "requêtes qu'elle peut faire d'un coup", defaut="5000"
)
TRACES: Final = Variable(
    "ECLUSE_OTLP_ENDPOINT", formes.HTTP, "collecteur OpenTelemetry (OTLP sur HTTP) ; absente : aucune trace"
)
PART_TRACEE: Final = Variable(
    "ECLUSE_TRACES_PART", formes.PART, "part suivie de ce qui entre ; ce que l'émetteur a déjà choisi de suivre l'est",
    defaut="0.1",
)  # fmt: skip
PROTOCOLE: Final = Variable(
    "ECLUSE_KAFKA_SECURITY_PROTOCOL",
    formes.choice("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"),
    "protocole avec les courtiers",
    defaut="PLAINTEXT",
)
MECANISME: Final = Variable(
    "ECLUSE_KAFKA_SASL_MECHANISM",
    formes.choice("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"),
    "mécanisme SASL ; requise avec un protocole SASL",
)
UTILISATEUR: Final = Variable("ECLUSE_KAFKA_SASL_USERNAME", formes.MOT, "compte Kafka ; requise avec un protocole SASL")
MOT_DE_PASSE: Final = Variable(
    "ECLUSE_KAFKA_SASL_PASSWORD", formes.MOT, "mot de passe Kafka ; requise avec un protocole SASL", secrete=True
)
AUTORITE: Final = Variable(
    "ECLUSE_KAFKA_SSL_CAFILE", formes.FICHIER,
    "autorités de certification des courtiers (PEM) ; absente : celles du système",
)  # fmt: skip

VARIABLES: Final[tuple[Variable, ...]] = (
    KAFKA, BASE, REDIS, JETON, HOTE, PORT, MANDATAIRES, *URLS.values(), PREFIXE, SESSION, INSTANCE, GARDE, DEBIT,
    RAFALE, NIVEAU, TRACES, PART_TRACEE, PROTOCOLE, MECANISME, UTILISATEUR, MOT_DE_PASSE, AUTORITE,
)  # fmt: skip
