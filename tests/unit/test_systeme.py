"""What the machine refuses is told in French; what waits for a server knows when waiting is useless."""

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ecluse.acces import AccesDistant
from ecluse.cli import app
from ecluse.client import Client
from ecluse.dossier import DossierInutilisable, own
from ecluse.serveur import PortOccupe, listen


def test_a_busy_port_is_told_in_french() -> None:
    with listen("127.0.0.1", 0) as prise, pytest.raises(PortOccupe, match="adresse déjà utilisée"):
        listen("127.0.0.1", prise.getsockname()[1])


def test_a_folder_that_is_a_file_is_told_in_french(tmp_path: Path) -> None:
    (tmp_path / "fichier").touch()
    with pytest.raises(DossierInutilisable, match="un fichier porte déjà ce nom"):
        own(tmp_path / "fichier")
    with pytest.raises(DossierInutilisable, match="ce chemin passe par un fichier"):
        own(tmp_path / "fichier" / "donnees")


def test_a_new_data_folder_is_for_its_owner_alone(tmp_path: Path) -> None:
    with own(tmp_path / "donnees") as dossier:
        assert dossier.chemin.stat().st_mode & 0o777 == 0o700


def test_the_number_of_a_letter_that_can_not_be_one_is_told_in_one_line(tmp_path: Path) -> None:
    resultat = CliRunner().invoke(app, ["dead-letters", "show", f"production/{'9' * 30}", "--data-dir", str(tmp_path)])
    assert resultat.exit_code == 2
    assert "service/numéro" in resultat.output


def test_waiting_for_a_server_ends_at_a_hole() -> None:
    class Troue(Client):
        appels = 0

        def get(self, chemin: str, **parametres: Any) -> Any:
            del chemin, parametres
            self.appels += 1
            assert self.appels == 1, "it asks again, and could ask for ever"
            return {
                "a_jour": False,
                "services": [],
                "consommateurs": [{"arret": None, "trou": "après 3, attendu 5"}],
                "injoignables": [],
            }

    client = Troue("http://127.0.0.1:9", "jeton")
    assert not AccesDistant(client).wait()
    client.close()
