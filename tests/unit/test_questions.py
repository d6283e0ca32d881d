"""Questions to the façade: the documents that answer, the refusals, the registry behind them."""

from collections.abc import Callable, Sequence

import pytest
from msgspec import UNSET
from msgspec import json as msgjson
from msgspec.structs import replace

from services.indicators.answer import EtatFile
from services.indicators.cibles import Cibles
from services.indicators.cibles_csv import published_targets
from services.indicators.fold.pli import Pli
from services.indicators.registre import REGISTRE
from services.indicators.rules import Pas, Periode, QuestionRefusee, Role, parse_period, parse_role, split
from services.indicators.tableau import Tableau
from shared.events.mouvements import ImageContact, ImagePiece
from shared.temps import from_iso, to_iso
from tests.images import FRAIS, Comptee, SansFile, fold, movement

PIECE = ImagePiece("091", "demande_rsa", "web", True, "2023-01-02", teleservice="rsa", site="Foix")
TRAITEE = replace(PIECE, fin="2023-01-10", fin_genre="traitee", site=None)
JANVIER = ("2023-01-01", "2023-01-31")
AVANT = ("2022-01-01", "2023-01-01")
AUJOURDHUI = from_iso("2023-02-01")
TRAITANTE = Role.traitante


class Stock:
    """Production's port: what it is told to answer."""

    def __init__(self, reponse: int | None) -> None:
        self.reponse = reponse

    def closing_stocks(self, caf: str, jours: Sequence[int]) -> Sequence[int] | None:
        assert (caf, jours) == ("091", [from_iso("2023-01-31")])
        return None if self.reponse is None else [self.reponse]


class Files:
    """Recovery's port: two queues."""

    def queues(self, caf: str) -> Sequence[EtatFile] | None:
        assert caf == "091"
        return [EtatFile("a_notifier", 3, 1, "2023-01-05"), EtatFile("sans_droits", 2, 0, None)]


def board(pli: Pli | None = None, stock: int | None = 1) -> Tableau:
    """A façade over one open and one treated piece, unless another fold is given."""
    pli = pli or fold([Comptee("091", PIECE), Comptee("091", TRAITEE)])
    return Tableau(pli, Cibles(published_targets()), Stock(stock), Files(), today=lambda: AUJOURDHUI)


def test_the_answer_has_the_shape_of_the_contract() -> None:
    reponse = board().reponse("091", *JANVIER, ["COG-08-29", "BALANCE"], FRAIS)
    assert msgjson.decode(msgjson.encode(reponse)) == {
        "caf": "091",
        "du": "2023-01-01",
        "au": "2023-01-31",
        "role": "proprietaire",
        "fraicheur": {"dernier_evenement": "2023-02-01T08:00:00Z", "retard_secondes": 0.2, "a_jour": True},
        "indicateurs": [
            {
                "code": "COG-08-29",
                "libelle": "Délai moyen de démarche des prestations légales",
                "valeur": 8.0,
                "numerateur": 8,
                "denominateur": 1,
                "unite": "jours",
                "formule": 1,
                "cibles": [{"valeur": 16, "operateur": "<=", "nature": "nationale"}],
                "etat": "atteint",
                "maturite": {"etat": "provisoire", "jours": 30, "definitif_le": "2023-03-03"},
            },
            {
                "code": "BALANCE",
                "libelle": "Balance des pièces",
                "valeur": 0,
                "numerateur": None,
                "denominateur": None,
                "unite": "nombre",
                "formule": 1,
                "cibles": [],
                "etat": "sans_cible",
                "termes": {"ouverture": 0, "arrivees": 2, "traitees": 1, "annulees": 0, "cloture": 1},
                "maturite": {"etat": "provisoire", "jours": 30, "definitif_le": "2023-03-03"},
            },
        ],
    }


def test_the_targets_are_those_of_the_year_in_which_the_period_ends() -> None:
    ancienne = fold([Comptee("091", PIECE), Comptee("091", replace(TRAITEE, arrivee="2022-12-01", fin="2022-12-20"))])

    def shown(du: str, au: str) -> tuple[int, str]:
        indication = board(ancienne).reponse("091", du, au, ["COG-08-29"], FRAIS).indicateurs[0]
        return len(indication.cibles), indication.etat

    assert shown("2022-12-01", "2023-01-01") == (1, "non_atteint")
    assert shown("2022-12-01", "2022-12-31") == shown("2022-12-01", "2024-01-01") == (0, "sans_cible")


