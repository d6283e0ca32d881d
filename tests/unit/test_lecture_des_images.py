"""The images that a Caf is asked for are looked up in its own file of SQLite, never found by reading every row."""

from pathlib import Path

import pytest
from sqlalchemy import text

from services.production.images import RAYONS as PIECES
from services.production.models import MODELES as PRODUCTION
from services.recovery.images import RAYONS as CREANCES
from services.recovery.models import MODELES as RECOVERY
from shared.base import create_tables, open_sqlite
from shared.runtime.imagier import Borne, Demande, Depart, Membre, select_rows

RAYONS = {**PIECES, **CREANCES}


@pytest.mark.parametrize("membre", ["caf", "caf_traitante"])
@pytest.mark.parametrize(
    ("famille", "bornes"),
    [
        ("piece", (Borne("fin", 100, 200),)),
        ("piece", (Borne("arrivee", 100, 200), Borne("fin", 100, None, ou_rien=True))),
        ("piece", (Borne("arrivee", None, 200), Borne("fin", 201, None, ou_rien=True))),
        ("creance", (Borne("constat", 100, 200),)),
        ("remise", ()),
    ],
)
def test_the_rows_of_a_caf_are_looked_up_by_an_index(
    famille: str, bornes: tuple[Borne, ...], membre: Membre, tmp_path: Path
) -> None:
    moteur = open_sqlite(tmp_path / "base.db", ecriture=True)
    create_tables(moteur, [*PRODUCTION, *RECOVERY])
    tri = bornes[0].jour if bornes else None
    for apres in (None, Depart(150, "091|P")):
        requete = select_rows(RAYONS[famille], Demande("091", famille, bornes, tri, apres, membre=membre))
        sql = str(requete.compile(moteur, compile_kwargs={"literal_binds": True}))
        with moteur.connect() as connexion:
            etapes = [ligne[3] for ligne in connexion.execute(text(f"EXPLAIN QUERY PLAN {sql}"))]
        assert any("SEARCH" in etape for etape in etapes), etapes
        assert not [etape for etape in etapes if etape.startswith(f"SCAN {RAYONS[famille].table.name}")], etapes
    moteur.dispose()
