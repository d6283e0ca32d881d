"""The administration of the cluster: topics are created once, checked, and told apart by their identifier."""

import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, NamedTuple, Self

from shared.bus.courtier import Courtier, CourtierInjoignable, knock
from shared.bus.sujets import SUJETS, Sujet

with warnings.catch_warnings():
    # kafka-python reads its version in a way that Python 3.11 deprecates.
    warnings.simplefilter("ignore", DeprecationWarning)
    from kafka.admin import (
        ConfigResource,
        ConfigResourceType,
        KafkaAdminClient,
    )
    from kafka.errors import KafkaError

_INCONNU: Final = 3
_EXISTE_DEJA: Final = 36
_LIBELLES: Final = {
    "cleanup.policy": "nettoyage",
    "retention.ms": "durée de garde (ms)",
    "retention.bytes": "volume gardé (octets)",
    "max.message.bytes": "taille d'un envoi (octets)",
    "message.timestamp.type": "qui date un enregistrement",
    "segment.ms": "durée d'un segment (ms)",
}


class SujetRefuse(Exception):
    """The cluster refuses to create or to describe a topic; the message says which and why."""


class SujetVu(NamedTuple):
    """A topic as it is: the identifier that it was given at its creation, and its number of partitions."""

    identifiant: str
    partitions: int


class Administration:
    """A connection to the administration of a cluster; to be closed. Raises ``CourtierInjoignable``."""

    def __init__(self, courtier: Courtier, delai_ms: int = 10_000) -> None:
        self._courtier = courtier
        with _reached(courtier):
            # The client would ask an absent cluster until its time is over.
            knock(courtier, delai_ms / 1000)
            self._client = _connect(courtier, delai_ms)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def create(self, sujets: Iterable[Sujet] = SUJETS) -> list[str]:
        """Create the topics that are missing; their names. Those that exist are left as they are.

        Raises ``SujetRefuse`` once every topic was asked for, with each refusal.
        """
        demandes = {
            sujet.nom(self._courtier.prefixe): {"num_partitions": sujet.partitions, "configs": sujet.reglages()}
            for sujet in sujets
        }
        with _reached(self._courtier):
            reponse = self._client.create_topics(demandes, raise_errors=False)
            faits = [t["name"] for t in reponse["topics"] if not t["error_code"]]
            if faits:
                self._client.wait_for_topics(faits)
        refus = [t for t in reponse["topics"] if t["error_code"] not in (0, _EXISTE_DEJA)]
        if refus:
            raise SujetRefuse(" ; ".join(f"{t['name']} : refusé par Kafka ({t['error_message']})" for t in refus))
        return sorted(faits)

    def check(self, sujets: Iterable[Sujet] = SUJETS) -> list[str]:
        """What differs from the registry, one French line each; empty when all is as declared."""
        attendus = {sujet.nom(self._courtier.prefixe): sujet for sujet in sujets}
        with _reached(self._courtier):
            presents = {t["name"]: t for t in self._describe(attendus)}
            reglages = self._settings(presents)
        ecarts = []
        for nom, sujet in attendus.items():
            if nom not in presents:
                ecarts.append(f"{nom} : absent ; le créer avec « ecluse topics create »")
            else:
                ecarts.extend(_differences(nom, sujet, len(presents[nom]["partitions"]), reglages[nom]))
        return ecarts

    def topic_id(self, nom: str) -> str | None:
        """The identifier that the cluster gave the topic at its creation; None when there is no such topic."""
        vu = self.look_at(nom)
        return vu and vu.identifiant

    def look_at(self, nom: str) -> SujetVu | None:
        """The topic as it is; None when there is no such topic."""
        with _reached(self._courtier):
            return next((SujetVu(str(t["topic_id"]), len(t["partitions"])) for t in self._describe([nom])), None)

    def _describe(self, noms: Iterable[str]) -> list[dict[str, Any]]:
        decrits: list[dict[str, Any]] = self._client.describe_topics(list(noms))
        for sujet in decrits:
            if sujet["error_code"] not in (0, _INCONNU):
                raise SujetRefuse(f"{sujet['name']} : Kafka ne le décrit pas (erreur {sujet['error_code']})")
        return [sujet for sujet in decrits if not sujet["error_code"]]

    def _settings(self, noms: Iterable[str]) -> dict[str, Mapping[str, Any]]:
        ressources = [ConfigResource(ConfigResourceType.TOPIC, nom) for nom in noms]
        if not ressources:
            return {}
        lus: dict[str, Mapping[str, Any]] = self._client.describe_configs(ressources, config_filter="all")["topic"]
        return lus


def _connect(courtier: Courtier, delai_ms: int) -> KafkaAdminClient:
    """A client, whose thread and sockets are closed when the cluster does not answer it: its library leaves them."""
    ouverts: list[Any] = []

    def keep(**reglages: Any) -> Any:
        ouverts.append(KafkaAdminClient.DEFAULT_CONFIG["kafka_client"](**reglages))
        return ouverts[-1]

    try:
        return KafkaAdminClient(
            **courtier.options(), bootstrap_timeout_ms=delai_ms, request_timeout_ms=delai_ms, kafka_client=keep
        )
    except BaseException:
        for ouvert in ouverts:
            ouvert.close()
        raise


@contextmanager
def _reached(courtier: Courtier) -> Iterator[None]:
    """Turns what the client says of an absent cluster into one French line."""
    try:
        yield
    except (KafkaError, OSError) as erreur:
        raise CourtierInjoignable(
            f"Kafka ne répond pas à {courtier} ({type(erreur).__name__}) : vérifier l'adresse, que le courtier tourne, "
            "et les réglages de sécurité"
        ) from erreur


def _differences(nom: str, sujet: Sujet, partitions: int, reglages: Mapping[str, Any]) -> list[str]:
    ecarts = []
    if partitions != sujet.partitions:
        ecarts.append(
            f"{nom} : {partitions} partitions, {sujet.partitions} attendues ; ce nombre ne se change pas sur place : "
            "un dossier changerait de partition"
        )
    for reglage, attendu in sujet.reglages().items():
        lu = reglages[reglage]["value"]
        if lu != attendu:
            ecarts.append(f"{nom} : {_LIBELLES[reglage]} {reglage}={lu}, attendu {attendu}")
    return ecarts
