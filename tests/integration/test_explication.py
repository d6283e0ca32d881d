"""A figure explained in a house: the objects behind it, down to the events and the tool that emitted them."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from ecluse.maison import Maison, open_house
from ecluse.serveur import create_app
from shared.reglages import Reglages
from shared.runtime.ecrivain import Indisponible
from shared.runtime.imagier import Demande, Flot
from shared.web.problemes import MEDIA, PREFIXE
from tests.creances import constat
from tests.ecrans import Page, Visiteur
from tests.maisons import PATIENCE, arrivee, deposit, traitee
from tests.unit.test_pages import words

JANVIER = {"caf": "091", "du": "2023-01-01", "au": "2023-01-31"}
ELEMENTS = "/v1/indicateurs/{}/elements"


@contextmanager
def running(dossier: Path) -> Iterator[Maison]:
    """A house with three pieces: one treated by another tool, one open, one of another Caf."""
    with open_house(Reglages(dossier)) as maison:
        deposit(
            maison,
            arrivee("P-1", "2023-01-02T10:00:00Z"),
            traitee("P-1", "2023-01-12T10:00:00Z", source="/front-office/cristal"),
            arrivee("P-2", "2023-01-03T10:00:00Z"),
            arrivee("P-3", "2023-01-03T10:00:00Z", caf="681"),
        )
        assert maison.wait_until_current(PATIENCE)
        yield maison


@pytest.fixture
def maison(tmp_path: Path) -> Iterator[Maison]:
    """A house of three pieces."""
    with running(tmp_path) as ouverte:
        yield ouverte


def ask(app: FastAPI, chemin: str, jeton: str = "jeton", **question: Any) -> httpx.Response:
    """A question to the API."""

    async def run() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        entetes = {"Authorization": f"Bearer {jeton}"} if jeton else {}
        async with httpx.AsyncClient(transport=transport, base_url="http://ecluse", headers=entetes) as client:
            return await client.get(chemin, params=JANVIER | question)

    return asyncio.run(run())


def names(document: Mapping[str, Any]) -> list[str]:
    """The objects of a page."""
    return [e["objet"] for e in document["elements"]]


def test_from_a_figure_to_the_tool_that_emitted_each_event(maison: Maison) -> None:
    app = create_app(maison, "jeton")
    elements = ask(app, ELEMENTS.format("COG-08-29")).json()
    assert (names(elements), elements["somme"], elements["egal"]) == (["P-1"], 10, True)
    fiche = ask(app, elements["elements"][0]["fiche"]).json()
    assert [(f["type"], f["source"], f["instant"], f["emis"]) for f in fiche["faits"]] == [
        ("fr.caf.piece.arrivee.v1", "/ged", "2023-01-02T10:00:00Z", "2023-01-02T10:00:00Z"),
        ("fr.caf.piece.traitee.v1", "/front-office/cristal", "2023-01-12T10:00:00Z", "2023-01-12T10:00:00Z"),
    ]


def test_the_owner_of_the_dossier_alone_has_its_objects(maison: Maison) -> None:
    app = create_app(maison, "jeton")
    assert names(ask(app, ELEMENTS.format("STOCK")).json()) == ["P-2"]
    assert names(ask(app, ELEMENTS.format("STOCK"), caf="681").json()) == ["P-3"]
    inconnue = ask(app, ELEMENTS.format("STOCK"), caf="999")
    assert (inconnue.status_code, inconnue.json()["type"]) == (404, "urn:ecluse:probleme:caf-inconnue")


def test_the_acting_caf_has_the_objects_that_it_works_on_whoever_owns_them(maison: Maison) -> None:
    deposit(
        maison,
        arrivee("P-4", "2023-01-04T10:00:00Z", caf="681", caf_traitante="091"),
        arrivee("P-5", "2023-01-05T10:00:00Z", caf_traitante="681"),
        constat("2023-01-10T10:00:00Z", montant_centimes=500, caf_traitante="681") | {"time": "2023-01-31T10:00:00Z"},
    )
    assert maison.wait_until_current(PATIENCE)
    app, role = create_app(maison, "jeton"), {"role": "traitante"}
    for caf, siens in {"091": [("091", "P-2"), ("681", "P-4")], "681": [("681", "P-3"), ("091", "P-5")]}.items():
        elements = ask(app, ELEMENTS.format("STOCK"), caf=caf, **role).json()
        assert [(e["caf"], e["objet"]) for e in elements["elements"]] == siens
        assert (elements["valeur"], elements["egal"], elements["role"]) == (2, True, "traitante")
        for element in elements["elements"]:
            assert ask(app, element["fiche"]).json()["caf"] == element["caf"]
        explication = ask(app, "/v1/indicateurs/STOCK/explication", caf=caf, **role).json()
        assert (explication["valeur"], explication["role"]) == (2, "traitante")
    indus = ask(app, ELEMENTS.format("INDUS-MONTANT"), caf="681", **role).json()
    assert [(e["caf"], e["contribution"]) for e in indus["elements"]] == [("091", 500)]
    premiere = ask(app, ELEMENTS.format("STOCK"), limite=1, **role).json()
    suite = ask(app, ELEMENTS.format("STOCK"), limite=1, apres=premiere["suivant"], **role).json()
    assert [*names(premiere), *names(suite)] == ["P-2", "P-4"]
    autre = ask(app, ELEMENTS.format("STOCK"), limite=1, apres=premiere["suivant"])
    assert (autre.status_code, autre.json()["type"]) == (422, PREFIXE + "curseur-illisible")


def test_what_is_not_folded_yet_is_told_apart(maison: Maison, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fold stands still: what came since is in the objects, not in the figure, and both are said to agree."""
    consommateur = maison.consommateur
    consommateur.stop()
    avant = ask(create_app(maison, "jeton"), ELEMENTS.format("PIECES-ARRIVEES")).json()
    deposit(
        maison,
        arrivee("P-4", "2023-01-04T10:00:00Z"),
        arrivee("P-5", "2023-01-05T10:00:00Z", caf="681"),
        arrivee("P-6", "2023-01-05T10:00:00Z", caf="681", caf_traitante="091"),
    )
    apres = ask(create_app(maison, "jeton"), ELEMENTS.format("PIECES-ARRIVEES")).json()
    assert (apres["valeur"], apres["somme"], apres["suite"], apres["egal"]) == (avant["valeur"], 3, 1, True)
    assert apres["reperes"]["position"] > apres["reperes"]["pli"] == avant["reperes"]["pli"]
    assert not apres["fraicheur"]["a_jour"]
    sienne = ask(create_app(maison, "jeton"), ELEMENTS.format("PIECES-ARRIVEES"), role="traitante").json()
    assert (sienne["valeur"], sienne["somme"], sienne["suite"], sienne["egal"]) == (2, 4, 2, True)
    monkeypatch.setattr("shared.runtime.imagier.SUITE_MAX", 0)
    trop = ask(create_app(maison, "jeton"), ELEMENTS.format("PIECES-ARRIVEES")).json()
    assert (trop["somme"], trop["suite"], trop["egal"]) == (3, None, None)


