"""The ingress topic as a destination: an event is handed over once every in-sync replica has it.

A topic refuses nothing, so that the rules of the door are applied here, before an event leaves.
"""

import importlib
import os
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from threading import Lock
from typing import Any, Final, NamedTuple

from ecluse import __version__
from ecluse.distribue import variables
from ecluse.distribue.courtier import courtier_of
from ecluse.distribue.reglages import ReglageFaux
from ecluse.emission.destination import KAFKA, AdresseInvalide, PlusTard, Repondu, Suite
from shared.bus.courtier import Courtier
from shared.bus.fil import CONTENU, TYPE_CONTENU
from shared.bus.sujets import ENTREES
from shared.events.porte import Refus, judge
from shared.partition import partition_of
from shared.web.porte import OCTETS_MAX

ENTETES: Final = [(CONTENU, TYPE_CONTENU)]
# One wave is under way at a time, with one Kafka batch per partition at most: when it fails, nothing that follows has
# left, so that order stands. It is well under the batch that a broker takes by default (1 MB).
VAGUE_MAX: Final = 500_000
# Key, headers and framing of one record, at most.
_CADRE: Final = 256
# Longest wait for the rest of a wave, in seconds: far more than it takes to queue one, so that batches leave whole.
_ENTASSEMENT: Final = 5.0


class _Message(NamedTuple):
    rang: int
    cle: bytes
    partition: int
    octets: bytes


class _SansCourtier(Exception):
    """No broker answers, or none that lets us in: the client does not tell the two apart."""


class _SujetAbsent(Exception):
    """The broker answers, the topic is not there."""


class DestinationKafka:
    """The ingress topic, through one idempotent producer at a time."""

    def __init__(self, read_access: Callable[[], Courtier], sujet: str, *, delai: float = 30.0) -> None:
        """``read_access`` is asked at each connection, so that a new password needs no restart.

        ``delai``: seconds that a broker has to acknowledge a wave. Raises ``AdresseInvalide`` where the Kafka client is
        not installed.
        """
        self.read_access = read_access
        self.sujet = sujet
        self._delai = delai
        self._kafka = _load("kafka")
        self._erreurs = _load("kafka.errors")
        self._verrou = Lock()
        self._ferme = False
        self._producteur: Any = None

    def send(self, evenements: Sequence[bytes], maintenant: int) -> Suite:
        """Judge the batch, then produce what the door would take."""
        messages: list[_Message] = []
        refuses: dict[int, str] = {}
        for rang, octets in enumerate(evenements):
            jugement = judge(octets, maintenant)
            if isinstance(jugement, Refus):
                refuses[rang] = jugement.detail
            else:
                cle = f"{jugement.caf}|{jugement.dossier}"
                messages.append(_Message(rang, cle.encode(), partition_of(cle), octets))
        try:
            for vague in _waves(messages):
                refuses |= self._produce(vague)
        except Exception as erreur:
            # Whatever the client raises, nothing is known of the batch: it stays, and goes again in full. The producer
            # is given up, since what it still holds must not leave after the batch was sent again.
            self._give_up()
            return PlusTard(self._explain(erreur))
        return Repondu(refuses)

    def close(self) -> None:
        """Let go of connections; a running ``send`` ends as one that failed."""
        with self._verrou:
            self._ferme = True
        self._give_up()

    def _produce(self, vague: Sequence[_Message]) -> dict[int, str]:
        """Hand a wave over; those that are too large for the topic, with the reason. Raises what the client raises."""
        try:
            self._hand_over(vague)
        except (self._erreurs.MessageSizeTooLargeError, self._erreurs.RecordListTooLargeError):
            # After it the client fails whatever it holds, for the same reason: only one that went alone is told by it.
            self._give_up()
            if len(vague) == 1:
                return {vague[0].rang: self._too_large(vague[0])}
            milieu = len(vague) // 2
            return self._produce(vague[:milieu]) | self._produce(vague[milieu:])
        return {}

    def _hand_over(self, vague: Sequence[_Message]) -> None:
        producteur = self._connect()
        # As in the logs: workers that share the partitions out then never work on the same dossiers.
        envois = [
            producteur.send(self.sujet, key=m.cle, value=m.octets, headers=ENTETES, partition=m.partition)
            for m in vague
        ]
        self._flush(producteur)
        for envoi in envois:
            envoi.get(timeout=0)

    def _too_large(self, message: _Message) -> str:
        return (
            f"événement trop grand pour le sujet {self.sujet} ({len(message.octets)} octets) : "
            "l'alléger, ou relever max.message.bytes du sujet"
        )

    def _flush(self, producteur: Any) -> None:
        """Send now what waits, and wait for it."""
        while True:
            try:
                producteur.flush(timeout=self._delai + 2 * _ENTASSEMENT)
            except self._erreurs.UnknownError:
                # A batch that it waited for was too large for the broker and goes again in halves: wait for those.
                continue
            return

    def _connect(self) -> Any:
        with self._verrou:
            if self._producteur is not None:
                return self._producteur
        producteur = self._open()
        with self._verrou:
            ferme = self._ferme
            self._producteur = None if ferme else producteur
        if ferme:
            _abandon(producteur)
            raise self._erreurs.IllegalStateError
        self._find_topic(producteur)
        return producteur

    def _open(self) -> Any:
        """A producer that has found a broker."""
        clients: list[Any] = []

        def keep_client(**reglages: Any) -> Any:
            clients.append(_load("kafka.net.compat").KafkaNetClient(**reglages))
            return clients[0]

        options = _options(self.read_access(), int(self._delai * 1000))
        producteur = None
        try:
            producteur = self._kafka.KafkaProducer(kafka_client=keep_client, **options)
            return producteur
        except self._erreurs.KafkaTimeoutError as erreur:
            raise _SansCourtier from erreur
        finally:
            # A producer that finds no broker leaves its connections open.
            for client in clients if producteur is None else ():
                client.close()

    def _find_topic(self, producteur: Any) -> None:
        try:
            trouve = producteur.partitions_for(self.sujet)
        except self._erreurs.KafkaTimeoutError:
            trouve = None
        if not trouve:
            raise _SujetAbsent

    def _give_up(self) -> None:
        with self._verrou:
            producteur, self._producteur = self._producteur, None
        if producteur is not None:
            _abandon(producteur)

    def _explain(self, erreur: Exception) -> str:
        e = self._erreurs
        match erreur:
            case _ if self._ferme:
                return "envoi interrompu par l'arrêt"
            case ReglageFaux():
                return f"{erreur} : le corriger, il est relu"
            case _SansCourtier():
                return (
                    "aucun courtier Kafka ne répond : vérifier l'adresse, et les variables ECLUSE_KAFKA_… s'il tourne"
                )
            case _SujetAbsent():
                return f"sujet {self.sujet} introuvable : le créer (ecluse topics create), vérifier ECLUSE_PREFIXE"
            case e.AuthorizationError():
                return f"Kafka refuse d'écrire dans {self.sujet} : en donner le droit à ce compte"
            case _:
                return f"Kafka ne répond pas ({type(erreur).__name__} : {str(erreur)[:300]})"


