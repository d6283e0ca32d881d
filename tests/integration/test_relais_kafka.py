"""What an emitter towards Kafka says before it reaches a broker: address, settings, library."""

import subprocess
import sys
from pathlib import Path

import pytest

from ecluse.emission import Emitter
from ecluse.emission.destination import AdresseInvalide
from ecluse.emission.entrees import open_topic
from tests.relais import RACINE, command, environment


def refusal(*options: str) -> str:
    """The one line of a relais that does not start."""
    resultat = command(*options)
    assert resultat.exit_code == 2, resultat.output
    (ligne,) = resultat.stderr.splitlines()
    return ligne


@pytest.mark.parametrize(
    "adresse",
    ["kafka://", "kafka://machine", "kafka://machine:0", "kafka://machine:99999", "kafka://a:1,,b:2", "kafka://a:1/x"],
)
def test_an_address_that_names_no_broker_is_refused_in_one_line(adresse: str, tmp_path: Path) -> None:
    assert "attendu kafka://machine:port" in refusal("--dossier", str(tmp_path / "r"), "--vers", adresse)
    assert not (tmp_path / "r").exists()


def test_a_password_in_the_address_is_refused_and_not_repeated(tmp_path: Path) -> None:
    ligne = refusal("--dossier", str(tmp_path / "r"), "--vers", "kafka://moi:hunter2@machine:9092")
    assert "ECLUSE_KAFKA_SASL_PASSWORD_FILE" in ligne
    assert "hunter2" not in ligne


@pytest.mark.parametrize(
    ("variable", "valeur"),
    [
        ("ECLUSE_KAFKA_SECURITY_PROTOCOL", "AUCUN"),
        ("ECLUSE_KAFKA_SSL_CAFILE", "/nulle/part.pem"),
        ("ECLUSE_PREFIXE", "a/b"),
    ],
)
def test_a_wrong_setting_is_named_in_one_line(
    variable: str, valeur: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, valeur)
    assert variable in refusal("--dossier", str(tmp_path / "r"), "--vers", "kafka://machine:9092")


def test_without_the_kafka_client_the_line_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "kafka", None)
    ligne = refusal("--dossier", str(tmp_path / "r"), "--vers", "kafka://machine:9092")
    assert "installer ecluse[distribue]" in ligne
    with pytest.raises(AdresseInvalide, match=r"installer ecluse\[distribue\]"):
        Emitter(tmp_path / "s", "kafka://machine:9092")
    assert not (tmp_path / "s").exists()


def test_an_unknown_scheme_is_told_all_that_are_known(tmp_path: Path) -> None:
    assert "kafka://" in refusal("--dossier", str(tmp_path / "r"), "--vers", "amqp://machine:5672")


def test_the_topic_carries_the_prefix_of_the_environment() -> None:
    assert open_topic("kafka://machine:9092", {}).sujet == "ecluse.entrees.v1"
    assert open_topic("kafka://a:1,[::1]:2/", {"ECLUSE_PREFIXE": "essai"}).sujet == "essai.entrees.v1"


def test_the_kafka_client_is_loaded_for_kafka_alone(tmp_path: Path) -> None:
    programme = (
        "import sys\n"
        "from ecluse.emission import Emitter\n"
        f"Emitter({str(tmp_path)!r}, 'http://127.0.0.1:1').close(0)\n"
        "print([m for m in ('kafka', 'ecluse.distribue', 'ecluse.emission.entrees') if m in sys.modules])\n"
    )
    fin = subprocess.run(
        [sys.executable, "-c", programme], cwd=RACINE, env=environment(), capture_output=True, text=True, check=True
    )
    assert fin.stdout == "[]\n"
