"""The periods that are closed: a month, a quarter, a year, as people name them. Pure."""

import re
from datetime import date
from typing import Final

from services.indicators.rules import Periode, PeriodeInvalide
from shared.temps import add_months

FORME: Final = r"^(19[7-9][0-9]|20[0-9]{2}|2100)(-(0[1-9]|1[0-2]|T[1-4]))?$"
_FORME: Final = re.compile(FORME)


def read_period(nom: str) -> Periode:
    """The days of ``2023-01``, ``2023-T1`` or ``2023``. Raises ``PeriodeInvalide``."""
    trouve = _FORME.fullmatch(nom)
    if trouve is None:
        raise PeriodeInvalide(
            f"« {nom[:40]} » n'est pas une période à arrêter : écrire un mois 2023-01, un trimestre 2023-T1 ou "
            "une année 2023, de 1970 à 2100"
        )
    annee, _, partie = trouve.groups()
    if partie is None:
        premier, mois = 1, 12
    elif partie.startswith("T"):
        premier, mois = 3 * int(partie[1]) - 2, 3
    else:
        premier, mois = int(partie), 1
    du = date(int(annee), premier, 1).toordinal()
    return Periode(du, add_months(du, mois) - 1)