def test_all_codes_are_answered_in_the_order_of_the_registry() -> None:
    assert [i.code for i in board().reponse("091", *JANVIER, None, FRAIS).indicateurs] == list(REGISTRE)


@pytest.mark.parametrize(("stock", "valeur", "etat"), [(1, 0, "sans_cible"), (3, -2, "sans_cible"), (None, None, "nd")])
def test_the_balance_tells_what_production_counts_otherwise(stock: int | None, valeur: int | None, etat: str) -> None:
    indication = board(stock=stock).reponse("091", *JANVIER, ["BALANCE"], FRAIS).indicateurs[0]
    assert (indication.valeur, indication.etat) == (valeur, etat)
    assert indication.termes == {"ouverture": 0, "arrivees": 2, "traitees": 1, "annulees": 0, "cloture": stock}
    assert board(stock=stock).invariants("091", *JANVIER).tenus is (valeur in (0, None))


def test_little_is_broken_when_the_margins_and_the_matrix_differ() -> None:
    pli = fold([Comptee("091", PIECE), Comptee("091", TRAITEE)])
    matrice = pli.colonnes["piece"]
    matrice.add(matrice.cles[:1], matrice.valeurs[:1])
    invariants = board(pli).invariants("091", *JANVIER)
    assert invariants.little.ecart != 0
    assert not invariants.tenus


def test_queues_are_a_gauge_of_the_present_with_what_is_behind() -> None:
    present = ("2023-02-01", "2023-02-28")
    indication = board().reponse("091", *present, ["FILES-RECOUVREMENT"], FRAIS).indicateurs[0]
    assert (indication.valeur, indication.numerateur, indication.denominateur) == (5, 5, None)
    assert indication.files == Files().queues("091")
    # What is there today is not what there was in January.
    passe = board().reponse("091", *JANVIER, ["FILES-RECOUVREMENT"], FRAIS).indicateurs[0]
    assert (passe.valeur, passe.files) == (None, UNSET)
    assert "ne contient pas aujourd'hui" in str(passe.raison)


def test_a_service_that_does_not_answer_leaves_its_gauge_without_a_value() -> None:
    muet = Tableau(Pli(), Cibles(), Stock(None), SansFile(), today=lambda: AUJOURDHUI)
    indication = muet.reponse("091", "2023-02-01", "2023-02-01", ["FILES-RECOUVREMENT"], FRAIS).indicateurs[0]
    assert (indication.valeur, indication.etat, indication.files) == (None, "nd", ())


def test_a_cut_names_its_values_in_french_and_what_carries_none() -> None:
    par_site = board().coupe("PIECES-ARRIVEES", "091", *JANVIER, "site", FRAIS)
    assert [(p.cle, p.libelle, p.valeur) for p in par_site.parts] == [("", "Non renseigné", 1), ("Foix", "Foix", 1)]
    par_nature = board().coupe("COG-08-29", "091", *JANVIER, "nature", FRAIS)
    assert [(p.cle, p.libelle, p.numerateur, p.denominateur) for p in par_nature.parts] == [
        ("demande_rsa", "Demande de RSA", 8, 1)
    ]


def test_a_series_follows_the_fold_as_it_changes() -> None:
    pli = Pli()
    tableau = board(pli)

    def stock() -> list[float | None]:
        serie = tableau.serie("STOCK", "091", "2023-01-09", "2023-01-10", "jour", FRAIS)
        return [point.valeur for point in serie.points]

    assert stock() == [0, 0]
    pli.apply([movement("091", None, PIECE)])
    assert stock() == [1, 1]
    pli.apply([movement("091", PIECE, TRAITEE), movement("091", None, replace(PIECE, nature="autre", canal="accueil"))])
    assert stock() == [2, 1]
    assert tableau.cafs() == ["091"]


