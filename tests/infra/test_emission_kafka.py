"""What is emitted towards Kafka is on the ingress topic, whatever stops the broker or the emitter."""

import gc
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from time import monotonic
from typing import Any

import httpx
import pytest

from ecluse.emission import Emitter
from ecluse.emission.entrees import DestinationKafka, open_topic
from ecluse.emission.fichier import look
from ecluse.emission.spool import Depot, open_spool
from shared.events.catalogue import TYPES
from shared.events.docs.exemples import front_office_example
from shared.events.porte import Recu, judge
from shared.partition import partition_of
from shared.reglages import read_clock
from shared.temps import HEURE, write_instant
from shared.web.porte import OCTETS_MAX
from tests.contrat import validator
from tests.infra.emission import Entrees, first_ids
from tests.infra.kafka import Kafka
from tests.infra.processus import DELAI
from tests.relais import Relais, command, courrier, start_relais

# The Kafka client leaves to the collector the sockets of attempts that were refused.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
DOSSIERS = 7


@pytest.fixture
def entrees(kafka: Kafka, prefixe: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Entrees]:
    """The ingress topic that the environment names; it is still to be made."""
    monkeypatch.setenv("ECLUSE_PREFIXE", prefixe)
    yield Entrees(kafka, f"{prefixe}.entrees.v1")
    gc.collect()


def suite(nombre: int, debut: int = 0) -> list[dict[str, Any]]:
    """Events of several dossiers in turn."""
    return [courrier(f"e{n}", subject=f"D-{n % DOSSIERS}") for n in range(debut, debut + nombre)]


def by_dossier(evenements: Sequence[dict[str, Any]]) -> dict[str, list[str]]:
    """The ids of each key, in order."""
    ordre: dict[str, list[str]] = {}
    for e in evenements:
        ordre.setdefault(f"{e['caf']}|{e['subject']}", []).append(e["id"])
    return ordre


def emit(emetteur: Emitter, evenements: Sequence[dict[str, Any]]) -> None:
    for e in evenements:
        emetteur.emit(**{nom: valeur for nom, valeur in e.items() if nom != "specversion"})


def impatient(entrees: Entrees) -> DestinationKafka:
    """A destination that gives up on a silent broker after seconds, not a minute."""
    destination = open_topic(entrees.adresse)
    return DestinationKafka(destination.read_access, entrees.sujet, delai=5)


def wait_until(vrai: Callable[[], object]) -> None:
    fin = monotonic() + DELAI
    while not vrai():
        assert monotonic() < fin


def test_events_of_every_type_arrive_in_order_by_dossier_as_the_contract_publishes_them(
    entrees: Entrees, tmp_path: Path
) -> None:
    entrees.create()
    exemples = [front_office_example(t) for t in TYPES.values()]
    evenements = [{**e, "id": f"{n}-{e['id']}"} for n in range(20) for e in exemples]
    with Emitter(tmp_path, entrees.adresse) as emetteur:
        emit(emetteur, evenements)
        assert emetteur.flush(DELAI)
    lus = entrees.read()
    assert first_ids(lus) == by_dossier(evenements)
    assert len(lus) == len(evenements)
    assert all(lu.partition == partition_of(lu.cle) for lu in lus)
    for lu in lus[: len(exemples) * 2]:
        validator(lu.evenement["type"]).validate(lu.evenement)
        assert lu.entetes == {"content-type": "application/cloudevents+json; charset=UTF-8"}


def pause(kafka: Kafka) -> None:
    kafka.pause()


def kill(kafka: Kafka) -> None:
    kafka.kill()


def stop(kafka: Kafka) -> None:
    kafka.stop()


@pytest.mark.parametrize("panne", [pause, kill, stop])
def test_everything_arrives_in_order_after_the_broker_was_away(
    panne: Callable[[Kafka], None], entrees: Entrees, tmp_path: Path
) -> None:
    entrees.create()
    evenements = suite(3_000)
    with Emitter(tmp_path, "", destination=impatient(entrees), attente_max=0.2) as emetteur:
        emit(emetteur, evenements[:1_000])
        panne(entrees.kafka)
        try:
            emit(emetteur, evenements[1_000:2_000])
            wait_until(lambda: emetteur.etat().derniere_erreur)
            assert not emetteur.flush(0)
        finally:
            entrees.kafka.resume()
            entrees.kafka.start()
        emit(emetteur, evenements[2_000:])
        assert emetteur.flush(DELAI)
        assert emetteur.etat().derniere_erreur is None
    assert first_ids(entrees.read()) == by_dossier(evenements)


@pytest.fixture
def relais_of(entrees: Entrees, tmp_path: Path) -> Iterator[Callable[[str | None], Relais]]:
    """Starts the relais of one folder, armed with a crash point or not; the last one is stopped after the test."""
    lances: list[Relais] = []

    def start(panne: str | None = None) -> Relais:
        lances.append(start_relais(tmp_path / "relais", entrees.adresse, panne=panne))
        return lances[-1]

    yield start
    for relais in lances:
        if relais.processus.poll() is None:
            relais.processus.kill()
        relais.processus.communicate()


