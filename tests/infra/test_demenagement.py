"""Moving a data folder to PostgreSQL: the same rows, nothing taken twice, and the folder is closed."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest
from sqlalchemy import select

from ecluse.acces import reach
from ecluse.distribue.demenagement import APRES_COMMIT, AVANT_COMMIT, SERVICES
from ecluse.dossier import FERME
from services.indicators.contrat_documents import parse_days
from services.indicators.valeurs import Saisie
from services.production.app import bootstrap as open_production
from shared.events.catalogue import ENCODER
from shared.events.porte import Recu, judge
from shared.ndjson import read_lines
from shared.pannes import VARIABLE
from shared.reglages import Reglages, read_clock
from shared.runtime.journal import JOURNAL, PUBLIEUR
from tests.donnees import petit_mois
from tests.infra.clients import psql
from tests.infra.postgres import Postgres
from tests.maisons import PATIENCE, arrivee, send_all

LIGNES = 1_500
COMPTE = "SELECT count(*) FROM {}"


@pytest.fixture
def adresse(postgres: Postgres) -> Iterator[str]:
    """An empty database per service: their address, with the place of the service."""
    serveur = postgres.url_of("postgres")
    noms = {service: f"demenage_{service}" for service in SERVICES}
    for nom in noms.values():
        psql(serveur, f"CREATE DATABASE {nom}")
    yield postgres.url_of("demenage_{service}")
    for nom in noms.values():
        psql(serveur, f"DROP DATABASE {nom} WITH (FORCE)")


@pytest.fixture
def dossier(tmp_path: Path) -> Path:
    """A folder that has taken part of a month, and holds dead letters and refused lines too."""
    chemin = tmp_path / "data"
    with reach(chemin) as acces:
        send_all(acces, islice(read_lines(str(petit_mois())), LIGNES), tmp_path / "rejets")
    return chemin


def run(dossier: Path, adresse: str, **environ: str) -> "subprocess.CompletedProcess[str]":
    """``ecluse migrate``."""
    commande = [sys.executable, "-m", "ecluse", "migrate", "--data-dir", str(dossier), "--to", adresse]
    return subprocess.run(
        commande, capture_output=True, text=True, timeout=PATIENCE * 2, check=False, env={**os.environ, **environ}
    )


def count(adresse: str, service: str, table: str) -> int:
    """Rows of a table, as anyone counts them."""
    return int(psql(adresse.format(service=service), COMPTE.format(table)))


def test_a_folder_moves_whole_and_is_closed(dossier: Path, adresse: str) -> None:
    fini = run(dossier, adresse)
    assert (fini.returncode, fini.stderr) == (0, ""), fini
    assert [ligne.split(" :")[0] for ligne in fini.stdout.splitlines()[:4]] == list(SERVICES)

    encore = run(dossier, adresse)
    assert encore.returncode == 2
    assert "est fermé : il a déménagé" in encore.stderr
    (dossier / FERME).unlink()
    assert "(déjà là)" in run(dossier, adresse).stdout


def test_what_people_gave_moves_too_even_where_nothing_was_counted(tmp_path: Path, adresse: str) -> None:
    vide = tmp_path / "vide"
    with reach(vide) as acces:
        saisie = Saisie("521", "COG-01-11", parse_days(None, None, 2023), 0.91, "pilotage")
        acces.record_value(saisie, None)
    assert run(vide, adresse).returncode == 0
    assert count(adresse, "indicators", "valeur_saisie") == 1
    assert count(adresse, "indicators", "cible") > 80
    (vide / FERME).unlink()
    assert "(déjà là)" in run(vide, adresse).stdout


def test_what_was_taken_before_the_move_is_a_duplicate_after_it(dossier: Path, adresse: str) -> None:
    assert run(dossier, adresse).returncode == 0
    jugements = [judge(octets, read_clock()) for _, octets in islice(read_lines(str(petit_mois())), LIGNES)]
    miens = [j for j in jugements if isinstance(j, Recu) and j.type.service == "production"]
    nouveau = judge(ENCODER.encode(arrivee("P-NEUVE")), read_clock())
    assert isinstance(nouveau, Recu)

    service = open_production(
        Reglages(Path(), bases={"production": adresse.format(service="production")}), lambda: None
    )
    try:
        sorts = {verdict.sort for verdict in service.submit(miens).result(PATIENCE)}
        assert "accepte" not in sorts
        assert [v.sort for v in service.submit([nouveau]).result(PATIENCE)] == ["accepte"]
        with service.lecture.connect() as connexion:
            positions = connexion.execute(select(JOURNAL.c.position).order_by(JOURNAL.c.id)).scalars().all()
            confirme = connexion.execute(select(PUBLIEUR.c.confirme)).scalar_one()
    finally:
        service.close()
    anciennes = [p for p in positions if p is not None]
    # The log keeps its positions; what came since has none yet, and all of it is still to be sent.
    assert anciennes == list(range(1, len(anciennes) + 1))
    assert set(positions[len(anciennes) :]) == {None}
    assert confirme == 0


@pytest.mark.parametrize("point", [AVANT_COMMIT, APRES_COMMIT])
@pytest.mark.parametrize("passage", [1, 3])
def test_a_move_that_was_killed_is_done_again(dossier: Path, adresse: str, point: str, passage: int) -> None:
    tue = run(dossier, adresse, **{VARIABLE: f"{point}:{passage}"})
    assert tue.returncode == -signal.SIGKILL
    assert not (dossier / FERME).exists()
    fini = run(dossier, adresse)
    assert (fini.returncode, fini.stderr) == (0, ""), fini
    faits = passage if point == APRES_COMMIT else passage - 1
    assert ["(déjà là)" in ligne for ligne in fini.stdout.splitlines()[:4]] == [n < faits for n in range(4)]


def test_a_base_that_serves_something_else_is_refused_and_left_as_it_was(dossier: Path, adresse: str) -> None:
    assert run(dossier, adresse).returncode == 0
    avant = count(adresse, "production", "journal")
    autre = dossier.parent / "autre"
    with reach(autre) as acces:
        send_all(acces, [(1, ENCODER.encode(arrivee("P-AUTRE")))], dossier.parent / "rejets2")
    refus = run(autre, adresse)
    assert refus.returncode == 2
    assert "n'est pas vide" in refus.stderr
    assert count(adresse, "production", "journal") == avant
    assert not (autre / FERME).exists()


@pytest.mark.parametrize("mauvaise", ["postgresql://127.0.0.1:1/{service}", "postgresql://127.0.0.1/toutes"])
def test_an_address_that_can_not_serve_is_one_clear_line(dossier: Path, mauvaise: str) -> None:
    refus = run(dossier, mauvaise)
    assert refus.returncode == 2
    assert refus.stderr.startswith("ecluse : ")
    assert len(refus.stderr.splitlines()) == 1
    assert not (dossier / FERME).exists()
