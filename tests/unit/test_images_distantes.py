"""The images of another process: what it reads arrives whole, and what does not is told as its absence."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from fastapi import FastAPI
from msgspec import Raw
from starlette.responses import Response, StreamingResponse

from ecluse.distribue.images import ImagierDistant
from ecluse.distribue.interne import create_images
from ecluse.distribue.reglages import Secret
from ecluse.distribue.voisins import Voisin
from shared.runtime.ecrivain import Indisponible
from shared.runtime.imagier import Borne, Demande, Depart, Entete, Flot, Imagier, Rangee
from tests.maisons import eventually
from tests.serveurs import serve

DEMANDE = Demande(
    "091",
    "piece",
    (Borne("arrivee", 1, 2), Borne("fin", 3, None, ou_rien=True)),
    "arrivee",
    Depart(1, "091|P-é"),
    7,
    "caf_traitante",
)
# A text may hold what some take for an end of line.
RANGEES = [Rangee(rang, f"091|P-{rang}", "D\u2028\x85", Raw(b'[["piece","P",{"a":"\\n"}]]')) for rang in range(1_700)]


class Memoire:
    """An owner that answers from memory, and keeps what it was asked."""

    def __init__(self, rangees: list[Rangee]) -> None:
        self.rangees = rangees
        self.demandes: list[Demande] = []
        self.rendues = 0

    @contextmanager
    def read(self, demande: Demande) -> Iterator[Flot]:
        """See ``Imagier``."""
        self.demandes.append(demande)
        try:
            yield Flot(Entete(12, 3, [Raw(b'{"avant":null}')]), iter(self.rangees))
        finally:
            self.rendues += 1


@contextmanager
def remote(app: FastAPI) -> Iterator[Imagier]:
    """The images of the process that runs this application."""
    with serve(app) as url, Voisin("production", url, Secret("jeton-de-la-maison-d-essai")) as voisin:
        yield ImagierDistant(voisin)


@pytest.mark.parametrize("nombre", [0, 1, 499, 500, 501, 1_700])
def test_the_question_and_the_answer_cross_whole(nombre: int) -> None:
    app, memoire = FastAPI(), Memoire(RANGEES[:nombre])
    app.include_router(create_images(memoire))
    with remote(app) as imagier, imagier.read(DEMANDE) as flot:
        assert flot.entete == Entete(12, 3, [Raw(b'{"avant":null}')])
        assert list(flot.rangees) == memoire.rangees
    assert memoire.demandes == [DEMANDE]


def test_an_answer_that_is_not_read_to_its_end_is_no_failure_and_holds_nothing_more() -> None:
    # More than the buffers between the two take.
    app, memoire = FastAPI(), Memoire(RANGEES * 200)
    app.include_router(create_images(memoire))
    with remote(app) as imagier:
        with imagier.read(DEMANDE) as flot:
            assert next(flot.rangees) == RANGEES[0]
            assert memoire.rendues == 0
        eventually(lambda: memoire.rendues == 1)


CORPS = {
    "coupée": b'{"position":1,"en_attente":0,"suite":[]}\n[1,"091|P","D",[]]\n',
    "vide": b"",
    "étrangère": b"<html>\n</html>\nfin\n",
    "illisible": b'{"position":1,"en_attente":0,"suite":[]}\n[1,\nfin\n',
}


@pytest.mark.parametrize("corps", CORPS.values(), ids=list(CORPS))
def test_an_answer_that_is_not_whole_is_never_taken_for_one(corps: bytes) -> None:
    app = FastAPI()
    app.add_api_route("/v1/interne/images", lambda: Response(corps))
    with remote(app) as imagier, pytest.raises(Indisponible, match="production ne répond pas"):  # noqa: SIM117
        with imagier.read(DEMANDE) as flot:
            list(flot.rangees)


def test_an_owner_that_fails_under_way_is_away() -> None:
    def fail() -> Iterator[bytes]:
        yield b'{"position":1,"en_attente":0,"suite":[]}\n'
        raise OSError("disque")

    app = FastAPI()
    app.add_api_route("/v1/interne/images", lambda: StreamingResponse(fail()))
    with remote(app) as imagier, pytest.raises(Indisponible, match="production ne répond pas"):  # noqa: SIM117
        with imagier.read(DEMANDE) as flot:
            list(flot.rangees)


def test_an_owner_that_is_not_there_is_away() -> None:
    with serve(FastAPI()) as url:
        pass
    with (
        Voisin("production", url, Secret("jeton-de-la-maison-d-essai")) as voisin,
        pytest.raises(Indisponible, match="production ne répond pas"),
        ImagierDistant(voisin).read(DEMANDE),
    ):
        pytest.fail("nobody answers there")
