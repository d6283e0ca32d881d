"""The Emitter: the same spool as a library."""

import json
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ecluse.dossier import DossierOccupe
from ecluse.emission import Emitter, EvenementRefuse
from ecluse.emission.destination import AdresseInvalide
from shared.events.catalogue import DECODERS
from tests.fausse_destination import COUPE, INDISPONIBLE, JETON, REPONSE_PERDUE, FausseDestination, Faute

FERMEE = "http://127.0.0.1:1"
DONNEES = {"courrier": "C-1", "arrive_le": "2024-03-05T09:10:00+01:00"}


def emit(emetteur: Emitter, **autres: Any) -> str:
    attributs: dict[str, Any] = {
        "type": "fr.caf.courrier.arrive.v1",
        "source": "/essai",
        "subject": "D-1",
        "caf": "091",
        "data": DONNEES,
    }
    return emetteur.emit(**attributs | autres)


def test_an_event_gets_its_id_and_its_time_and_reaches_the_destination(tmp_path: Path) -> None:
    destination = FausseDestination()
    avant = datetime.now(UTC)
    with destination.serve() as url, Emitter(tmp_path, url, JETON) as emetteur:
        identifiant = emit(emetteur)
        assert emetteur.flush(60)
    (recu,) = destination.recus.values()
    assert recu["id"] == identifiant
    assert avant <= datetime.fromisoformat(recu["time"]) <= datetime.now(UTC)
    assert {k: recu[k] for k in ("source", "type", "subject", "caf", "data")} == {
        "source": "/essai",
        "type": "fr.caf.courrier.arrive.v1",
        "subject": "D-1",
        "caf": "091",
        "data": DONNEES,
    }


def test_typed_data_a_datetime_and_an_own_id_are_taken_as_they_are(tmp_path: Path) -> None:
    donnees = DECODERS["fr.caf.courrier.arrive.v1"].decode(json.dumps(DONNEES))
    destination = FausseDestination()
    with destination.serve() as url, Emitter(tmp_path, url, lambda: JETON) as emetteur:
        assert emit(emetteur, id="a", time=datetime(2024, 3, 5, 10, tzinfo=UTC), data=donnees) == "a"
        assert emit(emetteur, id="a", time="2024-03-05T10:00:00Z") == "a"
        assert emetteur.flush(60)
    (recu,) = destination.recus.values()
    assert (recu["id"], recu["time"], recu["data"]) == ("a", "2024-03-05T10:00:00Z", DONNEES)


@pytest.mark.parametrize(
    ("faux", "membre"),
    [
        ({"type": "fr.caf.inconnu.v1"}, "type"),
        ({"caf": "91"}, "caf"),
        ({"subject": "2" + "80017500100" + "129"}, "subject"),
        ({"data": DONNEES | {"autre": 1}}, None),
        ({"data": {"courrier": object()}}, "data"),
        ({"data": {"courrier": "\ud800"}}, "data"),
        ({"time": datetime(2024, 3, 5, 10)}, "time"),  # noqa: DTZ001  # what is refused
        ({"time": "2999-01-01T00:00:00Z"}, "time"),
        ({"id": ""}, "id"),
        ({"source": "x" * 6_000_000}, None),
    ],
)
def test_an_event_that_breaks_a_rule_is_refused_at_once_and_nothing_is_kept(
    tmp_path: Path, faux: dict[str, Any], membre: str | None
) -> None:
    with Emitter(tmp_path, FERMEE) as emetteur:
        with pytest.raises(EvenementRefuse) as refus:
            emit(emetteur, **faux)
        assert refus.value.detail
        assert membre is None or refus.value.membre == membre
        assert emetteur.etat().attente == 0


