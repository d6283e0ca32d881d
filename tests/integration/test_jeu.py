"""The data set: what other programs read of it is what was simulated and counted, and it is the same for everybody."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import warnings
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

import pandas
import pyarrow.parquet as pq
import pytest

from ecluse.jeu import fabrique
from ecluse.jeu.chiffres import CODES
from ecluse.jeu.description import parse_jeu
from ecluse.jeu.dossier import SOMMES, write_sums
from ecluse.jeu.epingles import Epingle, read_pins
from ecluse.simulateur.actes import encode
from ecluse.simulateur.generateur import simulate
from ecluse.simulateur.profil import load_profil
from tests.commandes import Fin, assert_refuses, ecluse
from tests.donnees import RACINE
from tests.maisons import assert_same, eventually
from tests.oracle import Etat, etat, indicateurs, juge_lignes, stock_par_jour
from tests.relais import environment

PETIT: Final[Epingle] = read_pins()["petit"]
CAF, ANNEE = PETIT.caf, PETIT.annee
DU, AU = date(ANNEE, 1, 1), date(ANNEE, 12, 31)
MINUSCULE: Final = ("--scale", "0.001")


def make(dossier: Path, *options: str | int | float) -> Fin:
    return ecluse("jeu-de-donnees", dossier, *map(str, options))


@pytest.fixture(scope="module")
def fait(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Fin]:
    """The small set of reference, and how its command ended."""
    dossier = tmp_path_factory.mktemp("jeu") / "petit"
    options = ("--caf", CAF, "--year", ANNEE, "--seed", PETIT.graine, "--scale", PETIT.echelle)
    return dossier, make(dossier, *options)


@pytest.fixture(scope="module")
def petit(fait: tuple[Path, Fin]) -> Path:
    return fait[0]


@pytest.fixture
def copie(petit: Path, tmp_path: Path) -> Path:
    """A copy of it, to be spoilt."""
    return shutil.copytree(petit, tmp_path / "jeu")


@pytest.fixture(scope="module")
def emis() -> list[bytes]:
    """What the simulator emits, without the command."""
    profil = load_profil(CAF)
    flot = simulate(profil, DU.toordinal(), AU.toordinal(), echelle=PETIT.echelle, graine=PETIT.graine)
    return [encode(envoi, profil.caf) for envoi in flot]


@pytest.fixture(scope="module")
def oracle(petit: Path, emis: list[bytes]) -> Etat:
    """What the oracle makes of the events; it refuses those that the tools meant to be refused, as the door did."""
    jugement = juge_lignes(emis, datetime(2090, 1, 1, tzinfo=UTC))
    refuses = ask(petit, "SELECT rang FROM 'evenements/*.parquet' WHERE reponse = 'refuse' ORDER BY rang")
    assert [[rejet.ligne] for rejet in jugement.rejets] == refuses
    return etat(jugement.acceptes)


def ask(dossier: Path, requete: str, *parametres: object) -> list[list[Any]]:
    """What DuckDB answers in the folder, in a process of its own, as a reader of the page has it."""
    programme = "import duckdb, json, sys; print(json.dumps(duckdb.execute(*json.loads(sys.argv[1])).fetchall()))"
    question = json.dumps([requete, [str(parametre) for parametre in parametres]])
    fin = subprocess.run(
        [sys.executable, "-c", programme, question], cwd=dossier, capture_output=True, check=False, timeout=240
    )
    assert fin.returncode == 0, fin.stderr.decode()
    lignes: list[list[Any]] = json.loads(fin.stdout)
    return lignes


def test_the_small_set_is_the_one_of_reference(fait: tuple[Path, Fin]) -> None:
    dossier, fin = fait
    conseil = "the simulator or a figure has changed: if it was meant, `make epingler`, and say it in the CHANGELOG"
    assert fin.code == 0, f"{conseil}\n{fin.sortie}"
    assert fin.sortie.splitlines()[1:] == [f"empreinte {PETIT.empreinte}", "c'est le jeu petit"]
    relu = ecluse("jeu-de-donnees", dossier, "--verify")
    assert (relu.code, relu.sortie) == (0, fin.sortie)


def test_what_it_says_of_itself_anybody_can_check(petit: Path, emis: list[bytes]) -> None:
    jeu = parse_jeu((petit / "jeu.json").read_bytes())
    assert jeu.question == PETIT.question
    assert jeu.evenements.nombre == len(emis)
    assert jeu.evenements.sha256 == hashlib.sha256(b"".join(octets + b"\n" for octets in emis)).hexdigest()
    empreinte = hashlib.sha256((petit / "jeu.json").read_bytes()).hexdigest()
    assert (petit / "empreinte").read_text() == f"{empreinte}\n"
    fin = subprocess.run(["sha256sum", "--check", "--quiet", SOMMES], cwd=petit, capture_output=True, check=False)
    assert (fin.returncode, fin.stdout, fin.stderr) == (0, b"", b"")
    listes = [ligne.split("  ")[1] for ligne in (petit / SOMMES).read_text().splitlines()]
    presents = sorted(str(f.relative_to(petit)) for f in petit.rglob("*") if f.is_file() and f.name != SOMMES)
    assert listes == presents
    profil = RACINE / "ecluse" / "simulateur" / "profils" / f"{CAF}.toml"
    assert (petit / "profil.toml").read_bytes() == profil.read_bytes()


def test_duckdb_reads_every_event_as_it_was_emitted(petit: Path, emis: list[bytes]) -> None:
    lignes = ask(
        petit,
        "SELECT rang, id, source, type, subject, caf, decalage, data, epoch_us(time), epoch_us(recu), reponse, "
        "decode(brut) FROM 'evenements/*.parquet' ORDER BY rang",
    )
    assert [ligne[0] for ligne in lignes] == list(range(1, len(emis) + 1))
    # What was open before comes first, as one load; from then on, in order.
    periode = [ligne[9] for ligne in lignes if ligne[9] >= pandas.Timestamp(DU, tz="Europe/Paris").value // 1000]
    assert [ligne[9] for ligne in lignes][-len(periode) :] == periode == sorted(periode)
    for (_, *enveloppe, decalage, data, emis_le, recu, reponse, brut), octets in zip(lignes, emis, strict=True):
        if brut is not None:
            assert (reponse, brut) == ("refuse", octets.decode())
            continue
        lu = json.loads(octets)
        assert enveloppe == [lu[membre] for membre in ("id", "source", "type", "subject", "caf")]
        assert json.loads(data) == lu["data"]
        assert lu["time"].endswith(decalage)
        assert emis_le == pandas.Timestamp(lu["time"]).value // 1000
        assert emis_le <= recu or reponse == "refuse"


def test_each_file_has_its_month_and_what_was_open_before_comes_first(petit: Path) -> None:
    fichiers = ask(
        petit,
        "SELECT parse_filename(filename), min(rang), min(recu AT TIME ZONE 'Europe/Paris')::DATE::VARCHAR, "
        "max(recu AT TIME ZONE 'Europe/Paris')::DATE::VARCHAR "
        "FROM read_parquet('evenements/*.parquet', filename = true) GROUP BY 1 ORDER BY 1",
    )
    assert [nom for nom, *_ in fichiers] == [f"{ANNEE}-{mois:02}.parquet" for mois in range(13)]
    assert [rang for _, rang, *_ in fichiers] == sorted(rang for _, rang, *_ in fichiers)
    assert fichiers[0][3] < DU.isoformat()
    for nom, _, premier, dernier in fichiers[1:]:
        assert premier[:7] == dernier[:7] == nom[:7]


def test_members_are_columns_of_their_types(petit: Path, emis: list[bytes]) -> None:
    lignes = ask(
        petit,
        "SELECT data, piece, creance, nature, canal, minima_sociaux, montant_centimes, issue, motif, jour::VARCHAR "
        "FROM 'evenements/*.parquet' WHERE reponse <> 'refuse'",
    )
    noms = ("piece", "creance", "nature", "canal", "minima_sociaux", "montant_centimes", "issue", "motif")
    for data, *membres, jour in lignes:
        lu = json.loads(data)
        assert membres == [lu.get(nom) for nom in noms]
        instants = [v for nom, v in lu.items() if nom.endswith("_le")]
        assert jour in {str(pandas.Timestamp(i).tz_convert("Europe/Paris").date()) for i in instants}
    assert 0.99 * len(emis) < len(lignes) < len(emis)


def rows(petit: Path, tableau: str, du: date, au: date) -> dict[str, dict[str, Any]]:
    lues = ask(
        petit,
        "SELECT code, valeur, numerateur, denominateur FROM read_parquet(?) WHERE du = ? AND au = ? ORDER BY code",
        f"chiffres/{tableau}.parquet",
        du,
        au,
    )
    return {code: {"valeur": valeur, "numerateur": haut, "denominateur": bas} for code, valeur, haut, bas in lues}


@pytest.mark.parametrize(
    ("tableau", "du", "au"),
    [
        ("annee", DU, AU),
        ("mois", DU, date(ANNEE, 1, 31)),
        ("mois", date(ANNEE, 9, 1), date(ANNEE, 9, 30)),
        ("jours", date(ANNEE, 10, 10), date(ANNEE, 10, 10)),
    ],
)
def test_the_figures_are_those_of_the_oracle(petit: Path, oracle: Etat, tableau: str, du: date, au: date) -> None:
    attendus = indicateurs(oracle, CAF, du, au)
    if tableau == "jours":
        del attendus["BALANCE"]
    assert attendus.keys() <= set(CODES)
    assert_same(rows(petit, tableau, du, au), {code: _terms(chiffre) for code, chiffre in attendus.items()})


def _terms(chiffre: Any) -> dict[str, Any]:
    return {membre: chiffre[membre] for membre in ("valeur", "numerateur", "denominateur") if membre in chiffre}


def test_the_stock_of_each_day_is_that_of_the_oracle(petit: Path, oracle: Etat) -> None:
    par_jour = ask(
        petit,
        "SELECT sum(numerateur) FROM 'chiffres/stock.parquet' WHERE code = 'STOCK' GROUP BY du ORDER BY du",
    )
    assert [nombre for (nombre,) in par_jour] == stock_par_jour(oracle, CAF, DU, AU)


def examples(petit: Path, langue: str) -> list[str]:
    return re.findall(rf"^```{langue}\n(.+?)^```", (petit / "LISEZMOI.md").read_text(), re.MULTILINE | re.DOTALL)


def test_the_queries_of_its_page_give_the_same_from_events_and_from_figures(petit: Path, oracle: Etat) -> None:
    depuis_les_evenements, depuis_les_chiffres = (ask(petit, requete) for requete in examples(petit, "sql"))
    assert depuis_les_evenements == depuis_les_chiffres
    annee = indicateurs(oracle, CAF, DU, AU)["PIECES-ARRIVEES"]["valeur"]
    assert (len(depuis_les_evenements), sum(pieces for _, pieces in depuis_les_evenements)) == (12, annee)


def test_the_program_of_its_page_reads_the_stock(petit: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (programme,) = examples(petit, "python")
    monkeypatch.chdir(petit)
    noms: dict[str, Any] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        exec(programme, noms)  # noqa: S102  # the page's own example
    stock = ask(petit, "SELECT valeur FROM 'chiffres/jours.parquet' WHERE code = 'STOCK' ORDER BY du")
    assert [[valeur] for valeur in noms["par_jour"]["STOCK"].astype(float)] == stock


def test_its_page_is_filled_and_its_commands_make_it_again(petit: Path, tmp_path: Path) -> None:
    texte = (petit / "LISEZMOI.md").read_text()
    assert not re.search("«[a-z]+»", texte)
    assert PETIT.empreinte in texte
    (commandes,) = examples(petit, "sh")
    premiere, relecture = (ligne.split()[1:] for ligne in commandes.splitlines())
    neuf = tmp_path / "neuf"
    assert ecluse(*(str(neuf) if mot == "DOSSIER" else mot for mot in premiere)).code == 0
    assert ecluse(*(str(neuf) if mot == "DOSSIER" else mot for mot in relecture)).code == 0
    for fichier in sorted(f for f in petit.rglob("*") if f.is_file()):
        assert (neuf / fichier.relative_to(petit)).read_bytes() == fichier.read_bytes(), fichier.name


def test_another_seed_is_another_set_and_says_so(tmp_path: Path) -> None:
    fins = [make(tmp_path / f"{graine}", *MINUSCULE, "--seed", graine) for graine in (1, 2)]
    empreintes = {(tmp_path / f"{graine}" / "empreinte").read_text() for graine in (1, 2)}
    assert len(empreintes) == 2
    assert {fin.sortie.splitlines()[-1][:33] for fin in fins} == {"ce n'est pas un jeu de référence "}


def test_a_set_that_is_not_the_one_of_reference_is_told_apart(petit: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    autre = Epingle(CAF, ANNEE, PETIT.graine, PETIT.echelle, PETIT.evenements, "0" * 64, "0" * 64)
    monkeypatch.setattr("ecluse.commandes.jeu.read_pins", lambda: {"petit": autre})
    fin = ecluse("jeu-de-donnees", petit, "--verify")
    assert fin.code == 1
    assert fin.sortie.splitlines()[-1].endswith("les chiffres diffèrent de la référence")


def test_what_is_there_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "plein").mkdir()
    (tmp_path / "plein" / "ma-these.txt").write_text("irremplaçable")
    (tmp_path / "fichier").write_text("un fichier")
    assert_refuses(make(tmp_path / "plein", *MINUSCULE), "n'est pas vide")
    assert_refuses(make(tmp_path / "fichier", *MINUSCULE), "n'est pas un dossier")
    assert sorted(f.name for f in tmp_path.rglob("*")) == ["fichier", "ma-these.txt", "plein"]


@pytest.mark.parametrize(
    ("options", "mots"),
    [
        (["--scale", "0"], ["--scale 0", "entre 0 et 1"]),
        (["--scale", "2"], ["--scale 2"]),
        (["--caf", "999"], ["aucun profil pour la Caf 999"]),
        (["--caf", "../091"], ["aucun profil"]),
        (["--verify"], ["n'existe pas"]),
    ],
)
def test_a_bad_question_is_one_line_and_changes_nothing(options: list[str], mots: list[str], tmp_path: Path) -> None:
    assert_refuses(make(tmp_path / "neuf", *options), *mots)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def without_pyarrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra is not installed."""
    for nom in ("fabrique", "fichiers", "verification"):
        monkeypatch.delitem(sys.modules, f"ecluse.jeu.{nom}", raising=False)
    for nom in [n for n in sys.modules if n == "pyarrow" or n.startswith("pyarrow.")] + ["pyarrow"]:
        monkeypatch.setitem(sys.modules, nom, None)


