"""Archives of the logs: what they hold, what they refuse, and the same figures folded from them."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import pyarrow.parquet as pq
import pytest

from shared.archive import ecriture, fichier, journal
from shared.archive.lecture import open_archive
from shared.ndjson import read_lines
from shared.pannes import POINTS, VARIABLE
from tests.archives import MOIS, Horloge, house_at, import_over_months
from tests.commandes import Fin, assert_refuses, ecluse, serving, write_clean
from tests.donnees import RACINE
from tests.maisons import PATIENCE, arrivee, deposit, execute, query
from tests.relais import environment

SERVICES: Final = ("contacts", "production", "recovery")
POINTS_DE_L_ARCHIVE: Final = (fichier.PENDANT, ecriture.AVANT, ecriture.APRES)
JOURNAL: Final = (
    "SELECT position, precedent, partition, cle, type, octets, enregistre_le, trace FROM journal ORDER BY position"
)
COLONNES: Final = ("position", "precedent", "partition", "cle", "type", "octets", "enregistre_le", "trace")


@pytest.fixture(scope="module")
def modele(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data of a house that some of the small month came to, in any order, over four months."""
    dossier = tmp_path_factory.mktemp("archive")
    write_clean(dossier / "lot.ndjson")
    lignes = list(read_lines(str(dossier / "lot.ndjson")))
    import_over_months(dossier / "data", random.Random(1).sample(lignes, len(lignes)))
    archive_all(dossier / "archive", dossier / "data")
    return dossier


@pytest.fixture
def data(modele: Path, tmp_path: Path) -> Path:
    """A copy of these data."""
    return shutil.copytree(modele / "data", tmp_path / "data")


@pytest.fixture
def archive(modele: Path, tmp_path: Path) -> Path:
    """A copy of their archive."""
    return shutil.copytree(modele / "archive", tmp_path / "archive")


def archive_all(archive: Path, data: Path, *options: str) -> Fin:
    fin = ecluse("archive", "--vers", archive, "--data-dir", data, *options)
    assert fin.code == 0, fin.erreurs
    return fin


def verify(archive: Path) -> Fin:
    return ecluse("archive", "verifier", archive)


def rebuild(data: Path, archive: Path) -> Fin:
    return ecluse("rebuild", "--data-dir", data, "--depuis-archive", archive, "--json")


def contents(archive: Path) -> dict[str, bytes]:
    """The hash of every file."""
    fichiers = (f for f in archive.rglob("*") if f.is_file() and f.name != ".verrou")
    return {str(f.relative_to(archive)): hashlib.sha256(f.read_bytes()).digest() for f in fichiers}


def rows(fichier: Path) -> list[dict[str, Any]]:
    table = pq.read_table(fichier)
    # Nanoseconds, that Python's own instants do not hold.
    instants = table.column("enregistre_le").cast("int64").to_pylist()
    lignes: list[dict[str, Any]] = table.drop(["enregistre_le"]).to_pylist()
    return [ligne | {"enregistre_le": instant} for ligne, instant in zip(lignes, instants, strict=True)]


@pytest.mark.parametrize("service", SERVICES)
def test_an_archive_holds_the_whole_log_as_it_is(service: str, modele: Path) -> None:
    lues = [ligne for f in sorted((modele / "archive" / service).glob("*.parquet")) for ligne in rows(f)]
    assert [tuple(ligne[nom] for nom in COLONNES) for ligne in lues] == query(
        modele / "data" / f"{service}.db", JOURNAL
    )
    epoques = query(modele / "data" / f"{service}.db", "SELECT depuis, marque FROM epoque ORDER BY numero")
    for ligne in lues:
        evenement = json.loads(ligne["octets"])
        membres = ("id", "source", "caf", "subject", "type")
        assert [ligne[nom] for nom in membres] == [evenement.get(nom) for nom in membres]
        assert ligne["time"] == datetime.fromisoformat(evenement["time"])
        assert ligne["epoque"] == [marque for depuis, marque in epoques if depuis < ligne["position"]][-1]