@pytest.mark.parametrize(("pli", "caf"), [(Pli(), "975"), (None, "521"), (None, "681")])
def test_a_caf_without_events_counts_zero_while_it_is_expected(pli: Pli | None, caf: str) -> None:
    # A house that has counted nothing, a Caf that has targets, a Caf that only works for others.
    entraide = pli or fold([Comptee("091", replace(PIECE, caf_traitante="681"))])
    reponse = board(entraide).reponse(caf, "2023-01-01", "2023-01-30", ["STOCK", "COG-08-29"], FRAIS)
    assert [i.valeur for i in reponse.indicateurs] == [0, None]


def test_the_first_day_of_which_something_is_counted_is_answered() -> None:
    assert board().reponse("091", "2022-01-01", "2023-01-02", ["STOCK"], FRAIS).indicateurs[0].valeur == 2


def test_an_indicator_whose_events_do_not_tell_who_works_has_no_figure_for_the_acting_caf_and_says_why() -> None:
    reponse = board().reponse("091", *JANVIER, None, FRAIS, Role.traitante)
    figures = {i.code: i for i in reponse.indicateurs}
    assert list(figures) == list(REGISTRE)
    assert (figures["STOCK"].valeur, figures["STOCK"].raison) == (1, UNSET)
    for code in ("BALANCE", "VISITES", "IQL0", "FILES-RECOUVREMENT"):
        assert (figures[code].valeur, figures[code].etat) == (None, "nd")
        assert "Caf propriétaire" in str(figures[code].raison)
    # What a Caf does for others is not held against the contract of its own dossiers.
    assert (figures["COG-08-29"].cibles, figures["COG-08-29"].etat) == ([], "sans_cible")


def _split(pas: Pas) -> list[tuple[str, str]]:
    return [(to_iso(m.du), to_iso(m.au)) for m in split(parse_period("2022-12-30", "2023-02-01"), pas)]


def test_steps_are_whole_weeks_months_and_years_but_for_the_ends() -> None:
    assert _split(Pas.semaine)[:2] == [("2022-12-30", "2023-01-01"), ("2023-01-02", "2023-01-08")]
    assert _split(Pas.semaine)[-1] == ("2023-01-30", "2023-02-01")
    assert _split(Pas.mois) == [
        ("2022-12-30", "2022-12-31"),
        ("2023-01-01", "2023-01-31"),
        ("2023-02-01", "2023-02-01"),
    ]
    assert _split(Pas.an) == [("2022-12-30", "2022-12-31"), ("2023-01-01", "2023-02-01")]
    assert _split(Pas.jour)[-1] == ("2023-02-01", "2023-02-01")
    assert split(Periode(738_000, 738_000), Pas.mois) == [Periode(738_000, 738_000)]


Question = Callable[[Tableau], object]