def open_topic(vers: str, environ: Mapping[str, str] = os.environ) -> DestinationKafka:
    """The ingress topic of the brokers of an address ``kafka://…``, with what the environment says of security.

    Raises ``AdresseInvalide``.
    """
    serveurs = vers[len(KAFKA) :].rstrip("/")
    if "@" in serveurs:
        raise AdresseInvalide(
            f"adresse refusée : un mot de passe se donne par {variables.MOT_DE_PASSE.fichier}, jamais dans l'adresse"
        )
    try:
        variables.KAFKA.forme.lit(serveurs)
    except ValueError:
        raise AdresseInvalide(f"adresse {vers!r} refusée : attendu {KAFKA}machine:port,machine:port") from None

    def read_access() -> Courtier:
        return courtier_of({**environ, variables.KAFKA.nom: serveurs})

    try:
        sujet = ENTREES.nom(read_access().prefixe)
    except ReglageFaux as erreur:
        raise AdresseInvalide(str(erreur)) from None
    return DestinationKafka(read_access, sujet)


def _options(courtier: Courtier, delai: int) -> dict[str, Any]:
    """What a producer is told. ``delai``: milliseconds that a wave has."""
    entassement = min(int(_ENTASSEMENT * 1000), delai)
    return courtier.options() | {
        "client_id": f"ecluse-relais-{__version__}",
        "enable_idempotence": True,
        "acks": "all",
        "allow_auto_create_topics": False,
        "linger_ms": entassement,
        "batch_size": VAGUE_MAX * 2,
        "max_request_size": OCTETS_MAX * 2,
        "delivery_timeout_ms": delai + entassement,
        "request_timeout_ms": delai // 2,
        "max_block_ms": delai // 3,
        "bootstrap_timeout_ms": delai // 3,
        "reconnect_backoff_max_ms": 1000,
        "metrics_enabled": False,
    }


def _waves(messages: Sequence[_Message]) -> Iterator[list[_Message]]:
    """The messages in order, in lists of at most ``VAGUE_MAX`` bytes; one that is larger goes alone."""
    vague: list[_Message] = []
    taille = 0
    for message in messages:
        poids = len(message.octets) + _CADRE
        if vague and taille + poids > VAGUE_MAX:
            yield vague
            vague, taille = [], 0
        vague.append(message)
        taille += poids
    if vague:
        yield vague


def _abandon(producteur: Any) -> None:
    """Close a producer without sending what it holds, from any thread."""
    # Its own close(0) would raise while something waits and leave its thread running.
    producteur._sender.force_close()
    try:
        producteur.close(timeout=2.0)
    except _load("kafka.errors").KafkaError:
        # Its thread is a daemon that ends by itself: nothing of it is waited for.
        return


def _load(module: str) -> Any:
    """A module of the Kafka client. Raises ``AdresseInvalide`` where it is not installed."""
    try:
        with warnings.catch_warnings():
            # It reads its own version in a way that Python deprecates.
            warnings.simplefilter("ignore", DeprecationWarning)
            return importlib.import_module(module)
    except ImportError:
        raise AdresseInvalide(
            "adresse kafka:// : le client Kafka n'est pas installé ; installer ecluse[distribue]"
        ) from None
