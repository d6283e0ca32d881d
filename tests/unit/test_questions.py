"""Questions to the façade: the documents that answer, the refusals, the registry behind them."""

from collections.abc import Callable, Sequence

import pytest
from msgspec import json as msgjson
from msgspec.structs import replace

from services.indicators.answer import EtatFile
from services.indicators.cibles import Cibles
from services.indicators.cibles_csv import published_targets
from services.indicators.fold.pli import Pli
from services.indicators.registre import REGISTRE
from services.indicators.rules import Pas, Periode, QuestionRefusee, parse_period, split
from services.indicators.tableau import Tableau
from shared.events.mouvements import ImageContact, ImagePiece
from shared.temps import from_iso, to_iso
from tests.images import FRAIS, Comptee, SansFile, fold, movement

PIECE = ImagePiece("091", "demande_rsa", "web", True, "2023-01-02", teleservice="rsa", site="Foix")
TRAITEE = replace(PIECE, fin="2023-01-10", fin_genre="traitee", site=None)
JANVIER = ("2023-01-01", "2023-01-31")


class Stock:
    """Production's port: what it is told to answer."""

    def __init__(self, reponse: int | None) -> None:
        self.reponse = reponse

    def closing_stock(self, caf: str, au: int) -> int | None:
        assert (caf, au) == ("091", from_iso("2023-01-31"))
        return self.reponse


class Files:
    """Recovery's port: two queues."""

    def queues(self, caf: str) -> Sequence[EtatFile] | None:
        assert caf == "091"
        return [EtatFile("a_notifier", 3, 1, "2023-01-05"), EtatFile("sans_droits", 2, 0, None)]


def board(pli: Pli | None = None, stock: int | None = 1) -> Tableau:
    """A façade over one open and one treated piece, unless another fold is given."""
    pli = pli or fold([Comptee("091", PIECE), Comptee("091", TRAITEE)])
    return Tableau(pli, Cibles(published_targets()), Stock(stock), Files())


def test_the_answer_has_the_shape_of_the_contract() -> None:
    reponse = board().reponse("091", *JANVIER, ["COG-08-29", "BALANCE"], FRAIS)
    assert msgjson.decode(msgjson.encode(reponse)) == {
        "caf": "091",
        "du": "2023-01-01",
        "au": "2023-01-31",
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
            },
        ],
    }


def test_the_targets_are_those_of_the_year_in_which_the_period_ends() -> None:
    def shown(du: str, au: str) -> int:
        return len(board().reponse("091", du, au, ["COG-08-29"], FRAIS).indicateurs[0].cibles)

    assert shown("2022-12-01", "2023-01-01") == 1
    assert shown("2022-12-01", "2022-12-31") == shown("2023-12-31", "2024-01-01") == 0


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
    indication = board().reponse("091", *JANVIER, ["FILES-RECOUVREMENT"], FRAIS).indicateurs[0]
    assert (indication.valeur, indication.numerateur, indication.denominateur) == (5, 5, None)
    assert indication.files == Files().queues("091")


def test_a_service_that_does_not_answer_leaves_its_gauge_without_a_value() -> None:
    muet = Tableau(Pli(), Cibles(), Stock(None), SansFile())
    indication = muet.reponse("091", *JANVIER, ["FILES-RECOUVREMENT"], FRAIS).indicateurs[0]
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


def test_a_caf_of_which_nothing_is_known_has_counts_of_zero_and_no_value() -> None:
    reponse = board().reponse("975", "2023-01-01", "2023-01-30", ["STOCK", "COG-08-29"], FRAIS)
    assert [i.valeur for i in reponse.indicateurs] == [0, None]


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
        (lambda t: t.reponse("091", *JANVIER, ["COG"], FRAIS), "code-inconnu", "« COG »"),
        (lambda t: t.serie("COG", "091", *JANVIER, "jour", FRAIS), "code-inconnu", "« COG »"),
        (lambda t: t.serie("STOCK", "091", *JANVIER, "siecle", FRAIS), "serie-impossible", "jour, semaine, mois ou an"),
        (lambda t: t.serie("STOCK", "091", "1970-01-01", "2100-12-31", "jour", FRAIS), "serie-impossible", "4000"),
        (lambda t: t.serie("FILES-RECOUVREMENT", "091", *JANVIER, "jour", FRAIS), "serie-impossible", "au présent"),
        (lambda t: t.serie("COG-01-11", "091", *JANVIER, "jour", FRAIS), "serie-impossible", "se saisit"),
        (lambda t: t.coupe("COG-01-11", "091", *JANVIER, "nature", FRAIS), "coupe-impossible", "aucune"),
        (lambda t: t.coupe("STOCK", "091", *JANVIER, "modalite", FRAIS), "coupe-impossible", "nature, canal"),
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
