"""A real Apache Kafka broker, alone in its cluster (KRaft, combined mode)."""

from __future__ import annotations

import shutil
import socket
import subprocess
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.infra.jars import kafka_jars
from tests.infra.processus import Serveur, ServeurAbsent, ServeurEnPanne, free_port

with warnings.catch_warnings():
    # kafka-python reads its version in a way that Python 3.11 deprecates.
    warnings.simplefilter("ignore", DeprecationWarning)
    from kafka.admin import KafkaAdminClient

GRAPPE = "ecluse-tests-kafka-001"
REGLAGES = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "auto.create.topics.enable": "false",
    "offsets.topic.num.partitions": "1",
    "offsets.topic.replication.factor": "1",
    "transaction.state.log.num.partitions": "1",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "share.coordinator.state.topic.num.partitions": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1000",
    # After a kill it may come back only once its former session has ended.
    "broker.session.timeout.ms": "3000",
    "broker.heartbeat.interval.ms": "500",
    # Small index files and a small cleaner: tests make many small topics in a small heap.
    "log.index.size.max.bytes": "1048576",
    "log.cleaner.dedupe.buffer.size": "4194304",
    "num.network.threads": "2",
    "num.io.threads": "4",
}


class Kafka(Serveur):
    """A broker; ``reglages`` add to its ``server.properties``."""

    nom = "kafka"

    def __init__(self, reglages: Mapping[str, str] | None = None, memoire: str = "512m") -> None:
        self._java = shutil.which("java")
        if self._java is None:
            raise ServeurAbsent("Java absent : apt-get install openjdk-17-jre-headless")
        self._jars = kafka_jars()
        self._reglages = {**REGLAGES, **(reglages or {})}
        self._memoire = memoire
        self._controleur = free_port()
        super().__init__()

    @property
    def adresse(self) -> str:
        """Where clients begin: ``host:port``."""
        return f"127.0.0.1:{self.port}"

    def admin(self) -> KafkaAdminClient:
        """A client of its administration, to be closed."""
        return KafkaAdminClient(
            bootstrap_servers=self.adresse, bootstrap_timeout_ms=30_000, request_timeout_ms=30_000, retry_backoff_ms=50
        )

    def topics(self, prefixe: str = "") -> list[str]:
        """Its topics whose names begin so, in order."""
        with self.admin() as client:
            return sorted(nom for nom in client.list_topics() if nom.startswith(prefixe))

    def delete_topics(self, prefixe: str) -> None:
        """Delete the topics whose names begin so."""
        with self.admin() as client:
            if noms := [nom for nom in client.list_topics() if nom.startswith(prefixe)]:
                client.delete_topics(noms)

    def prepare(self) -> None:
        local = {
            "listeners": f"PLAINTEXT://{self.adresse},CONTROLLER://127.0.0.1:{self._controleur}",
            "advertised.listeners": f"PLAINTEXT://{self.adresse}",
            "controller.quorum.voters": f"1@127.0.0.1:{self._controleur}",
            "log.dirs": str(self.dossier / "journaux"),
        }
        lignes = (f"{nom}={valeur}\n" for nom, valeur in {**self._reglages, **local}.items())
        self._properties.write_text("".join(lignes))
        format_ = ["kafka.tools.StorageTool", "format", "-t", GRAPPE, "-c", str(self._properties)]
        fin = subprocess.run([*self._jvm("64m"), *format_], capture_output=True, text=True, check=False)
        if fin.returncode:
            raise ServeurEnPanne(f"Kafka n'a pas préparé ses dossiers : {(fin.stdout + fin.stderr).strip()[-2000:]}")

    def command(self) -> Sequence[str | Path]:
        return [*self._jvm(self._memoire), "kafka.Kafka", self._properties]

    def ask(self) -> None:
        # The client leaves its sockets open when nobody listens.
        socket.create_connection(("127.0.0.1", self.port), timeout=5).close()
        with self.admin() as client:
            if not client.describe_cluster()["brokers"]:
                raise ServeurEnPanne("Kafka n'a pas encore de courtier.")

    @property
    def _properties(self) -> Path:
        return self.dossier / "server.properties"

    def _jvm(self, memoire: str) -> list[str]:
        # A short start matters more here than speed in the long run.
        souple = ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto", f"-Xmx{memoire}"]
        muet = ["-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-Dorg.slf4j.simpleLogger.showDateTime=true"]
        return [str(self._java), *souple, *muet, "-cp", f"{self._jars}/*"]
