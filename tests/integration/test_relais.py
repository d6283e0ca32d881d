"""The relais as a process: its door, its folder, and what reaches a destination over real HTTP."""

import json
import os
import resource
import socket
from contextlib import ExitStack
from itertools import count
from pathlib import Path

import httpx

from ecluse.emission.relais import REQUETES_MAX
from shared.web.porte import EVENEMENTS_MAX, UN_EVENEMENT
from tests.fausse_destination import FausseDestination
from tests.maisons import eventually
from tests.relais import command, courrier, running, start_relais

FERMEE = "http://127.0.0.1:1"


def test_events_given_to_the_relais_reach_the_destination_in_order(tmp_path: Path) -> None:
    destination = FausseDestination()
    with destination.serve() as url, running(tmp_path / "r", url) as relais:
        reponse = relais.post([courrier(f"e{i}") for i in range(EVENEMENTS_MAX)])
        assert (reponse.status_code, reponse.json()) == (
            202,
            {"acceptes": EVENEMENTS_MAX, "doublons": 0, "rejets": []},
        )
        relais.wait_empty()
    assert [e["id"] for e in destination.recus.values()] == [f"e{i}" for i in range(EVENEMENTS_MAX)]
    assert destination.recus["/essai", "e0"] == courrier("e0")


def test_the_relais_answers_as_the_door_does_while_the_destination_is_away(tmp_path: Path) -> None:
    with running(tmp_path / "r", FERMEE) as relais:
        lot = [courrier("a"), courrier("b", caf="x"), 3, courrier("a"), courrier("a", objet="C-9")]
        reponse = relais.post(lot)
        assert reponse.status_code == 202
        corps = reponse.json()
        assert (corps["acceptes"], corps["doublons"]) == (1, 1)
        assert [(r["index"], r["id"]) for r in corps["rejets"]] == [(1, "b"), (2, None), (4, "a")]
        assert relais.post([courrier("a")]).json() == {"acceptes": 0, "doublons": 1, "rejets": []}
        assert relais.post([{}]).status_code == 422
        assert relais.post([courrier(f"x{i}") for i in range(EVENEMENTS_MAX + 1)]).status_code == 413
        un = httpx.post(
            f"{relais.url}/v1/evenements",
            content=json.dumps(courrier("c")),
            headers=relais.entetes | {"Content-Type": UN_EVENEMENT},
            timeout=60,
        )
        assert un.json() == {"acceptes": 1, "doublons": 0, "rejets": []}
        assert relais.etat()["attente"] == 2


def test_nothing_but_the_pulse_is_told_without_the_local_token(tmp_path: Path) -> None:
    with running(tmp_path / "r", FERMEE) as relais:
        assert httpx.get(f"{relais.url}/healthz", timeout=60).status_code == 200
        for jeton in (None, "Bearer", "Bearer autre", "Basic " + relais.jeton, relais.jeton, "Bearer é"):
            entetes = [] if jeton is None else [(b"Authorization", jeton.encode())]
            for methode, chemin in (("POST", "/v1/evenements"), ("GET", "/v1/etat")):
                reponse = httpx.request(methode, relais.url + chemin, headers=entetes, timeout=60)
                assert reponse.status_code == 401
                assert reponse.headers["www-authenticate"] == "Bearer"
                assert reponse.json()["type"] == "urn:ecluse:probleme:non-authentifie"
                assert relais.jeton not in reponse.text
        assert (tmp_path / "r" / "local-token").stat().st_mode & 0o777 == 0o600
        for chemin in ("/docs", "/openapi.json", "/"):
            assert httpx.get(relais.url + chemin, timeout=60).status_code == 404


def test_the_relais_listens_on_the_loopback_alone_unless_told_otherwise(tmp_path: Path) -> None:
    with running(tmp_path / "r", FERMEE) as relais:
        adresse = httpx.URL(relais.url)
        assert adresse.host == "127.0.0.1"
        assert adresse.port is not None
        with socket.create_server(("127.0.0.2", adresse.port)):
            """The same port of another address is free: the relais did not take every address."""


def test_what_waits_outlives_a_stop_and_leaves_once_the_destination_is_back(tmp_path: Path) -> None:
    with running(tmp_path / "r", FERMEE) as relais:
        relais.post([courrier(f"e{i}") for i in range(10)])
        eventually(lambda: relais.etat()["derniere_erreur"])
        statut, erreurs = relais.stop()
    assert statut == 0
    assert erreurs.count("ne répond pas") == 1, "a failure that lasts is said once"
    etat = json.loads(command("etat", "--dossier", str(tmp_path / "r"), "--json").stdout)
    assert (etat["attente"], etat["refuses"]) == (10, 0)
    assert "ne répond pas" in etat["derniere_erreur"]
    destination = FausseDestination()
    with destination.serve() as url, running(tmp_path / "r", url) as relais:
        relais.wait_empty()
        assert relais.stop()[0] == 0
    assert len(destination.recus) == 10
    assert "En attente : 0" in command("etat", "--dossier", str(tmp_path / "r")).stdout