def test_an_id_that_waits_with_another_content_is_refused(tmp_path: Path) -> None:
    emetteur = Emitter(tmp_path, FERMEE)
    emit(emetteur, id="a", time="2024-03-05T10:00:00Z")
    with pytest.raises(EvenementRefuse, match="nouvel id"):
        emit(emetteur, id="a", time="2024-03-05T11:00:00Z")
    assert not emetteur.flush(0)
    emetteur.close(0)
    emetteur.close(0)


def test_what_could_not_leave_leaves_at_the_next_opening(tmp_path: Path) -> None:
    emetteur = Emitter(tmp_path, FERMEE)
    ids = [emit(emetteur) for _ in range(3)]
    with pytest.raises(DossierOccupe):
        Emitter(tmp_path, FERMEE)
    emetteur.close(0)
    destination = FausseDestination(plan=lambda n, _: INDISPONIBLE if n == 0 else None)
    with destination.serve() as url, Emitter(tmp_path, url, JETON) as emetteur:
        assert emetteur.flush(60)
        assert emetteur.etat().attente == 0
    assert [i for _, i in destination.recus] == ids


@pytest.mark.parametrize(
    "faute",
    [
        COUPE,
        REPONSE_PERDUE,
        INDISPONIBLE,
        Faute(503, prend=True, entetes={"Retry-After": "0"}),
        Faute(429, entetes={"Retry-After": "1"}),
        Faute(500),
        Faute(502, corps=b"<html>"),
        Faute(401),
        Faute(403),
        Faute(404),
        Faute(302, entetes={"Location": "/ailleurs"}),
        Faute(202, corps=b"<html>bienvenue</html>"),
        Faute(200, corps=b"{}"),
    ],
    ids=lambda f: f"{f.statut}{'-taken' if f.prend else ''}",
)
def test_each_failure_of_the_destination_is_outlived_without_loss_or_double(tmp_path: Path, faute: Faute) -> None:
    destination = FausseDestination(plan=lambda n, _: faute if n in (0, 1, 3) else None)
    with destination.serve() as url, Emitter(tmp_path, url, JETON, attente_max=0.02) as emetteur:
        for i in range(5):
            emit(emetteur, id=f"e{i}")
        assert emetteur.flush(60)
    assert [e["id"] for e in destination.recus.values()] == [f"e{i}" for i in range(5)]
    assert destination.differents == []


def test_what_the_destination_refuses_is_told(tmp_path: Path) -> None:
    destination = FausseDestination()
    with destination.serve() as url, Emitter(tmp_path, url, JETON) as emetteur:
        emit(emetteur, id="a", data=DONNEES | {"courrier": "REFUS"})
        assert emetteur.flush(60)
        assert [(r.id, r.detail) for r in emetteur.refuses()] == [("a", "refus voulu")]
        assert emetteur.etat().refuses == 1


def test_an_address_that_can_not_be_used_leaves_no_folder(tmp_path: Path) -> None:
    with pytest.raises(AdresseInvalide):
        Emitter(tmp_path / "s", "machine")
    assert not (tmp_path / "s").exists()


def test_several_threads_emit_through_one_emitter(tmp_path: Path) -> None:
    destination = FausseDestination()
    with destination.serve() as url, Emitter(tmp_path, url, JETON) as emetteur:

        def work(nom: str) -> None:
            for i in range(20):
                emit(emetteur, id=f"{nom}{i}")

        fils = [threading.Thread(target=work, args=(nom,)) for nom in "abcd"]
        for fil in fils:
            fil.start()
        for fil in fils:
            fil.join()
        assert emetteur.flush(60)
    recus = [i for _, i in destination.recus]
    assert len(recus) == 80
    for nom in "abcd":
        assert [i for i in recus if i[0] == nom] == [f"{nom}{i}" for i in range(20)]


def test_the_token_is_in_no_file_of_the_spool(tmp_path: Path) -> None:
    destination = FausseDestination()
    with destination.serve() as url, Emitter(tmp_path, url, JETON) as emetteur:
        emit(emetteur)
        assert all(JETON.encode() not in f.read_bytes() for f in tmp_path.iterdir())
