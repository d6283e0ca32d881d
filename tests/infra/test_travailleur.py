"""Workers as processes: they share the ingress, stop when told, and one that was asleep too long is fenced."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, InternalError

from services.production.app import bootstrap as open_production
from shared.bus.admin import Administration
from shared.bus.courtier import Courtier
from shared.bus.entrees import APRES_EFFETS, APRES_REPERE
from shared.bus.sujets import CONTROLES, ENTREES
from shared.migrations import upgrade
from shared.pannes import VARIABLE
from shared.reglages import Reglages
from shared.runtime.ecrivain import APRES_COMMIT
from shared.runtime.service import ServiceDeFaits
from shared.runtime.verrous import SEAUX_UN_A_UN, Verrous
from tests.fabrique import Brut
from tests.infra.clients import kcat
from tests.infra.kafka import Kafka
from tests.infra.lectures import Sujet, journal_ids, letters, taken
from tests.infra.postgres import Postgres
from tests.maisons import PATIENCE, arrivee, eventually

RACINE = Path(__file__).parents[2]
SOMMEILS = 4


@dataclass
class Processus:
    """A worker in a process of its own."""

    processus: "subprocess.Popen[str]"
    journal: Path

    def says(self, mot: str) -> bool:
        """Whether it has said so."""
        return mot in self.journal.read_text().splitlines()

    def stop(self, delai: float = PATIENCE) -> dict[str, Any]:
        """Ask it to stop; what it counted."""
        self.processus.send_signal(signal.SIGTERM)
        assert self.processus.wait(delai) == 0, self.journal.read_text()[-3_000:]
        # What Faust still logs while its threads end may come after it.
        (dit,) = (ligne for ligne in self.journal.read_text().splitlines() if ligne.startswith('{"devances"'))
        bilan: dict[str, Any] = json.loads(dit)
        return bilan


def _taken(service: ServiceDeFaits) -> int:
    """See ``taken``; the connections of the test too were cut."""
    try:
        return taken(service)
    except DBAPIError:
        return -1


Lanceur = Callable[..., Processus]


@pytest.fixture
def sujet(kafka: Kafka, prefixe: str) -> Sujet:
    with Administration(Courtier((kafka.adresse,), prefixe)) as administration:
        administration.create()
    return Sujet(kafka, ENTREES.nom(prefixe))


@pytest.fixture
def base(nouvelle_base: Callable[[str], str]) -> str:
    url = nouvelle_base("production")
    upgrade("production", url)
    return url


@pytest.fixture
def production(base: str, tmp_path: Path) -> Iterator[ServiceDeFaits]:
    service = open_production(Reglages(tmp_path, bases={"production": base}), lambda: None)
    yield service
    service.close()


@pytest.fixture
def launch(sujet: Sujet, prefixe: str, base: str, tmp_path: Path) -> Iterator[Lanceur]:
    lances: list[Processus] = []

    def launch(instance: str = "", attend: bool = True, session: int = 6_000, panne: str = "") -> Processus:
        journal = tmp_path / f"travailleur-{len(lances)}.txt"
        commande = [sys.executable, "-m", "tests.infra.programme_travailleur", "production", base]
        with journal.open("w") as sortie:
            processus = subprocess.Popen(
                [*commande, sujet.kafka.adresse, prefixe, str(session), instance],
                cwd=RACINE,
                stdout=sortie,
                stderr=sortie,
                text=True,
                env=os.environ | {"PYTHONUNBUFFERED": "1", VARIABLE: panne},
            )
        lances.append(Processus(processus, journal))
        if attend:
            eventually(lambda: lances[-1].says("pret"))
        return lances[-1]

    yield launch
    for lance in lances:
        lance.processus.kill()
        lance.processus.wait()


def test_two_workers_share_the_ingress_and_one_that_slept_is_fenced(
    sujet: Sujet, production: ServiceDeFaits, launch: Lanceur
) -> None:
    endormi, eveille = launch(), launch()
    envoyes: list[Brut] = []
    for _ in range(SOMMEILS):
        suite = [arrivee(f"P{n}", dossier=f"D{n % 200}") for n in range(len(envoyes), len(envoyes) + 6_000)]
        envoyes += suite
        put_to_sleep(endormi, sujet, production, suite)
        # It may have had nothing under way, or have heard that its partitions were gone before it wrote.
        if any("repère déplacé par un autre" in p.journal.read_text() for p in (endormi, eveille)):
            break
    assert endormi.stop()["devances"] + eveille.stop()["devances"] >= 1
    assert sorted(journal_ids(production)) == sorted(e["id"] for e in envoyes)


def put_to_sleep(endormi: Processus, sujet: Sujet, production: ServiceDeFaits, envoyes: Sequence[Brut]) -> None:
    """Have a worker sleep in the middle of its work until another has taken all of it, then wake it up."""
    avant, milieu = taken(production), len(envoyes) // 2
    sujet.send(envoyes[:milieu])
    eventually(lambda: taken(production) > avant + 100)
    os.kill(endormi.processus.pid, signal.SIGSTOP)
    sujet.send(envoyes[milieu:])
    # The other one can only take everything once the group has given it the partitions of the sleeper.
    eventually(lambda: taken(production) == avant + len(envoyes))
    os.kill(endormi.processus.pid, signal.SIGCONT)
    sujet.send(envoyes[:100])
    eventually(lambda: taken(production) == avant + len(envoyes) + 100)


def test_a_database_that_goes_and_comes_back_costs_nothing(
    sujet: Sujet, postgres: Postgres, production: ServiceDeFaits, launch: Lanceur
) -> None:
    travailleur = launch()
    sujet.send([arrivee(f"P{n}", dossier=f"D{n}") for n in range(500)])
    eventually(lambda: taken(production) > 0)
    postgres.kill()
    try:
        sujet.send([arrivee(f"Q{n}", dossier=f"D{n}") for n in range(500)])
        eventually(lambda: "lot à reprendre" in travailleur.journal.read_text())
    finally:
        postgres.start()
    eventually(lambda: _taken(production) == 1_000)
    assert len(set(journal_ids(production))) == len(journal_ids(production)) == 1_000
    assert letters(production) == []
    travailleur.stop()


def test_a_writer_that_sleeps_in_its_transaction_holds_nobody_up_for_long(
    sujet: Sujet, production: ServiceDeFaits, launch: Lanceur
) -> None:
    travailleur = launch()
    envoyes = [arrivee(f"P{n}", dossier=f"D{n}") for n in range(SEAUX_UN_A_UN * 4)]
    with production.ecriture.connect() as endormi:
        Verrous().hold(endormi, {f"091|{e['subject']}" for e in envoyes})
        sujet.send(envoyes)
        # The worker waits, tries again, and does not take itself for stuck before the server has ended the sleeper.
        eventually(lambda: taken(production) == len(envoyes))
        with pytest.raises(InternalError, match="idle-in-transaction"):
            endormi.execute(text("SELECT 1"))
    travailleur.stop()


@pytest.mark.parametrize("point", [APRES_REPERE, APRES_EFFETS, APRES_COMMIT])
def test_a_worker_killed_anywhere_in_a_batch_takes_it_once(
    sujet: Sujet, production: ServiceDeFaits, launch: Lanceur, point: str
) -> None:
    victime = launch(panne=f"{point}:3")
    envoyes = [arrivee(f"P{n}", dossier=f"D{n % 50}") for n in range(600)]
    sujet.send(envoyes)
    assert victime.processus.wait(PATIENCE) == -signal.SIGKILL
    assert taken(production) < 600
    releve = launch()
    eventually(lambda: taken(production) == 600)
    assert sorted(journal_ids(production)) == sorted(e["id"] for e in envoyes)
    releve.stop()


def test_a_worker_stops_in_time_while_the_broker_is_away(sujet: Sujet, launch: Lanceur) -> None:
    travailleur = launch()
    sujet.kafka.stop()
    try:
        # Before a client of Kafka gives up by itself, and three times the promise: the machine may be busy.
        travailleur.stop(30)
    finally:
        sujet.kafka.start()


def test_a_worker_waits_for_its_broker_and_works_on_after_its_return(
    sujet: Sujet, production: ServiceDeFaits, launch: Lanceur
) -> None:
    present = launch()
    sujet.kafka.stop()
    try:
        absent = launch(attend=False)
        eventually(lambda: "ne répond pas encore" in absent.journal.read_text())
    finally:
        sujet.kafka.start()
    eventually(lambda: absent.says("pret"))
    sujet.send([arrivee(f"P{n}", dossier=f"D{n}") for n in range(100)])
    eventually(lambda: taken(production) == 100)
    assert present.stop()["acceptes"] + absent.stop()["acceptes"] == 100


def test_every_worker_hears_the_control_topic(kafka: Kafka, prefixe: str, launch: Lanceur) -> None:
    deux = [launch(), launch()]

    def order(ordre: str) -> None:
        kcat(kafka, "-P", "-t", CONTROLES["production"].nom(prefixe), entree=ordre.encode())

    def hears(travailleur: Processus) -> bool:
        # Whoever has only just joined hears from then on.
        order('{"niveau": "debug"}')
        return travailleur.says("niveau debug")

    for travailleur in deux:
        eventually(partial(hears, travailleur))
    for ordre in ("n'importe quoi", '{"niveau": "bavard"}', '{"niveau": "warning"}'):
        order(ordre)
    for travailleur in deux:
        eventually(partial(travailleur.says, "niveau warning"))
        travailleur.stop()


def test_a_named_worker_finds_its_partitions_again_without_a_new_sharing(
    sujet: Sujet, production: ServiceDeFaits, launch: Lanceur
) -> None:
    premier, second = (launch(instance, session=45_000) for instance in ("un", "deux"))
    sujet.send([arrivee(f"P{n}", dossier=f"D{n}") for n in range(100)])
    eventually(lambda: taken(production) == 100)
    partage = "Setting newly assigned partitions"
    # Once for the control topic, once for the ingress, and more where the group took shape in several steps.
    avant = eventually(lambda: (n := second.journal.read_text().count(partage)) >= 2 and n)
    premier.stop()
    revenu = launch("un", session=45_000)
    sujet.send([arrivee(f"Q{n}", dossier=f"D{n}") for n in range(100)])
    eventually(lambda: taken(production) == 200)
    assert second.journal.read_text().count(partage) == avant
    revenu.stop()
    second.stop()