def hand_over(relais: Relais, lot: list[dict[str, Any]]) -> bool:
    """Whether the relais answered for the batch; False when it died first."""
    try:
        reponse = relais.post(lot)
    except httpx.TransportError:
        return False
    assert reponse.status_code == 202, reponse.text
    assert reponse.json()["rejets"] == []
    return True


@pytest.mark.chaos
@pytest.mark.parametrize(
    "panne", ["relais.envoi.avant:2", "relais.envoi.apres:2", "relais.reglement.avant_commit:2", None]
)
def test_a_relais_that_is_killed_in_mid_flight_loses_nothing(
    panne: str | None, entrees: Entrees, relais_of: Callable[[str | None], Relais]
) -> None:
    entrees.create()
    evenements = suite(2_000)
    relais = relais_of(panne)
    donnes = 0
    while donnes < 1_000 and hand_over(relais, evenements[donnes : donnes + 100]):
        donnes += 100
    if panne is None:
        relais.processus.kill()
    assert relais.processus.wait(DELAI) == -9
    relais = relais_of(None)
    for debut in range(donnes, len(evenements), 500):
        assert hand_over(relais, evenements[debut : debut + 500])
    relais.wait_empty()
    assert relais.stop()[0] == 0
    # The batch that the dead relais did not answer for may have been taken: given again, it counts once.
    assert first_ids(entrees.read()) == by_dossier(evenements)


def test_what_the_door_would_refuse_is_parked_with_the_reason_and_the_rest_arrives(
    entrees: Entrees, tmp_path: Path
) -> None:
    entrees.create()
    # Judged by a clock that ran ahead: once it is right again, the rules of the door refuse the event.
    demain = read_clock() + 24 * HEURE
    futur = courrier("f", time=write_instant(demain))
    bons = suite(10)
    spool = open_spool(tmp_path)
    for evenement in (*bons[:5], futur, *bons[5:]):
        octets = json.dumps(evenement).encode()
        recu = judge(octets, demain)
        assert isinstance(recu, Recu)
        spool.append([Depot(recu, octets)], demain)
    spool.close()
    with Emitter(tmp_path, entrees.adresse) as emetteur:
        assert emetteur.flush(DELAI)
        (refuse,) = emetteur.refuses()
        assert (refuse.id, refuse.detail) == ("f", "time est dans le futur (plus de 5 minutes après la réception)")
        assert emetteur.etat().refuses == 1
    assert first_ids(entrees.read()) == by_dossier(bons)
    assert "Refusés par la destination : 1." in command("etat", "--dossier", str(tmp_path)).output


def test_an_event_too_large_for_the_topic_is_parked_and_holds_up_no_other(
    entrees: Entrees, relais_of: Callable[[str | None], Relais], tmp_path: Path
) -> None:
    entrees.create(max_message_bytes="20000")
    bons = suite(400)
    grand = courrier("grand", extension="x" * 30_000)
    tres_grand = courrier("tres-grand", extension="x" * 4_000_000)
    relais = relais_of(None)
    assert hand_over(relais, [*bons[:200], grand, tres_grand, *bons[200:]])
    relais.wait_empty()
    _, refuses = look(tmp_path / "relais", 10)
    assert [r.id for r in refuses] == ["grand", "tres-grand"]
    assert "trop grand pour le sujet" in refuses[0].detail
    assert first_ids(entrees.read()) == by_dossier(bons)


def test_the_topic_as_declared_takes_the_largest_event_that_the_door_takes(
    entrees: Entrees, relais_of: Callable[[str | None], Relais]
) -> None:
    entrees.create()
    grands = [courrier(f"g{n}", extension="") for n in range(2)]
    for grand in grands:
        grand["extension"] = "x" * (OCTETS_MAX - len(json.dumps(grand)) - 10)
    relais = relais_of(None)
    for grand in grands:
        assert hand_over(relais, [grand])
    relais.wait_empty()
    assert first_ids(entrees.read()) == by_dossier(grands)


def test_a_missing_topic_is_told_and_what_waits_leaves_once_it_is_made(entrees: Entrees, tmp_path: Path) -> None:
    with Emitter(tmp_path, "", destination=impatient(entrees), attente_max=0.2) as emetteur:
        emit(emetteur, suite(3))
        wait_until(lambda: "introuvable" in str(emetteur.etat().derniere_erreur))
        entrees.create()
        assert emetteur.flush(DELAI)
    assert len(entrees.read()) == 3


def test_an_emitter_closes_at_once_while_a_broker_is_silent_and_leaves_no_thread(
    entrees: Entrees, tmp_path: Path
) -> None:
    entrees.create()
    avant = threading.active_count()
    with Emitter(tmp_path, entrees.adresse) as emetteur:
        emit(emetteur, suite(3))
        assert emetteur.flush(DELAI)
        entrees.kafka.pause()
        try:
            emit(emetteur, suite(3, debut=3))
            emetteur.close(timeout=0.1)
            wait_until(lambda: threading.active_count() <= avant)
        finally:
            entrees.kafka.resume()
    with Emitter(tmp_path, entrees.adresse) as emetteur:
        assert emetteur.flush(DELAI)
    assert first_ids(entrees.read()) == by_dossier(suite(6))
