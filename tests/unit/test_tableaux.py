"""The dashboards of Grafana are those of the code, and can be read by everybody."""

from __future__ import annotations

import re
from typing import Any, Final

import pytest
import yaml

from ecluse.distribue.mesures import DE_LA_MAISON, DES_CHIFFRES, MESURES, PEUT_ETRE
from outils.tableaux.__main__ import check, documents
from services.indicators.registre import REGISTRE
from tests.deploiement import read_compose
from tests.donnees import RACINE
from tests.regles import names_in, records
from tests.tableaux import DOSSIER, panels, queries, read_dashboards

TABLEAUX: Final = read_dashboards()
par_tableau = pytest.mark.parametrize("nom", TABLEAUX)


def test_the_committed_files_are_those_of_the_code() -> None:
    assert check(DOSSIER) == []
    assert TABLEAUX.keys() == {"direction", "production", "relation", "recouvrement", "plateforme"}


def test_a_file_that_differs_is_named(tmp_path: Any) -> None:
    for nom, texte in documents().items():
        (tmp_path / nom).write_text(texte)
    assert check(tmp_path) == []
    (tmp_path / "direction.json").write_text("{}")
    (tmp_path / "autre.json").write_text("{}")
    assert check(tmp_path) == [f"{tmp_path / n} : à refaire par make docs" for n in ("autre.json", "direction.json")]


@par_tableau
def test_a_table_with_the_same_values_stands_beside_each_graph(nom: str) -> None:
    affiches = panels(TABLEAUX[nom])
    graphes = [(rang, p) for rang, p in enumerate(affiches) if p["type"] == "timeseries"]
    assert graphes
    for rang, graphe in graphes:
        table = affiches[rang + 1]
        assert table["type"] == "table", graphe["title"]
        assert table["gridPos"]["y"] == graphe["gridPos"]["y"]
        assert graphe["gridPos"]["x"] + graphe["gridPos"]["w"] == table["gridPos"]["x"]
        assert graphe["title"] in table["title"]
        assert table["targets"] == graphe["targets"]
        for membre in ("unit", "decimals"):
            assert table["fieldConfig"]["defaults"][membre] == graphe["fieldConfig"]["defaults"][membre]


@par_tableau
def test_panels_are_titled_measured_and_lead_to_our_pages(nom: str) -> None:
    tableau = TABLEAUX[nom]
    affiches = panels(tableau)
    numeros = [p["id"] for p in tableau["panels"]]
    assert len(numeros) == len(set(numeros))
    for panneau in affiches:
        reglages = panneau["fieldConfig"]["defaults"]
        assert panneau["title"]
        assert reglages["unit"]
        assert "decimals" in reglages
        assert reglages["noValue"] == "ND"
        assert panneau["datasource"] == {"type": "prometheus", "uid": "prometheus"}
        assert all(lien["url"].startswith("$maison/") for lien in panneau["links"])
        assert panneau["links"]
        for code in re.findall(r"/indicateurs/([^?]+)", str(panneau["links"])):
            assert code in REGISTRE
    assert {v["name"] for v in tableau["templating"]["list"]} == {"caf", "maison"}
    assert tableau["timezone"] == "Europe/Paris"


@par_tableau
def test_no_panel_hides_another(nom: str) -> None:
    cases: set[tuple[int, int]] = set()
    for panneau in TABLEAUX[nom]["panels"]:
        place = panneau["gridPos"]
        siennes = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert place["x"] + place["w"] <= 24
        assert not cases & siennes, panneau["title"]
        cases |= siennes


@par_tableau
def test_every_dashboard_says_first_of_when_its_figures_are(nom: str) -> None:
    premiers = [p["targets"][0]["expr"] for p in panels(TABLEAUX[nom])[:2]]
    assert premiers == ["ecluse:figures:fresh", "ecluse:figures:age_seconds"]


def test_queries_read_measures_and_codes_that_exist() -> None:
    connues = {m.nom for m in (*MESURES, *DE_LA_MAISON, *DES_CHIFFRES, *PEUT_ETRE)} | {"up"}
    connues |= {regle["record"] for regle in records()}
    for requete in queries():
        assert names_in(requete.expr) <= connues, requete
        assert set(re.findall(r'code="([^"]+)"', requete.expr)) <= REGISTRE.keys(), requete


def test_grafana_finds_the_files_and_nothing_else_of_ours_changes_them() -> None:
    dossier = RACINE / "deploy/grafana/provisioning/dashboards"
    (fournisseur,) = yaml.safe_load((dossier / "ecluse.yml").read_text())["providers"]
    volumes = read_compose()["services"]["grafana"]["volumes"]
    assert f"./deploy/grafana/tableaux:{fournisseur['options']['path']}:ro" in volumes
    assert fournisseur["allowUiUpdates"] is False
    source = yaml.safe_load((dossier.parent / "datasources/prometheus.yml").read_text())["datasources"][0]
    assert source["uid"] == "prometheus"
