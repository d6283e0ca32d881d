"""Every process of the distributed mode ends when it is told to, whatever has stopped answering around it."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any

import httpx
import pytest

from shared.bus.gardien import CODE_IMMOBILE
from shared.web.porte import UN_EVENEMENT
from tests.infra.kafka import Kafka
from tests.infra.postgres import Postgres
from tests.infra.processus import Serveur
from tests.infra.redis import Redis
from tests.infra.repartie import Processus, Repartie, open_repartie
from tests.maisons import arrivee, eventually

PROPRE, A_TEMPS = "Arrêté proprement", "arrêt inachevé"


@pytest.fixture(scope="module")
def maison(kafka: Kafka, postgres: Postgres, redis: Redis) -> Iterator[Repartie]:
    """A house with one process for each service, a second one of the indicators, and the porte."""
    redis.flush()
    bases: list[str] = []

    def create(nom: str) -> str:
        bases.append(postgres.create_database(nom))
        return bases[-1]

    with open_repartie(kafka, create, redis.url, "arret", {"indicators": ("all", "worker")}) as ouverte:
        yield ouverte
    for base in bases:
        postgres.drop_database(base)
    kafka.delete_topics("arret.")


def post(processus: Processus, piece: str) -> bool:
    """Whether an arrival was acknowledged."""
    with processus.client() as client:
        try:
            reponse = client.post("/v1/evenements", json=arrivee(piece), headers={"Content-Type": UN_EVENEMENT})
        except httpx.HTTPError:
            return False
    return reponse.status_code == 202


def is_known(maison: Repartie, piece: str) -> bool:
    with maison.porte.client() as client:
        return client.get(f"/v1/pieces/091/{piece}").status_code == 200


def is_up_to_date(maison: Repartie) -> bool:
    with maison.porte.client() as client:
        return bool(client.get("/v1/etat").raise_for_status().json()["a_jour"])


def at_once(maison: Repartie, geste: Callable[[Processus], None]) -> None:
    with ThreadPoolExecutor(len(maison.processus)) as fils:
        list(fils.map(geste, maison.processus.values()))


def stop(processus: Processus) -> None:
    """Told to stop, it ends by itself, and says how it went."""
    avant = len(processus.written())
    processus.stop()
    dit = processus.written()[avant:]
    assert processus.dernier_code in (0, CODE_IMMOBILE), f"{processus.service} : {dit[-2_000:]}"
    assert (PROPRE if processus.dernier_code == 0 else A_TEMPS) in dit, f"{processus.service} : {dit[-2_000:]}"


def rebuild(maison: Repartie) -> Any:
    with maison.porte.client() as client:
        return client.post("/v1/reconstruction").raise_for_status().json()


@contextmanager
def silent(frozen: Sequence[Serveur], killed: Sequence[Serveur]) -> Iterator[None]:
    """Some servers answer nothing while their connections stay open, some are gone."""
    with ExitStack() as pile:
        for serveur in frozen:
            pile.callback(serveur.resume)
            serveur.pause()
        for serveur in killed:
            pile.callback(serveur.start)
            serveur.kill()
        yield


@pytest.mark.parametrize(
    ("figes", "morts"),
    [(["postgres"], []), (["kafka", "postgres"], []), ([], ["kafka", "postgres"])],
    ids=["a frozen database", "both frozen", "both gone"],
)
def test_every_process_ends_when_told_and_what_it_acknowledged_is_kept(
    maison: Repartie, request: pytest.FixtureRequest, figes: list[str], morts: list[str]
) -> None:
    production = maison.processus["production"]
    eventually(lambda: is_up_to_date(maison))
    pieces = [f"{request.node.callspec.id}-{n}".replace(" ", "-") for n in range(9)]
    acceptees = [piece for piece in pieces[:3] if post(production, piece)]
    assert len(acceptees) == 3
    serveurs: dict[str, Serveur] = {n: request.getfixturevalue(n) for n in ("kafka", "postgres")}
    with ThreadPoolExecutor(3) as fils:
        with silent([serveurs[n] for n in figes], [serveurs[n] for n in morts]):
            en_cours = {piece: fils.submit(post, production, piece) for piece in pieces[3:6]}
            at_once(maison, stop)
        acceptees += [piece for piece, reponse in en_cours.items() if reponse.result()]
    at_once(maison, Processus.start)
    assert all(is_known(maison, piece) for piece in acceptees)
    assert all(post(production, piece) for piece in pieces)
    eventually(lambda: is_up_to_date(maison))
    assert rebuild(maison)["egal"]
