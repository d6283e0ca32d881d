"""What the databases tell, and to whom."""

from pathlib import Path

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from ecluse.maison import open_house
from shared.base import create_tables, open_sqlite
from shared.reglages import Reglages
from shared.runtime.boite import BOITE
from shared.runtime.tables import TABLES_COMMUNES
from tests.maisons import arrivee, deposit


def test_an_error_of_the_database_does_not_tell_what_the_rows_hold(tmp_path: Path) -> None:
    moteur = open_sqlite(tmp_path / "essai.db", ecriture=True)
    create_tables(moteur, TABLES_COMMUNES)
    ligne = insert(BOITE).values(cle="D-7f3a91", empreinte=b"")
    with moteur.begin() as connexion:
        connexion.execute(ligne)
        with pytest.raises(IntegrityError) as erreur:
            connexion.execute(ligne)
    moteur.dispose()
    assert "UNIQUE" in str(erreur.value)
    assert "D-7f3a91" not in str(erreur.value)


def test_what_is_kept_is_for_its_owner_alone(tmp_path: Path) -> None:
    dossier = tmp_path / "donnees"
    dossier.mkdir(mode=0o755)
    with open_house(Reglages(dossier)) as maison:
        deposit(maison, arrivee("P-1"))
        assert {f.name: oct(f.stat().st_mode & 0o777) for f in dossier.iterdir()} == {
            f.name: "0o600" for f in dossier.iterdir()
        }
