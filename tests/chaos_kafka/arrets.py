"""What must stop the house: a database that was restored from an old copy, a topic that is not the same any more.

Both are noticed, nothing is published or counted that would not follow, and nothing is skipped.
"""

from __future__ import annotations

import random
import subprocess
from functools import partial
from typing import Any

from shared.bus.admin import Administration
from shared.bus.sujets import ENTREES, Sujet
from tests.chaos_kafka.clients import Outils
from tests.chaos_kafka.maison import Maison, log_of, told, until
from tests.infra.clients import kcat, psql
from tests.infra.repartie import FAITS, Processus
from tests.programmes import require_program

COPIES = ("contacts", "production")


def back_up(maison: Maison) -> dict[str, str]:
    """A copy of two databases, taken under load as a nightly backup is: the SQL that makes each again."""
    pg_dump = require_program("pg_dump", "postgresql-client")
    copies = {}
    for service in COPIES:
        commande = [pg_dump, "--no-owner", "--dbname", maison.repartie.bases[service]]
        copies[service] = subprocess.run(commande, capture_output=True, check=True, text=True).stdout
    return copies


def restore(maison: Maison, service: str, copie: str) -> str:
    """A service starts on an old copy: nothing is published. It goes on, all there, once its own database is back."""
    origine, processus = maison.repartie.bases[service], maison.of(service)
    ancienne = maison.postgres.create_database(f"ancienne_{service}")
    subprocess.run(
        [require_program("psql", "postgresql-client"), "-XqAt", "-v", "ON_ERROR_STOP=1", "-f", "-", ancienne],
        input=copie.encode(),
        capture_output=True,
        check=True,
    )
    # Stopped one after the other, the worker that is left may take the lead, and opens an epoch in every partition.
    _stop(processus)
    avant, positions = _ends(maison, log_of(service)), _positions(maison)
    _start_on(processus, ancienne)
    texte = until(lambda: _said(maison, service, "ancienne copie de la base"), f"{service} voit sa vieille copie")
    attend = psql(ancienne, "SELECT count(*) FROM journal WHERE position IS NULL")
    apres = _ends(maison, log_of(service))
    assert apres == avant, f"publié depuis une vieille copie : {avant}, puis {apres}"
    assert _positions(maison) == positions
    _stop(processus)
    _start_on(processus, origine)
    maison.leader(service)
    return f"{service}, {attend} lignes retenues ; « {texte[:90]}… »"


def recreate_log(maison: Maison, service: str) -> str:
    """The topic of a log is deleted and made again, empty, while the house runs."""
    sujet = log_of(service)
    reperes = _marks(maison)
    _recreate(maison, sujet)
    texte = until(lambda: _said(maison, service, "recréé"), f"{service} voit que son topic a été recréé")
    until(lambda: _consumer(maison, service)["arret"], f"les indicateurs voient que le topic de {service} a été recréé")
    assert _marks(maison) == reperes
    assert sum(_ends(maison, sujet)) == 0, "publié dans un topic qui n'est pas la suite"
    return f"{sujet.nom(maison.repartie.courtier.prefixe)} ; « {texte[:90]}… »"


def recreate_ingress(maison: Maison, outils: Outils) -> str:
    """The ingress topic is deleted and made again, and filled with what came before."""
    reperes = {s: maison.query(s, "SELECT * FROM repere ORDER BY 1, 2, 3, 4") for s in FAITS}
    lettres = {s: maison.query(s, "SELECT count(*) FROM lettre_morte") for s in FAITS}
    _recreate(maison, ENTREES)
    outils.republish(random.Random(0), 2_000)
    for service in FAITS:
        until(partial(_said, maison, service, "recréé"), f"{service} voit que les entrées ont été recréées")
    assert {s: maison.query(s, "SELECT * FROM repere ORDER BY 1, 2, 3, 4") for s in FAITS} == reperes
    assert {s: maison.query(s, "SELECT count(*) FROM lettre_morte") for s in FAITS} == lettres
    return f"{ENTREES.nom(maison.repartie.courtier.prefixe)} ; rien n'en est lu"


def _stop(processus: list[Processus]) -> None:
    for un in processus:
        un.stop()


def _start_on(processus: list[Processus], base: str) -> None:
    for un in processus:
        un.environ["ECLUSE_DATABASE_URL"] = base
        un.start()


def _said(maison: Maison, service: str, mots: str) -> str | None:
    """What a worker says that holds these words."""
    return next((texte for w in maison.workers(service) for texte in told(w).values() if mots in texte), None)


def _consumer(maison: Maison, source: str) -> dict[str, Any]:
    with maison.repartie.porte.client() as client:
        consommateurs = client.get("/v1/etat").json()["consommateurs"]
    consommateur: dict[str, Any] = next(c for c in consommateurs if c["source"] == source)
    return consommateur


def _marks(maison: Maison) -> list[tuple[Any, ...]]:
    """How far the figures have gone, as their checkpoint says."""
    return maison.query("indicators", 'SELECT source, partition, position, "offset" FROM repere ORDER BY 1, 2')


def _positions(maison: Maison) -> list[tuple[Any, ...]]:
    """The same without offsets, which the openings of epochs move: services that stop and start write some."""
    return [repere[:3] for repere in _marks(maison)]


def _ends(maison: Maison, sujet: Sujet) -> list[int]:
    """Where each partition of a topic ends."""
    nom = sujet.nom(maison.repartie.courtier.prefixe)
    dits = [kcat(maison.kafka, "-Q", "-t", f"{nom}:{p}:-1") for p in range(sujet.partitions)]
    return [int(dit.rpartition(" ")[2]) for dit in dits]


def _recreate(maison: Maison, sujet: Sujet) -> None:
    nom = sujet.nom(maison.repartie.courtier.prefixe)
    maison.kafka.delete_topics(nom)
    until(partial(_create, maison, sujet), f"{nom} est créé de nouveau")


def _create(maison: Maison, sujet: Sujet) -> list[str]:
    """A topic that is being deleted is still there for a moment: asked again until it is made."""
    with Administration(maison.repartie.courtier) as administration:
        return administration.create([sujet])
