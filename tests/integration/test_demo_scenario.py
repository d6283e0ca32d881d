"""A demonstration that changes its scenario while it runs: seen through the API, kept over a restart."""

from __future__ import annotations

import errno
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any

import httpx
import pytest

from ecluse import demo
from ecluse.demo import Demo
from ecluse.maison import Maison, open_house
from ecluse.panne import Serveur
from ecluse.scene import Scene
from ecluse.serveur import create_app
from ecluse.simulateur.demo import run_history, run_live
from shared.reglages import Reglages
from shared.temps import PARIS, parse_instant
from shared.web.formats import moment
from tests.commandes import assert_refuses, ecluse
from tests.maisons import eventually
from tests.pilotage import JETON, problem
from tests.serveurs import serve

ADRESSE = "/v1/demo/scenario"
EN_JSON = {"Content-Type": "application/json"}


@pytest.fixture
def maison(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Maison]:
    """A house whose demonstration has a small past, and days that flow fast."""
    monkeypatch.setattr(demo, "run_history", partial(run_history, jours=5))
    monkeypatch.setattr(demo, "demo_scale", lambda _: 0.05)
    monkeypatch.setattr(demo, "run_live", partial(run_live, par_seconde=60.0, ensuite=60.0))
    with open_house(Reglages(tmp_path)) as ouverte:
        yield ouverte


@contextmanager
def played(maison: Maison) -> Iterator[httpx.Client]:
    """A client of a house where a demonstration runs."""
    demonstration, arret = Demo(maison, maison.reglages.dossier, "091"), Event()
    demonstration.load_history(lambda _: None, arret)
    entetes = {"Authorization": f"Bearer {JETON}"}
    app = create_app(maison, JETON, demonstration.scene)
    with serve(app) as url, httpx.Client(base_url=url, headers=entetes, timeout=60) as client:
        fil = demonstration.start_live(arret)
        try:
            yield client
        finally:
            arret.set()
            fil.join()


def figures(client: httpx.Client, *codes: str, caf: str = "091") -> list[float]:
    """Figures of today: those that the live flow moves."""
    jour = datetime.now(PARIS).date().isoformat()
    reponse = client.get("/v1/indicateurs", params={"caf": caf, "du": jour, "au": jour, "code": list(codes)})
    return (
        [i["valeur"] or 0 for i in reponse.json()["indicateurs"]] if reponse.status_code == 200 else [0.0] * len(codes)
    )


def play(client: httpx.Client, nom: str) -> Any:
    """Play another scenario."""
    reponse = client.put(ADRESSE, json={"scenario": nom})
    assert reponse.status_code == 200, reponse.text
    return reponse.json()


def test_calls_are_abandoned_as_soon_as_the_telephone_is_down(maison: Maison) -> None:
    with played(maison) as client:
        eventually(lambda: figures(client, "APPELS-TRAITES-NOMBRE")[0] > 5)
        avant = client.get(ADRESSE).json()
        assert (avant["caf"], avant["scenario"]) == ("091", "ordinaire")
        apres = play(client, "panne-telephone")
        assert (apres["scenario"], apres["depuis"] > avant["depuis"]) == ("panne-telephone", True)
        assert client.get(ADRESSE).json() == apres
        recus, traites = figures(client, "APPELS-RECUS", "APPELS-TRAITES-NOMBRE")
        eventually(lambda: figures(client, "APPELS-RECUS")[0] > recus + 60)
        # Those that had been taken, or were about to be, or were not counted yet, when the line went down.
        assert figures(client, "APPELS-TRAITES-NOMBRE")[0] <= traites + 20
        assert len(play(client, "ordinaire")["choix"]) == 8
        eventually(lambda: figures(client, "APPELS-TRAITES-NOMBRE")[0] > traites + 10)


def test_the_pieces_of_another_caf_come_in_under_its_own_number(maison: Maison) -> None:
    with played(maison) as client:
        assert figures(client, "PIECES-ARRIVEES", caf="681") == [0]
        play(client, "production-pour-autre-caf")
        eventually(lambda: min(figures(client, "PIECES-ARRIVEES", "PIECES-TRAITEES", caf="681")) > 3)


def test_an_unknown_scenario_is_a_problem_and_changes_nothing(maison: Maison) -> None:
    with played(maison) as client:
        avant = play(client, "site-ferme")
        refus = client.put(ADRESSE, json={"scenario": "grève"})
        assert problem(refus, 422) == "scenario-inconnu"
        assert "panne-telephone" in refus.json()["detail"]
        assert problem(client.put(ADRESSE, json={"nom": "ordinaire"}), 422) == "requete-invalide"
        assert problem(client.put(ADRESSE, content=b"{", headers=EN_JSON), 400) == "json-illisible"
        assert problem(client.get(ADRESSE, headers={"Authorization": "Bearer autre"}), 401) == "non-authentifie"
        assert play(client, "site-ferme") == client.get(ADRESSE).json() == avant


def test_a_house_without_a_demonstration_has_no_such_address(maison: Maison) -> None:
    entetes = {"Authorization": f"Bearer {JETON}"}
    with serve(create_app(maison, JETON)) as url, httpx.Client(base_url=url, headers=entetes, timeout=60) as client:
        assert problem(client.get(ADRESSE), 404) == "introuvable"
        assert "demo" not in client.get("/openapi.json").text


def test_a_scenario_that_can_not_be_noted_is_not_played(maison: Maison, monkeypatch: pytest.MonkeyPatch) -> None:
    with played(maison) as client:
        avant = play(client, "personnel-reduit")
        with monkeypatch.context() as plein:

            def write_nothing(*_: object) -> int:
                raise OSError(errno.ENOSPC, "plein")

            plein.setattr(Path, "write_text", write_nothing)
            assert problem(client.put(ADRESSE, json={"scenario": "site-ferme"}), 503) == "indisponible"
        assert client.get(ADRESSE).json() == avant


def test_a_scenario_of_which_nothing_is_known_any_more_gives_way_to_the_ordinary(maison: Maison) -> None:
    marque = maison.reglages.dossier / "demo-091.json"
    marque.write_text(json.dumps({"fin": "2024-01-01", "complet": True, "scenario": "oublié", "depuis": 1}))
    scene = Demo(maison, maison.reglages.dossier, "091").scene
    assert isinstance(scene, Scene)
    assert scene.jeu.scenario.nom == "ordinaire"
    assert json.loads(marque.read_text())["fin"] == "2024-01-01"


def test_the_real_server_keeps_its_scenario_over_a_restart(tmp_path: Path) -> None:
    dossier = tmp_path / "donnees"
    serveur = Serveur(dossier, options=("--demo", "091", "--scenario", "personnel-reduit"))
    serveur.start()
    try:
        with serveur.client() as client:
            eventually(lambda: figures(client, "PIECES-ARRIVEES")[0] > 0)
        fin = ecluse("demo-scenario", "panne-telephone", "--json", "--data-dir", dossier)
        assert (fin.code, fin.document["scenario"]) == (0, "panne-telephone")
        assert_refuses(ecluse("demo-scenario", "grève", "--data-dir", dossier), "grève", "vague-rentree")
        serveur.kill()
        serveur.options = ("--demo", "091")
        serveur.start()
        relu = ecluse("demo-scenario", "--data-dir", dossier)
        assert relu.code == 0
        depuis = moment(parse_instant(fin.document["depuis"]))
        assert relu.sortie.startswith(f"panne-telephone, depuis le {depuis} ")
    finally:
        serveur.stop()
    assert_refuses(ecluse("demo-scenario", "--data-dir", dossier), "aucune démonstration ne tourne", "--demo 091")
