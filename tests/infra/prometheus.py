"""A real Prometheus, with the rules of the deployment."""

from __future__ import annotations

import math
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx
import yaml

from tests.infra.processus import Serveur, ServeurAbsent
from tests.regles import REGLES

MAISON = "http://maison.example"


class Prometheus(Serveur):
    """``cibles``: what it reads every few seconds, by address (``hôte:port``), with the labels that the deployment
    gives."""

    nom = "prometheus"

    def __init__(self, cibles: Mapping[str, Mapping[str, str]]) -> None:
        self._programme = shutil.which("prometheus")
        if self._programme is None:
            raise ServeurAbsent("Prometheus absent : apt-get install prometheus")
        super().__init__()
        self._cibles = cibles

    def prepare(self) -> None:
        """Write its settings."""
        (self.dossier / "prometheus.yml").write_text(
            yaml.safe_dump(
                {
                    "global": {
                        # A reading may take as long, and leaves a gap when it takes longer.
                        "scrape_interval": "5s",
                        "evaluation_interval": "1s",
                        "external_labels": {"maison": MAISON},
                    },
                    "rule_files": [f"{REGLES}/*.yml"],
                    "scrape_configs": [
                        {
                            "job_name": "ecluse",
                            "honor_labels": True,
                            "static_configs": [
                                {"targets": [cible], "labels": dict(etiquettes)}
                                for cible, etiquettes in self._cibles.items()
                            ],
                        }
                    ],
                }
            )
        )

    def command(self) -> Sequence[str | Path]:
        """See ``Serveur``."""
        return [
            str(self._programme),
            f"--config.file={self.dossier / 'prometheus.yml'}",
            f"--storage.tsdb.path={self.dossier / 'base'}",
            f"--web.listen-address=127.0.0.1:{self.port}",
            "--log.level=warn",
        ]

    def ask(self) -> None:
        """See ``Serveur``."""
        httpx.get(f"http://127.0.0.1:{self.port}/-/ready", timeout=5).raise_for_status()

    def query(self, expr: str) -> dict[tuple[tuple[str, str], ...], float]:
        """What an expression is worth now, by sorted labels, less what is no number. Fails when it is in error."""
        resultats = self._get("query", query=expr)["result"]
        valeurs = {tuple(sorted(r["metric"].items())): float(r["value"][1]) for r in resultats}
        return {etiquettes: valeur for etiquettes, valeur in valeurs.items() if not math.isnan(valeur)}

    def rules(self) -> list[dict[str, Any]]:
        """The rules as it runs them, each with its health."""
        return [regle for groupe in self._get("rules")["groups"] for regle in groupe["rules"]]

    def _get(self, quoi: str, **parametres: str) -> Any:
        reponse = httpx.get(f"http://127.0.0.1:{self.port}/api/v1/{quoi}", params=parametres, timeout=30)
        document = reponse.json()
        assert document["status"] == "success", f"{parametres} : {document.get('error')}"
        return document["data"]
