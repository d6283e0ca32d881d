"""How a spool keeps events."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecluse.dossier import DossierInutilisable, DossierOccupe
from ecluse.emission.fichier import NOM_BASE, look, open_file
from ecluse.emission.spool import Spool, open_spool
from shared.temps import SECONDE
from tests.relais import courrier
from tests.spool import MAINTENANT, append, depot, waiting


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    spool = open_spool(tmp_path / "spool")
    yield spool
    spool.close()


def test_events_wait_in_order_and_outlive_the_closing_of_the_spool(tmp_path: Path) -> None:
    spool = open_spool(tmp_path / "s")
    assert append(spool, courrier("a"), courrier("b")) == ["accepte", "accepte"]
    assert append(spool, courrier("c")) == ["accepte"]
    spool.close()
    spool = open_spool(tmp_path / "s")
    assert waiting(spool) == ["a", "b", "c"]
    assert spool.read_state().attente == 3
    spool.close()


def test_the_same_event_again_is_a_duplicate_and_another_one_with_its_id_is_refused(spool: Spool) -> None:
    reecrit = dict(reversed(courrier("a").items()))
    assert append(spool, courrier("a"), courrier("a"), reecrit) == ["accepte", "doublon", "doublon"]
    (rendu,) = spool.append([depot(courrier("a", objet="C-2"))], MAINTENANT)
    assert (rendu.sort, rendu.id, rendu.type) == ("refuse", "a", "fr.caf.courrier.arrive.v1")
    assert "nouvel id" in rendu.detail
    assert waiting(spool) == ["a"]


def test_the_same_pair_on_types_of_two_services_is_two_events(spool: Spool) -> None:
    contact = courrier("a") | {
        "type": "fr.caf.contact.transfere.v1",
        "data": {"contact": "K-1", "transfere_le": "2024-03-05T09:10:00+01:00"},
    }
    assert append(spool, courrier("a"), contact) == ["accepte", "accepte"]


def test_the_bytes_of_the_sender_are_forwarded_untouched(spool: Spool) -> None:
    evenement = courrier("é", traceparent="00-ab", nombre=1.0)
    append(spool, evenement)
    assert spool.read_next(1, 1)[0].octets == json.dumps(evenement).encode()


@settings(max_examples=60, deadline=None)
@given(
    tailles=st.lists(st.integers(0, 300), min_size=1, max_size=12),
    nombre=st.integers(1, 12),
    octets=st.integers(1, 3000),
)
def test_a_batch_fits_the_door_and_is_never_empty(
    tmp_path_factory: pytest.TempPathFactory, tailles: list[int], nombre: int, octets: int
) -> None:
    spool = open_spool(tmp_path_factory.mktemp("s"))
    append(spool, *(courrier(f"e{i}", note="x" * t) for i, t in enumerate(tailles)))
    lot = spool.read_next(nombre, octets)
    corps = b"[" + b",".join(e.octets for e in lot) + b"]"
    assert 1 <= len(lot) <= nombre
    assert len(corps) <= octets or len(lot) == 1
    if len(lot) < min(nombre, len(tailles)):
        assert len(corps) + 1 + len(spool.read_next(nombre, 10**9)[len(lot)].octets) > octets
    spool.close()


def test_a_folder_is_owned_by_one_process(spool: Spool) -> None:
    with pytest.raises(DossierOccupe):
        open_spool(spool.dossier.chemin)


def test_a_file_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    open_spool(tmp_path).close()
    with closing(sqlite3.connect(tmp_path / NOM_BASE)) as connexion, connexion:
        connexion.execute("PRAGMA user_version = 99")
    connexion.close()
    with pytest.raises(DossierInutilisable, match="plus récente"):
        open_spool(tmp_path)


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    (tmp_path / NOM_BASE).write_bytes(b"ceci n'est pas une base" * 100)
    with pytest.raises(DossierInutilisable, match=NOM_BASE):
        open_spool(tmp_path)
    with pytest.raises(DossierInutilisable):
        look(tmp_path, 1)
    (tmp_path / NOM_BASE).unlink()
    open_spool(tmp_path).close()


def test_waiting_events_are_for_the_owner_of_the_folder_only(spool: Spool) -> None:
    append(spool, courrier("a"))
    modes = {f.name: f.stat().st_mode & 0o777 for f in spool.dossier.chemin.glob(NOM_BASE + "*")}
    assert set(modes) == {NOM_BASE, NOM_BASE + "-wal", NOM_BASE + "-shm"}
    assert set(modes.values()) == {0o600}


def test_the_oldest_waiting_event_dates_the_state(spool: Spool) -> None:
    assert spool.read_state().plus_ancien is None
    spool.append([depot(courrier("a"))], MAINTENANT)
    spool.append([depot(courrier("b"))], MAINTENANT + 5 * SECONDE)
    spool.settle([spool.read_next(1, 10**6)[0].rang], {}, MAINTENANT)
    assert spool.read_state().plus_ancien == "2024-03-05T12:00:05Z"


def test_what_is_committed_is_synced_to_the_disk(tmp_path: Path) -> None:
    """A kill can not tell: only a power cut loses what SQLite did not sync."""
    connexion = open_file(tmp_path, 0)
    assert connexion.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert connexion.execute("PRAGMA synchronous").fetchone() == (2,)
    connexion.close()
