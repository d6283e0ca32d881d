"""Sessions of people: one-time links, the cookie they give, and forms that only our own pages may send."""

import pytest
from fastapi import FastAPI

from shared.web.acces import Acces
from tests.ecrans import Page, Visiteur, build_app


@pytest.fixture
def app() -> FastAPI:
    """The application."""
    return build_app(Acces("jeton"))


@pytest.fixture
def visiteur(app: FastAPI) -> Visiteur:
    """Somebody who has come in."""
    v = Visiteur(app)
    v.enter("poste-1")
    return v


def test_a_link_gives_a_cookie_that_scripts_and_other_sites_cannot_use(app: FastAPI) -> None:
    visiteur = Visiteur(app)
    reponse = visiteur.enter()
    assert (reponse.status_code, reponse.headers["location"]) == (303, "/")
    cookie = reponse.headers["set-cookie"]
    assert {"HttpOnly", "SameSite=strict", "Path=/", "Max-Age=43200"} <= set(cookie.split("; "))
    assert visiteur.get("/").status_code == 200


def test_a_link_serves_once(app: FastAPI) -> None:
    lien = app.state.acces.create_link()
    assert Visiteur(app).get(f"/entrer?lien={lien}").status_code == 303
    second = Visiteur(app).get(f"/entrer?lien={lien}")
    assert second.status_code == 401
    assert "set-cookie" not in second.headers


def test_a_link_followed_from_another_site_goes_through_a_page_of_ours(app: FastAPI) -> None:
    """Browsers keep a strict cookie out of a chain of redirects that another site began."""
    lien = app.state.acces.create_link()
    reponse = Visiteur(app).get(f"/entrer?lien={lien}", sec_fetch_site="cross-site")
    assert reponse.status_code == 200
    assert Page(reponse.text).all("a", href="/")
    assert "set-cookie" in reponse.headers


def form_of(visiteur: Visiteur) -> dict[str, str]:
    """The hidden fields of the form that closes the session."""
    return Page(visiteur.get("/").text).fields("/sortir")


def test_closing_a_session_ends_it_for_good(visiteur: Visiteur) -> None:
    cookies = dict(visiteur.cookies)
    assert "Session fermée" in visiteur.post("/sortir", form_of(visiteur)).text
    visiteur.cookies.update(cookies)
    assert visiteur.get("/").status_code == 401


@pytest.mark.parametrize(
    "entetes",
    [
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"origin": "http://ailleurs.test"},
        {"origin": "null"},
    ],
)
def test_a_form_sent_from_elsewhere_does_nothing(visiteur: Visiteur, entetes: dict[str, str]) -> None:
    assert visiteur.post("/sortir", form_of(visiteur), **entetes).status_code == 403
    assert visiteur.get("/").status_code == 200


@pytest.mark.parametrize("entetes", [{}, {"sec_fetch_site": "same-origin", "origin": "http://ecluse.test"}])
def test_a_form_of_ours_is_taken_with_or_without_the_headers_of_recent_browsers(
    visiteur: Visiteur, entetes: dict[str, str]
) -> None:
    assert visiteur.post("/sortir", form_of(visiteur), **entetes).status_code == 200


@pytest.mark.parametrize("jeton", ["", "faux"])
def test_a_form_without_the_token_of_the_session_does_nothing(visiteur: Visiteur, jeton: str) -> None:
    assert visiteur.post("/sortir", {"jeton_formulaire": jeton}).status_code == 403
    assert visiteur.get("/").status_code == 200


def test_a_form_too_long_is_not_read_to_its_end(visiteur: Visiteur) -> None:
    assert visiteur.post("/sortir", b"a=" + b"x" * 100_000).status_code == 413
