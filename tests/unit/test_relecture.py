"""A log read again from its topic after a position: what was before is left out, a hole at the seam is told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from shared.bus import source
from shared.bus.fil import EpoqueDuJournal, Ligne, write_record
from shared.bus.source import Recue, SourceKafka
from shared.bus.tics import TicsLus
from shared.events.journal import Maillon
from shared.runtime.reperes import Avance, Trou
from shared.runtime.service import Cloche

NOM = "production"
TYPE = "un.type"
EPOQUE = EpoqueDuJournal(1, "a" * 32)


@dataclass(frozen=True)
class Brut:
    """A record as the client library gives it."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]


class Lu:
    """A reader that has read all there is."""

    arret: str | None = None

    def reseek(self) -> None:
        """Nothing more comes."""


def record(position: int) -> Brut:
    envoi = write_record(Ligne(0, position, position - 1, "091|D", TYPE, b"{}", position, None), EPOQUE.encode())
    return Brut(NOM, 0, position, 0, envoi.cle, envoi.valeur, envoi.entetes)


def topic(*positions: int) -> SourceKafka:
    """A log whose topic holds these."""

    @contextmanager
    def launch(recue: Recue) -> Iterator[Lu]:
        recue.apply(0, [record(position) for position in positions])
        yield Lu()

    tics = TicsLus([NOM])
    tics.lignee(NOM).learn([Maillon(1, EPOQUE.marque, 0)])
    return SourceKafka(NOM, (TYPE,), tics, Cloche(), launch)


@pytest.mark.parametrize(("debut", "apres"), [(1, 0), (1, 1), (1, 5), (1, 11), (4, 3), (4, 11)])
def test_what_follows_a_position_is_read(debut: int, apres: int) -> None:
    with topic(*range(debut, 13)).reread(Avance(curseur=apres)) as relecture:
        assert [r.position for r in relecture.read(apres, 100, (TYPE,))] == list(range(apres + 1, 13))


@pytest.mark.parametrize(("debut", "apres"), [(4, 2), (9, 5), (2, 0)])
def test_a_topic_that_begins_after_the_seam_is_a_hole(debut: int, apres: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "PATIENCE_RELECTURE", 0.0)
    monkeypatch.setattr(source, "PATIENCE_TROU", -1.0)
    with (
        topic(*range(debut, 13)).reread(Avance(curseur=apres)) as relecture,
        pytest.raises(Trou, match=f"après la position {apres}|{apres + 1} manque"),
    ):
        relecture.read(apres, 100, (TYPE,))


def test_what_comes_of_before_says_that_the_rest_is_on_its_way() -> None:
    """Reading what is left out may last longer than one waits for a record."""
    coups: list[None] = []
    tics = TicsLus([NOM])
    tics.lignee(NOM).learn([Maillon(1, EPOQUE.marque, 0)])
    recue = Recue(NOM, (TYPE,), tics.lignee(NOM), lambda: coups.append(None))
    recue.go_to(Avance(curseur=50))
    recue.apply(0, [record(position) for position in range(1, 40)])
    assert len(coups) == 1
    assert recue.held == 0
