"""The figures as Prometheus sees them: terms and values over windows that end today, targets, opening hours, freshness.

What a rate is made of is exported, never the rate: it is a rule of Prometheus (``deploy/prometheus/regles``). Labels
are closed sets: the Cafs, the codes of the registry, the windows. Amounts are in euros, délais in calendar days.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from time import perf_counter
from typing import Final, NamedTuple, Protocol

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from services.indicators.answer import Fraicheur, Indication, Reponse
from services.indicators.fenetre import choose
from services.indicators.figures import walk
from services.indicators.invariants import Invariants
from services.indicators.registre import REGISTRE
from services.indicators.registre.base import Indicateur
from services.indicators.rules import Periode
from shared.calendar import is_open
from shared.instantane import Instantane
from shared.temps import SECONDE, parse_instant, to_iso, to_jour

# While events flow in, the figures are computed at most this often; without news, again after so long (seconds).
REPOS: Final = 5.0
GARDE: Final = 30.0
# Their drift is watched over two sliding windows; the other codes have none.
DELAIS: Final = ("COG-08-29", "COG-08-30", "COG-08-31", "COG-08-32")
GLISSANTES: Final = {"7j": 7, "28j": 28}
# Read now from the corbeilles, which export their own counts.
AU_PRESENT: Final = frozenset({"FILES-RECOUVREMENT"})
# Asks production for its own count: once per Caf is enough, with the other invariant, over the month.
CONTROLE: Final = "BALANCE"
_CENTIMES: Final = 100
_UNITES: Final = {"centimes": "euros"}
_CHIFFRE: Final = ("caf", "code", "fenetre")


class Chiffres(Protocol):
    """The figures; each answer is taken from one state of the fold."""

    def cafs(self) -> list[str]: ...
    def freshness(self) -> Fraicheur: ...
    def figures(self, caf: str, du: str, au: str, codes: Sequence[str]) -> Reponse: ...
    def invariants(self, caf: str, du: str, au: str) -> Invariants: ...


class Lecture(NamedTuple):
    """Everything that is shown of the figures, at one moment. ``invariants``: of the month, by Caf."""

    lu_le: int
    fraicheur: Fraicheur
    indications: list[tuple[str, str, Indication]]
    invariants: dict[str, Invariants]
    secondes: float


class FiguresCollector(Collector):
    """``version`` grows with each change of the fold; ``clock`` gives the instant (ns)."""

    def __init__(self, chiffres: Chiffres, version: Callable[[], int], clock: Callable[[], int]) -> None:
        self._chiffres = chiffres
        self._clock = clock
        self._lecture = Instantane(self._read, lambda: (version(), to_jour(clock())), REPOS, GARDE)

    def collect(self) -> Iterator[Metric]:
        """See ``Collector.collect``."""
        lecture, maintenant = self._lecture.get(), self._clock()
        yield from _describe_registry()
        yield from _figures(lecture)
        yield _targets(lecture)
        yield from _freshness(lecture, maintenant)
        yield _opening(self._chiffres.cafs(), maintenant)

    def _read(self) -> Lecture:
        debut, lu_le = perf_counter(), self._clock()
        today = to_jour(lu_le)
        fraicheur = self._chiffres.freshness()
        codes = [code for code in REGISTRE if code not in AU_PRESENT and code != CONTROLE]
        indications: list[tuple[str, str, Indication]] = []
        invariants = {}
        for caf in self._chiffres.cafs():
            for fenetre, periode in windows(today).items():
                demandes = DELAIS if fenetre in GLISSANTES else codes
                du, au = map(to_iso, periode)
                reponse = self._chiffres.figures(caf, du, au, demandes)
                indications += [(caf, fenetre, i) for i in reponse.indicateurs]
            du, au = map(to_iso, windows(today)["mois"])
            invariants[caf] = self._chiffres.invariants(caf, du, au)
        return Lecture(lu_le, fraicheur, indications, invariants, perf_counter() - debut)


def windows(today: int) -> dict[str, Periode]:
    """The windows by name, all of which end today: the day, the month and the year so far, the sliding ones."""
    return {
        "jour": Periode(today, today),
        "mois": choose("mois", "", "", today).periode,
        "annee": choose("annee", "", "", today).periode,
        **{nom: Periode(today - jours + 1, today) for nom, jours in GLISSANTES.items()},
    }


def unit_of(indicateur: Indicateur) -> str:
    """The unit in which the value of an indicator is exported."""
    return _UNITES.get(indicateur.unite, indicateur.unite)


def _scale(code: str) -> int:
    """By what the value of an indicator, and its targets, are divided."""
    return _CENTIMES if REGISTRE[code].unite == "centimes" else 1


@cache
def _scale_of_terms(code: str) -> int:
    """By what the terms of an indicator are divided."""
    return _CENTIMES if _adds_cents(REGISTRE[code].calcul) else _scale(code)


def _adds_cents(formule: object) -> bool:
    """Whether a formula adds up cents, of which the rate that it gives says nothing."""
    return any(str(getattr(terme, "mesure", "")).endswith("_centimes") for terme in walk(formule))


def _describe_registry() -> Iterator[Metric]:
    famille = GaugeMetricFamily(
        "ecluse_indicator_info",
        "1 ; ce que le registre dit d'un indicateur",
        labels=["code", "libelle", "unite", "sens", "maison", "formule"],
    )
    for i in REGISTRE.values():
        if i.code not in AU_PRESENT:
            maison = "oui" if i.maison else "non"
            famille.add_metric([i.code, i.libelle, unit_of(i), i.sens or "", maison, str(i.version)], 1)
    yield famille


def _figures(lecture: Lecture) -> Iterator[Metric]:
    numerateurs = GaugeMetricFamily(
        "ecluse_indicator_numerator", "Numérateur d'un indicateur, ou le nombre lui-même", labels=_CHIFFRE
    )
    denominateurs = GaugeMetricFamily("ecluse_indicator_denominator", "Dénominateur d'un indicateur", labels=_CHIFFRE)
    valeurs = GaugeMetricFamily(
        "ecluse_indicator_value", "Valeur d'un indicateur qui n'a pas de termes (rang, âge, moyenne)", labels=_CHIFFRE
    )
    for caf, fenetre, i in lecture.indications:
        etiquettes, echelle = (caf, i.code, fenetre), _scale_of_terms(i.code)
        if i.numerateur is not None:
            numerateurs.add_metric(etiquettes, i.numerateur / echelle)
            if i.denominateur is not None:
                denominateurs.add_metric(etiquettes, i.denominateur / echelle)
        elif i.valeur is not None:
            valeurs.add_metric(etiquettes, i.valeur / _scale(i.code))
    little = GaugeMetricFamily(
        "ecluse_little_gap",
        "Écart de la loi de Little sur le mois, en pièces × jours ; 0, ou une alerte",
        labels=["caf"],
    )
    for caf, constat in lecture.invariants.items():
        little.add_metric([caf], constat.little.ecart)
        if constat.balance.valeur is not None:
            valeurs.add_metric([caf, CONTROLE, "mois"], constat.balance.valeur)
    yield from (numerateurs, denominateurs, valeurs, little)


def _targets(lecture: Lecture) -> Metric:
    famille = GaugeMetricFamily(
        "ecluse_target",
        "Cible de l'année en cours ; juge : celle à laquelle le chiffre est tenu",
        labels=["caf", "code", "nature", "operateur", "juge"],
    )
    for caf, fenetre, i in lecture.indications:
        if fenetre == "annee":
            for rang, cible in enumerate(i.cibles):
                if cible.valeur is not None and cible.operateur is not None:
                    juge = "oui" if rang == 0 else "non"
                    famille.add_metric(
                        [caf, i.code, cible.nature, cible.operateur, juge], cible.valeur / _scale(i.code)
                    )
    return famille


def _freshness(lecture: Lecture, maintenant: int) -> Iterator[Metric]:
    fraicheur, attente = lecture.fraicheur, max(0.0, (maintenant - lecture.lu_le) / SECONDE)
    yield GaugeMetricFamily(
        "ecluse_figures_up_to_date",
        "1 si tout ce qui est accepté est dans les chiffres exportés",
        value=float(fraicheur.a_jour),
    )
    yield GaugeMetricFamily(
        "ecluse_figures_snapshot_duration_seconds",
        "Durée du dernier calcul des chiffres exportés",
        value=lecture.secondes,
    )
    if fraicheur.retard_secondes is not None:
        yield GaugeMetricFamily(
            "ecluse_figures_age_seconds", "Âge des chiffres exportés", value=fraicheur.retard_secondes + attente
        )
    if fraicheur.dernier_evenement is not None:
        yield GaugeMetricFamily(
            "ecluse_figures_last_event_timestamp_seconds",
            "Instant du dernier événement compté dans les chiffres exportés",
            value=parse_instant(fraicheur.dernier_evenement) / SECONDE,
        )


def _opening(cafs: Sequence[str], maintenant: int) -> Metric:
    famille = GaugeMetricFamily(
        "ecluse_office_open", "1 pendant les heures d'ouverture de la Caf (jours ouvrés, 8 h à 18 h)", labels=["caf"]
    )
    for caf in cafs:
        famille.add_metric([caf], float(is_open(maintenant, caf)))
    return famille
