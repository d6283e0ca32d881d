"""``ecluse up`` where it can not run: one clear line, exit 2, and nothing is harmed."""

import socket
from pathlib import Path

import pytest

from ecluse.maison import open_house
from ecluse.panne import Serveur
from shared.migrations import head_of
from shared.reglages import Reglages
from tests.maisons import execute, query, refusal


@pytest.mark.parametrize("service", ["production", "indicators"])
def test_a_database_from_a_newer_version(service: str, tmp_path: Path) -> None:
    with open_house(Reglages(tmp_path)):
        pass
    base = tmp_path / f"{service}.db"
    execute(base, "UPDATE alembic_version SET version_num = '9999'")
    ligne = refusal(tmp_path)
    assert f"{base} vient d'une version plus récente" in ligne
    assert "9999" in ligne
    assert head_of(service) in ligne
    assert "mettre Écluse à jour" in ligne
    assert query(base, "SELECT version_num FROM alembic_version") == [("9999",)]


@pytest.mark.parametrize("service", ["contacts", "production", "recovery"])
def test_the_first_release_refuses_a_database_of_this_one(service: str, tmp_path: Path) -> None:
    with open_house(Reglages(tmp_path)):
        pass
    # It reads files marked 0 or 1, and knows no other mark.
    assert query(tmp_path / f"{service}.db", "PRAGMA user_version") == [(int(head_of(service)),)]
    assert int(head_of(service)) > 1


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "contacts.db").write_bytes(b"ceci n'est pas une base" * 1_000)
    ligne = refusal(tmp_path)
    assert f"la base {tmp_path / 'contacts.db'} est inutilisable" in ligne
    assert (tmp_path / "contacts.db").read_bytes().startswith(b"ceci")


def test_a_folder_in_use(tmp_path: Path) -> None:
    serveur = Serveur(tmp_path)
    serveur.start()
    try:
        assert serveur.processus is not None
        ligne = refusal(tmp_path)
        assert f"déjà utilisé par un autre Écluse (processus {serveur.processus.pid})" in ligne
        with serveur.client() as client:
            assert client.get("/v1/etat").status_code == 200
    finally:
        serveur.stop()


def test_a_busy_port(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as prise:
        port = prise.getsockname()[1]
        ligne = refusal(tmp_path, "--port", str(port))
    assert f"impossible d'écouter sur 127.0.0.1:{port}" in ligne
    assert "--port" in ligne


def test_a_folder_where_nothing_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "fichier").write_text("un fichier, non un dossier")
    ligne = refusal(tmp_path / "fichier" / "data")
    assert f"impossible d'écrire dans le dossier {tmp_path / 'fichier' / 'data'}" in ligne
    assert "choisir un autre dossier" in ligne
