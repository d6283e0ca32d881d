"""Targets: which one judges, what is shown, what is refused of a list."""

import pytest

from services.indicators.cibles import Cible, Cibles, Etat, judge, show
from services.indicators.cibles_csv import CiblesInvalides, decode_table, published_targets, read_targets
from services.indicators.registre import REGISTRE

ENTETE = "caf,annee,code,nature,valeur,operateur,unite,etat_source,source\n"
LIGNE = "091,2023,COG-08-29,nationale,16,<=,jours,imprimee,rapport\n"


def read(texte: str) -> Cibles:
    """The targets of a table."""
    return Cibles(cible for _, cible in read_targets(texte))


def targets(*lignes: tuple[str, float | None, str | None]) -> tuple[Cible, ...]:
    """Targets of one figure: kind, value, operator."""
    cibles = [Cible("091", 2023, "COG-08-29", nature, valeur, op, "") for nature, valeur, op in lignes]
    return Cibles(cibles).of("091", 2023, "COG-08-29")


@pytest.mark.parametrize(
    ("valeur", "operateur", "etat"),
    [
        (15.9, "<=", Etat.atteint),
        (16, "<=", Etat.atteint),
        (16.000001, "<=", Etat.non_atteint),
        (16, ">=", Etat.atteint),
        (15.999999, ">=", Etat.non_atteint),
        (None, "<=", Etat.nd),
    ],
)
def test_a_target_is_reached_at_equality(valeur: float | None, operateur: str, etat: Etat) -> None:
    assert judge(valeur, targets(("nationale", 16, operateur))) is etat


def test_the_individual_target_judges_and_all_are_shown() -> None:
    cibles = targets(("nationale", 16, "<="), ("individualisee", 17, "<="))
    assert judge(16.5, cibles) is Etat.atteint
    assert [(c.nature, c.valeur) for c in show(cibles)] == [("individualisee", 17), ("nationale", 16)]


def test_a_national_value_never_replaces_an_individual_one_that_is_missing() -> None:
    assert judge(3, targets(("nationale", 16, "<="), ("individualisee", None, "<="))) is Etat.cible_non_transmise
    assert judge(3, targets(("cog", None, "<="))) is Etat.cible_non_transmise


def test_what_is_followed_or_has_no_target_is_neither_red_nor_green() -> None:
    assert judge(3, targets(("suivi", None, None))) is Etat.suivi
    assert judge(3, ()) is Etat.sans_cible
    assert judge(None, ()) is Etat.nd


def test_a_target_that_holds_for_all_judges_before_the_mention_that_a_figure_is_followed() -> None:
    assert judge(17, targets(("suivi", None, None), ("nationale", 16, "<="))) is Etat.non_atteint


def test_a_target_is_of_one_year_and_one_caf() -> None:
    cibles = read(ENTETE + LIGNE)
    assert [c.valeur for c in cibles.of("091", 2023, "COG-08-29")] == [16]
    assert cibles.of("091", 2024, "COG-08-29") == cibles.of("661", 2023, "COG-08-29") == ()


def test_the_published_targets_are_those_of_the_reports_and_contracts() -> None:
    publiees = Cibles(published_targets())
    deux = publiees.of("661", 2023, "COG-08-29")
    assert [(c.nature, c.valeur, c.operateur) for c in deux] == [("individualisee", 17, "<="), ("nationale", 16, "<=")]
    assert judge(12, publiees.of("361", 2023, "COG-08-29")) is Etat.cible_non_transmise
    assert judge(0.5, publiees.of("521", 2023, "COG-08-27")) is Etat.suivi
    assert sum(len(publiees.of(caf, annee, code)) for caf in ("091", "361", "441", "521", "661")
               for annee in (2023, 2024) for code in REGISTRE if REGISTRE[code].calcul) == 42  # fmt: skip


