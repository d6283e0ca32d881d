"""A figure explained in a distributed house: its objects come from their owner, or it is said to be away."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from shared.web.porte import UN_LOT
from shared.web.problemes import MEDIA
from tests.infra.kafka import Kafka
from tests.infra.repartie import Repartie, open_repartie
from tests.maisons import arrivee, eventually, traitee

JANVIER = {"caf": "091", "du": "2023-01-01", "au": "2023-01-31"}
ELEMENTS = "/v1/indicateurs/COG-08-29/elements"
SERIE = "/v1/indicateurs/BALANCE/serie"


@pytest.fixture
def maison(kafka: Kafka, nouvelle_base: Callable[[str], str], redis_url: str, prefixe: str) -> Iterator[Repartie]:
    """A distributed house."""
    with open_repartie(kafka, nouvelle_base, redis_url, prefixe) as ouverte:
        yield ouverte


def series(client: httpx.Client) -> Any:
    """The balance, day by day."""
    return client.get(SERIE, params=JANVIER | {"pas": "jour"}).json()["points"]


def known(points: Any) -> Any:
    """The points, unless production was late to answer for one of them."""
    return points if all(p["valeur"] is not None for p in points) else None


def test_the_objects_are_those_of_their_owner_until_it_is_away(maison: Repartie) -> None:
    with maison.porte.client() as client:
        lot = [arrivee("P-1"), traitee("P-1", source="/front-office/cristal"), arrivee("P-2")]
        assert client.post("/v1/evenements", json=lot, headers={"Content-Type": UN_LOT}).status_code == 202
        eventually(lambda: client.get("/v1/etat").json()["a_jour"])
        elements = eventually(lambda: (r := client.get(ELEMENTS, params=JANVIER)).status_code == 200 and r.json())
        assert ([e["objet"] for e in elements["elements"]], elements["egal"]) == (["P-1"], True)
        assert elements["reperes"]["position"] == elements["reperes"]["pli"] > 0
        fiche = client.get(elements["elements"][0]["fiche"]).json()
        assert [f["source"] for f in fiche["faits"]] == ["/ged", "/front-office/cristal"]
        # Without a session, the page of the fiche says how to get one: it is relayed to its owner.
        assert "ecluse lien" in httpx.get(f"{maison.porte.url}/fiches/pieces/091/P-1", timeout=60).text

        balance = eventually(lambda: known(series(client)))
        assert {p["valeur"] for p in balance} == {0}
        assert {p["termes"]["cloture"] for p in balance} == {0, 1, 2}

        maison.processus["production"].stop()
        balance = series(client)
        assert {(p["valeur"], p["termes"]["cloture"]) for p in balance} == {(None, None)}
        absent = client.get(ELEMENTS, params=JANVIER)
        assert (absent.status_code, absent.headers["content-type"]) == (503, MEDIA)
        assert "production ne répond pas" in absent.json()["detail"]
        explication = client.get("/v1/indicateurs/COG-08-29/explication", params=JANVIER).json()
        assert (explication["numerateur"], explication["denominateur"]) == (10, 1)