def test_each_file_holds_the_records_of_its_month_and_says_so(modele: Path) -> None:
    trouves = [f for service in SERVICES for f in sorted((modele / "archive" / service).glob("*.parquet"))]
    assert {f.stem for f in trouves} == set(MOIS)
    for chemin in trouves:
        lues = pq.ParquetFile(chemin)
        assert {str(i)[:7] for i in lues.read(["enregistre_le"]).column(0).to_pylist()} == {chemin.stem}
        dit = json.loads(lues.metadata.metadata[b"ecluse"])
        assert (dit["service"], dit["mois"], dit["version"]) == (chemin.parent.name, chemin.stem, 1)
        assert dit["nombre"] == lues.metadata.num_rows == dit["derniere"] - dit["premiere"] + 1
        assert chemin.stat().st_mode & 0o777 == 0o600
        assert lues.metadata.row_group(0).column(5).compression == "ZSTD"
    assert verify(modele / "archive").code == 0


def test_run_again_it_adds_what_is_missing_and_changes_nothing_else(data: Path, modele: Path, tmp_path: Path) -> None:
    archive = tmp_path / "neuve"
    for mois in ("2023-01", *MOIS, "2024-01"):
        avant = contents(archive)
        archive_all(archive, data, "--avant", mois)
        apres = contents(archive)
        assert {nom for nom, _ in avant.items() - apres.items()} <= {f"{s}/manifeste.json" for s in SERVICES}
        assert {nom[-15:-8] for nom in apres if nom.endswith(".parquet")} == {m for m in MOIS if m < mois}
    assert archive_all(archive, data).sortie.count("rien à ajouter") == 3
    assert contents(archive) == contents(modele / "archive")


def test_the_month_that_lasts_is_not_archived(tmp_path: Path) -> None:
    with house_at(tmp_path / "data", Horloge.at("2023-02-10T08:00:00Z")) as maison:
        deposit(maison, arrivee("P-1"))
    execute(tmp_path / "data" / "production.db", "UPDATE journal SET enregistre_le = unixepoch() * 1000000000")
    assert "production : rien à ajouter, aucun mois clos" in archive_all(tmp_path / "archive", tmp_path / "data").sortie


@pytest.mark.parametrize("mois", [*MOIS[1:], "2024-01"])
def test_a_rebuild_from_an_archive_and_what_follows_it_is_equal(mois: str, data: Path, tmp_path: Path) -> None:
    archive_all(tmp_path / "partie", data, "--avant", mois)
    fin = rebuild(data, tmp_path / "partie")
    assert (fin.code, fin.document["egal"]) == (0, True)
    archives = sum(
        query(
            data / f"{s}.db",
            "SELECT count(*) FROM journal WHERE enregistre_le < unixepoch(?) * 1000000000",
            f"{mois}-01",
        )[0][0]
        for s in SERVICES
    )
    total = sum(query(data / f"{s}.db", "SELECT count(*) FROM journal")[0][0] for s in SERVICES)
    assert (fin.document["archives"], fin.document["evenements"]) == (archives, total)
    # What is added to the log afterwards is read from the log.
    with house_at(data, Horloge.at("2024-02-01T00:00:00Z")) as maison:
        deposit(maison, arrivee("P-neuve"))
        assert maison.wait_until_current(PATIENCE)
        avec = maison.indicateurs.rebuild(archive=tmp_path / "partie")
    assert (avec.egal, avec.archives) == (True, archives)
    assert avec.evenements > total


@pytest.mark.parametrize("fin", [0, 1, 300, 10**9])
def test_an_archive_is_read_up_to_a_position_and_no_further(fin: int, archive: Path) -> None:
    ouverte = open_archive(archive, SERVICES)
    blocs = list(ouverte.read("production", ("fr.caf.piece.arrivee.v1",), fin))
    jusqua = min(fin, ouverte.reaches("production"))
    assert sum(bloc.nombre for bloc in blocs) == (blocs[-1].suite.position if blocs else 0) == jusqua
    attendus = [
        ligne["octets"]
        for f in sorted((archive / "production").glob("*.parquet"))
        for ligne in rows(f)
        if ligne["position"] <= fin and ligne["type"] == "fr.caf.piece.arrivee.v1"
    ]
    assert [octets for bloc in blocs for octets in bloc.octets.get("fr.caf.piece.arrivee.v1", [])] == attendus


def test_an_archive_of_one_service_serves_for_that_one(data: Path, tmp_path: Path) -> None:
    archive_all(tmp_path / "une", data, "--service", "recovery")
    document = rebuild(data, tmp_path / "une").document
    assert document["egal"]
    assert 0 < document["archives"] < document["evenements"]


