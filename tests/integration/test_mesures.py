"""What a house measures of its figures and of its corbeilles, as Prometheus reads it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from ecluse.maison import Maison, open_house
from services.indicators import contrat
from services.indicators.figures import Rapport
from services.indicators.mesures import DELAIS, FiguresCollector, windows
from services.indicators.registre import REGISTRE
from services.indicators.rules import Periode
from services.indicators.seuils import EnFin
from shared.corbeille.mesures import QueuesCollector
from shared.reglages import Reglages
from shared.temps import from_iso, parse_instant, start_of_day
from tests.creances import constat, encaissement
from tests.infra.programme_passe import targets
from tests.maisons import PATIENCE, arrivee, deposit, traitee

# A Tuesday, at four in the afternoon.
MAINTENANT = "2023-01-31T15:00:00Z"
Series = dict[tuple[str, ...], float]


@pytest.fixture
def maison(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Maison]:
    """A house whose clock stands still, with a contract of its own."""
    monkeypatch.setattr(contrat, "published_targets", targets)
    reglages = Reglages(tmp_path, clock=lambda: parse_instant(MAINTENANT))
    with open_house(reglages) as ouverte:
        yield ouverte


def measure(maison: Maison, *, maintenant: str = MAINTENANT) -> Series:
    """What a scrape reads, by name and labels in their order."""
    assert maison.wait_until_current(PATIENCE)
    registre = CollectorRegistry()
    indicateurs = maison.indicateurs
    registre.register(
        FiguresCollector(indicateurs, lambda: indicateurs.puits.version, lambda: parse_instant(maintenant))
    )
    registre.register(QueuesCollector(maison.corbeilles.values()))
    texte = generate_latest(registre).decode()
    return {
        (s.name.removeprefix("ecluse_"), *s.labels.values()): s.value
        for famille in text_string_to_metric_families(texte)
        for s in famille.samples
    }


def test_windows_end_today() -> None:
    jour = from_iso("2023-03-02")
    assert windows(jour) == {
        "jour": Periode(jour, jour),
        "mois": Periode(from_iso("2023-03-01"), jour),
        "annee": Periode(from_iso("2023-01-01"), jour),
        "7j": Periode(from_iso("2023-02-24"), jour),
        "28j": Periode(from_iso("2023-02-03"), jour),
    }


def test_terms_are_shown_over_each_window_and_never_the_rate(maison: Maison) -> None:
    deposit(
        maison,
        arrivee("P-1", "2022-12-30T10:00:00Z"),
        traitee("P-1", "2023-01-09T10:00:00Z"),
        arrivee("P-2", "2023-01-26T10:00:00Z"),
        traitee("P-2", "2023-01-31T10:00:00Z"),
        arrivee("P-3", "2023-01-31T11:00:00Z"),
    )
    series = measure(maison)
    delais = {fenetre: ("091", "COG-08-29", fenetre) for fenetre in ("jour", "7j", "28j", "mois", "annee")}
    attendus = {"jour": (5, 1), "7j": (5, 1), "28j": (15, 2), "mois": (15, 2), "annee": (15, 2)}
    for fenetre, (numerateur, denominateur) in attendus.items():
        assert series["indicator_numerator", *delais[fenetre]] == numerateur
        assert series["indicator_denominator", *delais[fenetre]] == denominateur
        assert ("indicator_value", *delais[fenetre]) not in series
    assert series["indicator_numerator", "091", "STOCK", "mois"] == 1
    assert ("indicator_denominator", "091", "STOCK", "mois") not in series
    assert series["indicator_value", "091", "DELAI-P90", "mois"] == 10
    assert series["indicator_value", "091", "BALANCE", "mois"] == 0
    assert series["little_gap", "091"] == 0
    # Without a denominator nothing has a value, and 0 is not one.
    assert series["indicator_denominator", "091", "IQL0", "mois"] == 0
    assert ("indicator_value", "091", "IQL0", "mois") not in series


def test_nothing_is_shown_twice_and_sliding_windows_are_for_the_delays(maison: Maison) -> None:
    deposit(maison, arrivee("P-1"))
    series = measure(maison)
    termes = {cle[1:] for cle in series if cle[0] == "indicator_numerator"}
    valeurs = {cle[1:] for cle in series if cle[0] == "indicator_value"}
    assert termes
    assert not termes & valeurs
    assert {cle[2] for cle in termes | valeurs if cle[3:] and cle[3] in ("7j", "28j")} <= set(DELAIS)
    glissantes = {cle[1] for cle in termes if cle[2] in ("7j", "28j")}
    assert glissantes == set(DELAIS)


def test_money_is_in_euros_even_within_a_rate(maison: Maison) -> None:
    sorts = deposit(
        maison,
        constat("2023-01-10T10:00:00Z", montant_centimes=12_345) | {"time": MAINTENANT},
        encaissement("2023-01-20T10:00:00Z", 2_550) | {"time": MAINTENANT},
    )
    assert sorts == ["accepte", "accepte"]
    series = measure(maison)
    assert series["indicator_numerator", "091", "INDUS-MONTANT", "mois"] == 123.45
    assert series["indicator_numerator", "091", "PART-DIRECT", "mois"] == 25.5
    assert series["indicator_denominator", "091", "PART-DIRECT", "mois"] == 25.5
    assert series["target", "091", "COG-10-41", "oui", "individualisee", ">="] == 10_000


def test_money_behind_a_dated_threshold_is_in_euros_too(maison: Maison) -> None:
    """The cohort that ends on the day of the question: what was constaté two to three years before, and paid of it."""
    calcul = REGISTRE["COG-10-43"].calcul
    assert isinstance(calcul, Rapport)
    assert isinstance(calcul.denominateur, EnFin)
    deposit(
        maison,
        constat("2020-06-10T10:00:00Z", montant_centimes=12_345) | {"time": MAINTENANT},
        encaissement("2021-01-20T10:00:00Z", 2_550) | {"time": MAINTENANT},
    )
    series = measure(maison)
    assert series["indicator_numerator", "091", "COG-10-43", "annee"] == 25.5
    assert series["indicator_denominator", "091", "COG-10-43", "annee"] == 123.45


def test_targets_say_which_judges_and_a_year_without_any_shows_none(maison: Maison) -> None:
    deposit(maison, arrivee("P-1"))
    cibles = {cle[2:]: valeur for cle, valeur in measure(maison).items() if cle[0] == "target"}
    assert cibles["COG-08-29", "oui", "nationale", "<="] == 16
    assert len(cibles) == len(targets())
    assert not [cle for cle in measure(maison, maintenant="2024-01-30T15:00:00Z") if cle[0] == "target"]


def test_the_registry_is_described_by_what_it_says(maison: Maison) -> None:
    deposit(maison, arrivee("P-1"))
    codes = {cle[1]: cle for cle in measure(maison) if cle[0] == "indicator_info"}
    assert codes.keys() == REGISTRE.keys() - {"FILES-RECOUVREMENT"}
    assert "euros" in codes["INDUS-MONTANT"]
    assert REGISTRE["SOLDE-JOURS"].libelle in codes["SOLDE-JOURS"]


@pytest.mark.parametrize(
    ("maintenant", "ouvert"), [(MAINTENANT, 1), ("2023-01-31T19:00:00Z", 0), ("2023-01-29T10:00:00Z", 0)]
)
def test_opening_hours_are_those_of_the_calendar(maison: Maison, maintenant: str, ouvert: int) -> None:
    deposit(maison, arrivee("P-1"))
    assert measure(maison, maintenant=maintenant)["office_open", "091"] == ouvert


def test_figures_come_with_their_freshness(maison: Maison) -> None:
    vide = measure(maison)
    assert ("figures_last_event_timestamp_seconds",) not in vide
    deposit(maison, arrivee("P-1"))
    series = measure(maison)
    assert series["figures_up_to_date",] == 1
    assert series["figures_age_seconds",] == 0
    assert series["figures_last_event_timestamp_seconds",] == parse_instant(MAINTENANT) / 1e9


def test_corbeilles_are_counted_by_what_is_done_of_them(maison: Maison) -> None:
    deposit(maison, arrivee("P-1", "2023-01-02T10:00:00Z"), arrivee("P-2", "2023-01-03T10:00:00Z"))
    assert measure(maison)["queue_items", "091", "pieces", "pret"] == 2
    depuis = measure(maison)["queue_oldest_timestamp_seconds", "091", "pieces"]
    assert depuis == start_of_day(from_iso("2023-01-02")) / 1e9
    pris = maison.corbeilles["production"].claim("pieces", "poste-1").result(PATIENCE)
    assert pris is not None
    series = measure(maison)
    etats = {etat: series["queue_items", "091", "pieces", etat] for etat in ("pret", "pris", "dormant")}
    assert etats == {"pret": 1, "pris": 1, "dormant": 0}
