"""Faults of the processes: killed, frozen, taken for dead, coming and going. Each says what it has done (French)."""

from __future__ import annotations

import random
import signal

from ecluse.distribue import travail  # noqa: F401  # every point of the mode is declared once this is imported
from shared.bus.gardien import CODE_IMMOBILE
from shared.pannes import POINTS
from shared.pannes import VARIABLE as PANNE
from tests.chaos_kafka.clients import Outils
from tests.chaos_kafka.maison import SESSION, fenced, leads, until, wait
from tests.infra.processus import ServeurEnPanne
from tests.infra.repartie import FAITS, Processus

POINTS_DU_MODE = sorted(nom for nom in POINTS if nom.partition(".")[0] in ("publieur", "entrees"))
# A record of the past, written again, takes no longer than a new one: so many keep a worker busy for a while.
ARRIERE = 4_000
ESSAIS = 4
# What a stop ends with: everything closed, or its time over.
A_TEMPS = (0, CODE_IMMOBILE)


def kill_api(outils: Outils, hasard: random.Random) -> str:
    """SIGKILL of an API, or of the porte."""
    nom, processus = hasard.choice(sorted(outils.maison.apis.items()))
    processus.kill()
    wait(hasard.uniform(0, 2))
    processus.start()
    return nom


def kill_worker(outils: Outils, hasard: random.Random) -> str:
    """SIGKILL of a worker, whatever it is doing."""
    processus = hasard.choice([p for s in (*FAITS, "indicators") for p in outils.maison.workers(s)])
    processus.kill()
    wait(hasard.uniform(0, 2))
    processus.start()
    return outils.maison.name(processus)


def kill_publisher(outils: Outils, hasard: random.Random) -> str:
    """SIGKILL of the one that publishes: the other takes its seat."""
    service = hasard.choice(FAITS)
    meneur = outils.maison.leader(service)
    wait(hasard.uniform(0, 1))
    meneur.kill()
    outils.maison.leader(service, sauf=meneur)
    meneur.start()
    return outils.maison.name(meneur)


def kill_at(outils: Outils, hasard: random.Random, point: str) -> str:
    """A worker that works alone dies at a named point."""
    service = hasard.choice(FAITS[:2])
    premier, second = outils.maison.workers(service)
    premier.kill()
    second.kill()
    premier.environ[PANNE] = f"{point}:{hasard.randint(1, 5)}"
    try:
        premier.start()
    except ServeurEnPanne:
        # It may die before it has ever answered.
        assert not premier.running
    finally:
        del premier.environ[PANNE]
    code = until(premier.ended, f"{service} meurt à {point}")
    assert code == -signal.SIGKILL, f"{point} : {service} s'arrête avec le code {code}"
    premier.start()
    second.start()
    return f"{service}, {point}"


def two_publishers(outils: Outils, hasard: random.Random) -> str:
    """The leader is frozen and loses its seat; when it wakes up another has been publishing for a while."""
    service = hasard.choice(FAITS)
    meneur = outils.maison.leader(service)
    wait(hasard.uniform(0, 1))
    meneur.pause()
    try:
        assert outils.maison.cut_seat(service) == 1
        autre = outils.maison.leader(service, sauf=meneur)
        wait(hasard.uniform(0, 3))
    finally:
        meneur.resume()
    until(lambda: not leads(meneur), f"{service} : celui qui s'éveille se croit toujours meneur")
    return f"{outils.maison.name(meneur)} remplacé par {outils.maison.name(autre)}"


def stall_worker(outils: Outils, hasard: random.Random) -> str:
    """A worker sleeps for longer than its session lasts, in the middle of its work: it must be fenced."""
    service = hasard.choice(FAITS[:2])
    endormi, autre = hasard.sample(outils.maison.workers(service), 2)
    for essai in range(1, ESSAIS + 1):
        avant = fenced(endormi) + fenced(autre)
        outils.republish(hasard, ARRIERE)
        wait(hasard.uniform(0, 0.5))
        endormi.pause()
        wait(SESSION + hasard.uniform(3, 5))
        endormi.resume()
        if _is_fenced([endormi, autre], avant):
            return f"{outils.maison.name(endormi)}, devancé au sommeil n° {essai}"
    raise AssertionError(f"{service} : {ESSAIS} sommeils au-delà de la session, personne n'a été devancé")


def come_and_go(outils: Outils, hasard: random.Random) -> str:
    """A third worker joins, another leaves when asked to and comes back, the third leaves."""
    service = hasard.choice(FAITS)
    modele = hasard.choice(outils.maison.workers(service))
    renfort = Processus(service, "worker", modele.environ)
    with renfort:
        wait(hasard.uniform(0, 2))
        modele.stop()
        assert modele.dernier_code in A_TEMPS, modele.written()[-2_000:]
        wait(hasard.uniform(0, 2))
        modele.start()
    assert renfort.dernier_code in A_TEMPS
    return f"un troisième {service}, {outils.maison.name(modele)} part et revient"


def _is_fenced(processus: list[Processus], avant: int) -> bool:
    try:
        return until(lambda: sum(map(fenced, processus)) > avant, "", patience=SESSION)
    except AssertionError:
        return False
