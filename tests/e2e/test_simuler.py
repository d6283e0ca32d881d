"""``ecluse simulate``: the same options give the same bytes, what can not be done is told in one line, and a house that
it feeds counts what an import of the file counts."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import zstandard

from ecluse.panne import Serveur
from shared.ndjson import read_lines
from shared.temps import PARIS, parse_instant
from tests.commandes import Fin, assert_refuses, ecluse, serving, spawn
from tests.donnees import RACINE
from tests.infra.processus import free_port
from tests.maisons import eventually
from tests.oracle import juge_lignes
from tests.relais import environment

SEMAINE = ("--caf", "091", "--from", "2023-03-06", "--to", "2023-03-12")
PETITE = ("simulate", *SEMAINE, "--scale", "0.01")
REFUSEE = (*PETITE, "--outils", "refus=0.02,doublons=0.02")


def simule(sortie: Path, *options: str) -> bytes:
    fin = ecluse(*PETITE, *options, "--out", sortie)
    assert (fin.code, fin.sortie) == (0, ""), fin.erreurs
    return b"".join(octets + b"\n" for _, octets in read_lines(sortie))


class TestFichier:
    def test_the_same_options_give_the_same_bytes_compressed_or_not(self, tmp_path: Path) -> None:
        clair = simule(tmp_path / "a.ndjson")
        assert len(clair.splitlines()) > 500
        for suffixe, lis in (
            (".gz", gzip.decompress),
            (".zst", zstandard.ZstdDecompressor().decompressobj().decompress),
        ):
            assert simule(tmp_path / f"a.ndjson{suffixe}") == clair
            assert simule(tmp_path / f"b.ndjson{suffixe}") == clair
            octets = (tmp_path / f"a.ndjson{suffixe}").read_bytes()
            assert octets == (tmp_path / f"b.ndjson{suffixe}").read_bytes()
            assert lis(octets) == clair
        assert spawn(*PETITE, ici=tmp_path).sortie.encode() == clair
        assert ecluse(*PETITE, "--out", "-").sortie.encode() == clair
        assert set(simule(tmp_path / "c.ndjson", "--seed", "1").splitlines()).isdisjoint(clair.splitlines())

    def test_rates_are_those_asked_for(self, tmp_path: Path) -> None:
        parfait = simule(tmp_path / "a.ndjson", "--outils", "parfaits").splitlines()
        jugement = juge_lignes(parfait, datetime.now(UTC))
        assert (jugement.rejets, jugement.doublons) == ([], [])
        instants = [parse_instant(json.loads(ligne)["time"]) for ligne in parfait]
        # What was open before comes first, as one load; from then on, in order.
        periode = [instant for instant in instants if instant >= parse_instant("2023-03-06T00:00:00+01:00")]
        assert 0 < len(periode) < len(instants)
        assert instants[-len(periode) :] == periode == sorted(periode)
        defauts = simule(tmp_path / "b.ndjson", "--outils", "doublons=0.1,refus=0.1,tardifs=0").splitlines()
        jugement = juge_lignes(defauts, datetime.now(UTC))
        assert min(len(jugement.rejets), len(jugement.doublons)) > 0.05 * len(parfait)

    def test_without_a_period_it_is_the_year_of_the_profile(self, tmp_path: Path) -> None:
        fin = ecluse("simulate", "--caf", "091", "--scale", "0.0005", "--out", tmp_path / "annee.ndjson")
        assert fin.code == 0
        jours = [json.loads(octets)["time"][:10] for _, octets in read_lines(tmp_path / "annee.ndjson")]
        assert (max(jours)[:7], min(jours) < "2023-01-01") == ("2023-12", True)

    def test_a_file_that_is_there_is_kept_unless_told_otherwise(self, tmp_path: Path) -> None:
        fichier = tmp_path / "a.ndjson"
        fichier.write_text("à moi\n")
        assert_refuses(ecluse(*PETITE, "--out", fichier), str(fichier), "--force")
        assert fichier.read_text() == "à moi\n"
        assert ecluse(*PETITE, "--out", fichier, "--force").code == 0
        assert len(fichier.read_bytes()) > 100_000
        assert [f.name for f in tmp_path.iterdir()] == ["a.ndjson"]

    def test_a_period_that_is_not_over_is_written_and_told(self, tmp_path: Path) -> None:
        demain = (today() + timedelta(days=1)).isoformat()
        periode = ("--caf", "091", "--from", demain, "--to", demain, "--scale", "0.001")
        fin = ecluse("simulate", *periode, "--out", tmp_path / "a.ndjson")
        assert (fin.code, "au-delà de maintenant" in fin.erreurs) == (0, True)

    def test_interrupted_it_leaves_no_file(self, tmp_path: Path) -> None:
        annee = ("simulate", "--caf", "091", "--out", str(tmp_path / "annee.ndjson"))
        with running(*annee) as processus:
            eventually(lambda: any(brouillon.stat().st_size for brouillon in tmp_path.iterdir()))
            fin = interrupt(processus)
        assert (fin.code, "interrompu" in fin.erreurs, list(tmp_path.iterdir())) == (130, True, [])


@pytest.mark.parametrize(
    ("options", "mots"),
    [
        (("--caf", "999"), ("999", "091")),
        (("--caf", "../091"), ("profils connus",)),
        (("--caf", "091", "--from", "2023-02-01", "--to", "2023-01-01"), ("inversée", "2023-01-01")),
        (("--caf", "091", "--from", "2023-02-01"), ("--to",)),
        (("--caf", "091", "--from", "2023-02-30", "--to", "2023-03-01"), ("--from", "2023-02-30")),
        (("--caf", "091", "--from", "1950-01-01", "--to", "1950-03-01"), ("1980",)),
        ((*SEMAINE, "--scale", "0"), ("--scale",)),
        ((*SEMAINE, "--json", "--pages", "."), ("--check", "--pages, --json")),
        ((*SEMAINE, "--scale", "nan"), ("--scale",)),
        ((*SEMAINE, "--scale", "2"), ("--scale", "2")),
        ((*SEMAINE, "--speed", "vite"), ("--speed", "vite")),
        ((*SEMAINE, "--speed", "×0"), ("--speed",)),
        ((*SEMAINE, "--speed", "live"), ("--from",)),
        (("--caf", "091", "--speed", "live", "--to", "2020-01-01"), ("inversée",)),
        ((*SEMAINE, "--out", "a.ndjson", "--emit", "http://127.0.0.1:1"), ("--out", "--emit")),
        ((*SEMAINE, "--out", "a.ndjson", "--speed", "60"), ("--speed",)),
        ((*SEMAINE, "--out", "absent/a.ndjson"), ("absent",)),
        ((*SEMAINE, "--out", "."), ("fichier",)),
        ((*SEMAINE, "--outils", "doublons=2"), ("--outils", "doublons=2")),
        ((*SEMAINE, "--outils", "pannes=0.1"), ("--outils", "pannes")),
        ((*SEMAINE, "--scenario", "@2023-03-01"), ("--scenario",)),
        ((*SEMAINE, "--scenario", "inconnu"), ("inconnu",)),
        ((*SEMAINE, "--scenario", "vague-rentree@mars"), ("--scenario", "AAAA-MM-JJ")),
        ((*SEMAINE, "--emit", "kafka://machine:9092"), ("--emit", "http://")),
    ],
)
def test_what_can_not_be_done_is_told_in_one_line(
    options: tuple[str, ...], mots: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ECLUSE_TOKEN", "un-jeton-assez-long-pour-la-maison")
    assert_refuses(ecluse("simulate", *options), *mots)
    assert list(tmp_path.iterdir()) == []


class TestEnvoi:
    @pytest.fixture
    def serveur(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Serveur]:
        """A running house, reached by its address and its token."""
        with serving(tmp_path / "donnees", free_port()) as serveur:
            monkeypatch.setenv("ECLUSE_TOKEN_FILE", str(serveur.dossier / "local-token"))
            yield serveur

    def test_a_house_that_it_feeds_counts_what_an_import_of_the_file_counts(
        self, serveur: Serveur, tmp_path: Path
    ) -> None:
        fin = ecluse(*REFUSEE, "--emit", serveur.url)
        assert (fin.code, "à tort" in fin.sortie) == (0, False), fin.sortie + fin.erreurs
        fichier = tmp_path / "semaine.ndjson"
        assert ecluse(*REFUSEE, "--out", fichier).code == 0
        lignes = [octets for _, octets in read_lines(fichier)]
        jugement = juge_lignes(lignes, datetime.now(UTC))
        attendus = (len(jugement.acceptes), len(jugement.doublons), len(jugement.rejets))
        assert counts(fin) == attendus
        assert min(attendus) > 5
        assert ecluse("import", fichier, "--data-dir", tmp_path / "autre").code == 1
        eventually(lambda: ecluse("etat", "--json", "--data-dir", serveur.dossier).document["a_jour"])
        assert figures(serveur.dossier) == figures(tmp_path / "autre")
        # Run again, it changes nothing.
        assert counts(ecluse(*REFUSEE, "--emit", serveur.url)) == (0, attendus[0] + attendus[1], attendus[2])
        assert figures(serveur.dossier) == figures(tmp_path / "autre")

    def test_a_house_that_is_killed_and_comes_back_misses_nothing(self, serveur: Serveur, tmp_path: Path) -> None:
        # A week in fifteen seconds: longer than a house takes to come back.
        with running(*PETITE, "--emit", serveur.url, "--speed", "40000") as processus:
            eventually(lambda: heads(serveur) > 0)
            serveur.kill()
            serveur.port = int(serveur.url.rpartition(":")[2])
            serveur.start()
            sortie, erreurs = processus.communicate(timeout=120)
        fin = Fin(processus.returncode, sortie, erreurs)
        assert (fin.code, "ne répond pas" in erreurs, "répond de nouveau" in erreurs) == (0, True, True), erreurs
        fichier = tmp_path / "semaine.ndjson"
        assert ecluse(*PETITE, "--out", fichier).code == 0
        assert sum(counts(fin)) == len(fichier.read_bytes().splitlines())
        assert ecluse("import", fichier, "--data-dir", tmp_path / "autre").code < 2
        eventually(lambda: ecluse("etat", "--json", "--data-dir", serveur.dossier).document["a_jour"])
        assert figures(serveur.dossier) == figures(tmp_path / "autre")

    def test_live_it_never_goes_beyond_the_clock_and_ends_when_told(self, serveur: Serveur) -> None:
        live = ("simulate", "--caf", "091", "--scale", "0.001", "--speed", "live", "--emit", serveur.url)
        with running(*live) as processus:
            eventually(lambda: is_settled(serveur))
            fin = interrupt(processus)
        assert fin.code == 0, fin.erreurs
        assert 100 < counts(fin)[0] <= heads(serveur)
        assert "refusés à tort" not in fin.sortie
        assert f"--from {today().isoformat()} --to " in fin.erreurs
        assert ecluse("dead-letters", "list", "--json", "--data-dir", serveur.dossier).document == []

    def test_an_address_or_a_token_that_is_no_good_is_told_at_once(
        self, serveur: Serveur, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert_refuses(ecluse(*PETITE, "--emit", "http://127.0.0.1:1"), "127.0.0.1:1")
        monkeypatch.delenv("ECLUSE_TOKEN_FILE")
        assert_refuses(ecluse(*PETITE, "--emit", serveur.url), "ECLUSE_TOKEN")
        monkeypatch.setenv("ECLUSE_TOKEN", "pas-le-bon-jeton-de-la-maison")
        refus = ecluse(*PETITE, "--emit", serveur.url)
        assert_refuses(refus, "401")
        assert "pas-le-bon" not in refus.erreurs


def test_a_paced_flow_comes_out_line_by_line_and_ends_when_told() -> None:
    parfaits = ("simulate", *SEMAINE, "--scale", "0.001", "--outils", "parfaits")
    tout = ecluse(*parfaits).sortie.splitlines()
    ouverture = [
        ligne for ligne in tout if parse_instant(json.loads(ligne)["time"]) < parse_instant("2023-03-06T00:00:00+01:00")
    ]
    assert 0 < len(ouverture) < len(tout)
    # A day lasts a day: only the opening load comes before somebody loses patience.
    with running(*parfaits, "--speed", "×1") as processus:
        assert processus.stdout is not None
        lues = [processus.stdout.readline().rstrip("\n") for _ in ouverture]
        fin = interrupt(processus)
    assert (lues, fin.code) == (ouverture, 130)
    assert ecluse(*parfaits, "--speed", "×1000000").sortie.splitlines() == tout


@contextmanager
def running(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """The command in a process of its own, killed if the test fails."""
    processus = subprocess.Popen(
        [sys.executable, "-m", "ecluse", *arguments],
        cwd=RACINE,
        env=environment(dict(os.environ)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with processus:
        try:
            yield processus
        finally:
            processus.kill()


def interrupt(processus: subprocess.Popen[str]) -> Fin:
    """Ctrl-C, and how it ended."""
    processus.send_signal(signal.SIGINT)
    sortie, erreurs = processus.communicate(timeout=60)
    return Fin(processus.returncode, sortie, erreurs)


def today() -> date:
    """The day in Paris."""
    return datetime.now(PARIS).date()


def counts(fin: Fin) -> tuple[int, ...]:
    """Accepted, duplicates, refused."""
    (ligne,) = [ligne for ligne in fin.sortie.splitlines() if " acceptés, " in ligne]
    return tuple(int(mot) for mot in ligne.partition(" : ")[2].split() if mot.isdecimal())


def heads(serveur: Serveur) -> int:
    """How many records the journals of the services hold."""
    with serveur.client() as client:
        return sum(service["tete"] for service in client.get("/v1/etat").json()["services"])


def is_settled(serveur: Serveur) -> bool:
    """Whether the first load is in: a batch that is interrupted before its answer comes is not told as accepted."""
    vues = {heads(serveur) for _ in range(50)}
    return len(vues) == 1 and vues.pop() > 100


def figures(dossier: Path) -> Any:
    """The figures of the week."""
    question = ("--caf", "091", "--du", "2023-03-06", "--au", "2023-03-12", "--json", "--data-dir", dossier)
    fin = ecluse("indicators", *question)
    assert fin.code == 0, fin.erreurs
    return fin.document["indicateurs"]
