"""The images that a Caf is asked for are looked up in its own file of SQLite, never found by reading every row."""

from pathlib import Path

import pytest
from sqlalchemy import text

from services.contacts.images import RAYONS as CONTACTS_LUS
from services.contacts.models import MODELES as CONTACTS
from services.production.images import RAYONS as PIECES
from services.production.models import MODELES as PRODUCTION
from services.recovery.images import RAYONS as CREANCES
from services.recovery.models import MODELES as RECOVERY
from shared.base import create_tables, open_sqlite
from shared.runtime.imagier import Borne, Demande, Depart, Membre, select_rows

RAYONS = {**CONTACTS_LUS, **PIECES, **CREANCES}


@pytest.mark.parametrize(
    ("famille", "jour", "index"), [("contact", "recu", "contact_jour"), ("creance", "constat", "creance_jour")]
)
def test_the_rows_of_some_days_are_looked_up_by_their_days(famille: str, jour: str, index: str, tmp_path: Path) -> None:
    etapes = plan(Demande("091", famille, (Borne(jour, 738_000, 738_030),), jour), tmp_path)
    assert any(f"USING INDEX {index} " in etape for etape in etapes), etapes


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
    tri = bornes[0].jour if bornes else None
    for apres in (None, Depart(150, "091|P")):
        etapes = plan(Demande("091", famille, bornes, tri, apres, membre=membre), tmp_path)
        assert any("SEARCH" in etape for etape in etapes), etapes
        assert not [etape for etape in etapes if etape.startswith(f"SCAN {RAYONS[famille].table.name}")], etapes


def plan(demande: Demande, dossier: Path) -> list[str]:
    """The steps of SQLite."""
    moteur = open_sqlite(dossier / "base.db", ecriture=True)
    create_tables(moteur, [*CONTACTS, *PRODUCTION, *RECOVERY])
    requete = select_rows(RAYONS[demande.famille], demande)
    sql = str(requete.compile(moteur, compile_kwargs={"literal_binds": True}))
    with moteur.connect() as connexion:
        etapes = [str(ligne[3]) for ligne in connexion.execute(text(f"EXPLAIN QUERY PLAN {sql}"))]
    moteur.dispose()
    return etapes