def test_a_cursor_goes_on_after_a_restart(tmp_path: Path) -> None:
    with running(tmp_path) as maison:
        premiere = ask(create_app(maison, "jeton"), ELEMENTS.format("PIECES-ARRIVEES"), limite=1).json()
    with running(tmp_path) as maison:
        suite = ask(
            create_app(maison, "autre"), ELEMENTS.format("PIECES-ARRIVEES"), "autre", limite=1,
            apres=premiere["suivant"],
        ).json()  # fmt: skip
    assert (names(premiere), names(suite), suite["suivant"]) == (["P-1"], ["P-2"], None)


REFUS: dict[str, tuple[str, dict[str, Any], int]] = {
    "curseur-illisible": ("STOCK", {"apres": "n'importe quoi"}, 422),
    "terme-inconnu": ("STOCK", {"terme": "cloture"}, 422),
    "explication-impossible": ("SOLDE-JOURS-MOYEN", {}, 422),
    "code-inconnu": ("NULLE-PART", {}, 404),
    "periode-invalide": ("STOCK", {"du": "2023-02-01"}, 422),
    "caf-invalide": ("STOCK", {"caf": "Foix"}, 422),
    "caf-inconnue": ("STOCK", {"caf": "999"}, 404),
    "role-invalide": ("STOCK", {"role": "patronne"}, 422),
    "role-impossible": ("VISITES", {"role": "traitante"}, 422),
    "requete-invalide": ("STOCK", {"limite": 0}, 422),
}


@pytest.mark.parametrize("genre", REFUS)
def test_a_wrong_question_is_a_problem(maison: Maison, genre: str) -> None:
    code, question, statut = REFUS[genre]
    reponse = ask(create_app(maison, "jeton"), ELEMENTS.format(code), **question)
    assert (reponse.status_code, reponse.headers["content-type"]) == (statut, MEDIA)
    assert reponse.json()["type"] == PREFIXE + genre


def test_elements_are_for_those_who_have_the_token(maison: Maison) -> None:
    app = create_app(maison, "jeton")
    for chemin in (ELEMENTS.format("STOCK"), "/v1/indicateurs/STOCK/explication"):
        assert ask(app, chemin, jeton="").status_code == 401


def test_an_owner_that_is_away_is_a_problem_that_says_so(maison: Maison) -> None:
    class Absent:
        def read(self, demande: Demande) -> AbstractContextManager[Flot]:
            raise Indisponible(f"le service production ne répond pas à {demande.famille} : réessayer")

    maison.indicateurs.imagiers = {"production": Absent()}
    reponse = ask(create_app(maison, "jeton"), ELEMENTS.format("STOCK"))
    assert (reponse.status_code, reponse.headers["content-type"]) == (503, MEDIA)
    assert "production ne répond pas" in reponse.json()["detail"]
    assert ask(create_app(maison, "jeton"), "/v1/indicateurs/STOCK/explication").status_code == 200


def test_the_pages_lead_from_the_figure_to_the_events(maison: Maison) -> None:
    app = create_app(maison, "jeton")
    visiteur = Visiteur(app)
    assert visiteur.get("/fiches/pieces/091/P-1").status_code == 401
    visiteur.enter()
    question = "caf=091&fenetre=libre&du=2023-01-01&au=2023-01-31"
    page = visiteur.get(f"/indicateurs/COG-08-29/expliquer?{question}")
    assert page.status_code == 200
    [fiche] = [a["href"] for a in Page(page.text).all("a") if a["href"].startswith("/fiches/")]
    reponse = visiteur.get(fiche)
    assert reponse.status_code == 200
    texte = words(reponse.text)
    assert "fr.caf.piece.traitee.v1 /front-office/cristal" in texte
    assert "12/01/2023 à 11:00:00" in texte
    traitante = visiteur.get(f"/indicateurs/COG-08-29/expliquer?{question}&role=traitante")
    assert "Caf 091, ce qu'elle traite, du 1er au 31 janvier 2023" in words(traitante.text)
    assert "P-1 091 D-P-1 02/01/2023" in words(traitante.text)
    for inconnue in ("/fiches/pieces/091/P-9", "/fiches/pieces/681/P-1", "/fiches/pieces/091/%00"):
        assert visiteur.get(inconnue).status_code == 404
