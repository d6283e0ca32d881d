"""Every threshold at equality, every edge of a period, counted by hand."""

import pytest
from msgspec.structs import replace

from services.indicators.cibles import Cibles
from services.indicators.tableau import Tableau
from shared.events.mouvements import (
    Image,
    ImageContact,
    ImageCourrier,
    ImageCreance,
    ImageEncaissement,
    ImagePiece,
    ImageRendezVous,
)
from tests.images import FRAIS, Comptee, SansFile, StockCompte, fold

PIECE = ImagePiece("091", "demande_rsa", "web", True, "2023-01-02")
TRAITEE = replace(PIECE, fin="2023-01-10", fin_genre="traitee")
ANNULEE = replace(TRAITEE, fin_genre="annulee")
CONTACT = ImageContact("courriel", "information_generale", 1, "2023-01-02")
REPONDU = replace(CONTACT, clos="2023-01-10", issue="repondu", par="agent", pris_en_charge=True)
CREANCE = ImageCreance("091", "al", "erreur_declaration", "allocataire", "2021-01-10", 1_000, 800, 500, 600)


def figure(code: str, du: str, au: str, *images: Image) -> tuple[float | None, int | None, int | None]:
    """Value, numerator, denominator of a code for the Caf 091."""
    # Something is known of long before: a period before the first day would be refused.
    connues = (ImageCourrier("1970-01-01"), *images)
    tableau = Tableau(fold(Comptee("091", i) for i in connues), Cibles(), StockCompte(()), SansFile())
    indication = tableau.reponse("091", du, au, [code], FRAIS).indicateurs[0]
    return indication.valeur, indication.numerateur, indication.denominateur


def treated_after(jours: int) -> ImagePiece:
    """A request of RSA treated on 31 January 2023, after so many days."""
    return replace(PIECE, arrivee=f"2023-01-{31 - jours:02d}", fin="2023-01-31", fin_genre="traitee")


@pytest.mark.parametrize(("jours", "compte"), [(14, 1), (15, 0), (16, 0)])
def test_less_than_15_days_leaves_out_the_fifteenth(jours: int, compte: int) -> None:
    assert figure("PART-15J", "2023-01-31", "2023-01-31", treated_after(jours)) == (compte, compte, 1)


@pytest.mark.parametrize(("jours", "compte"), [(9, 1), (10, 0), (11, 0)])
def test_less_than_10_days_leaves_out_the_tenth(jours: int, compte: int) -> None:
    assert figure("PART-MINIMA-10J", "2023-01-31", "2023-01-31", treated_after(jours)) == (compte, compte, 1)


@pytest.mark.parametrize(("au", "ancienne"), [("2023-02-10", 0), ("2023-02-11", 0), ("2023-02-12", 1)])
def test_more_than_40_days_leaves_out_the_fortieth(au: str, ancienne: int) -> None:
    assert figure("COG-08-33", au, au, PIECE) == (ancienne, ancienne, 1)


@pytest.mark.parametrize(
    ("fin", "ancienne"), [("2023-02-11", 0), ("2023-02-12", 0), ("2023-02-13", 1), ("2023-02-14", 1)]
)
def test_an_old_piece_leaves_the_old_stock_the_day_it_is_treated(fin: str, ancienne: int) -> None:
    images = (replace(PIECE, fin=fin, fin_genre="traitee"), replace(PIECE, arrivee="2023-02-01"))
    assert figure("COG-08-33", "2023-02-12", "2023-02-12", *images)[1] == ancienne
    assert figure("COG-08-33", "2023-02-11", "2023-02-11", *images)[1] == 0


@pytest.mark.parametrize(("recu", "compte"), [("2022-12-30", 0), ("2022-12-31", 1), ("2023-01-01", 1)])
def test_a_complaint_answered_on_the_tenth_day_is_in_time(recu: str, compte: int) -> None:
    image = replace(REPONDU, nature="reclamation", recu=recu)
    assert figure("COG-08-25", "2023-01-10", "2023-01-10", image) == (compte, compte, 1)


