"""The façade: questions about the fold, answered as documents."""

from collections.abc import Iterable, Sequence
from datetime import date

import numpy as np
from msgspec import UNSET, UnsetType

from services.indicators.answer import (
    Coupe,
    EtatFile,
    FilesDeRecouvrement,
    Fraicheur,
    Indication,
    Part,
    Point,
    Reponse,
    Serie,
    counts_something,
    label_of,
    terms_of,
)
from services.indicators.cibles import Cibles, judge, show
from services.indicators.explication.document import Explication, explain, find_term, service_of, value_of
from services.indicators.explication.elements import Mesure
from services.indicators.figures import Chiffre, Formule, Periodes, Population, StockDeProduction
from services.indicators.fold.families import FAMILLES
from services.indicators.fold.pli import Pli
from services.indicators.invariants import Invariants, check_little
from services.indicators.registre import REGISTRE
from services.indicators.registre.base import Indicateur
from services.indicators.rules import (
    CodeInconnu,
    CoupeImpossible,
    ExplicationImpossible,
    Periode,
    SerieImpossible,
    parse_caf,
    parse_period,
    parse_step,
    split,
)
from services.indicators.views import Condition, Vues
from shared.temps import to_iso


class Tableau:
    """Answers from the fold as it is now. The caller holds the lock under which the fold is applied.

    Every question takes its days as ``AAAA-MM-JJ`` and raises a ``QuestionRefusee`` when it has no answer.
    """

    def __init__(self, pli: Pli, cibles: Cibles, stock: StockDeProduction, files: FilesDeRecouvrement) -> None:
        self.pli = pli
        self._vues = Vues(pli)
        self._cibles = cibles
        self._stock = stock
        self._files = files

    def cafs(self) -> list[str]:
        """The Cafs of which something is known, in order."""
        return self.pli.cafs()

    def reponse(self, caf: str, du: str, au: str, codes: Iterable[str] | None, fraicheur: Fraicheur) -> Reponse:
        """The figures asked for (None: all) over the period."""
        periode, population = parse_period(du, au), self._population(caf)
        indicateurs = [_find(code) for code in (REGISTRE if codes is None else codes)]
        return Reponse(caf, du, au, fraicheur, [self._indication(i, population, periode) for i in indicateurs])

    def serie(self, code: str, caf: str, du: str, au: str, pas: str, fraicheur: Fraicheur) -> Serie:
        """One figure for each ``jour``, ``semaine``, ``mois`` or ``an`` of the period."""
        periode, population = parse_period(du, au), self._population(caf)
        indicateur = _find(code)
        formule = _history(indicateur)
        morceaux = split(periode, parse_step(pas))
        points = [
            Point(to_iso(m.du), to_iso(m.au), c.valeur, c.numerateur, c.denominateur, terms_of(c))
            for m, c in zip(morceaux, formule.compute(population, _periods(morceaux)), strict=True)
        ]
        return Serie(
            caf, du, au, fraicheur, code, indicateur.libelle, indicateur.unite, indicateur.version, pas, points
        )

    def coupe(self, code: str, caf: str, du: str, au: str, par: str, fraicheur: Fraicheur) -> Coupe:
        """One figure for each value of the dimension ``par`` that counts something, in order."""
        periode, _ = parse_period(du, au), parse_caf(caf)
        indicateur = _find(code)
        if par not in indicateur.coupes:
            possibles = ", ".join(indicateur.coupes) or "aucune"
            raise CoupeImpossible(f"{code} ne se coupe pas par « {par} » ; coupes possibles : {possibles}")
        formule = _history(indicateur)
        parts = []
        for valeur in self._values(caf, par):
            morceau = Population(self._vues, caf, self._stock, Condition(par, "=", valeur))
            chiffre = formule.compute(morceau, _periods([periode]))[0]
            if counts_something(chiffre):
                libelle = label_of(par, valeur)
                parts.append(Part(valeur or "", libelle, chiffre.valeur, chiffre.numerateur, chiffre.denominateur))
        return Coupe(caf, du, au, fraicheur, code, indicateur.libelle, indicateur.unite, indicateur.version, par, parts)

    def explication(
        self, code: str, caf: str, du: str, au: str, par: str | None, fraicheur: Fraicheur, reperes: dict[str, int]
    ) -> Explication:
        """What the figure is made of, its cells grouped by the dimension ``par`` (by default the first that it has)."""
        periode, population = parse_period(du, au), self._population(caf)
        indicateur = _find(code)
        indication = self._indication(indicateur, population, periode)
        return explain(indicateur, indication, population, periode, par, fraicheur, reperes)

    def mesure(
        self, code: str, caf: str, du: str, au: str, terme: str | None, fraicheur: Fraicheur, reperes: dict[str, int]
    ) -> Mesure:
        """A term of the figure, by default the first, as it is counted now."""
        periode, population = parse_period(du, au), self._population(caf)
        indicateur = _find(code)
        nomme = find_term(indicateur, population, periode, terme)
        if nomme is None:
            raise ExplicationImpossible(_without_elements(indicateur))
        service = service_of(nomme)
        valeur = value_of(nomme, population)
        return Mesure(indicateur, nomme, valeur, fraicheur, service, reperes.get(service, 0))

    def invariants(self, caf: str, du: str, au: str) -> Invariants:
        """Both invariants over the period."""
        periode, population = parse_period(du, au), self._population(caf)
        balance = _history(REGISTRE["BALANCE"]).compute(population, _periods([periode]))[0]
        return Invariants(balance, check_little(population, periode))

    def _population(self, caf: str) -> Population:
        return Population(self._vues, parse_caf(caf), self._stock)

    def _indication(self, indicateur: Indicateur, population: Population, periode: Periode) -> Indication:
        files: Sequence[EtatFile] | UnsetType = UNSET
        if indicateur.calcul is None:
            lues = self._files.queues(population.caf)
            chiffre = _gauge(lues)
            files = lues or ()
        else:
            chiffre = indicateur.calcul.compute(population, _periods([periode]))[0]
        cibles = self._cibles.of(population.caf, date.fromordinal(periode.au).year, indicateur.code)
        return Indication(
            code=indicateur.code,
            libelle=indicateur.libelle,
            valeur=chiffre.valeur,
            numerateur=chiffre.numerateur,
            denominateur=chiffre.denominateur,
            unite=indicateur.unite,
            formule=indicateur.version,
            cibles=show(cibles),
            etat=judge(chiffre.valeur, cibles),
            termes=terms_of(chiffre),
            files=files,
        )

    def _values(self, caf: str, dimension: str) -> list[str | None]:
        """The values that a dimension takes in the Caf, None first; those of other families count nothing."""
        familles = [nom for nom, famille in FAMILLES.items() if dimension in famille.dims]
        valeurs = {valeur for nom in familles for valeur in self._vues.view(nom, caf).values(dimension)}
        return sorted(valeurs, key=lambda valeur: (valeur is not None, valeur))


def _find(code: str) -> Indicateur:
    indicateur = REGISTRE.get(code)
    if indicateur is None:
        raise CodeInconnu(f"aucun indicateur n'a le code « {code} »")
    return indicateur


def _without_elements(indicateur: Indicateur) -> str:
    if indicateur.calcul is None:
        return f"{indicateur.code} se lit au présent : ses éléments sont dans les corbeilles"
    return (
        f"{indicateur.code} est une moyenne de jours : demander un seul jour ouvré (du et au égaux) pour ses éléments, "
        f"et son explication pour la liste des jours"
    )


def _history(indicateur: Indicateur) -> Formule:
    if indicateur.calcul is None:
        raise SerieImpossible(f"{indicateur.code} se lit au présent : cet indicateur n'a ni série ni coupe")
    return indicateur.calcul


def _periods(periodes: Sequence[Periode]) -> Periodes:
    bornes = np.array(periodes, np.int64)
    return Periodes(bornes[:, 0], bornes[:, 1])


def _gauge(files: Sequence[EtatFile] | None) -> Chiffre:
    if files is None:
        return Chiffre(None)
    pretes = sum(file.pretes for file in files)
    return Chiffre(pretes, pretes)
