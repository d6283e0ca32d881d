"""The topic registry: one writer and one generation per topic, and nothing that a rebuild needs is ever thrown away."""

import re

import pytest

from shared.bus.sujets import CONTROLES, ENTREES, JOURNAUX, SUJETS, TICS, Sujet
from shared.events.catalogue import SERVICES
from shared.reglages import PARTITIONS


def test_each_topic_has_a_name_of_its_own_that_begins_with_the_prefix_and_ends_with_the_generation() -> None:
    noms = [sujet.nom("essai-3") for sujet in SUJETS]
    assert len(set(noms)) == len(noms)
    assert all(re.fullmatch(r"essai-3\.[a-z.]+\.v1", nom) for nom in noms)
    assert JOURNAUX["contacts"].nom() == "ecluse.contacts.v1"


def test_what_a_rebuild_reads_is_kept_for_ever() -> None:
    for service in SERVICES:
        reglages = JOURNAUX[service].reglages()
        assert (reglages["retention.ms"], reglages["retention.bytes"]) == ("-1", "-1")
        assert reglages["cleanup.policy"] == "delete"


def test_what_is_only_passing_is_thrown_away() -> None:
    assert ENTREES.reglages()["retention.ms"] == str(7 * 24 * 3_600_000)
    assert {s.retention_ms for s in (TICS, *CONTROLES.values())} == {3_600_000}


def test_what_is_only_passing_ends_its_segments_in_time_to_be_thrown_away() -> None:
    for sujet in SUJETS:
        if sujet.retention_ms is not None:
            assert int(sujet.reglages()["segment.ms"]) <= sujet.retention_ms // 2


def test_only_the_clock_of_the_broker_dates_what_others_write() -> None:
    dates = {sujet.famille for sujet in SUJETS if sujet.reglages()["message.timestamp.type"] == "LogAppendTime"}
    assert dates == {ENTREES.famille}


def test_a_log_has_one_writer_which_is_its_service() -> None:
    assert {service: sujet.proprietaire for service, sujet in JOURNAUX.items()} == {s: s for s in SERVICES}


@pytest.mark.parametrize("sujet", [ENTREES, *JOURNAUX.values()], ids=lambda s: s.famille)
def test_facts_of_a_dossier_share_a_partition_of_the_same_number_everywhere(sujet: Sujet) -> None:
    assert (sujet.partitions, sujet.cle) == (PARTITIONS, "caf|dossier")
