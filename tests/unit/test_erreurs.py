"""What is shown of an error: never what a library was working on."""

import pytest
from aiokafka.errors import KafkaConnectionError
from sqlalchemy.exc import OperationalError

from shared.bus.voies import name_error
from shared.erreurs import describe_error
from shared.runtime.reperes import Trou


class Refusee(Exception):
    """What a driver raises."""

    sqlstate = "28P01"


REFUS = OperationalError(
    "SELECT cle FROM boite", {"cle": "D-1"}, Refusee("connection to 10.0.0.7 failed for user ecluse")
)


@pytest.mark.parametrize("dit", [describe_error(REFUS), name_error(REFUS)])
def test_of_a_database_the_code_alone_is_told(dit: str) -> None:
    assert dit == "OperationalError (28P01)"


def test_of_a_library_the_class_alone_is_told() -> None:
    assert describe_error(ValueError("D-1 n'est pas un entier")) == "ValueError"


@pytest.mark.parametrize("erreur", [Trou("la position 3 manque"), KafkaConnectionError("127.0.0.1:9092 est fermé")])
def test_our_own_texts_and_those_that_speak_of_machines_are_told(erreur: Exception) -> None:
    assert describe_error(erreur) == f"{type(erreur).__name__}: {erreur}"
