"""The log and its consumer: one writer, no hole jumped, no restored copy taken for the original (architecture §4)."""

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import pytest
from typer.testing import CliRunner

from ecluse.cli import app
from ecluse.etat import EtatConsommateur
from ecluse.maison import Maison, open_house
from services.indicators.fold.families import VERSION_PLI
from shared.base import open_sqlite
from shared.reglages import Reglages
from shared.runtime.ecrivain import Indisponible
from shared.runtime.journal import take_lead
from tests.fabrique import Brut
from tests.maisons import arrivee, deposit, eventually, execute, fait, query, traitee, value

JOUR: Final = "2023-01-10T10:00:00Z"
# For each service an event to send, as often as wanted, and the figure that counts it.
DEPOTS: Final[Mapping[str, tuple[Callable[[int], Brut], str]]] = {
    "production": (lambda n: arrivee(f"P-{n}", JOUR), "PIECES-ARRIVEES"),
    "contacts": (
        lambda n: fait("contact.recu", JOUR, contact=f"C-{n}", dossier=f"D-{n}", canal="telephone", nature="dossier"),
        "APPELS-RECUS",
    ),
    "recovery": (
        lambda n: fait(
            "indu.constate", JOUR, creance=f"K-{n}", dossier=f"D-{n}", prestation="rsa", montant_centimes=100,
            cause="erreur_declaration", debiteur="allocataire",
        ),
        "INDUS-NOMBRE",
    ),
}  # fmt: skip


def source(maison: Maison, nom: str) -> EtatConsommateur:
    """What ``GET /v1/etat`` shows of the consumer on one source."""
    return next(c for c in maison.state().consommateurs if c.source == nom)


def test_the_second_owner_of_a_log_evicts_the_first(tmp_path: Path) -> None:
    with open_house(Reglages(tmp_path)) as maison:
        deposit(maison, arrivee("P-1"))
        autre = open_sqlite(maison.reglages.base("production"), ecriture=True)
        with autre.begin() as connexion:
            take_lead(connexion, "production", "un autre")
        autre.dispose()
        for _ in range(2):
            with pytest.raises(Indisponible, match="écrit par un autre processus"):
                deposit(maison, arrivee("P-2"))
        assert query(maison.reglages.base("production"), "SELECT objet FROM piece") == [("P-1",)]
        arret = eventually(lambda: source(maison, "production").arret)
        assert "écrit par un autre processus" in arret
        etat = maison.state()
        assert not etat.a_jour
        assert [s.nom for s in etat.services if s.arret] == ["production"]
        # The others go on.
        assert deposit(maison, DEPOTS["contacts"][0](1)) == ["accepte"]


def test_a_hole_in_the_log_holds_the_consumer_and_is_told(tmp_path: Path) -> None:
    # One dossier, so that all movements are in one partition and follow one another there.
    with open_house(Reglages(tmp_path)) as maison:
        deposit(maison, *(arrivee(f"P-{n}", JOUR, dossier="D") for n in range(10)))
    mouvements = "SELECT position FROM journal WHERE type LIKE '%mouvement%' ORDER BY position"
    sixieme = query(tmp_path / "production.db", mouvements)[5][0]
    execute(tmp_path / "production.db", "DELETE FROM journal WHERE position = ?", sixieme)
    (tmp_path / "indicators.db").unlink()
    with open_house(Reglages(tmp_path)) as maison:
        trou = eventually(lambda: source(maison, "production").trou)
        assert f"attendu {sixieme} avant {sixieme + 1}" in trou
        # What comes after is taken by the service, and not by the figures.
        deposit(maison, arrivee("P-10", JOUR, dossier="D"), DEPOTS["contacts"][0](1))
        assert not maison.wait_until_current(60)
        eventually(lambda: maison.indicateurs.figures("091", "2023-01-01", "2023-01-31", ["APPELS-RECUS"])
                   .indicateurs[0].valeur)  # fmt: skip
        etat = source(maison, "production")
        assert (etat.repere, etat.a_jour, maison.state().a_jour) == (sixieme - 1, False, False)
        arrivees = maison.indicateurs.figures("091", "2023-01-01", "2023-01-31", ["PIECES-ARRIVEES"])
        assert arrivees.indicateurs[0].valeur == 5
        assert not arrivees.fraicheur.a_jour


