"""The wire: what is written is read back, and what the publisher did not write is refused."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.bus.fil import (
    EPOQUE_EN_COURS,
    POSITION,
    TRACE,
    TYPE,
    EpoqueDuJournal,
    FilIllisible,
    Ligne,
    Lu,
    Ouverture,
    read_epoch,
    read_record,
    read_tick,
    write_opening,
    write_record,
    write_tick,
)
from shared.events.journal import LIGNEE_MAX, Maillon, TicPublie
from shared.runtime.journal import Enregistrement
from tests.contrat import validator

ENTIERS = st.integers(0, 2**63 - 1)
EPOQUES = st.builds(EpoqueDuJournal, st.integers(1, 2**31), st.text("0123456789abcdef", min_size=32, max_size=32))
TRACES = st.none() | st.from_regex(r"00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]", fullmatch=True)
LIGNES = st.builds(
    Ligne,
    partition=st.integers(0, 11),
    position=ENTIERS,
    precedent=ENTIERS,
    cle=st.text(st.characters(codec="utf-8"), min_size=1, max_size=70),
    type=st.sampled_from(["fr.caf.piece.arrivee.v1", "fr.caf.mouvement.piece.v1"]),
    octets=st.binary(),
    enregistre_le=ENTIERS,
    trace=TRACES,
)
LIGNE = Ligne(3, 41, 40, "091|D-1", "fr.caf.piece.arrivee.v1", b"{}", 1_700_000_000_000_000_000, None)
EPOQUE = EpoqueDuJournal(2, "ab12" * 8)
LIGNEE = (Maillon(1, "cd34" * 8, 0), Maillon(2, "ab12" * 8, 43))
MAILLONS = [Maillon(1, "cd34" * 8, 0, 0), Maillon(2, "ab12" * 8, 43, 40)]


@given(ligne=LIGNES, epoque=EPOQUES, offset=ENTIERS)
def test_a_row_sent_is_the_record_read(ligne: Ligne, epoque: EpoqueDuJournal, offset: int) -> None:
    envoi = write_record(ligne, epoque.encode())
    assert envoi.cle is not None
    assert envoi.cle.decode() == ligne.cle
    attendu = Enregistrement(
        "contacts",
        ligne.partition,
        ligne.position,
        ligne.precedent,
        ligne.type,
        ligne.octets,
        ligne.enregistre_le,
        offset,
        ligne.trace,
    )
    lu = read_record("contacts", ligne.partition, offset, envoi.entetes, envoi.valeur)
    assert lu == Lu(attendu, epoque)
    assert read_epoch(envoi.entetes) == (epoque, ligne.position)


def test_bytes_of_types_that_were_not_asked_for_are_left_aside() -> None:
    envoi = write_record(LIGNE, EPOQUE.encode())
    lu = read_record("contacts", 3, 0, envoi.entetes, envoi.valeur, types=("fr.caf.contact.recu.v1",))
    assert isinstance(lu, Lu)
    assert lu.enregistrement.octets is None
    assert lu.enregistrement.position == 41


def test_the_opening_of_an_epoch_tells_its_lineage_as_published() -> None:
    envoi = write_opening("contacts", EPOQUE, MAILLONS, LIGNE.enregistre_le)
    assert envoi.cle is None
    assert POSITION not in dict(envoi.entetes)
    assert read_epoch(envoi.entetes) == (EPOQUE, None)
    lue = read_record("contacts", 3, 7, envoi.entetes, envoi.valeur)
    assert lue == Ouverture("contacts", 3, EPOQUE, tuple(MAILLONS), 7)
    validator("fr.caf.journal.epoque.v1").validate(json.loads(envoi.valeur))


def test_an_opening_tells_the_last_epochs_only() -> None:
    longue = [Maillon(n, f"{n:032x}", n, 0) for n in range(1, LIGNEE_MAX + 20)]
    epoque = EpoqueDuJournal(longue[-1].numero, longue[-1].marque)
    envoi = write_opening("contacts", epoque, longue, LIGNE.enregistre_le)
    lue = read_record("contacts", 0, 0, envoi.entetes, envoi.valeur)
    assert isinstance(lue, Ouverture)
    assert lue.lignee == tuple(longue[-LIGNEE_MAX:])
    validator("fr.caf.journal.epoque.v1").validate(json.loads(envoi.valeur))


@given(instant=st.integers(0, 4_000_000_000 * 10**9), tete=ENTIERS, attente=st.integers(0, 2**40), epoque=EPOQUES)
def test_a_tick_sent_is_the_tick_read_as_published(
    instant: int, tete: int, attente: int, epoque: EpoqueDuJournal
) -> None:
    tic = TicPublie(epoque.numero, epoque.marque, instant, tete, (tete,) * 12, attente, LIGNEE)
    envoi = write_tick("recovery", tic)
    lu = read_tick(envoi.valeur)
    assert (lu.source, lu.donnees) == ("recovery", tic)
    validator("fr.caf.journal.tic.v1").validate(json.loads(envoi.valeur))


@pytest.mark.parametrize(
    ("entete", "valeur"),
    [
        (POSITION, b""),
        (POSITION, b"-1"),
        (POSITION, b"1_0"),
        (POSITION, b" 1"),
        (POSITION, "٣".encode()),
        (POSITION, b"9223372036854775808"),
        (TYPE, b"\xff"),
        (EPOQUE_EN_COURS, b"2"),
        (EPOQUE_EN_COURS, b"0.abc"),
        (EPOQUE_EN_COURS, b"2.a b"),
    ],
)
def test_a_record_that_no_publisher_wrote_is_refused_with_the_header_at_fault(entete: str, valeur: bytes) -> None:
    envoi = write_record(LIGNE, EPOQUE.encode())
    faux = [*(e for e in envoi.entetes if e[0] != entete), (entete, valeur)]
    with pytest.raises(FilIllisible, match=entete):
        read_record("contacts", 3, 0, faux, envoi.valeur)
    absent = [e for e in envoi.entetes if e[0] != entete]
    with pytest.raises(FilIllisible, match=entete):
        read_record("contacts", 3, 0, absent, envoi.valeur)


def test_a_trace_that_can_not_be_read_is_left_aside() -> None:
    envoi = write_record(LIGNE._replace(trace="pas une trace"), EPOQUE.encode())
    assert TRACE in dict(envoi.entetes)
    lu = read_record("contacts", 3, 0, envoi.entetes, envoi.valeur)
    assert isinstance(lu, Lu)
    assert lu.enregistrement.trace is None


@pytest.mark.parametrize("valeur", [None, b"", b"{}", b"\xff", b'{"type":"fr.caf.journal.tic.v1"}'])
def test_what_is_not_an_opening_or_a_tick_is_refused(valeur: bytes | None) -> None:
    envoi = write_opening("contacts", EPOQUE, MAILLONS, 0)
    with pytest.raises(FilIllisible):
        read_record("contacts", 3, 0, envoi.entetes, valeur)
    with pytest.raises(FilIllisible):
        read_tick(valeur)


def test_an_opening_whose_header_and_body_disagree_is_refused() -> None:
    envoi = write_opening("contacts", EPOQUE, MAILLONS, 0)
    entetes = [(n, b"3.ffff" if n == EPOQUE_EN_COURS else v) for n, v in envoi.entetes]
    with pytest.raises(FilIllisible, match="en-tête dit"):
        read_record("contacts", 3, 0, entetes, envoi.valeur)
