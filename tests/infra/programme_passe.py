"""``ecluse up`` as if it were started at an instant of the past: ``python -m tests.infra.programme_passe INSTANT …``.

Only the clock and the targets are not those of the product. Its contract has a target in every unit.
"""

from __future__ import annotations

import sys
from functools import partial
from unittest.mock import patch

from ecluse.cli import main
from ecluse.commandes import up
from services.indicators import contrat
from services.indicators.cibles import Cible
from services.indicators.cibles_csv import read_targets
from shared.reglages import Reglages, read_clock
from shared.temps import parse_instant

EN_TETE = "caf,annee,code,nature,valeur,operateur,unite,etat_source,source\n"
CONTRAT = EN_TETE + "".join(
    f"091,2023,{cible},essai,essai\n"
    for cible in (
        "COG-08-29,nationale,16,<=,jours",
        "COG-08-27,cog,0.9,>=,taux",
        "COG-08-33,cog,0.11,<=,taux",
        "COG-10-41,individualisee,1000000,>=,centimes",
        "COG-10-43,cog,0.7,>=,taux",
        "SOLDE-JOURS,locale,5,<=,jours",
        "STOCK,locale,2000,<=,nombre",
    )
)


def targets() -> list[Cible]:
    """The contract of the house."""
    return [cible for _, cible in read_targets(CONTRAT)]


def run(depart: str, mots: list[str]) -> None:
    """Run the command with a clock that goes on from ``depart``."""
    ecart = parse_instant(depart) - read_clock()
    passe = partial(Reglages, clock=lambda: read_clock() + ecart)
    sys.argv = ["ecluse", "up", *mots]
    with patch.object(up, "Reglages", passe), patch.object(contrat, "published_targets", targets):
        main()


if __name__ == "__main__":
    run(sys.argv[1], sys.argv[2:])
