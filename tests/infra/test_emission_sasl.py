"""A broker that asks for a password: a wrong one is told, the right one needs no restart."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from kafka.admin import KafkaAdminClient

from ecluse.emission import Emitter
from ecluse.emission.entrees import DestinationKafka, open_topic
from tests.infra.emission import Entrees
from tests.infra.fixtures import launch
from tests.infra.kafka import Kafka
from tests.maisons import eventually

COMPTE, SECRET = "emetteur", "mot-de-passe-d-essai"
JAAS = "org.apache.kafka.common.security.plain.PlainLoginModule required"


class KafkaFerme(Kafka):
    """A broker that lets one account in."""

    def __init__(self) -> None:
        super().__init__(
            {
                "listener.security.protocol.map": "PLAINTEXT:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT",
                "inter.broker.listener.name": "PLAINTEXT",
                "sasl.enabled.mechanisms": "PLAIN",
                "sasl.mechanism.inter.broker.protocol": "PLAIN",
                "listener.name.plaintext.plain.sasl.jaas.config": (
                    f'{JAAS} username="{COMPTE}" password="{SECRET}" user_{COMPTE}="{SECRET}";'
                ),
            }
        )

    def admin(self) -> KafkaAdminClient:
        """See ``Kafka``."""
        return KafkaAdminClient(
            bootstrap_servers=self.adresse,
            bootstrap_timeout_ms=2_000,
            security_protocol="SASL_PLAINTEXT",
            sasl_mechanism="PLAIN",
            sasl_plain_username=COMPTE,
            sasl_plain_password=SECRET,
        )


@pytest.fixture
def entrees() -> Iterator[Entrees]:
    for kafka in launch(KafkaFerme):
        entrees = Entrees(kafka, "ecluse.entrees.v1")
        entrees.create()
        yield entrees


@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
def test_a_wrong_password_is_told_and_the_right_one_is_read_again(entrees: Entrees, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("pas-le-bon\n")
    environ = {
        "ECLUSE_KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT",
        "ECLUSE_KAFKA_SASL_MECHANISM": "PLAIN",
        "ECLUSE_KAFKA_SASL_USERNAME": COMPTE,
        "ECLUSE_KAFKA_SASL_PASSWORD_FILE": str(secret),
    }
    lue = open_topic(entrees.adresse, environ)
    destination = DestinationKafka(lue.read_access, lue.sujet, delai=3)
    with Emitter(tmp_path / "spool", "", destination=destination, attente_max=0.2) as emetteur:
        emetteur.emit(
            type="fr.caf.courrier.arrive.v1",
            source="/essai",
            subject="D-1",
            caf="091",
            data={"courrier": "C-1", "arrive_le": "2024-03-05T09:10:00+01:00"},
        )
        assert "ECLUSE_KAFKA_" in eventually(lambda: emetteur.etat().derniere_erreur)
        secret.unlink()
        assert eventually(lambda: "ECLUSE_KAFKA_SASL_PASSWORD_FILE" in str(emetteur.etat().derniere_erreur))
        secret.write_text(f"{SECRET}\n")
        assert emetteur.flush(60)
        assert emetteur.etat().derniere_erreur is None
