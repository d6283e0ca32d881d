"""What the registry says of an indicator."""

from dataclasses import dataclass
from typing import Final, Literal

from services.indicators.figures import Formule
from services.indicators.maturite import FAITS_TARDIFS, Maturite
from services.indicators.seuils import Seuil

Unite = Literal["jours", "taux", "nombre", "centimes", "heures", "ratio", "m2"]
Genre = Literal["calcule", "present", "saisi"]

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

    ``genre``: computed from events, read now from another service (``present``), or typed in by people (``saisi``);
    ``calcul``: the formula with its parameters, None unless it is computed; ``version`` grows when the formula changes;
    ``sens``: which way is better, None for a volume; ``maison``: a formula that no source prints; ``coupes``: the
    dimensions along which it may be cut; ``seuils``: the constants of its formula, oldest validity first;
    ``plancher``: the least value that makes sense; ``maturite``: how long a figure may still move after its period,
    None for what is read at present or typed in.
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
    genre: Genre = "calcule"
    seuils: tuple[Seuil, ...] = ()
    plancher: float = 0
    maturite: Maturite | None = FAITS_TARDIFS