def test_what_depends_on_hours_is_as_the_image_says() -> None:
    lent = replace(REPONDU, recu="2023-01-09")
    vite = replace(lent, clos_sous_48h=True, pris_en_charge_avant_48h=True)
    jamais = replace(CONTACT, recu="2023-01-09")
    assert figure("COG-08-27", "2023-01-10", "2023-01-10", lent, vite, jamais) == (0.5, 1, 2)
    assert figure("COURRIELS-PEC-48H", "2023-01-09", "2023-01-09", lent, vite, jamais) == (0.5, 1, 2)
    assert figure("COURRIELS-RECUS", "2023-01-09", "2023-01-09", lent, vite, jamais) == (3, 3, None)


def test_a_call_is_treated_by_an_agent_and_answered_by_the_automate_too() -> None:
    agent = replace(REPONDU, canal="telephone")
    automate, abandonne = replace(agent, par="automate"), replace(agent, issue="abandonne")
    periode = ("2023-01-02", "2023-01-02")
    assert figure("APPELS-TRAITES", *periode, agent, automate, abandonne) == (1 / 3, 1, 3)
    assert figure("APPELS-ABOUTIS", *periode, agent, automate, abandonne) == (2 / 3, 2, 3)
    assert figure("APPELS-TRAITES-NOMBRE", *periode, agent, automate, abandonne) == (1, 1, None)


def test_a_rendez_vous_counts_on_the_days_of_its_proposal_and_of_its_outcome() -> None:
    rdv = ImageRendezVous(
        "visio",
        "2023-01-01",
        propose="2023-01-02",
        propose_sous_7j=True,
        issue="manque",
        issue_le="2023-01-10",
        excuse=True,
    )
    honore = replace(rdv, issue="honore", propose_sous_7j=False, excuse=False)
    annule = replace(rdv, issue="annule", propose=None)
    assert figure("RDV-7J", "2023-01-02", "2023-01-02", rdv, honore, annule) == (0.5, 1, 2)
    assert figure("TAUX-ABSENCE", "2023-01-10", "2023-01-10", rdv, honore, annule) == (0.5, 1, 2)
    assert figure("RDV-HONORES-visio", "2023-01-10", "2023-01-10", rdv, honore, annule) == (1, 1, None)
    assert figure("RDV-HONORES-site", "2023-01-10", "2023-01-10", rdv, honore, annule) == (0, 0, None)


@pytest.mark.parametrize(("du", "au", "compte"), [
    ("2023-01-10", "2023-01-10", 1), ("2023-01-11", "2023-01-31", 0), ("2023-01-01", "2023-01-09", 0),
])  # fmt: skip
def test_a_period_holds_its_first_and_its_last_day(du: str, au: str, compte: int) -> None:
    assert figure("PIECES-TRAITEES", du, au, TRAITEE) == (compte, compte, None)
    assert figure("PIECES-ANNULEES", du, au, ANNULEE) == (compte, compte, None)


@pytest.mark.parametrize(
    ("au", "ouvertes"), [("2023-01-01", 0), ("2023-01-02", 1), ("2023-01-09", 1), ("2023-01-10", 0)]
)
def test_a_piece_is_in_the_stock_from_its_arrival_to_the_day_before_its_end(au: str, ouvertes: int) -> None:
    for image in (TRAITEE, ANNULEE):
        assert figure("STOCK", "2023-01-01", au, image) == (ouvertes, ouvertes, None)


@pytest.mark.parametrize(
    ("au", "age"), [("2023-01-01", None), ("2023-01-02", 0), ("2023-01-09", 7), ("2023-01-10", None)]
)
def test_the_oldest_piece_is_known_by_its_age_while_it_is_open(au: str, age: int | None) -> None:
    assert figure("AGE-MAX", "2023-01-01", au, TRAITEE) == (age, None, None)


@pytest.mark.parametrize(
    ("au", "en_attente"), [("2023-01-03", 0), ("2023-01-04", 1), ("2023-01-05", 1), ("2023-01-06", 0)]
)
def test_a_pause_holds_from_its_first_day_to_the_day_before_it_ends(au: str, en_attente: int) -> None:
    image = replace(PIECE, attentes=(("2023-01-04", "2023-01-06"),))
    assert figure("STOCK-EN-ATTENTE", au, au, image)[0] == en_attente
    assert figure("STOCK-TRAITABLE", au, au, image)[0] == 1 - en_attente


