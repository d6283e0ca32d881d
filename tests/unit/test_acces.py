"""Who may come in: links, sessions, form tokens, the Bearer token."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.temps import HEURE, MINUTE
from shared.web.acces import DUREE_LIEN, DUREE_SESSION, Acces, Session

JETON = "un-jeton-de-la-maison"


class Montre:
    """A clock that moves when told."""

    def __init__(self) -> None:
        self.instant = 1_700_000_000 * 1_000_000_000

    def __call__(self) -> int:
        return self.instant


@pytest.fixture
def montre() -> Montre:
    """A stopped clock."""
    return Montre()


@pytest.fixture
def acces(montre: Montre) -> Acces:
    """The keys of a house."""
    return Acces(JETON, montre)


def open_session(acces: Acces, nom: str = "") -> Session:
    """A session, by a link."""
    session = acces.consume_link(acces.create_link(nom))
    assert session is not None
    return session


def test_a_link_opens_one_session_and_no_second(acces: Acces) -> None:
    lien = acces.create_link("poste-3")
    session = acces.consume_link(lien)
    assert session is not None
    assert session.nom == "poste-3"
    assert acces.consume_link(lien) is None


def test_a_link_opens_nothing_once_its_time_is_over(acces: Acces, montre: Montre) -> None:
    juste, trop_tard = acces.create_link(), acces.create_link()
    montre.instant += DUREE_LIEN - 1
    assert acces.consume_link(juste) is not None
    montre.instant += 1
    assert acces.consume_link(trop_tard) is None


def test_a_link_nobody_gave_opens_nothing(acces: Acces) -> None:
    acces.create_link()
    assert acces.consume_link("") is None
    assert acces.consume_link("é" * 40) is None


def test_links_that_nobody_opens_do_not_pile_up(acces: Acces) -> None:
    premier = acces.create_link()
    dernier = [acces.create_link() for _ in range(200)][-1]
    assert acces.consume_link(premier) is None
    assert acces.consume_link(dernier) is not None


def test_a_signed_session_is_read_back(acces: Acces) -> None:
    session = open_session(acces)
    assert acces.read_session(acces.sign_session(session)) == session


def test_a_session_without_a_name_gets_one_that_may_hold_work(acces: Acces) -> None:
    assert open_session(acces).nom.startswith("ecran-")


def test_a_session_ends_after_twelve_hours(acces: Acces, montre: Montre) -> None:
    assert DUREE_SESSION == 12 * HEURE
    cookie = acces.sign_session(open_session(acces))
    montre.instant += DUREE_SESSION - 1
    assert acces.read_session(cookie) is not None
    montre.instant += 1
    assert acces.read_session(cookie) is None


def test_a_closed_session_stays_closed_and_the_others_open(acces: Acces) -> None:
    fermee, ouverte = open_session(acces), open_session(acces)
    acces.close_session(fermee)
    assert acces.read_session(acces.sign_session(fermee)) is None
    assert acces.read_session(acces.sign_session(ouverte)) == ouverte


def test_a_session_outlives_a_restart_but_not_a_new_token(acces: Acces, montre: Montre) -> None:
    cookie = acces.sign_session(open_session(acces))
    assert Acces(JETON, montre).read_session(cookie) is not None
    assert Acces("un-autre-jeton", montre).read_session(cookie) is None


@pytest.mark.parametrize("cookie", [None, "", ".", "a.b", "é.é"])
def test_what_is_no_cookie_of_ours_opens_nothing(acces: Acces, cookie: str | None) -> None:
    assert acces.read_session(cookie) is None


@given(cookie=st.text(), rang=st.integers(0, 200), lettre=st.characters(codec="utf-8"))
def test_no_text_and_no_altered_cookie_is_a_session(cookie: str, rang: int, lettre: str) -> None:
    acces = Acces(JETON, Montre())
    assert acces.read_session(cookie) is None
    bon = acces.sign_session(open_session(acces, "poste-1"))
    rang %= len(bon)
    altere = bon[:rang] + lettre + bon[rang + 1 :]
    assert (acces.read_session(altere) is None) == (altere != bon)


def test_a_form_token_belongs_to_one_session(acces: Acces) -> None:
    une, autre = open_session(acces), open_session(acces)
    assert acces.check_form(une, acces.sign_form(une))
    assert not acces.check_form(autre, acces.sign_form(une))
    assert not acces.check_form(une, "")
    assert not acces.check_form(une, "é")


@pytest.mark.parametrize(
    ("entete", "passe"),
    [
        (f"Bearer {JETON}", True),
        (f"bearer {JETON}", True),
        (f"Bearer {JETON}x", False),
        (f"Bearer {JETON[:-1]}", False),
        (f"Basic {JETON}", False),
        (JETON, False),
        ("Bearer", False),
        ("Bearer é", False),
        ("", False),
        (None, False),
    ],
)
def test_the_api_opens_to_its_token_alone(acces: Acces, entete: str | None, passe: bool) -> None:
    assert acces.check_bearer(entete) is passe


def test_a_link_is_no_bearer_token_and_the_reverse(acces: Acces, montre: Montre) -> None:
    lien = acces.create_link()
    assert not acces.check_bearer(f"Bearer {lien}")
    assert acces.consume_link(JETON) is None
    montre.instant += MINUTE
    assert acces.consume_link(lien) is not None