@pytest.mark.usefixtures("without_pyarrow")
def test_without_the_extra_it_says_what_to_install(tmp_path: Path, petit: Path) -> None:
    assert_refuses(make(tmp_path / "neuf"), "pip install 'ecluse[exports]'")
    assert_refuses(make(petit, "--verify"), "pip install 'ecluse[exports]'")
    assert list(tmp_path.iterdir()) == []


def _flip(fichier: Path) -> None:
    octets = bytearray(fichier.read_bytes())
    octets[len(octets) // 2] ^= 1
    fichier.write_bytes(octets)


FAUTES: Final[dict[str, tuple[Callable[[Path], object], str]]] = {
    "un octet d'un mois": (lambda d: _flip(d / "evenements" / f"{ANNEE}-05.parquet"), "a changé"),
    "un mois de moins": (lambda d: (d / "evenements" / f"{ANNEE}-05.parquet").unlink(), "manque"),
    "un fichier de plus": (lambda d: (d / "evenements" / "intrus.parquet").write_bytes(b"x"), "n'est pas du jeu"),
    "sans sommes": (lambda d: (d / SOMMES).unlink(), "SHA256SUMS manque"),
}


@pytest.mark.parametrize("faute", FAUTES)
def test_a_spoilt_folder_is_told(faute: str, copie: Path) -> None:
    gate, mot = FAUTES[faute]
    gate(copie)
    fin = ecluse("jeu-de-donnees", copie, "--verify")
    assert fin.code == 1
    assert mot in fin.erreurs


@pytest.mark.parametrize(
    ("fichier", "colonne", "mot"),
    [
        (f"evenements/{ANNEE}-05.parquet", "data", "les événements"),
        ("chiffres/mois.parquet", "numerateur", "les chiffres"),
    ],
)
def test_a_content_changed_behind_its_sums_is_told(fichier: str, colonne: str, mot: str, copie: Path) -> None:
    table = pq.read_table(copie / fichier)
    valeurs = table.column(colonne).to_pylist()
    rang = next(n for n, valeur in enumerate(valeurs) if valeur)
    valeurs[rang] = valeurs[rang].replace('"', '" ', 1) if isinstance(valeurs[rang], str) else valeurs[rang] + 1
    place = table.schema.get_field_index(colonne)
    champ = table.schema.field(colonne)
    pq.write_table(table.set_column(place, champ, [valeurs]), copie / fichier)
    write_sums(copie)
    fin = ecluse("jeu-de-donnees", copie, "--verify")
    assert fin.code == 1
    assert f"{mot} ne sont pas ceux" in fin.erreurs


@pytest.fixture
def killed(tmp_path: Path) -> Path:
    """The folder that was being made when the process was killed."""
    dossier = tmp_path / "jeu"
    commande = [sys.executable, "-m", "ecluse", "jeu-de-donnees", str(dossier), "--scale", "0.01"]
    dits = tmp_path / "dits"
    with dits.open("wb") as sortie:
        processus = subprocess.Popen(commande, cwd=RACINE, env=environment(), stdout=sortie, stderr=sortie)
    try:
        eventually(lambda: b"-03" in dits.read_bytes())
    finally:
        processus.kill()
        processus.wait()
    dits.unlink()
    return dossier


def test_a_run_that_is_killed_leaves_nothing_in_its_place_and_the_next_one_is_whole(killed: Path) -> None:
    assert not killed.exists()
    assert list(killed.parent.iterdir()) != []
    assert make(killed, *MINUSCULE).code == 0
    assert list(killed.parent.iterdir()) == [killed]
    assert ecluse("jeu-de-donnees", killed, "--verify").code == 0


def test_a_run_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object) -> None:
        raise OSError(28, "plein", "disque")

    monkeypatch.setattr(fabrique, "ask_figures", stop)
    assert "disque" in make(tmp_path / "jeu", *MINUSCULE).erreurs.splitlines()[-1]
    assert list(tmp_path.iterdir()) == []


def test_two_runs_do_not_write_at_once(tmp_path: Path) -> None:
    (tmp_path / ".jeu.partiel").mkdir()
    descripteur = os.open(tmp_path / ".jeu.partiel", os.O_RDONLY)
    try:
        fcntl.flock(descripteur, fcntl.LOCK_EX)
        assert_refuses(make(tmp_path / "jeu", *MINUSCULE), "une autre commande écrit")
    finally:
        os.close(descripteur)
