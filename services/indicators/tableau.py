"""The façade: questions about the fold, answered as documents."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Final

import numpy as np
from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from services.indicators.answer import (
    Coupe,
    EtatFile,
    FilesDeRecouvrement,
    Fraicheur,
    Indication,
    MaturiteAffichee,
    Part,
    Point,
    Reponse,
    Serie,
    Tranche,
    counts_something,
    label_of,
    origin_of,
    show_maturity,
    terms_of,
)
from services.indicators.cibles import Cible, Cibles, judge, show
from services.indicators.etendue import Etendue
from services.indicators.explication.document import Explication, explain, find_term, service_of, value_of
from services.indicators.explication.elements import Mesure
from services.indicators.figures import Chiffre, Formule, Periodes, Population, StockDeProduction
from services.indicators.fold.families import FAMILLES
from services.indicators.fold.pli import Pli
from services.indicators.invariants import Invariants, check_little
from services.indicators.maturite import EtatDeMaturite
from services.indicators.registre import REGISTRE
from services.indicators.registre.base import Indicateur
from services.indicators.rules import (
    CodeInconnu,
    CoupeImpossible,
    ExplicationImpossible,
    Periode,
    Role,
    RoleImpossible,
    SerieImpossible,
    parse_caf,
    parse_period,
    parse_step,
    split,
)
from services.indicators.valeurs import Valeurs
from services.indicators.views import Condition, Vues
from shared.reglages import read_clock
from shared.temps import to_iso, to_jour

# Points of a series and of all its slices together: some ten times what a screen shows.
POINTS_DE_COUPE_MAX: Final = 40_000


def read_today() -> int:
    """The day in Paris."""
    return to_jour(read_clock())


class Tableau:
    """Answers from the fold as it is now. The caller holds the lock under which the fold is applied.

    Every question takes its days as ``AAAA-MM-JJ`` and raises a ``QuestionRefusee`` when it has no answer.
    ``today``: the day in Paris, which tells what is still provisional.
    """

    def __init__(
        self,
        pli: Pli,
        cibles: Cibles,
        stock: StockDeProduction,
        files: FilesDeRecouvrement,
        valeurs: Valeurs | None = None,
        today: Callable[[], int] = read_today,
    ) -> None:
        self.pli = pli
        self.today = today
        self._vues = Vues(pli)
        self._cibles = cibles
        self._stock = stock
        self._files = files
        self._valeurs = valeurs or Valeurs()
        self.etendue = Etendue(pli, self._vues, cibles)

    def cafs(self) -> list[str]:
        """The Cafs of which something is known, in order."""
        return self.pli.cafs()

    def reponse(
        self,
        caf: str,
        du: str,
        au: str,
        codes: Iterable[str] | None,
        fraicheur: Fraicheur,
        role: Role = Role.proprietaire,
    ) -> Reponse:
        """The figures asked for (None: all) over the period."""
        indicateurs = [_find(code) for code in (REGISTRE if codes is None else codes)]
        periode = parse_period(du, au)
        population = self.population(caf, role, periode)
        return Reponse(
            caf, du, au, fraicheur, [self._indication(i, population, periode, fraicheur) for i in indicateurs], role
        )

    def serie(
        self,
        code: str,
        caf: str,
        du: str,
        au: str,
        pas: str,
        fraicheur: Fraicheur,
        role: Role = Role.proprietaire,
        par: str | None = None,
    ) -> Serie:
        """One figure for each ``jour``, ``semaine``, ``mois`` or ``an`` of the period; ``par``: cut as ``coupe`` is."""
        indicateur = _find(code)
        formule = history_of(indicateur, role, par)
        periode = parse_period(du, au)
        morceaux = split(periode, parse_step(pas))
        population = self.population(caf, role, periode)

        def compute(de: Population) -> Sequence[Chiffre]:
            return formule.compute(de, _periods(morceaux))

        def points(chiffres: Sequence[Chiffre]) -> list[Point]:
            return [
                Point(
                    to_iso(m.du),
                    to_iso(m.au),
                    c.valeur,
                    c.numerateur,
                    c.denominateur,
                    terms_of(c),
                    self._settled(indicateur, m.au, fraicheur),
                )
                for m, c in zip(morceaux, chiffres, strict=True)
            ]

        serie = Serie(
            caf, du, au, fraicheur, code, indicateur.libelle, indicateur.unite, indicateur.version, pas,
            points(compute(population)), role,
        )  # fmt: skip
        if not par:
            return serie
        parts = self._parts(population, par)
        if len(parts) * len(morceaux) > POINTS_DE_COUPE_MAX:
            raise SerieImpossible(
                f"{len(morceaux)} points pour chacune des {len(parts)} valeurs de « {par} » : plus de "
                f"{POINTS_DE_COUPE_MAX} en tout ; choisir un pas plus long ou une période plus courte"
            )
        # What a stock counts on a day may be gone when the period ends: a part is told when any of its points counts.
        tranches = [
            Tranche(valeur or "", label_of(par, valeur), points(chiffres))
            for valeur, chiffres in ((valeur, compute(part)) for valeur, part in parts)
            if any(counts_something(c) for c in chiffres)
        ]
        return replace(serie, par=par, tranches=tranches)

    def coupe(
        self, code: str, caf: str, du: str, au: str, par: str, fraicheur: Fraicheur, role: Role = Role.proprietaire
    ) -> Coupe:
        """One figure for each value of the dimension ``par`` that counts something, in order."""
        indicateur = _find(code)
        formule = history_of(indicateur, role, par)
        periode = parse_period(du, au)
        population = self.population(caf, role, periode)
        parts = []
        for valeur, part in self._parts(population, par):
            chiffre = formule.compute(part, _periods([periode]))[0]
            if counts_something(chiffre):
                libelle = label_of(par, valeur)
                parts.append(Part(valeur or "", libelle, chiffre.valeur, chiffre.numerateur, chiffre.denominateur))
        return Coupe(
            caf, du, au, fraicheur, code, indicateur.libelle, indicateur.unite, indicateur.version, par, parts, role,
            self._maturity(indicateur, periode.au, fraicheur),
        )  # fmt: skip

    def explication(
        self,
        code: str,
        caf: str,
        du: str,
        au: str,
        par: str | None,
        fraicheur: Fraicheur,
        reperes: dict[str, int],
        role: Role = Role.proprietaire,
    ) -> Explication:
        """What the figure is made of, its cells grouped by the dimension ``par`` (by default the first that it has)."""
        periode = parse_period(du, au)
        population = self.population(caf, role, periode)
        indicateur = _find(code)
        _check_role(indicateur, role)
        indication = self._indication(indicateur, population, periode, fraicheur)
        return explain(indicateur, indication, population, periode, par, fraicheur, reperes)

    def mesure(
        self,
        code: str,
        caf: str,
        du: str,
        au: str,
        terme: str | None,
        fraicheur: Fraicheur,
        reperes: dict[str, int],
        role: Role = Role.proprietaire,
    ) -> Mesure:
        """A term of the figure, by default the first, as it is counted now."""
        periode = parse_period(du, au)
        population = self.population(caf, role, periode)
        indicateur = _find(code)
        _check_role(indicateur, role)
        nomme = find_term(indicateur, population, periode, terme)
        if nomme is None:
            raise ExplicationImpossible(_without_elements(indicateur))
        service = service_of(nomme)
        valeur = value_of(nomme, population)
        return Mesure(indicateur, nomme, valeur, fraicheur, service, reperes.get(service, 0), role)

    def invariants(self, caf: str, du: str, au: str) -> Invariants:
        """Both invariants over the period."""
        periode = parse_period(du, au)
        population = self.population(caf, Role.proprietaire, periode)
        balance = history_of(REGISTRE["BALANCE"], Role.proprietaire).compute(population, _periods([periode]))[0]
        return Invariants(balance, check_little(population, periode))

    def population(self, caf: str, role: Role, periode: Periode) -> Population:
        """What a question about a period counts. Raises ``CafInvalide``, and as ``Etendue.check``."""
        self.etendue.check(parse_caf(caf), role, periode.au)
        return Population(self._vues, caf, self._stock, role=role)

    def targets(self, population: Population, au: int, code: str) -> tuple[Cible, ...]:
        """The targets that a figure of a period that ends on ``au`` is held against, the one that judges first."""
        # A target is that of the dossiers that a Caf owns: what it does for others is not held against it.
        if population.role is Role.traitante:
            return ()
        return self._cibles.of(population.caf, date.fromordinal(au).year, code)

    def _indication(
        self, indicateur: Indicateur, population: Population, periode: Periode, fraicheur: Fraicheur
    ) -> Indication:
        files: Sequence[EtatFile] | UnsetType = UNSET
        saisie = None
        raison = _unsaid(indicateur, population.role) or self._past(indicateur, periode)
        if raison:
            chiffre = Chiffre(None)
        elif indicateur.genre == "saisi":
            saisie = self._valeurs.of(population.caf, indicateur.code, periode)
            chiffre = Chiffre(None if saisie is None else saisie.saisie.valeur)
        elif indicateur.calcul is None:
            lues = self._files.queues(population.caf)
            chiffre = _gauge(lues)
            files = lues or ()
        else:
            chiffre = indicateur.calcul.compute(population, _periods([periode]))[0]
        cibles = self.targets(population, periode.au, indicateur.code)
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
            saisie=origin_of(saisie),
            maturite=UNSET if raison else self._maturity(indicateur, periode.au, fraicheur),
            raison=raison or UNSET,
        )

    def _past(self, indicateur: Indicateur, periode: Periode) -> str:
        """Why what is read now has no figure over a period, in French; nothing when it has one."""
        if indicateur.genre != "present" or periode.du <= self.today() <= periode.au:
            return ""
        return "Lu au présent : la période demandée ne contient pas aujourd'hui"

    def _parts(self, population: Population, par: str) -> list[tuple[str | None, Population]]:
        """What each value of a dimension makes of a population, none first."""
        return [
            (valeur, Population(self._vues, population.caf, self._stock, Condition(par, "=", valeur), population.role))
            for valeur in self._values(population, par)
        ]

    def _values(self, population: Population, dimension: str) -> list[str | None]:
        """The values that a dimension takes in a population, None first; those of other families count nothing."""
        familles = [nom for nom in self._vues.families(population.role) if dimension in FAMILLES[nom].dims]
        valeurs = {valeur for nom in familles for valeur in population.view(nom).values(dimension)}
        return sorted(valeurs, key=lambda valeur: (valeur is not None, valeur))

    def _maturity(self, indicateur: Indicateur, au: int, fraicheur: Fraicheur) -> MaturiteAffichee | UnsetType:
        return show_maturity(indicateur.maturite, au, self.today(), a_jour=fraicheur.a_jour)

    def _settled(self, indicateur: Indicateur, au: int, fraicheur: Fraicheur) -> bool | UnsetType:
        maturite = self._maturity(indicateur, au, fraicheur)
        return UNSET if maturite is UNSET else maturite.etat == EtatDeMaturite.definitif


def _find(code: str) -> Indicateur:
    indicateur = REGISTRE.get(code)
    if indicateur is None:
        raise CodeInconnu(f"aucun indicateur n'a le code « {code} »")
    return indicateur


def _without_elements(indicateur: Indicateur) -> str:
    if indicateur.genre == "saisi":
        return f"{indicateur.code} se saisit : il ne compte aucun objet ; ses valeurs : /v1/valeurs"
    if indicateur.calcul is None:
        return f"{indicateur.code} se lit au présent : ses éléments sont dans les corbeilles"
    return (
        f"{indicateur.code} est une moyenne de jours : demander un seul jour ouvré (du et au égaux) pour ses éléments, "
        f"et son explication pour la liste des jours"
    )


def _unsaid(indicateur: Indicateur, role: Role) -> str:
    """Why an indicator has no figure for a Caf in this role, in French; nothing when it has one."""
    if role is Role.proprietaire or "caf_traitante" in indicateur.coupes:
        return ""
    return (
        f"{indicateur.code} ne se compte que par Caf propriétaire : ce qui le compose ne dit pas quelle Caf a fait "
        f"le travail"
    )


def _check_role(indicateur: Indicateur, role: Role) -> None:
    raison = _unsaid(indicateur, role)
    if raison:
        raise RoleImpossible(raison)


def history_of(indicateur: Indicateur, role: Role, par: str | None = None) -> Formule:
    """The formula of an indicator, for a series or a cut: what is wrong with the question is told before what it finds.

    Raises ``SerieImpossible``, ``RoleImpossible`` or ``CoupeImpossible``.
    """
    if indicateur.genre == "saisi":
        raise SerieImpossible(
            f"{indicateur.code} se saisit : ni série ni coupe ; ses valeurs : « ecluse valeurs lister », /v1/valeurs"
        )
    if indicateur.calcul is None:
        raise SerieImpossible(f"{indicateur.code} se lit au présent : cet indicateur n'a ni série ni coupe")
    _check_role(indicateur, role)
    if par is not None and par not in indicateur.coupes:
        possibles = ", ".join(indicateur.coupes) or "aucune"
        raise CoupeImpossible(f"{indicateur.code} ne se coupe pas par « {par} » ; coupes possibles : {possibles}")
    return indicateur.calcul


def _periods(periodes: Sequence[Periode]) -> Periodes:
    bornes = np.array(periodes, np.int64)
    return Periodes(bornes[:, 0], bornes[:, 1])


def _gauge(files: Sequence[EtatFile] | None) -> Chiffre:
    if files is None:
        return Chiffre(None)
    pretes = sum(file.pretes for file in files)
    return Chiffre(pretes, pretes)
