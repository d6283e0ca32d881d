"""What the Kafka clients repeat is heard from time to time."""

import logging

from shared.bus.bavards import DeTempsEnTemps


def record(texte: str, *mots: object, niveau: int = logging.WARNING) -> logging.LogRecord:
    return logging.LogRecord("aiokafka", niveau, __file__, 1, texte, mots, None)


def test_one_wording_is_let_through_once_in_a_while_whatever_fills_it() -> None:
    heures = iter([0.0, 1.0, 29.0, 30.0, 31.0])
    filtre = DeTempsEnTemps(30.0, lambda: next(heures))
    assert [filtre.filter(record("node %s", n)) for n in range(5)] == [True, False, False, True, False]


def test_another_wording_is_heard_at_once() -> None:
    filtre = DeTempsEnTemps(30.0, lambda: 0.0)
    assert filtre.filter(record("une"))
    assert filtre.filter(record("autre"))


def test_what_is_no_warning_is_left_alone() -> None:
    filtre = DeTempsEnTemps(30.0, lambda: 0.0)
    assert all(filtre.filter(record("info", niveau=logging.INFO)) for _ in range(3))
