"""The same commands on a house that runs elsewhere: reached by its address and its token, without its folder."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from ecluse.panne import Serveur
from tests.commandes import assert_refuses, ecluse, serving, write_lot

PERIODE = ("--caf", "091", "--du", "2023-01-01", "--au", "2023-01-31")
FERMEE = "http://127.0.0.1:1"
COMMANDES = [("etat",), ("rebuild",), ("lien",), ("dead-letters", "list"), ("indicators", *PERIODE)]


@pytest.fixture(scope="module")
def serveur(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serveur]:
    """A running house whose folder the commands are not told."""
    with serving(tmp_path_factory.mktemp("maison") / "donnees") as serveur:
        yield serveur


@pytest.fixture
def ailleurs(serveur: Serveur, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder, with the address and the token of the house in the environment."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ECLUSE_URL", serveur.url)
    monkeypatch.setenv("ECLUSE_TOKEN_FILE", str(serveur.dossier / "local-token"))
    return tmp_path


def test_a_house_is_driven_by_its_address_as_by_its_folder(serveur: Serveur, ailleurs: Path) -> None:
    write_lot(ailleurs / "lot.ndjson")
    assert ecluse("import", "lot.ndjson").code == 1
    assert (ailleurs / "lot.ndjson.rejets.ndjson").exists()
    for commande in (("indicators", *PERIODE), ("dead-letters", "list"), ("rebuild",)):
        loin = ecluse(*commande, "--json")
        ici = ecluse(*commande, "--json", "--data-dir", serveur.dossier)
        assert (loin.code, ici.code) == (0, 0), loin.erreurs + ici.erreurs
        assert _timeless(loin.document) == _timeless(ici.document)
    assert ecluse("etat", "--json").document["a_jour"]
    lettre = ecluse("dead-letters", "list", "--json").document[0]
    reference = f"{lettre['service']}/{lettre['numero']}"
    assert ecluse("dead-letters", "show", reference).document == lettre
    assert ecluse("dead-letters", "replay", reference, "--dry-run").sortie.startswith(f"{reference} : ")
    assert not (ailleurs / "data").exists(), "no folder is made beside a house that is elsewhere"


def test_a_link_of_a_house_elsewhere_opens_its_pages(serveur: Serveur, ailleurs: Path) -> None:
    assert ailleurs.is_dir()
    adresse = ecluse("lien", "--nom", "poste-12").sortie.strip()
    assert adresse.startswith(f"{serveur.url}/entrer?lien=")
    assert httpx.get(adresse, timeout=60).headers["location"] == "/"


def test_the_command_line_says_more_than_the_environment(
    serveur: Serveur, ailleurs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A folder that is named outweighs the address of the environment.
    assert ecluse("etat", "--json", "--data-dir", ailleurs / "neuf").document["services"][0]["tete"] == 0
    monkeypatch.setenv("ECLUSE_URL", FERMEE)
    assert ecluse("etat", "--json", "--vers", serveur.url).code == 0
    assert_refuses(ecluse("etat", "--vers", serveur.url, "--data-dir", ailleurs), "--vers", "--data-dir")
    # The address outweighs a folder that only the environment names.
    monkeypatch.setenv("ECLUSE_DATA_DIR", str(ailleurs / "autre"))
    assert_refuses(ecluse("etat"), FERMEE)


@pytest.mark.parametrize("commande", COMMANDES)
def test_an_address_where_nothing_answers_is_told_in_one_line(
    commande: tuple[str, ...], ailleurs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ailleurs.is_dir()
    monkeypatch.setenv("ECLUSE_URL", FERMEE)
    assert_refuses(ecluse(*commande), FERMEE)


def test_what_is_wrong_with_the_address_or_the_token_is_named(ailleurs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert_refuses(ecluse("etat", "--vers", "kafka://machine:9092"), "ECLUSE_URL", "http://")
    monkeypatch.setenv("ECLUSE_TOKEN_FILE", str(ailleurs / "absent"))
    assert_refuses(ecluse("etat"), "ECLUSE_TOKEN_FILE")
    monkeypatch.delenv("ECLUSE_TOKEN_FILE")
    assert_refuses(ecluse("etat"), "ECLUSE_TOKEN")
    monkeypatch.setenv("ECLUSE_TOKEN", "pas-le-bon-jeton-de-la-maison")
    write_lot(ailleurs / "lot.ndjson")
    refus = ecluse("import", "lot.ndjson")
    assert_refuses(refus, "Bearer")
    assert "pas-le-bon" not in refus.erreurs


@contextmanager
def origin(*reponses: tuple[int, dict[str, str], bytes]) -> Iterator[str]:
    """An address that gives these answers, the last one for ever."""
    reste = list(reponses)

    class Repond(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            statut, entetes, corps = reste.pop(0) if len(reste) > 1 else reste[0]
            self.send_response(statut)
            for nom, valeur in {**entetes, "Content-Length": str(len(corps))}.items():
                self.send_header(nom, valeur)
            self.end_headers()
            self.wfile.write(corps)

        def log_message(self, format: str, *_: object) -> None:
            """Nothing is told."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Repond) as serveur:
        fil = threading.Thread(target=serveur.serve_forever)
        fil.start()
        try:
            yield f"http://127.0.0.1:{serveur.server_address[1]}"
        finally:
            serveur.shutdown()
            fil.join()


def test_what_is_no_house_is_told_as_such(ailleurs: Path) -> None:
    assert ailleurs.is_dir()
    with origin((200, {}, b"<html>accueil</html>")) as url:
        assert_refuses(ecluse("etat", "--vers", url), url, "autre chose qu'Écluse")


def test_a_house_that_asks_to_slow_down_is_obeyed(ailleurs: Path) -> None:
    assert ailleurs.is_dir()
    with origin((429, {"Retry-After": "0"}, b"{}"), (200, {}, b"[]")) as url:
        assert ecluse("dead-letters", "list", "--json", "--vers", url).document == []


def _timeless(document: object) -> object:
    """A document without what moves with the clock."""
    if isinstance(document, dict):
        return {nom: valeur for nom, valeur in document.items() if nom not in ("fraicheur", "secondes")}
    return json.loads(json.dumps(document))
