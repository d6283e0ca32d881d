"""Exports of a house that runs: the same figures as everywhere, for the owner and for the acting Caf."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from ecluse.maison import Maison, open_house
from ecluse.serveur import create_app
from shared.reglages import Reglages
from tests.integration.test_explication import ask
from tests.maisons import PATIENCE, arrivee, deposit

EXPORT = "/v1/indicateurs/export"


@pytest.fixture
def maison(tmp_path: Path) -> Iterator[Maison]:
    """Two pieces of the Caf 091, one of which another works on; and one of another, that it works on."""
    with open_house(Reglages(tmp_path)) as ouverte:
        deposit(
            ouverte,
            arrivee("P-1", "2023-01-02T10:00:00Z"),
            arrivee("P-2", "2023-01-03T10:00:00Z", caf_traitante="681"),
            arrivee("P-3", "2023-01-04T10:00:00Z", caf="681", caf_traitante="091"),
            arrivee("P-4", "2023-01-05T10:00:00Z", caf="681", caf_traitante="091"),
        )
        assert ouverte.wait_until_current(PATIENCE)
        yield ouverte


def rows(maison: Maison, **question: str) -> list[dict[str, str]]:
    """The rows of an export."""
    reponse = ask(create_app(maison, "jeton"), EXPORT, **{"format": "csv", **question})
    assert reponse.status_code == 200, reponse.text
    return list(csv.DictReader(io.StringIO(reponse.text, newline="")))


@pytest.mark.parametrize(("role", "stock", "visites"), [("proprietaire", "2", "0"), ("traitante", "3", "")])
def test_an_export_answers_for_the_caf_in_its_role(maison: Maison, role: str, stock: str, visites: str) -> None:
    lignes = {ligne["code"]: ligne for ligne in rows(maison, role=role)}
    assert (lignes["STOCK"]["valeur"], lignes["STOCK"]["role"]) == (stock, role)
    assert lignes["VISITES"]["valeur"] == visites
    points = rows(maison, role=role, pas="semaine", code="STOCK")
    assert [(p["valeur"], p["role"]) for p in points][-1] == (stock, role)
    assert ("VISITES" in {p["code"] for p in rows(maison, role=role, pas="mois")}) == (role == "proprietaire")


@pytest.mark.parametrize(
    ("question", "probleme"),
    [
        ({"role": "traitante", "pas": "mois", "code": "VISITES"}, "role-impossible"),
        ({"role": "patronne"}, "role-invalide"),
        ({"caf": "999", "pas": "mois"}, "caf-inconnue"),
        ({"du": "1999-01-01", "au": "1999-12-31", "pas": "mois"}, "periode-sans-donnees"),
        ({"du": "2023-02-01"}, "periode-invalide"),
    ],
)
def test_a_question_without_an_answer_is_refused_before_any_row(
    maison: Maison, question: dict[str, str], probleme: str
) -> None:
    reponse = ask(create_app(maison, "jeton"), EXPORT, **{"format": "csv", **question})
    assert reponse.json()["type"] == f"urn:ecluse:probleme:{probleme}"
    assert 400 <= reponse.status_code < 500