def test_a_cell_that_was_changed_by_hand_is_seen_from_the_archive(data: Path, archive: Path) -> None:
    execute(data / "indicators.db", "UPDATE pli_cellule SET mesures = '[7, 7]' WHERE famille = 'niveau'")
    assert rebuild(data, archive).code == 1
    fin = ecluse("rebuild", "--data-dir", data, "--depuis-archive", archive)
    assert (fin.code, fin.sortie[:9]) == (1, "DIFFÉRENT")


def test_it_says_how_fast_it_was(data: Path, archive: Path) -> None:
    sortie = ecluse("rebuild", "--data-dir", data, "--depuis-archive", archive).sortie
    assert sortie.startswith("égal : ")
    assert "événements par seconde" in sortie
    assert "lus dans l'archive" in sortie


def test_a_running_house_is_archived_and_rebuilt_from_its_archive(data: Path, tmp_path: Path) -> None:
    with serving(data) as serveur:
        archive_all(tmp_path / "vive", data)
        document = rebuild(data, tmp_path / "vive").document
        assert (document["egal"], document["archives"]) == (True, document["evenements"])
        with serveur.client() as client:
            for dossier, dit in (("vive", "chemin entier"), (str(tmp_path / "rien"), "aucune archive"), ("/a\0b", "")):
                reponse = client.post("/v1/reconstruction", params={"archive": dossier})
                assert (reponse.status_code, reponse.json()["type"]) == (409, "urn:ecluse:probleme:archive-refusee")
                assert dit in reponse.json()["detail"]


