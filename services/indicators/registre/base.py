"""What the registry says of an indicator."""

from dataclasses import dataclass
from typing import Final, Literal

from services.indicators.figures import Formule
from services.indicators.maturite import FAITS_TARDIFS, Maturite

Unite = Literal["jours", "taux", "nombre", "centimes"]

CPOG: Final = "Contrats pluriannuels d'objectifs et de gestion 2023-2027, annexe des indicateurs"
ARIEGE: Final = "Caf de l'Ariège, rapport d'activité 2023"
PYRENEES_ORIENTALES: Final = "Caf des Pyrénées-Orientales, rapport d'activité 2023"
LOIRE_ATLANTIQUE: Final = "Caf de Loire-Atlantique, rapport d'activité 2024"
ECLUSE: Final = "Écluse"

# The dimensions along which the events of each kind of object let a figure be cut.
COUPES_PIECE: Final = ("nature", "canal", "teleservice", "pole", "site", "caf_traitante")
COUPES_CONTACT: Final = ("nature", "canal", "pole", "site")
COUPES_RENDEZ_VOUS: Final = ("modalite", "site")
COUPES_CREANCE: Final = ("caf_traitante",)


@dataclass(frozen=True, slots=True)
class Indicateur:
    """One indicator. Texts are French, for people.

    ``calcul``: the formula with its parameters, None for a gauge that another service reads now; ``version`` grows
    when the formula changes; ``sens``: which way is better, None for a volume; ``maison``: a formula that no source
    prints; ``coupes``: the dimensions along which it may be cut; ``maturite``: how long a figure may still move after
    its period, None for what is read at present.
    """

    code: str
    libelle: str
    unite: Unite
    population: str
    formule: str
    calcul: Formule | None
    source: str = ECLUSE
    sens: Literal["bas", "haut"] | None = None
    maison: bool = False
    coupes: tuple[str, ...] = ()
    version: int = 1
    maturite: Maturite | None = FAITS_TARDIFS
