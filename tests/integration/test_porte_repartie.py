"""The door when services run elsewhere: a batch is split, each part handed over, and the answers are one again."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from threading import Event, Thread

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecluse.distribue.porte import EN_ROUTE_MAX, Distant, stay_here, untold
from ecluse.distribue.reglages import Secret
from ecluse.guichet import Depositaire, Guichet, Reponse
from ecluse.maison import Maison, open_house
from ecluse.serveur import create_app
from shared.events.catalogue import ENCODER, SERVICES
from shared.reglages import Reglages, read_clock
from shared.runtime.ecrivain import Indisponible
from shared.web.porte import sum_up
from tests.fabrique import Brut
from tests.maisons import arrivee, fait, traitee, value
from tests.serveurs import serve

JETON = "un-jeton-assez-long"
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
_NUMEROS = count()


def appel(nom: str) -> Brut:
    """An event of contacts."""
    data = {"canal": "telephone", "nature": "dossier", "dossier": f"D-{nom}"}
    return fait("contact.recu", "2023-01-02T10:00:00Z", contact=nom, **data)


@contextmanager
def house(dossier: Path) -> Iterator[tuple[Maison, str]]:
    """A house, and where it answers."""
    with open_house(Reglages(dossier)) as maison:
        app = create_app(maison, JETON)
        with serve(app) as url:
            yield maison, url
            app.state.close_streams()


@contextmanager
def door(**urls: str) -> Iterator[Guichet]:
    """A door that hands everything over to these addresses."""
    with ExitStack() as pile:
        depositaires: dict[str, Depositaire] = {nom: untold(nom) for nom in SERVICES}
        for nom, url in urls.items():
            depositaires[nom] = pile.enter_context(Distant(nom, url, Secret(JETON)))
        yield Guichet(depositaires)


@pytest.fixture(scope="module")
def maison(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Maison, str]]:
    with house(tmp_path_factory.mktemp("repartie")) as ouverte:
        yield ouverte


@pytest.fixture(scope="module")
def guichet(maison: tuple[Maison, str]) -> Iterator[Guichet]:
    """A door whose three services all run in the same other process."""
    with door(**dict.fromkeys(SERVICES, maison[1])) as ouvert:
        yield ouvert


def deposit(guichet: Guichet, *bruts: Brut | bytes, trace: str | None = None) -> list[Reponse]:
    """The answers for a batch."""
    octets = [b if isinstance(b, bytes) else ENCODER.encode(b) for b in bruts]
    return guichet.deposit(octets, read_clock(), trace).answers()


def test_a_mixed_batch_is_split_by_owner_and_answered_in_its_order(guichet: Guichet) -> None:
    futur = arrivee("P-futur", "2099-01-02T10:00:00Z")
    reponses = deposit(guichet, arrivee("P-1"), b"{", futur, appel("A-1"), b"[]", traitee("P-1"))
    assert [r.sort for r in reponses] == ["accepte", "refuse", "refuse", "accepte", "refuse", "accepte"]
    assert "futur" in reponses[2].detail


def test_a_conflict_found_by_the_owner_is_told_at_its_place(guichet: Guichet) -> None:
    premier = arrivee("P-conflit")
    assert deposit(guichet, premier)[0].sort == "accepte"
    autre = premier | {"data": premier["data"] | {"canal": "courrier"}}
    reponses = deposit(guichet, appel("A-2"), premier, autre, arrivee("P-2"))
    assert [r.sort for r in reponses if r.sort != "refuse"].count("doublon") == 1
    assert reponses[2] == Reponse("refuse", reponses[2].detail, premier["id"], premier["type"], "id")
    assert "nouvel id" in reponses[2].detail


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.sampled_from(("arrivee", "appel", "autre", "illisible"))), max_size=12))
def test_the_counts_are_those_of_a_house_in_one_process(
    guichet: Guichet, tmp_path_factory: pytest.TempPathFactory, tirage: list[tuple[int, str]]
) -> None:
    serie = next(_NUMEROS)

    def draw(rang: int, sorte: str) -> bytes:
        nom = f"H-{serie}-{rang}"
        if sorte == "illisible":
            return b'{"id": 1}'
        brut = appel(nom) if sorte == "appel" else arrivee(nom)
        return ENCODER.encode(brut | {"data": brut["data"] | {"canal": "courrier"}} if sorte == "autre" else brut)

    lot = [draw(*choix) for choix in tirage]
    with open_house(Reglages(tmp_path_factory.mktemp("temoin"))) as temoin:
        for _ in range(2):
            attendues, recues = deposit(temoin.guichet, *lot), deposit(guichet, *lot)
            assert sum_up(recues) == sum_up(attendues)
            assert [r.sort == "refuse" for r in recues] == [r.sort == "refuse" for r in attendues]


def test_a_batch_half_of_which_found_nobody_is_sent_again_and_counted_once(tmp_path: Path) -> None:
    with house(tmp_path) as (maison, url):
        lot = (arrivee("P-1"), appel("A-1"))
        boiteuse = door(production=url, contacts="http://127.0.0.1:1")
        with boiteuse as guichet, pytest.raises(Indisponible, match="contacts"):
            deposit(guichet, *lot)
        with door(production=url, contacts=url) as entiere:
            assert {r.sort for r in deposit(entiere, *lot)} <= {"accepte", "doublon"}
        assert value(maison, "PIECES-ARRIVEES") == 1
        assert value(maison, "APPELS-RECUS") == 1


@contextmanager
def answering(statut: int, answer: Callable[[], bytes], recues: list[dict[str, str]] | None = None) -> Iterator[str]:
    """The address of a server that answers this to everything, and notes the headers that it gets."""

    class Reponses(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            if recues is not None:
                recues.append({nom.lower(): valeur for nom, valeur in self.headers.items()})
            corps = answer()
            self.send_response(statut)
            self.send_header("Content-Length", str(len(corps)))
            self.end_headers()
            self.wfile.write(corps)

        def log_message(self, format: str, *args: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Reponses) as serveur:
        fil = Thread(target=serveur.serve_forever)
        fil.start()
        try:
            yield f"http://127.0.0.1:{serveur.server_address[1]}"
        finally:
            serveur.shutdown()
            fil.join()


@pytest.mark.parametrize(
    ("statut", "corps", "mot"),
    [
        (503, b'{"detail": "la base est pleine"}', "la base est pleine"),
        (500, b"", "500"),
        (401, b"{}", "ECLUSE_TOKEN"),
        (404, b"[]", "404"),
        (302, b"", "302"),
        (202, b"pas du JSON", "sans qu'on le comprenne"),
        (202, b'{"acceptes": 2, "doublons": 0, "rejets": []}', "sans qu'on le comprenne"),
        (202, b'{"acceptes": 0, "doublons": 0, "rejets": [{"index": 7, "detail": "x"}]}', "sans qu'on le comprenne"),
        (202, b'{"acceptes": -1, "doublons": 2, "rejets": []}', "sans qu'on le comprenne"),
    ],
)
def test_an_answer_that_settles_nothing_asks_to_send_again(statut: int, corps: bytes, mot: str) -> None:
    with (
        answering(statut, lambda: corps) as url,
        door(production=url) as guichet,
        pytest.raises(Indisponible, match=mot),
    ):
        deposit(guichet, arrivee("P-1"))


def test_a_service_without_an_address_is_named_with_its_setting() -> None:
    with door() as guichet, pytest.raises(Indisponible, match="ECLUSE_URL_PRODUCTION"):
        deposit(guichet, arrivee("P-1"))


def test_what_was_handed_over_is_never_handed_on(maison: tuple[Maison, str]) -> None:
    with ExitStack() as pile:
        ici = pile.enter_context(Distant("contacts", maison[1], Secret(JETON)))
        guichet = Guichet(stay_here({"contacts": ici}, SERVICES))
        assert deposit(guichet, appel("A-ici"))[0].sort == "accepte"
        with pytest.raises(Indisponible, match="ECLUSE_URL_"):
            deposit(guichet, arrivee("P-ailleurs"))


def test_the_trace_goes_with_the_events_and_the_hand_over_is_marked() -> None:
    recues: list[dict[str, str]] = []
    reponse = msgspec.json.encode({"acceptes": 1, "doublons": 0, "rejets": []})
    with answering(202, lambda: reponse, recues) as url, door(production=url) as guichet:
        deposit(guichet, arrivee("P-1"), trace=TRACE)
    assert recues[0]["traceparent"] == TRACE
    assert recues[0]["ecluse-transmis"] == "1"
    assert recues[0]["authorization"] == f"Bearer {JETON}"


def test_beyond_what_may_be_on_its_way_callers_are_told_to_come_back() -> None:
    libre = Event()

    def wait() -> bytes:
        libre.wait(60)
        return msgspec.json.encode({"acceptes": 1, "doublons": 0, "rejets": []})

    with answering(202, wait) as url, door(production=url) as guichet:
        depots = [guichet.deposit([ENCODER.encode(arrivee(f"P-{n}"))], read_clock()) for n in range(EN_ROUTE_MAX)]
        with pytest.raises(Indisponible, match="déjà en route"):
            deposit(guichet, arrivee("P-de-trop"))
        libre.set()
        assert [r.sort for depot in depots for r in depot.answers()] == ["accepte"] * EN_ROUTE_MAX
        assert deposit(guichet, arrivee("P-ensuite"))[0].sort == "accepte"
