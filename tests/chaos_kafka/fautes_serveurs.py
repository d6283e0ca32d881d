"""Faults of the servers, and of what comes in. Each says what it has done (French)."""

from __future__ import annotations

import random

from services.contacts.handlers import DECIDEURS as CONTACTS
from services.production.handlers import DECIDEURS as PRODUCTION
from services.recovery.handlers import DECIDEURS as RECOVERY
from shared.base import open_postgres
from shared.events.porte import Recu, judge
from shared.reglages import read_clock
from shared.runtime.journal import PlumeDifferee
from shared.runtime.lot import Lot as Transaction
from tests.chaos.charge import Lot
from tests.chaos_kafka.clients import Outils
from tests.chaos_kafka.maison import Maison, wait
from tests.infra.repartie import FAITS

DECIDEURS = {"contacts": CONTACTS, "production": PRODUCTION, "recovery": RECOVERY}
# Longer than a delivery may take (see ``ReglagesPublication``): requests expire while the broker sleeps.
SOMMEIL = 33.0
_TENUE = 3.0
_ESSAIS = 10


def restart_broker(outils: Outils, hasard: random.Random) -> str:
    """The broker stops, or is killed, and comes back."""
    brutal = hasard.random() < 0.5
    (outils.maison.kafka.kill if brutal else outils.maison.kafka.stop)()
    absence = hasard.uniform(0, 4)
    wait(absence)
    outils.maison.kafka.start()
    return f"{'tué' if brutal else 'arrêté'}, absent {absence:.1f} s"


def freeze_broker(outils: Outils, hasard: random.Random) -> str:
    """The broker sleeps with requests in hand, which expire; then it wakes up and carries them out."""
    sommeil = SOMMEIL + hasard.uniform(0, 3)
    outils.maison.kafka.pause()
    try:
        wait(sommeil)
    finally:
        outils.maison.kafka.resume()
    return f"figé {sommeil:.0f} s"


def restart_database(outils: Outils, hasard: random.Random) -> str:
    """PostgreSQL restarts, or crashes and recovers."""
    brutal = hasard.random() < 0.5
    (outils.maison.postgres.kill if brutal else outils.maison.postgres.stop)()
    wait(hasard.uniform(0, 2))
    outils.maison.postgres.start()
    return "tué" if brutal else "arrêté"


def cut_connections(outils: Outils, hasard: random.Random) -> str:
    """``pg_terminate_backend`` of every connection to the database of a service."""
    service = hasard.choice((*FAITS, "indicators"))
    coupees = outils.maison.postgres.terminate_backends(outils.maison.repartie.bases[service])
    return f"{service}, {coupees} connexions"


def flush_redis(outils: Outils, hasard: random.Random) -> str:
    """Redis forgets everything."""
    del hasard
    outils.maison.redis.flush()
    return "vidé"


def stop_redis(outils: Outils, hasard: random.Random) -> str:
    """Redis is away for a moment."""
    absence = hasard.uniform(1, 4)
    outils.maison.redis.stop()
    wait(absence)
    outils.maison.redis.start()
    return f"absent {absence:.1f} s"


def repeat_the_past(outils: Outils, hasard: random.Random) -> str:
    """Old records come again by Kafka, in any order, whatever way they came first."""
    return f"{outils.republish(hasard, hasard.randint(200, 2_000))} enregistrements"


def interleave(outils: Outils, hasard: random.Random) -> str:
    """A transaction takes its ids, then others commit after it, then it commits: ids come out of their order."""
    service = hasard.choice(FAITS[:2])
    for _ in range(_ESSAIS):
        lot = outils.charge.next()
        assert lot is not None
        recus = _events_of(service, lot)
        tenu = _hold(outils.maison, service, recus) if recus else None
        # Whatever else is in the batch, and an answer for what was committed aside.
        outils.depot.hand_over(lot)
        if tenu:
            return f"{service}, {tenu} validés avant un plus ancien"
    raise AssertionError(f"{service} : personne n'écrit pendant qu'une transaction est tenue ouverte")


def _events_of(service: str, lot: Lot) -> list[Recu]:
    """A few of the events of a service in a batch; few, so that few dossiers are held."""
    jugements = (judge(octets, read_clock()) for octets in lot.octets)
    return [j for j in jugements if isinstance(j, Recu) and j.type.service == service][:3]


def _hold(maison: Maison, service: str, recus: list[Recu]) -> int:
    """Hold the rows of these events open until others have committed; how many did, 0 when there was none to hold."""
    moteur = open_postgres(maison.repartie.bases[service], ecriture=True)
    try:
        with moteur.connect() as connexion, connexion.begin():
            maintenant = read_clock()
            transaction = Transaction(service, DECIDEURS[service], connexion, maintenant)
            transaction.take(recus)
            if not transaction.journal:
                return 0
            PlumeDifferee(service).append(connexion, transaction.journal, maintenant)
            mien = connexion.exec_driver_sql("SELECT currval(pg_get_serial_sequence('journal', 'id'))").scalar_one()
            wait(_TENUE)
            apres = maison.query(service, "SELECT count(*) FROM journal WHERE id > %s", mien)[0][0]
    finally:
        moteur.dispose()
    return int(apres)
