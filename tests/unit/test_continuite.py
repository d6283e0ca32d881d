"""A topic and a database tell the same log, or nothing is published."""

import pytest

from shared.bus.admin import SujetVu
from shared.bus.continuite import Connu, Dernier, judge, judge_topic
from shared.bus.fil import EpoqueDuJournal
from shared.reglages import PARTITIONS
from shared.runtime.reperes import Arret

E1, E2, AUTRE = EpoqueDuJournal(1, "aa"), EpoqueDuJournal(2, "bb"), EpoqueDuJournal(2, "cc")
# Partition 0 goes up to 40, acknowledged up to 30.
CONNU = Connu("id-1", {1: "aa", 2: "bb"}, [40] + [0] * 11, [30] + [0] * 11)
NEUF = Connu(None, {}, [0] * 12, [0] * 12)


@pytest.mark.parametrize(
    ("connu", "dernier"),
    [
        (CONNU, Dernier(E2, 40)),
        (CONNU, Dernier(E2, 30)),
        # The last record is of a deposed publisher, or the opening of an epoch: what comes before it tells.
        (CONNU, Dernier(E1, 40)),
        (CONNU, Dernier(E1, 30)),
        (NEUF, None),
        (CONNU._replace(confirmes=[0] * 12), None),
        (CONNU._replace(confirmes=[0] * 12), Dernier(E2, 0)),
    ],
)
def test_a_topic_that_ends_where_the_database_knows_is_continued(connu: Connu, dernier: Dernier | None) -> None:
    judge("ecluse.contacts.v1", connu, [dernier] + [None] * 11)


@pytest.mark.parametrize(
    ("connu", "dernier", "constat"),
    [
        (CONNU, Dernier(E2, 41), "va jusqu'à la position 41"),
        (CONNU, Dernier(E1, 41), "va jusqu'à la position 41"),
        (CONNU, Dernier(AUTRE, 40), "que cette base ne connaît pas"),
        (CONNU, Dernier(EpoqueDuJournal(3, "dd"), 0), "que cette base ne connaît pas"),
        (NEUF, Dernier(E1, 1), "que cette base ne connaît pas"),
        (CONNU, Dernier(E2, 29), "Kafka a perdu des enregistrements"),
        (CONNU, Dernier(E1, 29), "Kafka a perdu des enregistrements"),
        (CONNU, Dernier(E2, 0), "Kafka a perdu des enregistrements"),
        (CONNU, None, "Kafka a perdu des enregistrements"),
    ],
)
def test_what_does_not_continue_stops_the_publisher_and_says_what_to_do(
    connu: Connu, dernier: Dernier | None, constat: str
) -> None:
    with pytest.raises(Arret) as arret:
        judge("ecluse.contacts.v1", connu, [dernier] + [None] * 11)
    assert constat in str(arret.value)
    assert "ecluse.contacts.v1, partition 0," in str(arret.value)
    assert "Rien n'est publié. Remettre" in str(arret.value)


def test_the_topic_is_the_one_that_the_log_goes_to() -> None:
    vu = SujetVu("id-1", PARTITIONS)
    assert judge_topic("s", vu, None) == judge_topic("s", vu, "id-1") == "id-1"


@pytest.mark.parametrize(
    ("vu", "constat"),
    [
        (None, "n'existe pas : le créer avec « ecluse topics create »"),
        (SujetVu("id-2", PARTITIONS), "a été recréé : son identifiant est id-2, ce journal allait dans id-1"),
        (SujetVu("id-1", 6), "a 6 partitions au lieu de 12"),
    ],
)
def test_another_topic_stops_the_publisher(vu: SujetVu | None, constat: str) -> None:
    with pytest.raises(Arret, match=constat):
        judge_topic("s", vu, "id-1")
