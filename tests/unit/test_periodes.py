"""Steps of a series, two periods side by side, what is still provisional: rules of days, without a fold."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.indicators.answer import Indication, show_maturity
from services.indicators.cibles import Cibles
from services.indicators.comparaison import (
    ComparaisonInvalide,
    Evolution,
    compare,
    compare_all,
    judge_change,
    just_before,
    measure,
    other_period,
    year_before,
)
from services.indicators.figures import families_of
from services.indicators.fold.families import FAMILLES
from services.indicators.maturite import EtatDeMaturite, Maturite, judge_maturity
from services.indicators.registre import REGISTRE
from services.indicators.rules import Pas, Periode, PeriodeInvalide, Role, split
from services.indicators.tableau import Tableau
from shared.events.mouvements import ImageCourrier, ImagePiece
from shared.temps import from_iso, to_iso
from tests.images import FRAIS, Comptee, SansFile, StockCompte, fold

DEBUT, FIN = date(1970, 1, 1), date(2100, 12, 31)
# The days around which a calendar goes wrong: leap days, ends of years, years of 53 weeks, a century that is not leap.
BORNES = [date(2020, 2, 29), date(2024, 2, 29), date(2023, 2, 28), date(2100, 2, 28), date(2020, 12, 31),
          date(2021, 1, 3), date(2026, 12, 31), date(2023, 1, 1), date(2022, 12, 31)]  # fmt: skip
JOURS = st.dates(DEBUT, FIN) | st.sampled_from(BORNES).flatmap(
    lambda d: st.integers(-3, 3).map(lambda n: min(max(d + timedelta(n), DEBUT), FIN))
)


def periode(du: str, au: str) -> Periode:
    return Periode(from_iso(du), from_iso(au))


def words(p: Periode) -> tuple[str, str]:
    return to_iso(p.du), to_iso(p.au)


def _name(jour: date, pas: Pas) -> tuple[int, ...]:
    """The step that a day belongs to, as the standard library names it."""
    if pas is Pas.semaine:
        return tuple(jour.isocalendar()[:2])
    return {Pas.jour: (jour.toordinal(),), Pas.mois: (jour.year, jour.month), Pas.an: (jour.year,)}[pas]


@given(JOURS, st.integers(0, 1_200), st.sampled_from(list(Pas)))
def test_steps_follow_one_another_and_each_is_within_one_iso_week_month_or_year(du: date, jours: int, pas: Pas) -> None:
    entiere = Periode(du.toordinal(), min(du.toordinal() + jours, FIN.toordinal()))
    morceaux = split(entiere, pas)
    assert [j for m in morceaux for j in range(m.du, m.au + 1)] == list(range(entiere.du, entiere.au + 1))
    noms = [{_name(date.fromordinal(j), pas) for j in (m.du, m.au)} for m in morceaux]
    assert all(len(n) == 1 for n in noms)
    assert len({n.pop() for n in noms}) == len(morceaux)


def test_a_year_of_53_weeks_and_a_leap_february_are_cut_where_they_end() -> None:
    semaines = [words(m) for m in split(periode("2020-12-24", "2021-01-05"), Pas.semaine)]
    assert semaines == [
        ("2020-12-24", "2020-12-27"),
        ("2020-12-28", "2021-01-03"),
        ("2021-01-04", "2021-01-05"),
    ]
    mois = [words(m) for m in split(periode("2024-02-29", "2024-03-01"), Pas.mois)]
    assert mois == [("2024-02-29", "2024-02-29"), ("2024-03-01", "2024-03-01")]


@pytest.mark.parametrize(
    ("du", "au", "avant", "juste_avant"),
    [
        ("2024-02-01", "2024-02-29", ("2023-02-01", "2023-02-28"), ("2024-01-01", "2024-01-31")),
        ("2025-02-01", "2025-02-28", ("2024-02-01", "2024-02-29"), ("2025-01-01", "2025-01-31")),
        ("2025-02-01", "2025-02-27", ("2024-02-01", "2024-02-27"), ("2025-01-05", "2025-01-31")),
        ("2024-02-29", "2024-02-29", ("2023-02-28", "2023-02-28"), ("2024-02-28", "2024-02-28")),
        ("2024-01-01", "2024-12-31", ("2023-01-01", "2023-12-31"), ("2023-01-01", "2023-12-31")),
        ("2023-04-01", "2023-06-30", ("2022-04-01", "2022-06-30"), ("2023-01-01", "2023-03-31")),
        ("2023-01-02", "2023-01-08", ("2022-01-02", "2022-01-08"), ("2022-12-26", "2023-01-01")),
    ],
)
def test_the_same_period_a_year_before_and_the_one_just_before(
    du: str, au: str, avant: tuple[str, str], juste_avant: tuple[str, str]
) -> None:
    demandee = periode(du, au)
    assert words(year_before(demandee)) == words(other_period(demandee)) == avant
    assert words(just_before(demandee)) == words(other_period(demandee, "precedente")) == juste_avant


@given(JOURS, st.integers(0, 900))
def test_the_period_just_before_ends_the_day_before_and_is_as_long_in_days_or_in_months(du: date, jours: int) -> None:
    demandee = Periode(du.toordinal(), du.toordinal() + jours)
    avant = just_before(demandee)
    assert avant.au == demandee.du - 1
    premier, dernier = date.fromordinal(demandee.du), date.fromordinal(demandee.au + 1)
    if premier.day == dernier.day == 1:
        assert date.fromordinal(avant.du).day == 1
        assert just_before(avant).au == avant.du - 1
    else:
        assert avant.au - avant.du == jours


@pytest.mark.parametrize(
    ("choix", "raison"),
    [
        (("hier", "", ""), "annee_precedente"),
        (("", "2022-01-01", ""), "avec_au"),
        (("", "", "2022-01-31"), "avec_du"),
        (("precedente", "2022-01-01", "2022-01-31"), "deux fois"),
        (("", "2022-02-30", "2022-03-01"), "2022-02-30"),
        (("", "2022-03-01", "2022-02-01"), "avant son début"),
    ],
)
def test_a_period_to_compare_that_is_not_well_said_is_refused(choix: tuple[str, str, str], raison: str) -> None:
    with pytest.raises((ComparaisonInvalide, PeriodeInvalide), match=raison):
        other_period(periode("2023-01-01", "2023-01-31"), *choix)


def test_a_period_of_before_1970_is_not_compared_with() -> None:
    with pytest.raises(PeriodeInvalide, match="1970"):
        other_period(periode("1970-03-01", "1970-03-31"))


def indication(code: str, valeur: float | None) -> Indication:
    i = REGISTRE[code]
    return Indication(code, i.libelle, valeur, None, None, i.unite, i.version, [], "sans_cible")


@pytest.mark.parametrize(
    ("code", "ici", "avec", "difference", "unite", "relative", "evolution"),
    [
        ("COG-08-29", 12.0, 16.0, -4.0, "jours", -0.25, "mieux"),
        ("COG-08-29", 16.0, 12.0, 4.0, "jours", 4 / 12, "moins_bien"),
        ("COG-08-29", 16.0, 16.0, 0.0, "jours", 0.0, "egal"),
        ("PART-15J", 0.75, 0.5, 0.25, "points", None, "mieux"),
        ("COG-08-33", 0.75, 0.5, 0.25, "points", None, "moins_bien"),
        ("PIECES-ARRIVEES", 150, 100, 50, "nombre", 0.5, None),
        ("PIECES-ARRIVEES", 150, 0, 150, "nombre", None, None),
        ("INDUS-MONTANT", 50, 200, -150, "centimes", -0.75, None),
        ("COG-08-29", None, 12.0, None, "jours", None, None),
        ("COG-08-29", 12.0, None, None, "jours", None, None),
        ("BALANCE", 1, -2, 3, "nombre", None, None),
    ],
)
def test_a_difference_is_read_by_its_unit_and_by_the_direction_of_the_indicator(
    code: str,
    ici: float | None,
    avec: float | None,
    difference: float | None,
    unite: str,
    relative: float | None,
    evolution: str | None,
) -> None:
    comparee = compare_all([indication(code, ici)], [measure(indication(code, avec))])[0]
    assert (comparee.difference, comparee.unite_difference) == (difference, unite)
    assert (comparee.relative, comparee.evolution) == (relative, evolution)


@pytest.mark.parametrize(
    ("connu", "raison"),
    [
        ("2023-01-02", "rien n'est compté de la Caf 091 avant le 2023-01-02"),
        ("2020-06-01", "rien de ce que compte STOCK n'est connu avant le 2023-01-02"),
    ],
)
def test_a_period_before_what_an_indicator_counts_is_no_zero_to_compare_with(connu: str, raison: str) -> None:
    pieces = [ImagePiece("091", "autre", "web", False, "2023-01-02"), ImageCourrier(connu)]
    tableau = Tableau(fold(Comptee("091", i) for i in pieces), Cibles(), StockCompte(()), SansFile())
    bornes = ("2023-01-01", "2023-01-31")
    document = compare(tableau, "091", bornes, periode("2022-01-01", "2022-01-31"), None, FRAIS, Role.proprietaire)
    figures = {c.code: c for c in document.indicateurs}
    stock, courriers = figures["STOCK"], figures["COURRIERS-ARRIVES"]
    assert (stock.ici.valeur, stock.avec.valeur, stock.difference, stock.evolution) == (1, None, None, None)
    assert str(stock.avec.raison).startswith(raison)
    assert courriers.avec.valeur == (0 if connu < "2022" else None)
    assert (document.periode.jours_ouvres, document.avec.jours_ouvres) == (22, 21)


def test_every_indicator_is_counted_in_some_family() -> None:
    for code, i in REGISTRE.items():
        assert families_of(i.calcul) <= FAMILLES.keys(), code
        assert bool(families_of(i.calcul)) == (i.calcul is not None), code


@given(st.floats(-1e9, 1e9, allow_nan=False), st.sampled_from(["bas", "haut"]))
def test_what_is_better_one_way_is_worse_the_other_way(difference: float, sens: str) -> None:
    un, autre = (judge_change(d, "bas" if sens == "bas" else "haut") for d in (difference, -difference))
    if difference == 0:
        assert un is autre is Evolution.egal
    else:
        assert {un, autre} == {Evolution.mieux, Evolution.moins_bien}


@pytest.mark.parametrize(
    ("ecart", "etat"), [(-9, "provisoire"), (0, "provisoire"), (7, "provisoire"), (8, "definitif")]
)
def test_a_figure_is_provisional_until_so_many_days_after_its_period_and_while_the_fold_is_late(
    ecart: int, etat: str
) -> None:
    au, maturite = from_iso("2023-01-31"), Maturite(7, "les faits tardifs")
    assert judge_maturity(au, maturite, au + ecart, a_jour=True) == etat
    assert judge_maturity(au, maturite, au + ecart, a_jour=False) is EtatDeMaturite.provisoire
    montree = show_maturity(maturite, au, au + ecart, a_jour=True)
    assert montree
    assert (montree.etat, montree.jours, montree.definitif_le) == (etat, 7, "2023-02-08")


def test_every_indicator_but_a_gauge_says_how_long_it_may_move_and_what_it_waits_for() -> None:
    for code, i in REGISTRE.items():
        assert (i.maturite is None) == (i.calcul is None), code
        if i.maturite is not None:
            assert 7 <= i.maturite.jours <= 90, code
            assert len(i.maturite.attend) > 20, code
