"""PostgreSQL under a service: what it refuses, what it loses, what it must not tell."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import insert, text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from shared.base import BaseInutilisable, BaseNonMigree, is_refused_for_now, open_postgres
from shared.migrations import downgrade, upgrade
from shared.runtime.boite import BOITE
from shared.runtime.ecrivain import Indisponible
from shared.runtime.lettres import list_letters
from shared.runtime.lot import ACCEPTE, DOUBLON, Lot
from shared.runtime.service import ServiceDeFaits
from tests.fabrique import Brut
from tests.infra.ecrivains import PATIENCE, PRODUCTION, objects, open_writer, published, take_all, writers
from tests.infra.postgres import Postgres
from tests.maisons import arrivee, traitee

NUL = "\0"


@pytest.fixture
def url(nouvelle_base: Callable[[str], str]) -> str:
    return nouvelle_base("production")


@pytest.fixture
def production(url: str) -> Iterator[ServiceDeFaits]:
    with writers(PRODUCTION, url, 1) as (service,):
        yield service


@pytest.fixture(params=["sqlite", "postgresql"])
def partout(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ServiceDeFaits]:
    """Production, on each kind of database."""
    if request.param == "postgresql":
        yield request.getfixturevalue("production")
        return
    service = open_writer(PRODUCTION, tmp_path)
    yield service
    service.close()


def execute(service: ServiceDeFaits, requete: str) -> None:
    with service.ecriture.begin() as connexion:
        connexion.execute(text(requete))


def pieces(service: ServiceDeFaits) -> set[str]:
    return {ligne["objet"] for ligne in objects(service, PRODUCTION.modeles)["piece"]}


def letters(service: ServiceDeFaits) -> list[tuple[str, str, str]]:
    with service.lecture.connect() as connexion:
        return [(e["evenement_source"], e["evenement_id"], e["motif"]) for e in list_letters(connexion)]


def test_ids_may_hold_any_character(partout: ServiceDeFaits) -> None:
    source, ids = f"/ged{NUL}\ue000", [f"E{NUL}0", "E\ue0000", "E\ue0001", "E\ue000", "E"]
    bruts: list[Brut] = [arrivee("P-1", "2023-01-05T10:00:00Z", source=source, id=i) for i in ids]
    assert take_all(partout, bruts) == [ACCEPTE] * 5
    assert take_all(partout, bruts) == [DOUBLON] * 5
    # Facts from before the arrival: impossible, until an earlier arrival is known.
    tot = [traitee("P-1", f"2023-01-0{n}T10:00:00Z", source=source, id=f"T{NUL}{n}") for n in (2, 3)]
    take_all(partout, tot)
    assert letters(partout) == [(source, f"T{NUL}{n}", "impossible") for n in (2, 3)]
    take_all(partout, [arrivee("P-1", "2023-01-01T10:00:00Z", source=source, id=f"A{NUL}")])
    assert letters(partout) == []


def test_a_row_that_the_database_refuses_is_parked_alone(production: ServiceDeFaits) -> None:
    execute(production, "ALTER TABLE piece ADD CHECK (objet <> 'P-7')")
    bruts = [arrivee(f"P-{n}") for n in range(16)]
    assert take_all(production, [*bruts, traitee("P-7")], 17) == [ACCEPTE] * 17
    assert pieces(production) == {f"P-{n}" for n in range(16)} - {"P-7"}
    assert [motif for _, _, motif in letters(production)] == ["refuse_a_l_enregistrement"] * 2
    assert take_all(production, [arrivee("P-7")]) == [DOUBLON]


def test_a_value_that_no_column_holds_is_parked_as_well(production: ServiceDeFaits) -> None:
    execute(production, "ALTER TABLE piece ALTER COLUMN objet TYPE varchar(5)")
    assert take_all(production, [arrivee("P-1"), arrivee("P-TROP-LONG"), arrivee("P-2")], 3) == [ACCEPTE] * 3
    assert pieces(production) == {"P-1", "P-2"}
    assert len(letters(production)) == 1


def test_a_connection_cut_within_a_commit_leaves_nothing_and_a_retry_passes(
    production: ServiceDeFaits, postgres: Postgres, url: str
) -> None:
    brut = arrivee("P-1")

    def cut(lot: Lot) -> None:
        lot.connexion.execute(insert(BOITE).values(cle="avant-la-coupure", empreinte=b""))
        assert postgres.terminate_backends(url) >= 1

    with pytest.raises(Indisponible, match="la base ne répond pas : réessayer"):
        production.ecrivain.order(cut).result(PATIENCE)
    assert take_all(production, [brut]) == [ACCEPTE]
    with production.lecture.connect() as connexion:
        assert connexion.execute(text("SELECT count(*) FROM boite")).scalar() == 1


def test_a_connection_cut_while_nobody_used_it_is_not_noticed(
    production: ServiceDeFaits, postgres: Postgres, url: str
) -> None:
    assert take_all(production, [arrivee("P-1")]) == [ACCEPTE]
    assert pieces(production) == {"P-1"}
    assert postgres.terminate_backends(url) >= 2
    assert take_all(production, [arrivee("P-2")]) == [ACCEPTE]
    assert pieces(production) == {"P-1", "P-2"}


def test_a_database_that_takes_no_writes_is_away_for_now(production: ServiceDeFaits, url: str) -> None:
    # As a standby answers until it is promoted, or a disk that an operator must first empty.
    execute(production, f'ALTER DATABASE "{url.rpartition("/")[2]}" SET default_transaction_read_only = on')
    production.ecriture.dispose()
    with pytest.raises(Indisponible, match="réessayer"):
        take_all(production, [arrivee("P-1")])
    with production.ecriture.connect() as connexion:
        connexion.execution_options(isolation_level="AUTOCOMMIT")
        connexion.execute(text("SET default_transaction_read_only = off"))
        connexion.execute(text(f'ALTER DATABASE "{url.rpartition("/")[2]}" RESET default_transaction_read_only'))
    production.ecriture.dispose()
    assert take_all(production, [arrivee("P-1")]) == [ACCEPTE]
    assert letters(production) == []


def test_a_reader_sees_one_moment_and_writes_nothing(production: ServiceDeFaits) -> None:
    compte = text("SELECT count(*) FROM piece")
    with production.lecture.connect() as connexion:
        assert connexion.execute(compte).scalar() == 0
        take_all(production, [arrivee("P-1")])
        assert connexion.execute(compte).scalar() == 0
        with pytest.raises(DBAPIError, match="read-only"):
            connexion.execute(text("DELETE FROM piece"))
    with production.lecture.connect() as connexion:
        assert connexion.execute(compte).scalar() == 1


def test_what_is_acknowledged_is_on_the_disk_of_the_server(production: ServiceDeFaits) -> None:
    with production.ecriture.connect() as connexion:
        reglages = [
            connexion.execute(text(f"SHOW {nom}")).scalar()
            for nom in ("synchronous_commit", "transaction_isolation", "statement_timeout", "lock_timeout")
        ]
    assert reglages == ["on", "read committed", "45s", "5s"]


def test_a_server_that_is_frozen_costs_its_connections_and_no_thread(url: str, postgres: Postgres) -> None:
    moteur = open_postgres(url, ecriture=True, silence=3)
    with moteur.connect() as connexion:
        postgres.pause()
        try:
            with pytest.raises(OperationalError, match="sans réponse depuis") as erreur:
                connexion.execute(text("SELECT 1"))
        finally:
            postgres.resume()
        assert erreur.value.connection_invalidated
        assert is_refused_for_now(erreur.value)
    with moteur.connect() as connexion:
        assert connexion.execute(text("SELECT 1")).scalar() == 1
    moteur.dispose()


def test_a_statement_whose_rows_keep_coming_is_not_cut(url: str) -> None:
    moteur = open_postgres(url, silence=4)
    with moteur.connect() as connexion:
        lignes = connexion.execute(text("SELECT pg_sleep(0.15), repeat('x', 9000) FROM generate_series(1, 40)")).all()
    moteur.dispose()
    assert len(lignes) == 40


def test_an_error_of_the_server_does_not_tell_what_the_rows_hold(production: ServiceDeFaits) -> None:
    ligne = insert(BOITE).values(cle="D-7f3a91", empreinte=b"")
    with production.ecriture.connect() as connexion:
        connexion.execute(ligne)
        with pytest.raises(IntegrityError) as erreur:
            connexion.execute(ligne)
    assert "duplicate key" in str(erreur.value)
    assert "D-7f3a91" not in str(erreur.value) + str(erreur.value.orig)


def test_rows_are_written_in_the_order_in_which_they_are_given(production: ServiceDeFaits) -> None:
    bruts = [arrivee(f"P-{n}", dossier=f"D-{-n % 7}") for n in range(2_500)]
    take_all(production, bruts, 2_500)
    sujets = [cle for cle, type_, _ in published(production) if type_ == "fr.caf.piece.arrivee.v1"]
    assert sujets == [f"091|D-{-n % 7}" for n in range(2_500)]


def test_a_service_does_not_start_on_tables_that_are_not_those_it_reads(url: str) -> None:
    with pytest.raises(BaseNonMigree, match=r"n'a pas encore de tables.*« ecluse migrations upgrade production »"):
        open_writer(PRODUCTION, Path("/nulle-part"), url)
    upgrade("production", url)
    downgrade("production", url, "0001")
    with pytest.raises(BaseNonMigree, match=r"est à la révision 0001.*« ecluse migrations upgrade production »"):
        open_writer(PRODUCTION, Path("/nulle-part"), url)


@pytest.mark.parametrize(
    "adresse", ["mysql://u:secret@h/b", "sqlite:///secret.db", "secret", "postgresql://u:secret@h", ""]
)
def test_an_address_that_is_not_one_is_refused_without_telling_it(adresse: str) -> None:
    with pytest.raises(BaseInutilisable, match="postgresql://utilisateur@machine:5432/base") as refus:
        open_postgres(adresse)
    assert "secret" not in str(refus.value)


def test_a_server_that_is_away_is_named_without_its_password(postgres: Postgres) -> None:
    url = postgres.url_of("absente").replace("postgresql://ecluse@", "postgresql://ecluse:secret@")
    with pytest.raises(BaseInutilisable, match=f"la base 127.0.0.1:{postgres.port}/absente est inutilisable") as refus:
        open_writer(PRODUCTION, Path("/nulle-part"), url)
    assert "secret" not in str(refus.value)
