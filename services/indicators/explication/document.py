"""The explanation of a figure as a document: its formula, its terms, the cells that they add up, its days or ranks."""

from collections.abc import Iterator, Sequence

import numpy as np
from msgspec import UNSET, Struct, UnsetType

from services.indicators.answer import EtatFile, Fraicheur, Indication, SaisieAffichee, label_of
from services.indicators.explication.poids import Poids, add_up, family_of, total, weigh
from services.indicators.explication.termes import TermeNomme, days_of, name_terms
from services.indicators.figures import MoyenneOuvree, Periodes, Population, RangDelai
from services.indicators.fold.columns import Entiers
from services.indicators.registre.base import Indicateur
from services.indicators.rules import CoupeImpossible, Periode, Role, TermeInconnu
from services.indicators.views import Condition, Vue
from shared.events.mouvements import MOUVEMENTS
from shared.temps import to_iso

_SERVICES = {t.famille: t.service for t in MOUVEMENTS.values()}


class TermeExplique(Struct, frozen=True):
    """A term: the days over which it is asked for, its value (None: its owner does not answer) in its ``unite``, and
    the service that owns its elements."""

    nom: str
    libelle: str
    du: str
    au: str
    valeur: int | None
    unite: str
    service: str


class Somme(Struct, frozen=True):
    """What cells add to a term, and how many they are."""

    valeur: int
    cellules: int


class Groupe(Struct, frozen=True):
    """The cells that share a value of the dimension; ``termes``: by name, those that they add to."""

    cle: str
    libelle: str
    termes: dict[str, Somme]


class JourExplique(Struct, frozen=True):
    """One of the days of which a figure is the mean."""

    jour: str
    valeur: float | None
    numerateur: int | None
    denominateur: int | None


class RangExplique(Struct, frozen=True):
    """How many pieces have this délai, and how many have at most that."""

    delai: int
    pieces: int
    cumul: int


class Explication(Struct, frozen=True):
    """A figure and what it is made of.

    ``formule``: version of the formula, ``texte``: the formula; ``cellules``: grouped by the dimension ``par``;
    ``jours``: of a mean over days; ``rangs``: of a median or a decile, with ``rang``, the place that is read;
    ``reperes``: how far each log is folded; ``files``: the work queues that a gauge reads; ``saisie``: where a value
    that was typed in comes from, None when none was; ``raison``: why there is no figure (French).
    """

    caf: str
    du: str
    au: str
    fraicheur: Fraicheur
    code: str
    libelle: str
    unite: str
    valeur: float | None
    numerateur: int | None
    denominateur: int | None
    formule: int
    texte: str
    population: str
    source: str
    maison: bool
    termes: list[TermeExplique]
    par: str | None
    coupes: Sequence[str]
    cellules: list[Groupe]
    jours: list[JourExplique]
    rang: int | None
    rangs: list[RangExplique]
    reperes: dict[str, int]
    files: Sequence[EtatFile] | UnsetType = UNSET
    role: str = Role.proprietaire.value
    saisie: SaisieAffichee | UnsetType | None = UNSET
    raison: str | UnsetType = UNSET


def find_term(indicateur: Indicateur, population: Population, periode: Periode, nom: str | None) -> TermeNomme | None:
    """The term of that name, by default the first; None for a figure that has none. Raises ``TermeInconnu``."""
    termes = name_terms(indicateur.calcul, periode, population.caf) if indicateur.calcul else []
    if not termes:
        return None
    trouve = termes[0] if not nom else next((t for t in termes if t.nom == nom), None)
    if trouve is None:
        possibles = ", ".join(t.nom for t in termes)
        raise TermeInconnu(f"{indicateur.code} n'a pas de terme « {nom} » ; termes possibles : {possibles}")
    return trouve


def service_of(terme: TermeNomme) -> str:
    """The service that owns the elements of a term."""
    return _SERVICES[family_of(terme.terme)]


def value_of(terme: TermeNomme, population: Population) -> int:
    """The term as the fold has it."""
    bornes = Periodes(np.array([terme.periode.du], np.int64), np.array([terme.periode.au], np.int64))
    return int(terme.terme.count(population, bornes)[0])


