"""`python -m tests.oracle FILE --caf 091 --du 2023-01-01 --au 2023-01-31 [--json]`."""

from __future__ import annotations

import argparse
import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from tests.oracle import etat, indicateurs, juge_fichier, stock_par_jour


def bilan(fichier: Path, caf: str, du: date, au: date, now: datetime, role: str = "proprietaire") -> dict[str, Any]:
    """What the oracle has to say about a file received at `now`, ready for JSON."""
    jugement = juge_fichier(fichier, now)
    tout = etat(jugement.acceptes)
    return {
        "fichier": fichier.name,
        "caf": caf,
        "du": du.isoformat(),
        "au": au.isoformat(),
        "import": {
            "acceptes": len(jugement.acceptes),
            "doublons": len(jugement.doublons),
            "rejets": len(jugement.rejets),
        },
        "rejets": [rejet._asdict() for rejet in jugement.rejets],
        "lettres_mortes": tout.lettres_mortes,
        "en_attente": tout.en_attente,
        "role": role,
        "indicateurs": indicateurs(tout, caf, du, au, role),
        "stock_par_jour": stock_par_jour(tout, caf, du, au),
    }


def montre(resultat: dict[str, Any]) -> None:
    """The same for a person."""
    print(resultat["fichier"], "Caf", resultat["caf"], "du", resultat["du"], "au", resultat["au"])
    print(", ".join(f"{nom} : {nombre}" for nom, nombre in resultat["import"].items()))
    print("lettres mortes :", " ".join(resultat["lettres_mortes"]) or "aucune")
    print("faits en attente de leur objet :", len(resultat["en_attente"]))
    for code, chiffre in resultat["indicateurs"].items():
        valeur = "ND" if chiffre["valeur"] is None else chiffre["valeur"]
        termes = "" if chiffre["denominateur"] is None else f"  = {chiffre['numerateur']} / {chiffre['denominateur']}"
        print(f"{code:28} {valeur}{termes}")
    print("stock par jour :", *resultat["stock_par_jour"])


def main() -> None:
    lecture = argparse.ArgumentParser(prog="python -m tests.oracle", description=__doc__)
    lecture.add_argument("fichier", type=Path)
    lecture.add_argument("--caf", required=True)
    lecture.add_argument("--du", type=date.fromisoformat, required=True)
    lecture.add_argument("--au", type=date.fromisoformat, required=True)
    lecture.add_argument("--role", choices=("proprietaire", "traitante"), default="proprietaire")
    lecture.add_argument("--json", action="store_true")
    choix = lecture.parse_args()
    resultat = bilan(choix.fichier, choix.caf, choix.du, choix.au, datetime.now(UTC), choix.role)
    if choix.json:
        print(json.dumps(resultat, ensure_ascii=False, indent=1))
    else:
        montre(resultat)


if __name__ == "__main__":
    main()