@pytest.mark.parametrize(
    ("texte", "raison"),
    [
        ("caf,annee\n", "l'en-tête attendu"),
        ("", "l'en-tête attendu"),
        (ENTETE + LIGNE + LIGNE, "ligne 3 : la cible nationale de COG-08-29 pour la Caf 091 en 2023 est déjà donnée"),
        (ENTETE + LIGNE.replace("jours", "taux"), "COG-08-29 se mesure en jours, pas en taux"),
        (ENTETE + LIGNE.replace("COG-08-29", "COG-99"), "code « COG-99 » inconnu"),
        (ENTETE + LIGNE.replace("nationale", "mondiale"), "nature « mondiale » inconnue"),
        (ENTETE + LIGNE.replace("<=", "<"), "opérateur « < » inconnu"),
        (ENTETE + LIGNE.replace("16,<=", ",="), "opérateur « = » inconnu"),
        (ENTETE + LIGNE.replace("<=", ">="), "meilleur plus bas"),
        (ENTETE + LIGNE.replace("nationale", "suivi"), "ni valeur ni opérateur"),
        (ENTETE + LIGNE.replace("imprimee", "retiree"), "une cible retirée n'a pas de valeur"),
        (ENTETE + LIGNE.replace("rapport", "x" * 301), "300 caractères"),
        (ENTETE + "521,2023,COG-01-11,cog,90,>=,taux,,\n", "80 % s'écrit 0.80"),
        (ENTETE + "521,2023,DATAMINING-250,cog,18.5,>=,nombre,,\n", "un nombre entier"),
        (ENTETE, "aucune cible"),
        (ENTETE + '"091\n', "guillemets mal fermés"),
        (ENTETE + LIGNE.replace("2023", "1969"), "n'est pas une année"),
        (ENTETE + LIGNE.replace("16", "seize"), "un nombre à point décimal"),
        (ENTETE + LIGNE.replace("16", "nan"), "hors de ce qui se mesure"),
        (ENTETE + LIGNE.replace("16", "-1"), "hors de ce qui se mesure"),
        (ENTETE + LIGNE.replace("091", "91"), "n'est pas un numéro de Caf"),
        (ENTETE + LIGNE.replace("2023", "MMXXIII"), "n'est pas une année"),
        (ENTETE + "091,2023\n", "9 colonnes"),
        (ENTETE + LIGNE.strip() + ",reste\n", "9 colonnes"),
    ],
)
def test_a_list_that_cannot_be_read_is_refused_with_its_line(texte: str, raison: str) -> None:
    with pytest.raises(CiblesInvalides, match="cibles refusées, rien n'a changé : ligne ") as refus:
        read_targets(texte)
    assert raison in str(refus.value)


def test_every_line_that_cannot_be_taken_is_named() -> None:
    mauvaises = [LIGNE.replace("091", "91"), LIGNE, LIGNE, LIGNE.replace("16", "-1"), LIGNE.replace("jours", "taux")]
    with pytest.raises(CiblesInvalides) as refus:
        read_targets(ENTETE + "".join(mauvaises))
    assert [ligne for ligne, _ in refus.value.erreurs] == [2, 4, 5, 6]
    assert str(refus.value).endswith("; et 1 autre")


def test_a_table_that_a_french_spreadsheet_wrote_is_read() -> None:
    texte = "\ufeff" + ENTETE.replace(",", ";") + "521;2023;COG-01-11;cog;0,9;>=;taux;imprimee;003 L621\r\n;;;;;;;;\n"
    assert read_targets(texte) == [(2, Cible("521", 2023, "COG-01-11", "cog", 0.9, ">=", "003 L621", "imprimee"))]
    with pytest.raises(CiblesInvalides, match="un nombre à point décimal est attendu"):
        read_targets(ENTETE + '521,2023,COG-01-11,cog,"0,9",>=,taux,,\n')


def test_bytes_that_are_no_text_are_refused_with_their_line() -> None:
    with pytest.raises(CiblesInvalides, match=r"ligne 2 : ce n'est pas du texte UTF-8"):
        decode_table(ENTETE.encode() + "091,2023,é".encode("latin-1"))


def test_a_target_taken_back_judges_no_more_and_shows_no_more() -> None:
    cibles = read(ENTETE + LIGNE)
    ((_, retiree),) = read_targets(ENTETE + LIGNE.replace("16,<=", ",").replace("imprimee", "retiree"))
    cibles.receive([retiree])
    assert cibles.of("091", 2023, "COG-08-29") == ()
    assert cibles.has(retiree)
    assert cibles.years("091") == []