def test_the_delai_less_the_pauses_is_that_of_the_image() -> None:
    assert figure("DELAI-HORS-ATTENTE", "2023-01-10", "2023-01-10", replace(TRAITEE, jours_attente=3)) == (5, 5, 1)


def test_the_ninth_decile_is_reached_by_exactly_nine_pieces_in_ten() -> None:
    images = [treated_after(n) for n in range(1, 11)]
    periode = ("2023-01-31", "2023-01-31")
    assert figure("DELAI-P90", *periode, *images) == (9, None, None)
    assert figure("DELAI-MEDIAN", *periode, *images) == (5, None, None)
    assert figure("DELAI-MEDIAN", *periode, *images[:3]) == (2, None, None)
    assert figure("DELAI-MEDIAN", *periode) == (None, None, None)


@pytest.mark.parametrize(("traitee_le", "n"), [("2023-01-03", 0), ("2023-01-04", 1), ("2023-01-31", 1)])
def test_the_solde_divides_by_what_was_treated_since_the_twentieth_last_working_day(traitee_le: str, n: int) -> None:
    faite = replace(PIECE, fin=traitee_le, fin_genre="traitee")
    solde = figure("SOLDE-JOURS", "2023-01-31", "2023-01-31", PIECE, faite)
    assert solde == (20 / n if n else None, 20, n)


def test_the_mean_solde_leaves_out_days_off_and_days_without_a_value() -> None:
    # Nothing is treated before Friday 6; the stock is 2, then 1 on Friday, 1 over the weekend, 0 on Monday 9.
    images = [replace(PIECE, fin=fin, fin_genre="traitee") for fin in ("2023-01-06", "2023-01-09")]
    assert figure("SOLDE-JOURS-MOYEN", "2023-01-02", "2023-01-09", *images) == ((20 / 1 + 0 / 2) / 2, None, None)
    assert figure("SOLDE-JOURS-MOYEN", "2023-01-07", "2023-01-08", *images) == (None, None, None)


@pytest.mark.parametrize(("constat", "dedans"), [
    ("2020-01-10", 0), ("2020-01-11", 1), ("2021-01-10", 1), ("2021-01-11", 0),
])  # fmt: skip
def test_the_cohort_is_the_twelve_months_that_end_24_months_before(constat: str, dedans: int) -> None:
    images = (replace(CREANCE, constat=constat), replace(CREANCE, constat="2020-06-01"))
    assert figure("COG-10-43", "2023-01-10", "2023-01-10", *images)[2] == 800 + 800 * dedans


@pytest.mark.parametrize(
    ("qualifiee", "frauduleuse"), [("2025-01-09", 1), ("2025-01-10", 1), ("2025-01-11", 0), (None, 0)]
)
def test_a_claim_is_of_the_fraud_cohort_once_qualified_by_the_end_of_the_period(
    qualifiee: str | None, frauduleuse: int
) -> None:
    image = replace(CREANCE, qualifiee=qualifiee, prejudice_centimes=7)
    rsa = replace(image, prestation="rsa", cause="fraude")
    fraude = figure("COG-10-42", "2025-01-10", "2025-01-10", image, rsa)
    assert fraude == ((0.75, 600, 800) if frauduleuse else (None, 0, 0))
    deux_ans = replace(image, constat="2023-01-10")
    indus = figure("COG-10-43", "2025-01-10", "2025-01-10", deux_ans)
    assert indus == ((None, 0, 0) if frauduleuse else (0.625, 500, 800))


def test_direct_repayment_is_a_share_of_amounts() -> None:
    sommes = [ImageEncaissement("2023-01-10", mode, 100 * 2**n, "091", "al") for n, mode in enumerate(
        ("retenue", "versement", "prelevement", "huissier", "compensation"))]  # fmt: skip
    assert figure("PART-DIRECT", "2023-01-10", "2023-01-10", *sommes) == (600 / 3_100, 600, 3_100)


def test_without_a_denominator_there_is_no_value_and_without_a_thing_a_count_is_zero() -> None:
    periode = ("2023-01-10", "2023-01-10")
    assert figure("COG-08-29", *periode) == (None, 0, 0)
    assert figure("PIECES-ARRIVEES", *periode) == (0, 0, None)
    assert figure("COG-10-41", *periode) == (0, 0, None)
    assert figure("AGE-MAX", *periode) == (None, None, None)
