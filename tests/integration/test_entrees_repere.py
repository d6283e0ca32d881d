"""The watermark of the ingress passes what belongs to others without a transaction each, and never passes an effect."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from services.production.app import bootstrap as open_production
from shared.bus.entrees import Entrees
from shared.events.catalogue import ENCODER
from shared.events.porte import Recu
from shared.reglages import Reglages
from shared.runtime.ecrivain import Indisponible
from shared.runtime.lot import Lot, Verdict
from shared.runtime.repere_entrees import Devance
from shared.runtime.service import ServiceDeFaits
from tests.fabrique import Brut
from tests.infra.lectures import journal_ids, taken
from tests.maisons import arrivee, fait

PARTITION = 3
DES_AUTRES = fait("indu.annule", "2023-01-02T10:00:00Z", dossier="D", creance="C", montant_centimes=100)


@dataclass(frozen=True)
class Enregistrement:
    """A record of the ingress."""

    offset: int
    value: bytes | None
    key: bytes | None = b"091|D"
    topic: str = "entrees"
    partition: int = PARTITION
    timestamp: int = 0
    headers: Sequence[tuple[str, bytes]] = ()


@pytest.fixture
def production(tmp_path: Path) -> Iterator[ServiceDeFaits]:
    service = open_production(Reglages(tmp_path), lambda: None)
    yield service
    service.close()


def reader(service: ServiceDeFaits) -> Entrees:
    """The receiver of a process that has just been given the partition."""
    entrees = Entrees(service, "entrees", lambda: "une identité")
    entrees.assigned([PARTITION])
    return entrees


def records(debut: int, *bruts: Brut) -> list[Enregistrement]:
    """These events, one after the other from an offset on."""
    return [Enregistrement(debut + n, ENCODER.encode(brut)) for n, brut in enumerate(bruts)]


def piece(numero: int) -> Brut:
    """A piece of the dossier of the partition."""
    return arrivee(f"P{numero}", dossier="D")


def test_what_belongs_to_others_is_passed_once_a_moment_and_counted_once(production: ServiceDeFaits) -> None:
    entrees = reader(production)
    entrees.apply(PARTITION, records(0, DES_AUTRES, DES_AUTRES))
    entrees.apply(PARTITION, records(2, DES_AUTRES))
    assert (taken(production), entrees.compteurs.ignores) == (0, 0)
    entrees.settle()
    assert (taken(production), entrees.compteurs.ignores) == (3, 3)
    entrees.settle()
    assert (taken(production), entrees.compteurs.ignores) == (3, 3)
    assert reader(production).assigned([PARTITION]) == {PARTITION: 3}


def test_an_effect_takes_what_was_put_off_with_it(production: ServiceDeFaits) -> None:
    entrees = reader(production)
    entrees.apply(PARTITION, records(0, DES_AUTRES))
    entrees.apply(PARTITION, records(1, piece(1), DES_AUTRES))
    assert (taken(production), entrees.compteurs.ignores) == (3, 2)
    entrees.settle()
    assert taken(production) == 3


def test_what_has_no_effect_yet_is_never_passed(production: ServiceDeFaits, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Lot, __: Sequence[Recu]) -> list[Verdict]:
        raise Indisponible("base absente")

    entrees = reader(production)
    entrees.apply(PARTITION, records(0, DES_AUTRES))
    lot = records(1, piece(1), DES_AUTRES)
    with monkeypatch.context() as panne:
        panne.setattr(Lot, "take", refuse)
        with pytest.raises(Indisponible):
            entrees.apply(PARTITION, lot)
    entrees.settle()
    assert taken(production) == 1
    entrees.apply(PARTITION, lot)
    assert taken(production) == 3
    assert journal_ids(production) == [piece(1)["id"]]


def test_whoever_was_overtaken_learns_it_although_nothing_was_its_own(production: ServiceDeFaits) -> None:
    reader(production).apply(PARTITION, records(0, piece(1)))
    ancien, nouveau = reader(production), reader(production)
    ancien.apply(PARTITION, records(1, DES_AUTRES))
    nouveau.apply(PARTITION, records(1, DES_AUTRES, piece(2), piece(3)))
    with pytest.raises(Devance):
        ancien.settle()
    assert taken(production) == 4
    assert ancien.assigned([PARTITION]) == {PARTITION: 4}
    ancien.settle()
    ancien.apply(PARTITION, records(4, piece(4)))
    assert taken(production) == 5
    assert len(journal_ids(production)) == 4


def test_a_partition_that_was_taken_back_is_left_as_it_was(production: ServiceDeFaits) -> None:
    entrees = reader(production)
    entrees.apply(PARTITION, records(0, DES_AUTRES))
    entrees.revoked([PARTITION])
    entrees.settle()
    assert taken(production) == 0
