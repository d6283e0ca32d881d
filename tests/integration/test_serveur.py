"""The server of the house: what it holds of a stranger's request, and how it stops."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from ecluse.maison import Maison, open_house
from ecluse.serveur import create_app, listen, serve
from shared.base import open_sqlite
from shared.reglages import Reglages
from shared.runtime.ecrivain import Indisponible
from shared.runtime.journal import take_lead
from tests.maisons import PATIENCE, arrivee, deposit, eventually

JETON = "jeton-d-essai"


@pytest.fixture
def maison(tmp_path: Path) -> Iterator[Maison]:
    with open_house(Reglages(tmp_path)) as ouverte:
        yield ouverte


@contextmanager
def serving(maison: Maison) -> Iterator[httpx.Client]:
    """A client of the house, which is served while the context lasts."""
    with listen("127.0.0.1", 0) as prise:
        url = f"http://127.0.0.1:{prise.getsockname()[1]}"
        with serve(create_app(maison, JETON), prise):
            yield httpx.Client(base_url=url, timeout=PATIENCE)


@pytest.mark.parametrize("annonce", [True, False], ids=["longueur annoncée", "par morceaux"])
def test_a_stranger_makes_the_house_hold_no_long_body(maison: Maison, annonce: bool) -> None:
    corps = b"[" + b" " * 2_000_000 + b"]"
    with serving(maison) as client, client:
        reponse = client.post(
            "/v1/corbeilles/a_notifier/prochain",
            content=corps if annonce else iter([corps]),
            headers={"Content-Type": "application/json"},
        )
        assert reponse.status_code == 413
        assert reponse.json()["type"] == "urn:ecluse:probleme:corps-trop-grand"


def test_whoever_waits_for_work_is_answered_when_the_house_stops(maison: Maison) -> None:
    with ThreadPoolExecutor(1) as fil:
        with serving(maison) as client:
            attente = fil.submit(
                client.get,
                "/v1/corbeilles/a_notifier/attente",
                params={"secondes": 60},
                headers={"Authorization": f"Bearer {JETON}"},
            )
            eventually(lambda: maison.veille.attendus)
        assert attente.result(PATIENCE).status_code == 204
        client.close()


def test_a_house_that_can_not_write_is_not_ready(maison: Maison) -> None:
    with serving(maison) as client, client:
        assert client.get("/readyz").status_code == 200
        autre = open_sqlite(maison.reglages.base("production"), ecriture=True)
        with autre.begin() as connexion:
            take_lead(connexion, "production", "un autre")
        autre.dispose()
        with pytest.raises(Indisponible):
            deposit(maison, arrivee("P-1"))
        reponse = client.get("/readyz")
        assert reponse.status_code == 503
        assert reponse.json()["bases"] == {"contacts": True, "production": False, "recovery": True}