def test_a_new_token_in_the_file_needs_no_restart(tmp_path: Path) -> None:
    destination = FausseDestination()
    with destination.serve() as url, running(tmp_path / "r", url, jeton="ancien") as relais:
        relais.post([courrier("a")])
        destination.wait_for(lambda: len(destination.requetes) >= 2)
        assert destination.recus == {}
        assert "jeton" in relais.etat()["derniere_erreur"]
        (tmp_path / "r.jeton").write_text(destination.jeton)
        relais.wait_empty()


def test_what_the_destination_refuses_is_shown_taken_up_and_forgotten(tmp_path: Path) -> None:
    dossier = ("--dossier", str(tmp_path / "r"))
    destination = FausseDestination()
    with destination.serve() as url, running(tmp_path / "r", url) as relais:
        relais.post([courrier("a"), courrier("b", objet="REFUS-1"), courrier("c", objet="REFUS-2")])
        relais.wait_empty()
        occupe = command("reprendre", *dossier, "--tous")
        assert (occupe.exit_code, occupe.stderr.count("\n")) == (2, 1)
        assert relais.stop()[0] == 0
    assert "b\n    refus voulu" in command("refuses", *dossier).stdout
    lignes = command("refuses", *dossier, "--ndjson").stdout.splitlines()
    assert [json.loads(json.loads(x)["evenement"])["id"] for x in lignes] == ["b", "c"]
    rang = str(json.loads(lignes[0])["rang"])
    assert command("reprendre", *dossier).exit_code == 2
    assert command("reprendre", *dossier, rang).stdout == "Remis en attente : 1\n"
    assert command("oublier", *dossier, "--tous").stdout == "Effacés : 1\n"
    etat = json.loads(command("etat", *dossier, "--json").stdout)
    assert (etat["attente"], etat["refuses"]) == (1, 0)


def test_a_folder_in_use_a_busy_port_and_a_bad_setting_are_one_line_and_exit_2(tmp_path: Path) -> None:
    with running(tmp_path / "r", FERMEE) as relais:
        port = str(httpx.URL(relais.url).port)
        fichier = tmp_path / "fichier"
        fichier.write_text("")
        for arguments, mot in (
            (["--dossier", str(tmp_path / "r"), "--vers", FERMEE, "--port", "0"], str(relais.processus.pid)),
            (["--dossier", str(tmp_path / "s"), "--vers", FERMEE, "--port", port], port),
            (["--dossier", str(tmp_path / "s"), "--vers", "machine:80"], "machine:80"),
            (["--dossier", str(fichier / "s"), "--vers", FERMEE, "--port", "0"], "dossier"),
            (["--dossier", str(tmp_path / "s")], "--vers"),
            (["etat", "--dossier", str(tmp_path / "absent")], "absent"),
        ):
            fin = command(*arguments)
            assert (fin.exit_code, fin.stdout, fin.stderr.count("\n")) == (2, "", 1), (arguments, fin)
            assert mot in fin.stderr
        assert relais.post([courrier("a")]).status_code == 202


def test_a_failure_of_the_disk_is_503_with_retry_after_and_the_relais_goes_on(tmp_path: Path) -> None:
    with running(tmp_path / "r", FERMEE) as relais:
        assert relais.post([courrier("a")]).status_code == 202
        # The operating system refuses to let any file of this process grow: what a full disk does.
        limite = (tmp_path / "r" / "relais.db-wal").stat().st_size + 4096
        resource.prlimit(relais.processus.pid, resource.RLIMIT_FSIZE, (limite, resource.RLIM_INFINITY))
        reponse = relais.post([courrier(f"b{i}") for i in range(500)])
        assert reponse.status_code == 503
        assert int(reponse.headers["retry-after"]) > 0
        assert reponse.json()["type"] == "urn:ecluse:probleme:indisponible"
        resource.prlimit(relais.processus.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
        assert relais.post([courrier(f"b{i}") for i in range(500)]).json()["acceptes"] == 500
        assert relais.etat()["attente"] == 501


def test_a_kill_gives_the_folder_back(tmp_path: Path) -> None:
    relais = start_relais(tmp_path / "r", FERMEE)
    relais.post([courrier("a")])
    os.kill(relais.processus.pid, 9)
    relais.processus.communicate()
    with running(tmp_path / "r", FERMEE) as suivant:
        assert suivant.etat()["attente"] == 1
        assert suivant.jeton == relais.jeton


def test_callers_that_never_finish_their_request_hold_no_memory_and_no_place_for_ever(tmp_path: Path) -> None:
    with running(tmp_path / "r", FERMEE) as relais, ExitStack() as lentes:
        adresse = httpx.URL(relais.url)
        debut = f"POST /v1/evenements HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {relais.jeton}\r\n"
        for _ in range(REQUETES_MAX):
            prise = lentes.enter_context(socket.create_connection((adresse.host, adresse.port or 0)))
            prise.sendall(f"{debut}Content-Type: {UN_EVENEMENT}\r\nContent-Length: 9\r\n\r\n".encode())
        numeros = count()
        refus = next(r for n in numeros if (r := relais.post([courrier(f"a{n}")])).status_code != 202)
        assert (refus.status_code, refus.headers["retry-after"]) == (503, "1")
        lentes.close()
        next(n for n in numeros if relais.post([courrier(f"a{n}")]).status_code == 202)
        statut, erreurs = relais.stop()
    assert statut == 0
    assert "Traceback" not in erreurs
