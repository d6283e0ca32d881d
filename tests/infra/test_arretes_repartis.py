"""Arrêtés of a distributed house: the logs are Kafka topics, read again from the offsets that the arrêté holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from typing import Any

import httpx
import pytest

from shared.web.porte import UN_LOT
from tests.fabrique import Brut
from tests.infra.kafka import Kafka
from tests.infra.repartie import Repartie, open_repartie
from tests.maisons import arrivee, eventually, fait, traitee

ARRETE = {"caf": "091", "periode": "2023-01", "auteur": "poste-1"}
QUESTION = {"caf": "091", "du": "2023-01-01", "au": "2023-01-31"}


@pytest.fixture
def maison(kafka: Kafka, nouvelle_base: Callable[[str], str], redis_url: str, prefixe: str) -> Iterator[Repartie]:
    """A distributed house with two processes that give figures."""
    with open_repartie(kafka, nouvelle_base, redis_url, prefixe, {"indicators": ("all", "all")}) as ouverte:
        yield ouverte


def give(client: httpx.Client, *bruts: Brut) -> None:
    """Take events, and wait until they are in the figures."""
    lot = list(bruts)
    client.post("/v1/evenements", json=lot, headers={"Content-Type": UN_LOT}).raise_for_status()
    eventually(lambda: client.get("/v1/etat").json()["a_jour"])


def take(client: httpx.Client, **reste: Any) -> Any:
    """Freeze January, once the process that is asked is à jour too."""
    return eventually(
        lambda: (reponse := client.post("/v1/arretes", json=ARRETE | reste)).status_code == 201 and reponse.json()
    )


def movements(client: httpx.Client, id_: str, code: str) -> list[Any]:
    """All the movements of a figure, two at a time."""
    dits: list[Any] = []
    question: dict[str, Any] = {"limite": 2}
    while True:
        reponse = client.get(f"/v1/arretes/{id_}/ecarts/{code}", params=question)
        assert reponse.status_code == 200, reponse.text
        page = reponse.json()
        dits += page["mouvements"]
        if page["suite"] is None:
            return dits
        question["apres"] = page["suite"]


def figures(client: httpx.Client) -> dict[str, Any]:
    """The figures of January, by code."""
    return {i["code"]: i for i in client.get("/v1/indicateurs", params=QUESTION).json()["indicateurs"]}


def test_what_moved_since_is_told_from_the_topics_by_every_process(maison: Repartie) -> None:
    with maison.porte.client() as client:
        give(client, *(arrivee(f"P-{n}", f"2023-01-{n:02}T10:00:00Z") for n in range(2, 28)))
        give(client, *(traitee(f"P-{n}", f"2023-01-{n + 2:02}T10:00:00Z") for n in range(2, 12)))
        arrete = take(client)
        document = client.get(f"/v1/arretes/{arrete['id']}")
        assert sha256(document.content).hexdigest() == arrete["empreinte"] == document.headers["ecluse-empreinte"]
        avant = {c["code"]: c for c in document.json()["chiffres"]}
        assert max(document.json()["reperes"]["production"]["offsets"]) > 0

        give(client, *(traitee(f"P-{n}", "2023-01-30T10:00:00Z", source="/tard") for n in range(12, 17)))
        give(client, arrivee("P-50", "2023-01-15T10:00:00Z", source="/tard"), arrivee("P-51", "2023-02-15T10:00:00Z"))
        give(client, fait("piece.annulee", "2023-01-29T10:00:00Z", piece="P-20", dossier="D-P-20", motif="doublon"))
        give(client, arrivee("P-autre", "2023-01-15T10:00:00Z", caf="681"))

    for nom in ("indicators", "indicators-1"):
        with maison.processus[nom].client() as client:
            eventually(lambda: client.get("/v1/etat").json()["a_jour"])
            apres = figures(client)
            ecarts = client.get(f"/v1/arretes/{arrete['id']}/ecarts").json()
            assert ecarts["inexplique"] is None
            par_code = {e["code"]: e for e in ecarts["ecarts"]}
            assert {"PIECES-TRAITEES", "PIECES-ARRIVEES", "PIECES-ANNULEES", "STOCK", "COG-08-29"} <= par_code.keys()
            assert [e["code"] for e in ecarts["ecarts"] if not e["explique"]] == []
            for code in ("PIECES-TRAITEES", "COG-08-29", "STOCK"):
                dits = movements(client, arrete["id"], code)
                assert len(dits) == par_code[code]["mouvements"]
                for membre in ("numerateur", "denominateur"):
                    if avant[code][membre] is not None:
                        somme = sum(d[membre] for d in dits)
                        assert somme == apres[code][membre] - avant[code][membre], (code, membre)
            traites = movements(client, arrete["id"], "PIECES-TRAITEES")
            assert sorted(d["objet"] for d in traites) == [f"P-{n}" for n in range(12, 17)]
            assert {e["source"] for d in traites for e in d["evenements"]} == {"/tard"}


def test_arretes_outlive_their_process_and_are_taken_one_after_the_other(maison: Repartie) -> None:
    with maison.porte.client() as client:
        give(client, arrivee("P-1", "2023-01-05T10:00:00Z"))
        premier = take(client)
        # Whether the figures are up to date is judged first.
        eventually(lambda: client.post("/v1/arretes", json=ARRETE).json()["type"].endswith(":deja-arrete"))
        deux = [maison.processus["indicators"], maison.processus["indicators-1"]]
        for processus in deux:
            with processus.client() as autre:
                eventually(lambda: autre.get("/v1/etat").json()["a_jour"])

        def again(rang: int) -> Any:
            with deux[rang % 2].client() as autre:
                return take(autre, motif=f"essai {rang}")["id"]

        with ThreadPoolExecutor() as fils:
            pris = list(fils.map(again, range(8)))
        assert sorted(pris, key=lambda i: int(i[4:])) == [f"091-{n}" for n in range(2, 10)]
        rapport = client.get("/v1/arretes/verification").json()
        assert (rapport["verifies"], rapport["anomalies"]) == (9, [])
        for processus in deux:
            processus.stop()
            processus.start()
        give(client, traitee("P-1", "2023-01-09T10:00:00Z"))
        ecarts = eventually(
            lambda: (reponse := client.get(f"/v1/arretes/{premier['id']}/ecarts")).status_code == 200 and reponse.json()
        )
        assert {e["code"] for e in ecarts["ecarts"] if e["explique"]} >= {"PIECES-TRAITEES", "COG-08-29", "STOCK"}


def test_files_come_through_the_porte(maison: Repartie) -> None:
    with maison.porte.client() as client:
        give(client, arrivee("P-1", "2023-01-05T10:00:00Z"))
        for format_, debut in (("csv", b"caf,code"), ("xlsx", b"PK"), ("parquet", b"PAR1")):
            reponse = client.get("/v1/indicateurs/export", params=QUESTION | {"format": format_, "pas": "mois"})
            assert (reponse.status_code, reponse.content[: len(debut)]) == (200, debut)
            assert "attachment" in reponse.headers["content-disposition"]
