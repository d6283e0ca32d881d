"""Stopping ``ecluse up``, gently or not: what was accepted is there at the next start."""

from __future__ import annotations

import re
import signal
from pathlib import Path

import httpx
import pytest

from ecluse.panne import Charge, Serveur
from tests.commandes import spawn


def heads(client: httpx.Client) -> dict[str, int]:
    """The head of each service's log, once every figure is up to date."""
    while not (etat := client.get("/v1/etat").json())["a_jour"]:
        pass
    return {service["nom"]: service["tete"] for service in etat["services"]}


@pytest.mark.parametrize("signal_", [signal.SIGINT, signal.SIGTERM])
def test_it_stops_cleanly_and_starts_again_where_it_stopped(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], signal_: signal.Signals
) -> None:
    serveur, charge = Serveur(tmp_path), Charge(graine=1)
    serveur.start()
    try:
        with serveur.client() as client:
            assert charge.send(client, charge.batch())
            avant = heads(client)
        assert serveur.processus is not None
        serveur.processus.send_signal(signal_)
        assert serveur.wait(60) == 0
        serveur.start()
        with serveur.client() as client:
            assert heads(client) == avant
    finally:
        serveur.stop()
    assert avant["production"] > 100
    assert capfd.readouterr().err == ""


def test_the_theatre_of_failure_counts_what_was_acknowledged_and_loses_nothing() -> None:
    fin = spawn("panne", "--tirs", "1", "--graine", "1")
    assert fin.code == 0, fin
    bilan = fin.sortie.splitlines()[-1]
    trouve = re.match(r"Acquittés : (\d+)   comptés : (\d+)   perdus : (\d+)   doublés : (\d+)", bilan)
    assert trouve, bilan
    acquittes, comptes, perdus, doubles = (int(nombre) for nombre in trouve.groups())
    assert (acquittes, perdus, doubles) == (comptes, 0, 0)
    assert acquittes > 1_000