@pytest.mark.parametrize(
    ("question", "probleme", "raison"),
    [
        (lambda t: t.reponse("091", "2023-01-31", "2023-01-01", None, FRAIS), "periode-invalide", "avant son début"),
        (lambda t: t.reponse("091", "hier", "2023-01-01", None, FRAIS), "periode-invalide", "du « hier »"),
        (lambda t: t.reponse("091", "2023-01-01", "2023-02-30", None, FRAIS), "periode-invalide", "au « 2023-02-30 »"),
        (lambda t: t.reponse("091", "2023-W01-1", "2023-02-01", None, FRAIS), "periode-invalide", "AAAA-MM-JJ"),
        (lambda t: t.reponse("091", "20230101", "2023-02-01", None, FRAIS), "periode-invalide", "AAAA-MM-JJ"),
        (lambda t: t.reponse("091", "1969-12-31", "2023-02-01", None, FRAIS), "periode-invalide", "1970 à 2100"),
        (lambda t: t.reponse("091", "2023-01-01", "2101-01-01", None, FRAIS), "periode-invalide", "1970 à 2100"),
        (lambda t: t.reponse("91", *JANVIER, None, FRAIS), "caf-invalide", "trois chiffres"),
        (lambda t: t.reponse("٠٩١", *JANVIER, None, FRAIS), "caf-invalide", "trois chiffres"),
        (lambda t: t.reponse("975", *JANVIER, None, FRAIS), "caf-inconnue", "Cafs connues : 091"),
        (lambda t: t.serie("STOCK", "975", *JANVIER, "jour", FRAIS), "caf-inconnue", "de la Caf 975"),
        (lambda t: t.reponse("091", *AVANT, None, FRAIS), "periode-sans-donnees", "avant le 2023-01-02"),
        (lambda t: t.serie("STOCK", "091", *AVANT, "jour", FRAIS), "periode-sans-donnees", "finit le 2023-01-01"),
        (lambda t: t.coupe("STOCK", "091", *AVANT, "canal", FRAIS), "periode-sans-donnees", "2023-01-02"),
        (lambda t: t.invariants("091", *AVANT), "periode-sans-donnees", "2023-01-02"),
        (lambda t: t.serie("VISITES", "091", *JANVIER, "jour", FRAIS, TRAITANTE), "role-impossible", "propriétaire"),
        (lambda t: t.coupe("VISITES", "091", *JANVIER, "site", FRAIS, TRAITANTE), "role-impossible", "VISITES"),
        (lambda t: parse_role("patronne"), "role-invalide", "proprietaire"),
        (lambda t: t.serie("STOCK", "091", *JANVIER, "jour", FRAIS, par="humeur"), "coupe-impossible", "nature, canal"),
        (lambda t: t.reponse("091", *JANVIER, ["COG"], FRAIS), "code-inconnu", "« COG »"),
        (lambda t: t.serie("COG", "091", *JANVIER, "jour", FRAIS), "code-inconnu", "« COG »"),
        (lambda t: t.serie("STOCK", "091", *JANVIER, "siecle", FRAIS), "serie-impossible", "jour, semaine, mois ou an"),
        (lambda t: t.serie("STOCK", "091", "1970-01-01", "2100-12-31", "jour", FRAIS), "serie-impossible", "4000"),
        (lambda t: t.serie("FILES-RECOUVREMENT", "091", *JANVIER, "jour", FRAIS), "serie-impossible", "au présent"),
        (lambda t: t.serie("COG-01-11", "091", *JANVIER, "jour", FRAIS), "serie-impossible", "se saisit"),
        (lambda t: t.coupe("COG-01-11", "091", *JANVIER, "nature", FRAIS), "serie-impossible", "se saisit"),
        (lambda t: t.coupe("STOCK", "091", *JANVIER, "modalite", FRAIS), "coupe-impossible", "nature, canal"),
        (lambda t: t.coupe("STOCK", "091", *JANVIER, "", FRAIS), "coupe-impossible", "nature, canal"),
        (lambda t: t.coupe("BALANCE", "091", *JANVIER, "nature", FRAIS), "coupe-impossible", "aucune"),
        (lambda t: t.invariants("091", "2023-01-31", "2023-01-01"), "periode-invalide", "avant son début"),
    ],
)
def test_a_question_without_an_answer_is_refused_in_clear_french(
    question: Question, probleme: str, raison: str
) -> None:
    with pytest.raises(QuestionRefusee) as refus:
        question(board())
    assert refus.value.probleme == probleme
    assert raison in str(refus.value)


def test_every_indicator_says_what_it_is() -> None:
    for code, indicateur in REGISTRE.items():
        assert indicateur.code == code
        assert all((indicateur.libelle, indicateur.population, indicateur.formule, indicateur.source)), code
    libelles = [i.libelle for i in REGISTRE.values()]
    assert len(set(libelles)) == len(libelles)


def test_ours_are_the_formulas_that_no_source_prints() -> None:
    assert {code for code, i in REGISTRE.items() if i.maison} == {
        "DELAI-HORS-ATTENTE",
        "SOLDE-JOURS",
        "SOLDE-JOURS-MOYEN",
        "SOLDE-TRAITABLE-JOURS",
        "SOLDE-TRAITABLE-JOURS-MOYEN",
        "REITERATION-7J",
        "COG-10-42",
        "COG-10-43",
    }


def test_a_contact_is_cut_by_pole_too() -> None:
    image = ImageContact("telephone", "dossier", 2, "2023-01-02", pole="handicap")
    parts = board(fold([Comptee("091", image)])).coupe("APPELS-RECUS", "091", *JANVIER, "pole", FRAIS).parts
    assert [(p.cle, p.valeur) for p in parts] == [("handicap", 1)]
