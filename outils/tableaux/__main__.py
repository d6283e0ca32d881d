"""Écrit les tableaux de Grafana, ou vérifie que les fichiers sont ceux que le code écrit.

python -m outils.tableaux                 écrit les fichiers
python -m outils.tableaux --verifier      ne change rien ; sort en 1 si un fichier n'est plus celui du code
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Final

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from outils.tableaux.direction import direction
from outils.tableaux.plateforme import plateforme
from outils.tableaux.production import production
from outils.tableaux.recouvrement import recouvrement
from outils.tableaux.relation import relation

DOSSIER: Final = Path("deploy/grafana/tableaux")


def documents() -> dict[str, str]:
    """The text of each file, by name."""
    tableaux = (direction(), production(), relation(), recouvrement(), plateforme())
    return {f"{t.uid}.json": _write(t.dashboard.build()) for t in tableaux}


def check(dossier: Path) -> list[str]:
    """What differs between the folder and the code, one French line each."""
    attendus = documents()
    presents = {fichier.name: fichier.read_text() for fichier in dossier.glob("*.json")}
    noms = sorted(attendus.keys() | presents.keys())
    return [f"{dossier / n} : à refaire par make docs" for n in noms if presents.get(n) != attendus.get(n)]


def main() -> int:
    """Write or check; the exit status."""
    analyseur = argparse.ArgumentParser(description="Écrit les tableaux de Grafana.")
    analyseur.add_argument("--dossier", type=Path, default=DOSSIER)
    analyseur.add_argument("--verifier", action="store_true", help="n'écrit rien, dit ce qui diffère")
    choix = analyseur.parse_args()
    if choix.verifier:
        ecarts = check(choix.dossier)
        sys.stdout.writelines(f"{ecart}\n" for ecart in ecarts)
        return 1 if ecarts else 0
    choix.dossier.mkdir(parents=True, exist_ok=True)
    for nom, texte in documents().items():
        (choix.dossier / nom).write_text(texte)
        sys.stdout.write(f"{choix.dossier / nom} écrit\n")
    return 0


def _write(tableau: object) -> str:
    return JSONEncoder(sort_keys=True, indent=1, ensure_ascii=False).encode(tableau) + "\n"


if __name__ == "__main__":
    sys.exit(main())
