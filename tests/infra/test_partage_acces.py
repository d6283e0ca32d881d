"""Links and sessions on several servers: a link opens once, a closed session is closed everywhere."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier

import pytest
import redis as client_redis

from shared.partage.ouverture import open_redis
from shared.web.acces import DUREE_LIEN, Acces, RegistreInjoignable, Session
from tests.ecrans import Page, Visiteur, build_app
from tests.infra.redis import Redis

pytestmark = pytest.mark.usefixtures("redis_attendu")

JETON = "un-jeton-de-la-maison"


@contextmanager
def servers(url: str, nombre: int = 2) -> Iterator[list[Acces]]:
    """The keys of one house on several servers."""
    registres = [open_redis(url).create_register() for _ in range(nombre)]
    try:
        yield [Acces(JETON, registre=registre) for registre in registres]
    finally:
        for registre in registres:
            registre.close_connections()


def come_in(acces: Acces) -> Session:
    """A session, by a link."""
    session = acces.consume_link(acces.create_link("poste-3"))
    assert session is not None
    return session


def wait_closed(acces: Acces, session: Session) -> None:
    """Redis is left alone for a while after a failure: ask until it is asked."""
    cookie = acces.sign_session(session)
    while acces.read_session(cookie) is not None:
        continue


def wait_answer(acces: Acces) -> str:
    """A link, as soon as one can be had again."""
    while True:
        try:
            return acces.create_link()
        except RegistreInjoignable:
            continue


def test_a_link_opens_once_whichever_server_receives_it(redis_url: str) -> None:
    with servers(redis_url) as (un, autre):
        lien = un.create_link("poste-3")
        session = autre.consume_link(lien)
        assert session is not None
        assert session.nom == "poste-3"
        assert [un.consume_link(lien), autre.consume_link(lien)] == [None, None]
        assert un.read_session(autre.sign_session(session)) == session


def test_of_many_that_open_a_link_at_once_one_comes_in(redis_url: str) -> None:
    with servers(redis_url, 4) as serveurs, ThreadPoolExecutor(8) as fils:
        depart = Barrier(8)
        lien = serveurs[0].create_link()

        def enter(rang: int) -> Session | None:
            depart.wait()
            return serveurs[rang % 4].consume_link(lien)

        assert sum(session is not None for session in fils.map(enter, range(8))) == 1


def test_a_link_of_which_one_letter_is_changed_opens_nothing_and_spends_nothing(redis_url: str) -> None:
    with servers(redis_url) as (un, autre):
        lien = un.create_link()
        corps, _, signature = lien.partition(".")
        for faux in (f"{corps}A.{signature}", f"{corps}.{signature[::-1]}", corps):
            assert autre.consume_link(faux) is None
        assert autre.consume_link(lien) is not None


@pytest.mark.parametrize("frozen", [False, True])
def test_without_redis_no_link_is_given_nor_opened(redis: Redis, redis_url: str, frozen: bool) -> None:
    with servers(redis_url) as (un, autre):
        lien = un.create_link()
        (redis.pause if frozen else redis.stop)()
        try:
            with pytest.raises(RegistreInjoignable, match="aucun lien n'a été donné"):
                un.create_link()
            with pytest.raises(RegistreInjoignable, match="ne doit ouvrir qu'une fois"):
                autre.consume_link(lien)
        finally:
            (redis.resume if frozen else redis.start)()
        assert autre.consume_link(wait_answer(autre)) is not None


def test_a_link_opens_nothing_once_redis_was_emptied(redis: Redis, redis_url: str) -> None:
    with servers(redis_url) as (un, autre):
        ouvert, neuf = un.create_link(), un.create_link()
        assert un.consume_link(ouvert) is not None
        redis.flush()
        assert [autre.consume_link(ouvert), autre.consume_link(neuf)] == [None, None]


def test_a_redis_that_comes_back_from_an_older_copy_opens_no_link_again(redis: Redis, redis_url: str) -> None:
    with servers(redis_url) as (un, autre), client_redis.Redis(port=redis.port) as client:
        lien = un.create_link()
        copie = {cle: client.dump(cle) for cle in client.scan_iter()}
        assert un.consume_link(lien) is not None
        redis.restart()
        wait_answer(autre)
        for cle, octets in copie.items():
            assert octets is not None
            client.restore(cle, 600_000, octets)
        assert autre.consume_link(lien) is None


def test_the_page_says_that_a_link_cannot_be_opened_now(redis: Redis, redis_url: str) -> None:
    with servers(redis_url, 1) as (acces,):
        visiteur = Visiteur(build_app(acces))
        lien = acces.create_link()
        redis.stop()
        try:
            reponse = visiteur.get(f"/entrer?lien={lien}")
        finally:
            redis.start()
        assert reponse.status_code == 503
        assert "Lien pas encore ouvert" in reponse.text
        assert "Le registre des liens (Redis) ne répond pas" in reponse.text
        assert "set-cookie" not in reponse.headers


def test_a_session_closed_on_one_server_is_closed_on_all(redis_url: str) -> None:
    with servers(redis_url) as (un, autre):
        fermee, ouverte = come_in(un), come_in(un)
        assert un.close_session(fermee)
        assert autre.read_session(un.sign_session(fermee)) is None
        assert autre.read_session(un.sign_session(ouverte)) == ouverte


def test_an_event_loop_learns_without_waiting_that_a_session_was_closed(redis_url: str) -> None:
    with servers(redis_url) as (un, autre):
        session = come_in(un)
        cookie = un.sign_session(session)
        un.close_session(session)
        while autre.recognize_session(cookie) is not None:
            continue


def test_a_session_closed_while_redis_is_away_is_closed_everywhere_once_it_is_back(
    redis: Redis, redis_url: str
) -> None:
    with servers(redis_url) as (un, autre):
        session, temoin = come_in(un), come_in(un)
        redis.stop()
        try:
            assert not un.close_session(session)
            assert un.read_session(un.sign_session(session)) is None
            assert un.read_session(un.sign_session(temoin)) == temoin
        finally:
            redis.start()
        while autre.read_session(un.sign_session(session)) is not None:
            # Any page asked of the server that knows makes it tell.
            un.read_session(un.sign_session(temoin))


def test_a_redis_that_is_flushed_learns_closed_sessions_again(redis: Redis, redis_url: str) -> None:
    with servers(redis_url, 3) as (un, autre, dernier):
        session, temoin = come_in(un), come_in(un)
        un.close_session(session)
        wait_closed(autre, session)
        redis.flush()
        assert autre.read_session(un.sign_session(temoin)) == temoin
        assert dernier.read_session(un.sign_session(session)) is None


def test_the_page_says_when_other_servers_do_not_know_yet_of_a_closed_session(redis: Redis, redis_url: str) -> None:
    with servers(redis_url, 1) as (acces,):
        visiteur = Visiteur(build_app(acces))
        visiteur.enter()
        champs = Page(visiteur.get("/").text).fields("/sortir")
        redis.stop()
        try:
            page = visiteur.post("/sortir", champs).text
        finally:
            redis.start()
        assert "Session fermée" in page
        assert "les autres l'apprendront à son retour" in page


def test_whatever_redis_holds_has_a_term(redis: Redis, redis_url: str) -> None:
    with servers(redis_url, 1) as (acces,), client_redis.Redis(port=redis.port) as client:
        acces.close_session(come_in(acces))
        acces.create_link()
        cles = {cle.partition(b":")[2].partition(b":")[0]: client.pttl(cle) for cle in client.scan_iter()}
        assert sorted(cles) == [b"lien", b"session-fermee"]
        assert 0 < cles[b"lien"] <= DUREE_LIEN // 1_000_000
        assert 0 < cles[b"session-fermee"] <= 12 * 3_600_000