def test_an_unreadable_movement_stops_the_consumer_which_says_where(tmp_path: Path) -> None:
    with open_house(Reglages(tmp_path)) as maison:
        deposit(maison, arrivee("P-1", JOUR))
    execute(tmp_path / "production.db", "UPDATE journal SET octets = '{' WHERE type LIKE '%mouvement%'")
    (tmp_path / "indicators.db").unlink()
    with open_house(Reglages(tmp_path)) as maison:
        arret = eventually(lambda: source(maison, "production").arret)
        assert "mouvement illisible dans le journal de production, entre les positions 1 et 2" in arret
        assert deposit(maison, arrivee("P-2", JOUR), DEPOTS["recovery"][0](1)) == ["accepte"] * 2
        assert not maison.wait_until_current(60)
        assert source(maison, "production").repere == 0


@pytest.mark.parametrize("service", DEPOTS)
def test_a_restored_old_copy_of_a_service_is_noticed_and_can_be_accepted(service: str, tmp_path: Path) -> None:
    brut, code = DEPOTS[service]
    data = tmp_path / "data"
    data.mkdir()
    deposit_and_close(data, brut(1), *(f(0) for f, _ in DEPOTS.values()))
    shutil.copy(data / f"{service}.db", tmp_path / "copie.db")
    deposit_and_close(data, brut(2), brut(3))
    shutil.copy(tmp_path / "copie.db", data / f"{service}.db")
    with open_house(Reglages(data)) as maison:
        assert "une ancienne copie a été restaurée" in (source(maison, service).arret or "")
        # The copy goes on its own way: it may grow beyond what the figures had read of the original.
        deposit(maison, *(brut(n) for n in range(10, 20)))
        assert not maison.wait_until_current(60)
        assert [c.source for c in maison.state().consommateurs if c.arret] == [service]
    with open_house(Reglages(data)) as maison:
        assert "une ancienne copie a été restaurée" in (source(maison, service).arret or "")
    sortie = CliRunner().invoke(app, ["rebuild", "--accepter-restauration", "--data-dir", str(data), "--json"])
    assert sortie.exit_code == 0, sortie.output
    assert json.loads(sortie.output)["evenements"] > 10
    with open_house(Reglages(data)) as maison:
        assert value(maison, code) == 12
        assert {value(maison, autre) for s, (_, autre) in DEPOTS.items() if s != service} == {1}
        assert maison.indicateurs.rebuild().egal


def test_a_copy_of_the_last_state_is_as_good_as_the_original(tmp_path: Path) -> None:
    deposit_and_close(tmp_path, arrivee("P-1", JOUR))
    execute(tmp_path / "production.db", f"VACUUM INTO '{tmp_path / 'copie'}'")
    shutil.move(tmp_path / "copie", tmp_path / "production.db")
    with open_house(Reglages(tmp_path)) as maison:
        deposit(maison, arrivee("P-2", JOUR))
        assert value(maison, "PIECES-ARRIVEES") == 2


def test_a_restored_old_copy_of_the_figures_reads_the_logs_again(tmp_path: Path) -> None:
    deposit_and_close(tmp_path, *(f(1) for f, _ in DEPOTS.values()))
    shutil.copy(tmp_path / "indicators.db", tmp_path / "copie")
    deposit_and_close(tmp_path, *(f(2) for f, _ in DEPOTS.values()))
    shutil.copy(tmp_path / "copie", tmp_path / "indicators.db")
    with open_house(Reglages(tmp_path)) as maison:
        assert [value(maison, code) for _, code in DEPOTS.values()] == [2, 2, 2]
        assert maison.indicateurs.rebuild().egal


def test_another_version_of_the_fold_reads_the_logs_again_at_the_start(tmp_path: Path) -> None:
    deposit_and_close(tmp_path, arrivee("P-1", JOUR), traitee("P-1", JOUR))
    execute(tmp_path / "indicators.db", "UPDATE pli_version SET version = version - 1")
    execute(tmp_path / "indicators.db", "UPDATE pli_cellule SET mesures = '[7, 7]'")
    with open_house(Reglages(tmp_path)) as maison:
        assert value(maison, "PIECES-TRAITEES") == 1
        assert maison.indicateurs.rebuild().egal
    assert query(tmp_path / "indicators.db", "SELECT version FROM pli_version") == [(VERSION_PLI,)]


def deposit_and_close(dossier: Path, *bruts: Brut) -> None:
    """Open the house, give it events, wait for its figures, close it."""
    with open_house(Reglages(dossier)) as maison:
        assert deposit(maison, *bruts) == ["accepte"] * len(bruts)
        assert maison.wait_until_current(60)
