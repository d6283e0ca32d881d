"""No room left: 503 and a later retry, nothing lost, nothing counted twice; with room again everything is taken."""

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any, Final

import httpx

from ecluse.maison import Maison, open_house
from ecluse.panne import Serveur
from ecluse.serveur import create_app
from shared.events.catalogue import ENCODER
from shared.reglages import Reglages
from shared.web.porte import UN_LOT
from tests.fabrique import Brut
from tests.maisons import arrivee, eventually, fait, query, refusal, value
from tests.programmes import do_without
from tests.serveurs import serve

JETON: Final = "jeton-d-essai"
LOT: Final = 50
BASES: Final = ("contacts", "production", "recovery", "indicators")


def pieces(lot: int) -> list[Brut]:
    """A batch of pieces that arrive, and one call."""
    appel = fait("contact.recu", "2023-01-10T10:00:00Z", contact=f"C-{lot}", canal="telephone", nature="dossier")
    return [*(arrivee(f"P-{lot}-{n}", "2023-01-10T10:00:00Z") for n in range(LOT)), appel]


def post(client: httpx.Client, lot: Sequence[Brut]) -> httpx.Response:
    """Hand a batch to the door."""
    return client.post("/v1/evenements", content=ENCODER.encode(lot), headers={"Content-Type": UN_LOT})


def fill(client: httpx.Client) -> tuple[int, httpx.Response]:
    """Send batches until one is not taken: how many were, and the answer to the one that was not."""
    for lot in count():
        reponse = post(client, pieces(lot))
        if reponse.status_code != 202:
            return lot, reponse
    raise AssertionError


def check_unavailable(reponse: httpx.Response) -> None:
    """A problem that asks to come again."""
    assert reponse.status_code == 503, reponse.text
    assert int(reponse.headers["Retry-After"]) >= 1
    assert reponse.json()["type"] == "urn:ecluse:probleme:indisponible"
    assert "pleine" in reponse.json()["detail"]


def check_sound(dossier: Path) -> None:
    """Every database is whole."""
    for base in BASES:
        assert query(dossier / f"{base}.db", "PRAGMA integrity_check") == [("ok",)]


@contextmanager
def served(maison: Maison) -> Iterator[httpx.Client]:
    """A client of the house, over HTTP."""
    entetes = {"Authorization": f"Bearer {JETON}"}
    with serve(create_app(maison, JETON)) as url, httpx.Client(base_url=url, headers=entetes, timeout=60) as client:
        yield client


def test_a_full_database_refuses_for_now_and_takes_everything_later(tmp_path: Path) -> None:
    with open_house(Reglages(tmp_path, pages_max=200)) as maison, served(maison) as client:
        pris, reponse = fill(client)
        assert pris > 0
        check_unavailable(reponse)
        check_unavailable(post(client, pieces(pris)))
        # What needs no room in that database goes on: the other services, the figures, the state.
        assert post(client, [pieces(pris + 1)[-1]]).status_code == 202
        assert value(maison, "PIECES-ARRIVEES") == pris * LOT
        assert client.get("/v1/etat").json()["a_jour"]
    check_sound(tmp_path)
    with open_house(Reglages(tmp_path)) as maison, served(maison) as client:
        assert value(maison, "PIECES-ARRIVEES") == pris * LOT
        # The call of the refused batch was kept: its service had room.
        assert post(client, pieces(pris)).json() == {"acceptes": LOT, "doublons": 1, "rejets": []}
        assert value(maison, "PIECES-ARRIVEES") == (pris + 1) * LOT
        assert value(maison, "APPELS-RECUS") == pris + 2
        assert maison.indicateurs.rebuild().egal


@contextmanager
def small_disk(dossier: Path, taille: str) -> Iterator[Path]:
    """A file system of so little room; without the right to mount one the test is skipped, and in CI fails."""
    dossier.mkdir()
    montage = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={taille}", "tmpfs", str(dossier)], capture_output=True, check=False
    )
    if montage.returncode:
        do_without("petit disque impossible à monter : lancer les tests en root")
    try:
        yield dossier
    finally:
        subprocess.run(["umount", str(dossier)], check=True)


def figures(client: httpx.Client) -> dict[str, Any]:
    """Pieces and calls, once everything acknowledged is in them."""
    eventually(lambda: client.get("/v1/etat").json()["a_jour"])
    question = {"caf": "091", "du": "2023-01-01", "au": "2023-01-31", "code": ["PIECES-ARRIVEES", "APPELS-RECUS"]}
    return {i["code"]: i["valeur"] for i in client.get("/v1/indicateurs", params=question).json()["indicateurs"]}


def test_a_full_disk_refuses_for_now_and_takes_everything_later(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disque", "6m") as disque:
        lest = disque / "lest"
        lest.write_bytes(bytes(2_000_000))
        serveur = Serveur(disque / "data")
        serveur.start()
        try:
            with serveur.client() as client:
                pris, reponse = fill(client)
                assert pris > 0
                assert reponse.status_code == 503, reponse.text
                assert int(reponse.headers["Retry-After"]) >= 1
            serveur.kill()
            assert "est inutilisable (database or disk is full)" in refusal(disque / "data")
            lest.unlink()
            serveur.start()
            with serveur.client() as client:
                assert figures(client)["PIECES-ARRIVEES"] in (pris * LOT, (pris + 1) * LOT)
                assert post(client, pieces(pris)).status_code == 202
                assert figures(client) == {"PIECES-ARRIVEES": (pris + 1) * LOT, "APPELS-RECUS": pris + 1}
                assert client.post("/v1/reconstruction").json()["egal"]
        finally:
            serveur.stop()
        check_sound(disque / "data")


def test_a_disk_that_can_only_be_read_is_told_in_one_line(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disque", "1m") as disque:
        subprocess.run(["mount", "-o", "remount,ro", str(disque)], check=True)
        assert f"impossible d'écrire dans le dossier {disque / 'data'}" in refusal(disque / "data")
