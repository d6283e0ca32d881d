"""The 41 indicators of the contracts, in one place."""

from services.indicators.registre import REGISTRE
from services.indicators.registre.cpog import LIGNES, PARTIES
from services.indicators.registre.document import SeuilDit, write_registry
from services.indicators.registre.projections import PROJECTIONS


def test_the_annex_has_its_41_rows_of_each_kind() -> None:
    lignes = [ligne for partie in PARTIES for ligne in partie.lignes]
    assert [len(partie.lignes) for partie in PARTIES] == [13, 14, 6, 8]
    assert len(lignes) == len(LIGNES) == 41
    assert sum(ligne.hors_cog for ligne in lignes) == sum(ligne.suivi for ligne in lignes) == 10
    assert all(ligne.code.startswith("COG-") != ligne.hors_cog for ligne in lignes)
    assert {ligne.code for ligne in lignes if ligne.pivots} == {
        "COG-04-15",
        "COG-04-16",
        "COG-04-17",
        "ARIPA-HORS-IF",
        "ARIPA-IF",
    }


def test_the_rows_are_in_the_order_of_both_annexes() -> None:
    for lignes in ([li.ligne_003 for li in LIGNES.values()], [li.ligne_004 for li in LIGNES.values()]):
        assert lignes == sorted(set(lignes))


def test_each_row_is_computed_from_events_or_typed_in() -> None:
    genres = {code: REGISTRE[code].genre for code in LIGNES}
    assert sum(genre == "saisi" for genre in genres.values()) == 28
    assert {code for code, genre in genres.items() if genre == "calcule"} == {
        *(f"COG-08-{n}" for n in (25, 27, 28, 29, 30, 31, 32, 33)),
        "COG-10-41",
        "COG-10-42",
        "COG-10-43",
        "IQL0",
        "IQL6",
    }
    assert {code for code, i in REGISTRE.items() if i.genre == "saisi"} <= LIGNES.keys()


def test_what_is_followed_without_a_target_has_no_better_way() -> None:
    for code, ligne in LIGNES.items():
        assert (REGISTRE[code].sens is None) == ligne.suivi, code


def test_only_what_is_computed_has_a_formula_and_cuts() -> None:
    for indicateur in REGISTRE.values():
        assert (indicateur.calcul is None) == (indicateur.genre != "calcule")
        assert indicateur.genre == "calcule" or not (indicateur.coupes or indicateur.seuils)


def test_the_registry_is_published_whole() -> None:
    projections = {fiche.code: fiche for fiche in write_registry().projections}
    assert list(projections) == list(PROJECTIONS)
    ecoule = projections["JOURS-POUR-ECOULER"]
    assert (ecoule.unite, ecoule.version, ecoule.maison) == ("jours", 1, True)
    assert ecoule.formule == PROJECTIONS["JOURS-POUR-ECOULER"].formule
    fiches = {fiche.code: fiche for fiche in write_registry().indicateurs}
    assert list(fiches) == list(REGISTRE)
    assert [code for code, fiche in fiches.items() if fiche.contrat] == [code for code in REGISTRE if code in LIGNES]
    ancien = fiches["COG-08-33"]
    assert ancien.seuils == [SeuilDit(">", 40, "jours", None, None)]
    assert (ancien.unite, ancien.sens, ancien.version) == ("taux", "bas", REGISTRE["COG-08-33"].version)
    assert ancien.contrat
    assert ancien.contrat.partie == "Services à l'allocataire"
    assert fiches["FILES-RECOUVREMENT"].maturite is None