def change_byte(chemin: Path) -> None:
    octets = bytearray(chemin.read_bytes())
    octets[len(octets) // 2] ^= 1
    chemin.write_bytes(octets)


def swap_records(chemin: Path) -> None:
    """Another log under the same metadata: only the records are not the same."""
    lu = pq.read_table(chemin)
    octets = lu.column("octets").to_pylist()
    octets[0] = octets[0].replace(b'"091"', b'"092"', 1)
    rang = lu.schema.get_field_index("octets")
    faux = lu.set_column(rang, lu.schema.field(rang), [octets])
    pq.write_table(faux.replace_schema_metadata(pq.ParquetFile(chemin).metadata.metadata), chemin)


DEGATS: Final[dict[str, tuple[Callable[[Path], object], str]]] = {
    "octet": (change_byte, "a changé"),
    "enregistrement": (swap_records, "a changé"),
    "absent": (Path.unlink, "manque"),
    "vide": (lambda chemin: chemin.write_bytes(b""), "a changé"),
    "autre": (lambda chemin: shutil.copy(chemin.with_name("2023-12.parquet"), chemin), "a changé"),
}


@pytest.mark.parametrize("degat", DEGATS)
def test_a_file_that_changed_or_is_missing_is_noticed(degat: str, data: Path, archive: Path) -> None:
    geste, dit = DEGATS[degat]
    geste(archive / "production" / "2023-05.parquet")
    assert_refuses(verify(archive), "production", "2023-05.parquet", dit)
    assert_refuses(rebuild(data, archive), "production", "2023-05.parquet", dit)


@pytest.mark.parametrize("degat", ["octet", "enregistrement", "vide", "autre"])
def test_a_file_that_the_manifest_would_believe_is_held_against_its_own_records(
    degat: str, archive: Path, data: Path
) -> None:
    (archive / "production" / "manifeste.json").unlink()
    DEGATS[degat][0](archive / "production" / "2023-05.parquet")
    avant = contents(archive)
    fin = ecluse("archive", "--vers", archive, "--data-dir", data, "--service", "production")
    assert_refuses(fin, "2023-05.parquet", "n'est pas de cette archive")
    assert contents(archive).items() >= {n: e for n, e in avant.items() if n.endswith(".parquet")}.items()


def test_a_manifest_that_is_lost_is_made_again_from_the_files(archive: Path, data: Path) -> None:
    avant = contents(archive)
    (archive / "production" / "manifeste.json").unlink()
    assert "rien à ajouter, " in archive_all(archive, data).sortie
    assert contents(archive) == avant


@pytest.mark.parametrize("membre", ["derniere", "chaine", "tetes", "mois", "version"])
def test_a_manifest_that_was_changed_is_refused(membre: str, archive: Path, data: Path) -> None:
    chemin = archive / "production" / "manifeste.json"
    document = json.loads(chemin.read_bytes())
    contenu = document["fichiers"][0]["contenu"]
    contenu[membre] = {"derniere": 7, "chaine": "00" * 32, "tetes": [0] * 12, "mois": "2023-11", "version": 2}[membre]
    chemin.write_text(json.dumps(document))
    for fin in (verify(archive), rebuild(data, archive), ecluse("archive", "--vers", archive, "--data-dir", data)):
        assert_refuses(fin, str(chemin), "remettre l'archive d'une copie")


def test_a_manifest_that_can_not_be_read_is_refused(archive: Path) -> None:
    (archive / "production" / "manifeste.json").write_bytes(b"{")
    assert_refuses(verify(archive), "manifeste illisible")


@pytest.mark.parametrize("ou", ["dans un mois", "à la suture"])
def test_a_month_with_a_hole_is_refused_and_leaves_nothing(ou: str, data: Path, tmp_path: Path) -> None:
    archive = tmp_path / "trouee"
    archive_all(archive, data, "--avant", "2023-05")
    avant = contents(archive)
    depuis = json.loads((archive / "production" / "manifeste.json").read_bytes())["fichiers"][-1]["contenu"]["derniere"]
    manque = depuis + (50 if ou == "dans un mois" else 1)
    execute(data / "production.db", "DELETE FROM journal WHERE position = ?", manque)
    fin = ecluse("archive", "--vers", archive, "--data-dir", data, "--service", "production")
    assert_refuses(fin, "2023-05", f"la position {manque} est attendue")
    assert contents(archive) == avant
    assert_refuses(rebuild(data, archive), f"la position {manque} est attendue", "refaire sans archive")


def test_a_record_of_another_predecessor_is_refused(data: Path, tmp_path: Path) -> None:
    execute(data / "production.db", "UPDATE journal SET precedent = precedent - 1 WHERE position = 100")
    fin = ecluse("archive", "--vers", tmp_path / "fausse", "--data-dir", data, "--service", "production")
    assert_refuses(fin, "à la position 100", "le précédent est")


def record(data: Path, quand: str, *pieces: str) -> None:
    """These pieces come to a house at that instant."""
    with house_at(data, Horloge.at(quand)) as maison:
        assert deposit(maison, *map(arrivee, pieces)) == ["accepte"] * len(pieces)
        maison.wait_until_current(PATIENCE)


def test_a_log_of_another_lineage_is_not_taken_for_the_one_that_was_archived(tmp_path: Path) -> None:
    """An old copy is put back, and other events come to it."""
    data, archive = tmp_path / "data", tmp_path / "archive"
    record(data, "2023-02-10T08:00:00Z", "P-1", "P-2")
    shutil.copy(data / "production.db", tmp_path / "copie")
    record(data, "2023-03-10T08:00:00Z", "P-3", "P-4")
    archive_all(archive, data)
    avant = contents(archive)
    (data / "indicators.db").unlink()
    shutil.copy(tmp_path / "copie", data / "production.db")
    archiver = ("archive", "--vers", archive, "--data-dir", data, "--service", "production")
    assert_refuses(ecluse(*archiver), "il s'arrête à la position")
    record(data, "2023-04-10T08:00:00Z", "P-5", "P-6", "P-7")
    for fin in (ecluse(*archiver), rebuild(data, archive)):
        assert_refuses(fin, "n'est pas celui qui a été archivé", "dans un autre dossier")
    assert contents(archive) == avant
    # Refused before anything is begun again.
    accepter = ("rebuild", "--data-dir", data, "--accepter-restauration", "--depuis-archive", archive)
    assert_refuses(ecluse(*accepter), "n'est pas celui qui a été archivé")
    assert query(data / "indicators.db", "SELECT position FROM repere WHERE source = 'point'") == [(0,)]
    assert ecluse("rebuild", "--data-dir", data).code == 0


def test_an_archive_of_another_house_is_refused(data: Path, tmp_path: Path) -> None:
    with house_at(tmp_path / "autre", Horloge.at("2023-02-10T08:00:00Z")) as maison:
        deposit(maison, arrivee("P-1"))
    archive_all(tmp_path / "archive", tmp_path / "autre")
    assert_refuses(rebuild(data, tmp_path / "archive"), "production")
    assert_refuses(ecluse("archive", "--vers", tmp_path / "archive", "--data-dir", data), "autre maison")


@pytest.mark.chaos
@pytest.mark.parametrize("point", POINTS_DE_L_ARCHIVE)
@pytest.mark.parametrize("passage", [1, 2])
def test_killed_at_any_point_it_leaves_no_half_file_and_goes_on(
    point: str, passage: int, data: Path, modele: Path, tmp_path: Path
) -> None:
    commande = ("archive", "--vers", tmp_path / "tuee", "--data-dir", data)
    tuee = subprocess.run(
        [sys.executable, "-m", "ecluse", *map(str, commande)],
        cwd=RACINE,
        env=environment({VARIABLE: f"{point}:{passage}"}),
        check=False,
        timeout=240,
    )
    assert tuee.returncode == -signal.SIGKILL
    attendus = contents(modele / "archive")
    # Whatever bears the name of a month is that month, whole.
    assert {n: e for n, e in contents(tmp_path / "tuee").items() if n.endswith(".parquet")}.items() <= attendus.items()
    assert ecluse(*commande).code == 0
    assert contents(tmp_path / "tuee") == attendus
    assert verify(tmp_path / "tuee").code == 0
    assert rebuild(data, tmp_path / "tuee").document["egal"]


def test_no_point_is_left_out() -> None:
    assert set(POINTS_DE_L_ARCHIVE) == {nom for nom in POINTS if nom.startswith("archive.")}


def test_groups_of_rows_are_bounded_and_change_nothing(
    data: Path, modele: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "LOT", 100)
    monkeypatch.setattr(fichier, "GROUPE_OCTETS", 100_000)
    archive_all(tmp_path / "petits", data)
    groupes = [pq.ParquetFile(f).metadata.num_row_groups for f in (tmp_path / "petits").rglob("*.parquet")]
    assert max(groupes) > 1
    assert rebuild(data, tmp_path / "petits").document["egal"]
    for f in (tmp_path / "petits").rglob("*.parquet"):
        assert rows(f) == rows(modele / "archive" / f.parent.name / f.name)


def test_two_runs_do_not_write_at_once(data: Path, archive: Path) -> None:
    with (archive / "production" / ".verrou").open("a") as verrou:
        fcntl.flock(verrou, fcntl.LOCK_EX)
        fin = ecluse("archive", "--vers", archive, "--data-dir", data, "--service", "production")
    assert_refuses(fin, "une autre commande écrit")


@pytest.fixture
def without_pyarrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra is not installed."""
    for nom in [n for n in sys.modules if n.startswith("shared.archive.")]:
        if nom.rpartition(".")[2] not in ("contrat", "suite", "mois"):
            monkeypatch.delitem(sys.modules, nom)
    for nom in [n for n in sys.modules if n == "pyarrow" or n.startswith("pyarrow.")] + ["pyarrow"]:
        monkeypatch.setitem(sys.modules, nom, None)


@pytest.mark.usefixtures("without_pyarrow")
def test_without_the_extra_it_says_what_to_install(data: Path, archive: Path) -> None:
    for fin in (ecluse("archive", "--vers", archive, "--data-dir", data), verify(archive), rebuild(data, archive)):
        assert_refuses(fin, "pip install 'ecluse[exports]'")
    assert ecluse("rebuild", "--data-dir", data).code == 0


@pytest.mark.parametrize(
    ("options", "mots"),
    [
        ([], ["--vers manque"]),
        (["--vers", "x", "--avant", "janvier"], ["--avant janvier", "AAAA-MM"]),
        (["--vers", "x", "--service", "indicators"], ["service inconnu : indicators"]),
        (["--vers", "x", "--data-dir", "absent"], ["n'existe pas"]),
    ],
)
def test_a_bad_question_is_one_line_and_changes_nothing(
    options: list[str], mots: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert_refuses(ecluse("archive", *options), *mots)
    assert os.listdir(tmp_path) == []  # noqa: PTH208  # the names, as they are


def test_a_database_to_be_migrated_says_so(data: Path, tmp_path: Path) -> None:
    execute(data / "production.db", "UPDATE alembic_version SET version_num = '0001'")
    fin = ecluse("archive", "--vers", tmp_path / "x", "--data-dir", data, "--service", "production")
    assert fin.code == 2
    assert len(fin.erreurs.splitlines()) == 1


def test_a_database_address_asks_which_service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECLUSE_DATABASE_URL", "postgresql://personne@localhost/rien")
    assert_refuses(ecluse("archive", "--vers", tmp_path / "x"), "--service")
