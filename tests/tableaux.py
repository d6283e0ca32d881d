"""The dashboards of Grafana as tests read them: panels, and the queries that they put to Prometheus."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from tests.donnees import RACINE

DOSSIER: Final = RACINE / "deploy" / "grafana" / "tableaux"
_VARIABLES: Final = re.compile(r"label_values\((.+), (\w+)\)")


class Requete(NamedTuple):
    """A query of a panel. ``reparti``: of what only the distributed mode measures."""

    tableau: str
    panneau: str
    expr: str
    reparti: bool


def read_dashboards() -> dict[str, dict[str, Any]]:
    """The dashboards, by name."""
    return {fichier.stem: json.loads(fichier.read_text()) for fichier in sorted(DOSSIER.glob("*.json"))}


def panels(tableau: dict[str, Any]) -> list[dict[str, Any]]:
    """The panels of a dashboard that show something."""
    return [panneau for panneau in tableau["panels"] if panneau["type"] != "row"]


def queries() -> Iterator[Requete]:
    """Every query of every panel, and of every variable."""
    for nom, tableau in read_dashboards().items():
        for variable in tableau["templating"]["list"]:
            if variable["type"] == "query":
                trouve = _VARIABLES.fullmatch(variable["query"]["query"])
                assert trouve, variable
                yield Requete(nom, f"variable {variable['name']}", f"count by ({trouve[2]}) ({trouve[1]})", False)
        partie = ""
        for panneau in tableau["panels"]:
            if panneau["type"] == "row":
                partie = panneau["title"]
            for cible in panneau.get("targets", ()):
                yield Requete(nom, panneau["title"], cible["expr"], "réparti" in partie)