def explain(
    indicateur: Indicateur,
    indication: Indication,
    population: Population,
    periode: Periode,
    par: str | None,
    fraicheur: Fraicheur,
    reperes: dict[str, int],
) -> Explication:
    """The explanation of a figure. Raises ``CoupeImpossible``."""
    calcul, caf = indicateur.calcul, population.caf
    termes = name_terms(calcul, periode, caf) if calcul else []
    poids = {t.nom: add_up(weigh(t.terme, population.view, caf, t.periode)) for t in termes}
    dimension = _dimension(indicateur, par)
    rangs = list(_ranks(population, poids["population"])) if isinstance(calcul, RangDelai) else []
    return Explication(
        caf=caf,
        du=to_iso(periode.du),
        au=to_iso(periode.au),
        fraicheur=fraicheur,
        code=indicateur.code,
        libelle=indicateur.libelle,
        unite=indicateur.unite,
        valeur=indication.valeur,
        numerateur=indication.numerateur,
        denominateur=indication.denominateur,
        formule=indicateur.version,
        texte=indicateur.formule,
        population=indicateur.population,
        source=indicateur.source,
        maison=indicateur.maison,
        termes=[_explain_term(t, poids[t.nom], indication) for t in termes],
        par=dimension,
        coupes=indicateur.coupes,
        cellules=list(_groups(population, poids, dimension)),
        jours=_explain_days(calcul, population, periode) if isinstance(calcul, MoyenneOuvree) else [],
        rang=_place(calcul.pourcents, rangs) if isinstance(calcul, RangDelai) else None,
        rangs=rangs,
        reperes=reperes,
        files=indication.files,
        role=population.role,
        raison=indication.raison,
        saisie=(indication.saisie or None) if indicateur.genre == "saisi" else UNSET,
    )


def _dimension(indicateur: Indicateur, par: str | None) -> str | None:
    if not par:
        return indicateur.coupes[0] if indicateur.coupes else None
    if par not in indicateur.coupes:
        possibles = ", ".join(indicateur.coupes) or "aucune"
        raise CoupeImpossible(f"{indicateur.code} ne se coupe pas par « {par} » ; coupes possibles : {possibles}")
    return par


def _explain_term(terme: TermeNomme, poids: list[Poids], indication: Indication) -> TermeExplique:
    affiches = {} if isinstance(indication.termes, UnsetType) else indication.termes
    du, au = map(to_iso, terme.periode)
    valeur = affiches.get(terme.nom, total(poids))
    return TermeExplique(terme.nom, terme.libelle, du, au, valeur, terme.unite, service_of(terme))


def _groups(population: Population, poids: dict[str, list[Poids]], dimension: str | None) -> Iterator[Groupe]:
    """The cells that count, by value of the dimension in order, none first."""
    sommes: dict[str | None, dict[str, Somme]] = {}
    for nom, familles in poids.items():
        for famille, valeurs in familles:
            vue = population.view(famille)
            for cle, lignes in _split(vue, dimension):
                comptees = valeurs[lignes]
                if cellules := int(np.count_nonzero(comptees)):
                    avant = sommes.setdefault(cle, {}).get(nom, Somme(0, 0))
                    sommes[cle][nom] = Somme(avant.valeur + int(comptees.sum()), avant.cellules + cellules)
    for cle in sorted(sommes, key=lambda c: (c is not None, str(c))):
        libelle = label_of(dimension, cle) if dimension else "Ensemble"
        yield Groupe(cle or "", libelle, sommes[cle])


def _split(vue: Vue, dimension: str | None) -> Iterator[tuple[str | None, Entiers | slice]]:
    if dimension is None:
        yield None, slice(None)
        return
    for valeur in vue.values(dimension):
        yield valeur, np.flatnonzero(vue.mask((Condition(dimension, "=", valeur),)))


def _explain_days(moyenne: MoyenneOuvree, population: Population, periode: Periode) -> list[JourExplique]:
    jours = days_of(periode, population.caf)
    if not jours:
        return []
    bornes = np.array(jours, np.int64)
    chiffres = moyenne.rapport.compute(population, Periodes(bornes[:, 0], bornes[:, 1]))
    return [
        JourExplique(to_iso(jour.au), c.valeur, c.numerateur, c.denominateur)
        for jour, c in zip(jours, chiffres, strict=True)
    ]


def _ranks(population: Population, poids: list[Poids]) -> Iterator[RangExplique]:
    """How the pieces spread over the délais."""
    for famille, valeurs in poids:
        utiles = valeurs != 0
        nombres = np.bincount(population.view(famille).delai[utiles], valeurs[utiles]).astype(np.int64)
        for delai in np.flatnonzero(nombres).tolist():
            yield RangExplique(delai, int(nombres[delai]), int(nombres[: delai + 1].sum()))


def _place(pourcents: int, rangs: list[RangExplique]) -> int | None:
    """The rank of the piece whose délai is read, the smallest délai first."""
    return -(-pourcents * rangs[-1].cumul // 100) if rangs else None
