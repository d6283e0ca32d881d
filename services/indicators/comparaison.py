"""Two periods side by side: which ones, how far a figure moved, and whether that is better. Days are ordinals."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from enum import StrEnum
from typing import Literal

from msgspec import UNSET, Struct, UnsetType

from services.indicators.answer import Fraicheur, Indication, MaturiteAffichee
from services.indicators.figures import families_of
from services.indicators.registre import REGISTRE
from services.indicators.rules import (
    PREMIER_JOUR,
    Periode,
    PeriodeInvalide,
    PeriodeSansDonnees,
    QuestionRefusee,
    Role,
    parse_period,
)
from services.indicators.tableau import Tableau
from shared.calendar import working_days
from shared.temps import add_months, to_iso


class ComparaisonInvalide(QuestionRefusee):
    """The period to compare with is not said as it should be."""

    probleme = "comparaison-invalide"


class Avec(StrEnum):
    """The periods that need no dates: the same one a year before, the one that ends just before."""

    annee_precedente = "annee_precedente"
    precedente = "precedente"


class Evolution(StrEnum):
    """What a difference is worth, by the direction of the indicator."""

    mieux = "mieux"
    moins_bien = "moins_bien"
    egal = "egal"


class PeriodeComparee(Struct, frozen=True):
    """A period with what explains a volume: its days, and those that were worked."""

    du: str
    au: str
    jours: int
    jours_ouvres: int


class Mesure(Struct, frozen=True):
    """A figure over one of the two periods; ``raison``: why there is none (French)."""

    valeur: float | None
    numerateur: int | None
    denominateur: int | None
    termes: Mapping[str, int | None] | UnsetType = UNSET
    maturite: MaturiteAffichee | UnsetType = UNSET
    raison: str | UnsetType = UNSET


class Comparee(Struct, frozen=True):
    """A figure over both periods.

    ``difference``: the period less the other, in the unit of the figure; for a rate a difference of fractions, which
    is read in points. ``relative``: the same over the other period's value, None where that means nothing: a rate, or
    nothing above 0 to compare with. ``evolution``: None for a volume, or when a figure is missing.
    """

    code: str
    libelle: str
    unite: str
    formule: int
    ici: Mesure
    avec: Mesure
    difference: float | None
    unite_difference: str
    relative: float | None
    evolution: str | None


class ComparaisonDePeriodes(Struct, frozen=True):
    """The figures of a Caf over two periods."""

    caf: str
    role: str
    periode: PeriodeComparee
    avec: PeriodeComparee
    fraicheur: Fraicheur
    indicateurs: list[Comparee]


def other_period(periode: Periode, avec: str = "", avec_du: str = "", avec_au: str = "") -> Periode:
    """The period to compare with: the one that two days write, else the one that ``avec`` names, a year before by
    default. Raises ``ComparaisonInvalide`` or ``PeriodeInvalide``."""
    if avec_du or avec_au:
        if avec:
            raise ComparaisonInvalide("la période à comparer est donnée deux fois : par un nom, ou par ses deux jours")
        if not (avec_du and avec_au):
            raise ComparaisonInvalide(
                "il manque un des deux jours de la période à comparer : donner avec_du et avec_au"
            )
        return parse_period(avec_du, avec_au)
    try:
        choix = Avec(avec or Avec.annee_precedente)
    except ValueError:
        raise ComparaisonInvalide(
            f"« {avec} » ne désigne pas de période : annee_precedente, precedente, ou deux jours"
        ) from None
    autre = year_before(periode) if choix is Avec.annee_precedente else just_before(periode)
    if autre.du < PREMIER_JOUR:
        raise PeriodeInvalide("la période à comparer commencerait avant l'année 1970")
    return autre


def year_before(periode: Periode) -> Periode:
    """The same days a year before; whole months stay whole, whatever February has."""
    du, au = add_months(periode.du, -12), add_months(periode.au, -12)
    return Periode(du, _end_of_month(au) if _months(periode) else au)


def just_before(periode: Periode) -> Periode:
    """As many whole months where the period is made of them, else as many days, up to the day before it."""
    mois = _months(periode)
    veille = periode.du - 1
    return Periode(add_months(periode.du, -mois) if mois else veille - (periode.au - periode.du), veille)


def describe(periode: Periode, caf: str) -> PeriodeComparee:
    """A period as it is shown, with the working days of this Caf."""
    ouvres = len(working_days(periode.du, periode.au, caf))
    return PeriodeComparee(to_iso(periode.du), to_iso(periode.au), periode.au - periode.du + 1, ouvres)


def compare(
    tableau: Tableau,
    caf: str,
    bornes: tuple[str, str],
    autre: Periode,
    codes: Iterable[str] | None,
    fraicheur: Fraicheur,
    role: Role,
) -> ComparaisonDePeriodes:
    """The figures asked for (None: all) over the period ``bornes`` and over the other one, of which nothing may be
    known. Raises as ``Tableau.reponse`` for the period itself."""
    ici = tableau.reponse(caf, *bornes, codes, fraicheur, role).indicateurs
    try:
        lues = tableau.reponse(caf, to_iso(autre.du), to_iso(autre.au), codes, fraicheur, role).indicateurs
        avec = [_measure_if_known(tableau, i, caf, role, autre) for i in lues]
    except PeriodeSansDonnees as erreur:
        avec = [Mesure(None, None, None, raison=str(erreur))] * len(ici)
    periodes = describe(parse_period(*bornes), caf), describe(autre, caf)
    return ComparaisonDePeriodes(caf, role.value, *periodes, fraicheur, compare_all(ici, avec))


def compare_all(ici: Sequence[Indication], avec: Sequence[Mesure]) -> list[Comparee]:
    """The figures of both periods, in the same order."""
    return [_compare(i, autre) for i, autre in zip(ici, avec, strict=True)]


def measure(i: Indication) -> Mesure:
    """A figure as it is compared."""
    return Mesure(i.valeur, i.numerateur, i.denominateur, i.termes, i.maturite, i.raison)


def _measure_if_known(tableau: Tableau, i: Indication, caf: str, role: Role, periode: Periode) -> Mesure:
    """A figure to compare with; none where what it counts begins later, though the Caf is known by something else."""
    calcul = REGISTRE[i.code].calcul
    if i.raison or calcul is None:
        return measure(i)
    premier = tableau.etendue.first_counted(families_of(calcul), caf, role)
    if premier is not None and premier <= periode.au:
        return measure(i)
    depuis = "" if premier is None else f" avant le {to_iso(premier)}"
    return Mesure(None, None, None, raison=f"rien de ce que compte {i.code} n'est connu{depuis}")


def _compare(indication: Indication, avec: Mesure) -> Comparee:
    ici = measure(indication)
    indicateur = REGISTRE[indication.code]
    difference = None if ici.valeur is None or avec.valeur is None else ici.valeur - avec.valeur
    evolution = judge_change(difference, indicateur.sens)
    return Comparee(
        code=indication.code,
        libelle=indication.libelle,
        unite=indication.unite,
        formule=indication.formule,
        ici=ici,
        avec=avec,
        difference=difference,
        unite_difference="points" if indication.unite == "taux" else indication.unite,
        relative=relative_change(difference, avec.valeur, indication.unite),
        evolution=evolution and evolution.value,
    )


def judge_change(difference: float | None, sens: Literal["bas", "haut"] | None) -> Evolution | None:
    """Better, worse or equal; None where no way is better, or nothing can be compared."""
    if difference is None or sens is None:
        return None
    if difference == 0:
        return Evolution.egal
    return Evolution.mieux if (difference < 0) == (sens == "bas") else Evolution.moins_bien


def relative_change(difference: float | None, avec: float | None, unite: str) -> float | None:
    """The difference as a share of what it is compared with, None where that means nothing."""
    if difference is None or avec is None or avec <= 0 or unite == "taux":
        return None
    return difference / avec


def _months(periode: Periode) -> int:
    """How many whole months a period is made of; 0 when it is not."""
    if date.fromordinal(periode.du).day != 1 or periode.au != _end_of_month(periode.au):
        return 0
    du, au = date.fromordinal(periode.du), date.fromordinal(periode.au)
    return (au.year - du.year) * 12 + au.month - du.month + 1


def _end_of_month(jour: int) -> int:
    return add_months(date.fromordinal(jour).replace(day=1).toordinal(), 1) - 1
